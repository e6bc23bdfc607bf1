"""Edits: from one directory to the next. Each gives a whole and valid new directory, or says why there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from callgate.directory.check import check_directory, check_entry, normal
from callgate.directory.errors import EntryInUseError, InvalidEntryError, Problem, UnknownEntryError, shown
from callgate.directory.model import LOCAL_KEY, Directory, Entry, InboundRoute, Kind, Trunk, kind_of


def merged(current: Directory, entries: Iterable[Entry], *, prune: bool = False) -> Directory:
    """The directory with these entries in it, in place of those of the same kind and name.

    With ``prune``, every entry that is not among them is removed, but for this machine's own key. A trunk and a
    route keep the number they have.

    Raises:
        InvalidEntryError: an entry is wrong, or given twice, or the directory would not be right as a whole.
    """
    given = list(entries)
    problems = [*_given_twice(given), *(problem for entry in given for problem in check_entry(entry))]
    problems += [problem for entry in given for problem in _wrong_number(current, entry)]
    after = placed(current, given, prune=prune)
    problems += check_directory(after)
    if problems:
        raise InvalidEntryError(problems)
    return after


def placed(current: Directory, given: Iterable[Entry], *, prune: bool = False) -> Directory:
    """Like :func:`merged`, without the checks. The given entries come last, each in its normal form."""
    before = Directory.of(_kept(current)) if prune else current
    return before.with_changes(_with_number(current, normal(entry)) for entry in given)


def _kept(current: Directory) -> Iterator[Entry]:
    """What pruning keeps."""
    if LOCAL_KEY in current.keys:
        yield current.keys[LOCAL_KEY]


def _with_number(current: Directory, entry: Entry) -> Entry:
    """A trunk or a route with the number that it has, 0 if it is new."""
    if not isinstance(entry, Trunk | InboundRoute):
        return entry
    return msgspec.structs.replace(entry, number=_number(current, entry))


def _number(current: Directory, entry: Trunk | InboundRoute) -> int:
    former = current.trunks.get(entry.name) if isinstance(entry, Trunk) else current.routes.get(entry.name)
    return former.number if former else 0


def without(current: Directory, kind: Kind, name: str) -> Directory:
    """The directory without that entry.

    Raises:
        UnknownEntryError: there is none of that kind and name.
        EntryInUseError: it is a trunk that routes or clients still name.
    """
    if name not in current.of_kind(kind):
        raise UnknownEntryError(kind, name)
    if kind == "trunk":
        users = [f"route {shown(route.name)}" for route in current.routes.values() if name in route.trunks]
        users += [
            f"client {shown(client.name)}"
            for client in current.clients.values()
            if name in client.see or name in client.decide
        ]
        if users:
            raise EntryInUseError(kind, name, users)
    return current.with_changes(gone=[(kind, name)])


def controlled(current: Directory, trunk: str, on: bool) -> Directory:
    """The directory with that trunk's *Control Inbound Call* on or off.

    Raises:
        UnknownEntryError: there is no such trunk.
    """
    if trunk not in current.trunks:
        raise UnknownEntryError("trunk", trunk)
    after = current.with_changes()
    after.trunks[trunk] = msgspec.structs.replace(current.trunks[trunk], control=on)
    return after


def _given_twice(given: Iterable[Entry]) -> Iterator[Problem]:
    names = Counter((kind_of(entry), entry.name) for entry in given)
    for (kind, name), times in names.items():
        if times > 1:
            yield Problem(kind, name, ("name",), shown(name), f"each {kind} once; this one is given {times} times")


def _wrong_number(current: Directory, entry: Entry) -> Iterator[Problem]:
    """A number that somebody made up: Callgate alone gives them, so that none is ever used again."""
    if not isinstance(entry, Trunk | InboundRoute) or entry.number == 0:
        return
    has = _number(current, entry)
    if entry.number != has:
        expected = f"0 or {has}, the number that it has" if has else "0: Callgate gives a new entry its number"
        yield Problem(kind_of(entry), entry.name, ("number",), shown(entry.number), expected)
