"""The difference between two directories, typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from callgate.directory.model import (
    KINDS,
    Account,
    Agent,
    ApiKey,
    Application,
    Bot,
    Client,
    Directory,
    Entry,
    InboundRoute,
    Phone,
    Queue,
    Trunk,
)

E = TypeVar("E", bound=Entry)


class Difference(msgspec.Struct, Generic[E], frozen=True):
    """What is different among the entries of one kind. ``changed`` are pairs: before, after."""

    added: tuple[E, ...] = ()
    changed: tuple[tuple[E, E], ...] = ()
    removed: tuple[E, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    def put(self) -> Iterator[E]:
        """The entries as they are now: added, and changed."""
        yield from self.added
        for _, after in self.changed:
            yield after

    def gone(self) -> Iterator[str]:
        """The names whose former entries are no more: changed, and removed."""
        for before, _ in self.changed:
            yield before.name
        for entry in self.removed:
            yield entry.name


class Changes(msgspec.Struct, frozen=True):
    """What is different between two directories; false if nothing is. The fields are in the order of KINDS."""

    trunks: Difference[Trunk] = Difference()
    accounts: Difference[Account] = Difference()
    applications: Difference[Application] = Difference()
    bots: Difference[Bot] = Difference()
    routes: Difference[InboundRoute] = Difference()
    phones: Difference[Phone] = Difference()
    queues: Difference[Queue] = Difference()
    agents: Difference[Agent] = Difference()
    clients: Difference[Client] = Difference()
    keys: Difference[ApiKey] = Difference()

    def __bool__(self) -> bool:
        return any(self.differences)

    @property
    def differences(self) -> tuple[Difference[Any], ...]:
        """One for each kind, in the order of KINDS."""
        return tuple(getattr(self, f"{kind}s") for kind in KINDS)

    @property
    def added(self) -> tuple[Entry, ...]:
        return tuple(entry for one in self.differences for entry in one.added)

    @property
    def changed(self) -> tuple[Entry, ...]:
        """The changed entries of every kind, as they are now."""
        return tuple(after for one in self.differences for _, after in one.changed)

    @property
    def removed(self) -> tuple[Entry, ...]:
        return tuple(entry for one in self.differences for entry in one.removed)


def difference(before: Directory, after: Directory) -> Changes:
    """What has to be done to ``before`` so that it becomes ``after``."""
    return Changes(*(_difference(before.of_kind(kind), after.of_kind(kind)) for kind in KINDS))


def _difference(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> Difference[Any]:
    added: list[Entry] = []
    changed: list[tuple[Entry, Entry]] = []
    for name, entry in after.items():
        former = before.get(name)
        if former is None:
            added.append(entry)
        elif former is not entry and former != entry:
            changed.append((former, entry))
    removed = [entry for name, entry in before.items() if name not in after]
    return Difference(tuple(added), tuple(changed), tuple(removed))
