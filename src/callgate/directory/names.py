"""Which entries name which others: a name must be that of an entry that exists, and who is named stays."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import msgspec

from callgate.directory.errors import Path, Problem, shown
from callgate.directory.model import (
    INTERNAL,
    KINDS,
    Agent,
    Application,
    Client,
    Directory,
    Entry,
    InboundRoute,
    Kind,
    Phone,
    kind_of,
)


class Mention(msgspec.Struct, frozen=True, gc=False):
    """An entry of ``kind`` is named ``name`` at ``path`` of another entry."""

    kind: Kind
    name: str
    path: Path


def mentions(entry: Entry) -> Iterator[Mention]:
    """The entries that this one names."""
    match entry:
        case InboundRoute():
            yield from _of_route(entry)
        case Application():
            yield Mention("account", entry.account, ("account",))
        case Phone():
            if entry.account:
                yield Mention("account", entry.account, ("account",))
        case Agent():
            if entry.phone:
                yield Mention("phone", entry.phone, ("phone",))
            yield from _all("queue", "queues", entry.queues)
        case Client():
            yield from _trunks("see", entry.see)
            yield from _trunks("decide", entry.decide)


def users(directory: Directory, kind: Kind, name: str) -> list[str]:
    """The entries that name that one, like "route \"sales\""."""
    return [
        f"{kind_of(entry)} {shown(entry.name)}"
        for entry in directory.entries()
        if any(mention.kind == kind and mention.name == name for mention in mentions(entry))
    ]


def check_names(directory: Directory, broken: Collection[tuple[str, str]]) -> Iterator[Problem]:
    """Names of entries that do not exist, and applications of another account. ``broken`` as with check_directory."""
    known = {kind: directory.of_kind(kind) for kind in KINDS}
    for entry in directory.entries():
        for mention in mentions(entry):
            if (mention.kind, mention.name) in broken:
                continue
            if mention.name not in known[mention.kind]:
                a = "an" if mention.kind[0] in "aeiou" else "a"
                expected = f"the name of {a} {mention.kind} that exists"
                yield Problem(kind_of(entry), entry.name, mention.path, shown(mention.name), expected)
        if isinstance(entry, InboundRoute) and entry.rcml is not None:
            application = directory.applications.get(entry.rcml.application)
            if application is not None and application.account != entry.rcml.account:
                expected = f"an application of the same account, {shown(entry.rcml.account)}"
                yield Problem("route", entry.name, ("rcml", "application"), shown(application.name), expected)


def _of_route(route: InboundRoute) -> Iterator[Mention]:
    yield from _trunks("trunks", route.trunks)
    if route.rcml is not None:
        yield Mention("account", route.rcml.account, ("rcml", "account"))
        if route.rcml.application:
            yield Mention("application", route.rcml.application, ("rcml", "application"))
    yield from _all("bot", "bots", route.bots)
    if route.queue:
        yield Mention("queue", route.queue, ("queue",))
    if route.phone:
        yield Mention("phone", route.phone, ("phone",))


def _all(kind: Kind, key: str, names: tuple[str, ...]) -> Iterator[Mention]:
    for place, name in enumerate(names):
        yield Mention(kind, name, (key, place))


def _trunks(key: str, names: tuple[str, ...]) -> Iterator[Mention]:
    for place, name in enumerate(names):
        if name not in ("*", INTERNAL):  # every trunk, and that of the phones, which is always there
            yield Mention("trunk", name, (key, place))
