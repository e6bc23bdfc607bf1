"""The whole directory as a file: apply and export."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from callgate.dialects.native import errors, paths
from callgate.dialects.native.operations import TOML, Operation, Reply, Request, json_reply
from callgate.dialects.native.routes.entries import storing
from callgate.dialects.native.wire_directory import DirectoryChange
from callgate.directory.export import export
from callgate.directory.model import Entry, kind_of
from callgate.directory.service import DirectoryService

_EXAMPLE = """\
[[trunk]]
name = "main"
sources = ["192.0.2.10"]

[[route]]
name = "sales"
did = "2002"
destination = "sip:pbx.example.com"
"""


class ApplyQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a file is applied."""

    prune: Annotated[bool, Meta(description="Also remove every entry that the file does not have.")] = False
    dry_run: Annotated[bool, Meta(description="Change nothing, and tell what would change.")] = False


class ExportQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an export holds."""

    include_secrets: Annotated[
        bool, Meta(description="With secrets that are kept as they are: of webhooks, accounts and phones.")
    ] = False


class DirectoryFile:
    """The directory in and out as TOML."""

    def __init__(self, directory: DirectoryService) -> None:
        self._directory = directory

    async def apply(self, request: Request[ApplyQuery, bytes]) -> Reply:
        query = request.query
        before = sum(1 for _ in self._directory.current.entries())
        changes = await storing(
            self._directory.apply_file(request.body, "directory", prune=query.prune, dry_run=query.dry_run)
        )
        return json_reply(
            DirectoryChange(
                _names(changes.added),
                _names(changes.changed),
                _names(changes.removed),
                before - len(changes.changed) - len(changes.removed),
                query.dry_run,
            )
        )

    async def export(self, request: Request[ExportQuery, None]) -> Reply:
        text = export(self._directory.current, include_secrets=request.query.include_secrets)
        return Reply(200, text.encode(), TOML)

    def operations(self) -> list[Operation[Any, Any]]:
        return [
            Operation(
                "GET",
                paths.DIRECTORY,
                self.export,
                "Directory",
                "Export the directory as a directory file (docs/directory-file.md)",
                scope="admin",
                query=ExportQuery,
                reply=str,
                reply_type=TOML,
            ),
            Operation(
                "POST",
                paths.DIRECTORY,
                self.apply,
                "Directory",
                "Apply a directory file: all of it, or nothing if something is wrong with it",
                scope="admin",
                query=ApplyQuery,
                body=bytes,
                body_type=TOML,
                reply=DirectoryChange,
                problems=(errors.INVALID_REQUEST, errors.UNAVAILABLE),
                example=_EXAMPLE,
            ),
        ]


def _names(entries: tuple[Entry, ...]) -> list[str]:
    return [f"{kind_of(entry)} {entry.name}" for entry in entries]
