"""Edits: from one directory to the next. Each gives a whole and valid new directory, or says why there is none."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import msgspec

from callgate.directory.check import check_directory, check_entry, normal
from callgate.directory.errors import EntryInUseError, InvalidEntryError, Problem, UnknownEntryError, shown
from callgate.directory.model import (
    LOCAL_KEY,
    Account,
    Agent,
    Application,
    Directory,
    Entry,
    InboundRoute,
    Kind,
    Phone,
    RcmlNumber,
    Trunk,
    kind_of,
)
from callgate.directory.names import users

S = TypeVar("S", bound=Account | Application | Phone | RcmlNumber)


def merged(current: Directory, entries: Iterable[Entry], *, prune: bool = False, now: float = 0.0) -> Directory:
    """The directory with these entries in it, in place of those of the same kind and name.

    With ``prune``, every entry that is not among them is removed, but for this machine's own key. A trunk and a
    route keep the number they have. ``now`` (Unix seconds) is when an entry is made or changed, where it says nothing
    of that itself.

    Raises:
        InvalidEntryError: an entry is wrong, or given twice, or the directory would not be right as a whole.
    """
    given = list(entries)
    problems = [*_given_twice(given), *(problem for entry in given for problem in check_entry(entry))]
    problems += [problem for entry in given for problem in _wrong_number(current, entry)]
    after = placed(current, given, prune=prune, now=now)
    problems += check_directory(after)
    if problems:
        raise InvalidEntryError(problems)
    return after


def placed(current: Directory, given: Iterable[Entry], *, prune: bool = False, now: float = 0.0) -> Directory:
    """Like :func:`merged`, without the checks. The given entries come last, each in its normal form."""
    before = Directory.of(_kept(current)) if prune else current
    return before.with_changes(_carried(current, normal(entry), now) for entry in given)


def _kept(current: Directory) -> Iterator[Entry]:
    """What pruning keeps."""
    if LOCAL_KEY in current.keys:
        yield current.keys[LOCAL_KEY]


def _carried(current: Directory, entry: Entry, now: float) -> Entry:
    """The entry with what Callgate gives: its number, an agent's id, and when it was made and changed."""
    match entry:
        case Trunk():
            return msgspec.structs.replace(entry, number=_number(current, entry))
        case InboundRoute():
            former = current.routes.get(entry.name)
            numbered = msgspec.structs.replace(entry, number=former.number if former else 0)
            return numbered if numbered.rcml is None else _stamped_route(former, numbered, numbered.rcml, now)
        case Account() | Application() | Phone():
            return _stamped(current.of_kind(kind_of(entry)).get(entry.name), entry, now)
        case Agent() if not entry.id:
            agent = current.agents.get(entry.name)
            return msgspec.structs.replace(entry, id=agent.id if agent else secrets.token_hex(16))
    return entry


def _stamped_route(former: InboundRoute | None, route: InboundRoute, number: RcmlNumber, now: float) -> InboundRoute:
    was = former.rcml if former else None
    same = was if was is not None and was.sid == number.sid else None
    stamped = _stamped(same, number, now)
    after = msgspec.structs.replace(route, rcml=stamped)
    if same is not None and stamped.updated == same.updated and after != former:
        # What REST clients see of a number is also what stands beside the binding: its DID, for one.
        stamped = msgspec.structs.replace(stamped, updated=max(now, same.updated))
        after = msgspec.structs.replace(route, rcml=stamped)
    return after


def _stamped(former: Any, entry: S, now: float) -> S:
    """The entry with its times: as given, else as they were, else now."""
    if former is None:
        return msgspec.structs.replace(entry, created=entry.created or now, updated=entry.updated or now)
    kept = msgspec.structs.replace(entry, created=former.created, updated=entry.updated or former.updated)
    changed = kept.updated == former.updated and kept != former
    return msgspec.structs.replace(kept, updated=max(now, former.updated)) if changed else kept


def _number(current: Directory, entry: Trunk | InboundRoute) -> int:
    former = current.trunks.get(entry.name) if isinstance(entry, Trunk) else current.routes.get(entry.name)
    return former.number if former else 0


def without(current: Directory, kind: Kind, name: str) -> Directory:
    """The directory without that entry.

    Raises:
        UnknownEntryError: there is none of that kind and name.
        EntryInUseError: others still name it.
    """
    if name not in current.of_kind(kind):
        raise UnknownEntryError(kind, name)
    named_by = users(current, kind, name)
    if named_by:
        raise EntryInUseError(kind, name, named_by)
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
