"""Keys of this API: each is told once, in the reply that made it; the directory has only its digest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from callgate.dialects.native import paths, wire, wire_directory
from callgate.dialects.native.operations import Operation
from callgate.dialects.native.routes.entries import Edited, Entries, changes_of
from callgate.directory.model import ApiKey, Directory
from callgate.directory.secrets import digest, new_key


class ApiKeys(Entries[ApiKey, wire_directory.Key, wire_directory.KeyRequest, wire_directory.KeyPatch]):
    """The API keys."""

    kind = "key"
    tag = "Keys"
    read_scope = "admin"
    paths = (paths.KEYS, paths.KEY)
    shown = wire_directory.Key
    page = wire.Page[wire_directory.Key]
    written = wire_directory.KeyRequest
    patch = wire_directory.KeyPatch
    example = wire_directory.KeyRequest("dashboard", "read")
    patch_example = wire_directory.KeyPatch("decide")

    def entries(self, directory: Directory) -> Mapping[str, ApiKey]:
        return directory.keys

    def show(self, edited: Edited[ApiKey]) -> wire_directory.Key:
        return wire_directory.Key(edited.entry.name, edited.entry.scope, edited.secrets.get("", UNSET))

    async def make(self, written: wire_directory.KeyRequest, former: ApiKey | None) -> Edited[ApiKey]:
        if former is not None:
            return Edited(msgspec.structs.replace(former, scope=written.scope))
        key = new_key()
        return Edited(ApiKey(written.name, digest(key), written.scope), {"": key})

    async def change(self, entry: ApiKey, patch: wire_directory.KeyPatch) -> Edited[ApiKey]:
        return Edited(msgspec.structs.replace(entry, **changes_of(patch)))

    def operations(self) -> list[Operation[Any, Any]]:
        return [
            *super().operations(),
            self._rotation(paths.KEY_ROTATE, "Make the key anew; the old one ends at once", self._rotated),
        ]

    async def _rotated(self, entry: ApiKey) -> Edited[ApiKey]:
        key = new_key()
        return Edited(msgspec.structs.replace(entry, digest=digest(key)), {"": key})
