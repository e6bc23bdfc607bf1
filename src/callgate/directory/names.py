"""Which entries name which others: a name must be that of an entry that exists, and who is named stays."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import msgspec

from callgate.directory.errors import Path, Problem, shown
from callgate.directory.model import KINDS, Application, Client, Directory, Entry, InboundRoute, Kind, Phone, kind_of


class Mention(msgspec.Struct, frozen=True, gc=False):
    """An entry of ``kind`` is named ``name`` at ``path`` of another entry."""

    kind: Kind
    name: str
    path: Path


def mentions(entry: Entry) -> Iterator[Mention]:
    """The entries that this one names; "*" is none."""
    match entry:
        case InboundRoute():
            yield from _trunks("trunks", entry.trunks)
            if entry.rcml is not None:
                yield Mention("account", entry.rcml.account, ("rcml", "account"))
                if entry.rcml.application:
                    yield Mention("application", entry.rcml.application, ("rcml", "application"))
            for place, name in enumerate(entry.bots):
                yield Mention("bot", name, ("bots", place))
        case Application():
            yield Mention("account", entry.account, ("account",))
        case Phone():
            if entry.account:
                yield Mention("account", entry.account, ("account",))
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


def _trunks(key: str, names: tuple[str, ...]) -> Iterator[Mention]:
    for place, name in enumerate(names):
        if name != "*":
            yield Mention("trunk", name, (key, place))
