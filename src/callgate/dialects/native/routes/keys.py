"""Keys of this API: each is told once, in the reply that made it; the directory has only its digest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from callgate.dialects.native import paths, wire
from callgate.dialects.native.operations import Operation
from callgate.dialects.native.routes.entries import Edited, Entries, changes_of
from callgate.directory.model import ApiKey, Directory
from callgate.directory.secrets import digest, new_key


class ApiKeys(Entries[ApiKey, wire.Key, wire.KeyRequest, wire.KeyPatch]):
    """The API keys."""

    kind = "key"
    tag = "Keys"
    read_scope = "admin"
    paths = (paths.KEYS, paths.KEY)
    shown = wire.Key
    page = wire.Page[wire.Key]
    written = wire.KeyRequest
    patch = wire.KeyPatch
    example = wire.KeyRequest("dashboard", "read")
    patch_example = wire.KeyPatch("decide")

    def entries(self, directory: Directory) -> Mapping[str, ApiKey]:
        return directory.keys

    def show(self, edited: Edited[ApiKey]) -> wire.Key:
        return wire.Key(edited.entry.name, edited.entry.scope, edited.secrets.get("", UNSET))

    async def make(self, written: wire.KeyRequest, former: ApiKey | None) -> Edited[ApiKey]:
        if former is not None:
            return Edited(msgspec.structs.replace(former, scope=written.scope))
        key = new_key()
        return Edited(ApiKey(written.name, digest(key), written.scope), {"": key})

    async def change(self, entry: ApiKey, patch: wire.KeyPatch) -> Edited[ApiKey]:
        return Edited(msgspec.structs.replace(entry, **changes_of(patch)))

    def operations(self) -> list[Operation[Any, Any]]:
        return [
            *super().operations(),
            self._rotation(paths.KEY_ROTATE, "Make the key anew; the old one ends at once", self._rotated),
        ]

    async def _rotated(self, entry: ApiKey) -> Edited[ApiKey]:
        key = new_key()
        return Edited(msgspec.structs.replace(entry, digest=digest(key)), {"": key})
