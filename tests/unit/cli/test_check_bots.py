"""`callgate check`: bots that are told of no call, or cannot log in."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from callgate.cli.checks.bots import bots
from callgate.cli.checks.directory import directory
from callgate.directory.model import Directory, Entry, Trunk
from tests.unit.directory.bot_entries import DESK, GREETER, OTHER, certificate

TRUNK = Trunk("main", ("192.0.2.1",))
ENTRIES: tuple[Entry, ...] = (TRUNK, GREETER, OTHER, DESK)


def told(*changed: Entry) -> dict[str, str]:
    """The text of each warning by its subject, after these changes; each has a remedy."""
    found = list(bots(Directory.of([*ENTRIES, *changed])))
    assert all(finding.grade == "warning" and finding.remedy for finding in found)
    return {finding.subject: finding.text for finding in found}


def test_bots_that_are_told_of_calls_are_in_order() -> None:
    (finding,) = directory(Directory.of(ENTRIES))
    assert (finding.grade, finding.text) == ("ok", "1 trunks, 1 inbound routes, 0 clients, 2 bots")


def test_a_bot_that_no_route_names_is_told() -> None:
    assert told(msgspec.structs.replace(DESK, bots=("greeter",))) == {
        "bot other": "no inbound route names it: it is told of no call"
    }


def test_a_route_none_of_whose_bots_is_told_of_its_calls_is_told() -> None:
    away, deaf = (msgspec.structs.replace(GREETER, **it) for it in ({"enabled": False}, {"numbers": ("3*",)}))
    off = msgspec.structs.replace(OTHER, enabled=False)
    assert told(away) == told(deaf) == {}
    assert told(away, off) == {"route desk": "none of its bots is enabled: greeter, other"}
    assert told(deaf, off) == {"route desk": "none of its bots is told of calls to 2002: their numbers leave it out"}
    assert told(deaf, off, msgspec.structs.replace(DESK, did="2*")) == {}


def test_a_trunk_whose_calls_no_bot_is_told_of_is_told() -> None:
    free = msgspec.structs.replace(TRUNK, control=False)
    what = "control is off on trunk main: no bot is told of calls from there, they go"
    assert told(free) == {"route desk": f"{what} nowhere"}
    assert told(free, msgspec.structs.replace(DESK, destination="sip:pbx")) == {
        "route desk": f"{what} straight to its destination"
    }


def test_certificates_that_have_ended_are_told() -> None:
    ended = certificate(end=datetime(2020, 5, 17, tzinfo=UTC))
    alone = msgspec.structs.replace(GREETER, secret_hashes=(), certificates=(ended,))
    assert told(alone) == {"bot greeter": "its certificate ended on 2020-05-17: it cannot log in"}
    assert told(msgspec.structs.replace(GREETER, certificates=(ended,))) == {
        "bot greeter": "its certificate ended on 2020-05-17"
    }
    both = msgspec.structs.replace(alone, certificates=(ended, certificate()))
    assert told(both) == {"bot greeter": "1 of its 2 certificates have ended"}
    assert told(msgspec.structs.replace(alone, certificates=(certificate(),))) == {}
