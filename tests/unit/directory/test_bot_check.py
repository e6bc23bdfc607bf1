"""What bots may be, how routes name them, and what a route with bots has that says nothing else."""

from __future__ import annotations

import msgspec
import pytest

from callgate.core.verdicts import Accept, refusal
from callgate.directory.check import check_directory, check_entry, normal
from callgate.directory.edits import merged, without
from callgate.directory.errors import EntryInUseError, InvalidEntryError
from callgate.directory.model import Bot, Directory, Entry, Trunk, window_or_default
from callgate.directory.rules import RULES

from .bot_entries import DESK, GREETER, OTHER, certificate, private_key

TRUNK = Trunk("main", ("192.0.2.1",))


def wrong(entry: Entry, **changes: object) -> list[str]:
    """The keys that are told to be wrong after these changes."""
    return [problem.key for problem in check_entry(msgspec.structs.replace(entry, **changes))]


def clashes(*entries: Entry) -> list[str]:
    return [str(problem) for problem in check_directory(Directory.of(normal(entry) for entry in entries))]


def test_entries_that_are_right_have_no_problem() -> None:
    assert [problem for entry in (GREETER, OTHER, DESK) for problem in check_entry(entry)] == []
    assert clashes(GREETER, OTHER, DESK) == []


def test_every_field_of_a_bot_has_a_rule() -> None:
    assert set(RULES["bot"]) == set(Bot.__struct_fields__)
    assert "bots" in RULES["route"]


@pytest.mark.parametrize("key", ["app_id", "tenant"])
def test_an_id_is_a_uuid(key: str) -> None:
    assert wrong(GREETER, **{key: GREETER.app_id.upper()}) == []
    assert getattr(normal(msgspec.structs.replace(GREETER, **{key: GREETER.app_id.upper()})), key) == GREETER.app_id
    for text in ("", "greeter", GREETER.app_id[:-1], f"{{{GREETER.app_id}}}", GREETER.app_id + "\n", "g" * 36):
        assert wrong(GREETER, **{key: text}) == [key]


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("name", ["x" * 64], ["", "a b", "x" * 65]),
        ("callback", ["http://[::1]:9/a?b=c"], ["", "ftp://a", "https://user:pass@a", "https://a#b", "a"]),
        ("media", ["sips:a@b.example;transport=tls"], ["", "tel:1", "sip:a b"]),
        ("display_name", ["Zürich 📞"], ["x" * 129, "a\nb"]),
        ("numbers", [(), ("+4420*", "2002")], [("a b",), ("*1",), ("1", "1")]),
        ("redirects", [(), ("sip.example.com", "[2001:db8::1]", "+44*", "[2001:*")], [("a b",), ("",) * 2, ("a:b",)]),
        ("secret_hashes", [GREETER.secret_hashes * 1], [("x",), tuple(f"{n}" for n in range(3))]),
    ],
)
def test_values(key: str, good: list[object], bad: list[object]) -> None:
    assert [wrong(GREETER, **{key: value}) for value in good] == [[]] * len(good)
    for value in bad:
        assert {found.partition("[")[0] for found in wrong(GREETER, **{key: value})} == {key}


def test_a_certificate_has_an_rsa_key_that_is_long_enough() -> None:
    assert wrong(GREETER, certificates=(certificate(), certificate(number=2))) == []
    assert wrong(GREETER, certificates=(certificate(), certificate(1024))) == ["certificates[1]"]
    assert wrong(GREETER, certificates=(certificate(0),)) == ["certificates[0]"]
    broken = certificate().replace("M", "N")
    for text in ("", "greeter", broken, private_key(), certificate() + certificate(number=2), "x" * 30_000):
        assert wrong(GREETER, certificates=(text,)) == ["certificates[0]"]


def test_a_certificate_is_kept_in_one_spelling() -> None:
    spelled = certificate().replace("\n", "\r\n") + "\r\n"
    kept = normal(msgspec.structs.replace(GREETER, certificates=(spelled, certificate())))
    assert isinstance(kept, Bot)
    assert kept.certificates == (certificate(),)


def test_nothing_of_a_private_key_or_a_hash_is_shown() -> None:
    problems = check_entry(msgspec.structs.replace(GREETER, certificates=(private_key(),), secret_hashes=("hash",)))
    assert [problem.value for problem in problems] == ["(not shown)"] * 2
    assert GREETER.secret_hashes[0] not in repr(GREETER)


def test_a_bot_needs_a_secret_or_a_certificate() -> None:
    assert wrong(GREETER, secret_hashes=()) == ["secret"]
    assert wrong(GREETER, secret_hashes=(), certificates=(certificate(),)) == []


def test_an_app_id_is_one_bots_own() -> None:
    same = msgspec.structs.replace(OTHER, app_id=GREETER.app_id.upper())
    (told,) = clashes(GREETER, same)
    assert 'bot "other": app_id' in told and 'bot "greeter" has it' in told


def test_a_route_names_bots_that_exist() -> None:
    (told,) = clashes(GREETER, DESK)
    assert told == 'route "desk": bots[1] = "other": expected the name of a bot that exists'
    assert wrong(DESK, bots=("a b",)) == ["bots[0]"]
    assert wrong(DESK, bots=("greeter", "greeter")) == ["bots[1]"]


def test_a_bot_that_a_route_names_stays() -> None:
    directory = Directory.of([GREETER, OTHER, DESK])
    with pytest.raises(EntryInUseError, match='route "desk"'):
        without(directory, "bot", "greeter")
    free = without(directory, "route", "desk")
    assert without(free, "bot", "greeter").bots == {"other": OTHER}


def test_two_bots_can_trade_their_app_ids() -> None:
    before = Directory.of([GREETER, OTHER])
    traded = [
        msgspec.structs.replace(GREETER, app_id=OTHER.app_id),
        msgspec.structs.replace(OTHER, app_id=GREETER.app_id),
    ]
    assert merged(before, traded).bots["greeter"].app_id == OTHER.app_id
    with pytest.raises(InvalidEntryError):
        merged(before, traded[:1])


def test_a_route_without_destination_has_bots_or_a_document() -> None:
    assert wrong(DESK, bots=()) == ["destination"]
    assert wrong(DESK, lapse="busy") == []
    assert wrong(DESK, lapse="accept") == ["lapse"]
    assert wrong(DESK, lapse="Accept") == ["lapse"]
    assert wrong(DESK, lapse="accept", destination="sip:pbx") == []


@pytest.mark.parametrize("lapse", ["accept", "busy"])
def test_a_route_with_bots_lapses_with_480_whatever_the_trunk_says(lapse: str) -> None:
    trunk = msgspec.structs.replace(TRUNK, lapse=lapse)
    directory = Directory()
    assert directory.lapse_of(DESK, trunk) == refusal("temporarily_unavailable")
    own = msgspec.structs.replace(DESK, lapse="forbidden", destination="sip:pbx")
    assert directory.lapse_of(own, trunk) == refusal("forbidden")
    assert directory.lapse_of(msgspec.structs.replace(own, lapse="accept"), trunk) == Accept()
    plain = msgspec.structs.replace(own, lapse=None, bots=())
    assert directory.lapse_of(plain, trunk) == (Accept() if lapse == "accept" else refusal("busy"))


def test_a_window_that_is_not_given_is_longer_with_bots() -> None:
    assert [window_or_default(None, bots) for bots in ((), ("greeter",))] == [10.0, 15.0]
    assert [window_or_default(3.0, bots) for bots in ((), ("greeter",))] == [3.0, 3.0]
