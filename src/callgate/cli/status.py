"""Entries of the directory beside how they are at this moment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

import msgspec


class Named(Protocol):
    """What has a name."""

    @property
    def name(self) -> str: ...


Entry = TypeVar("Entry", bound=Named)
Status = TypeVar("Status", bound=Named)


def with_statuses(entries: Iterable[Entry], statuses: Iterable[Status]) -> list[tuple[Entry, Status]]:
    """Each entry with its status; one that was removed before the statuses were asked for is left out."""
    listed = list(entries)
    by_name = {status.name: status for status in statuses}
    return [(entry, by_name[entry.name]) for entry in listed if entry.name in by_name]


def fields_with_status(entry: msgspec.Struct, status: msgspec.Struct) -> dict[str, Any]:
    """The fields of the entry, and its status beside them, for JSON."""
    return {**msgspec.to_builtins(entry), "status": msgspec.to_builtins(status)}
