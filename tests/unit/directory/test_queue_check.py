"""What queues and agents may be, how they and routes name each other, and what cannot be twice."""

from __future__ import annotations

import msgspec
import pytest

from callgate.core.verdicts import refusal
from callgate.directory.check import check_directory, check_entry, normal
from callgate.directory.edits import merged, without
from callgate.directory.errors import EntryInUseError, InvalidEntryError
from callgate.directory.model import (
    INTERNAL,
    Agent,
    Client,
    Directory,
    Entry,
    InboundRoute,
    Phone,
    Queue,
    Trunk,
    window_or_default,
)
from callgate.directory.rules import RULES

from .bot_entries import GREETER
from .queue_entries import ANN, DIRECT, ENTRIES, HOTLINE, KRISTI, PHONE, SUPPORT

CURRENT = Directory.of(ENTRIES)


def wrong(entry: Entry, **changes: object) -> list[str]:
    """The keys that are told to be wrong after these changes."""
    return [problem.key for problem in check_entry(msgspec.structs.replace(entry, **changes))]


def clashes(*entries: Entry) -> list[str]:
    """What is told of the directory after these changes to it."""
    return [str(problem) for problem in check_directory(CURRENT.with_changes(normal(entry) for entry in entries))]


def test_entries_that_are_right_have_no_problem() -> None:
    assert [problem for entry in ENTRIES for problem in check_entry(entry)] == []
    assert clashes() == []


def test_every_field_has_a_rule() -> None:
    assert set(RULES["queue"]) == set(Queue.__struct_fields__)
    assert set(RULES["agent"]) == set(Agent.__struct_fields__)


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("name", ["x" * 64], ["", "a b", "a:b", "x" * 65]),
        ("number", ["+4420", "9000", "a#b"], ["", "90*", "9 0", "1" * 33, "sip:9000", "9000\n"]),
        ("priority", [-1000, 1000], [-1001, 1001]),
        ("length", [0, 100_000], [-1, 100_001]),
        ("wait", [1.0, 86_400.0], [0.9, 86_401.0, float("nan"), float("inf")]),
        ("overflow", ["", "sip:pbx.example.com"], ["tel:1", "9000", "sip:a b"]),
        ("refusal", ["Busy"], ["", "accept", "603"]),
        ("ring", [1.0, 600.0], [0.0, 601.0, float("nan")]),
        ("after_call_work", [0.0, 3600.0], [-1.0, 3601.0, float("nan")]),
        ("missed", ["ready"], ["logged_out", ""]),
        ("reject_pause", [0.0, 3600.0], [-1.0, 3601.0]),
    ],
)
def test_what_a_queue_may_be(key: str, good: list[object], bad: list[object]) -> None:
    assert [wrong(SUPPORT, **{key: value}) for value in good] == [[]] * len(good)
    assert [wrong(SUPPORT, **{key: value}) for value in bad] == [[key]] * len(bad)


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("name", ["a.b+c@example.com", "x" * 64], ["", "a b", "a:b", "x" * 65, "é"]),
        ("secret_hash", [ANN.secret_hash], ["", "a password in clear"]),
        ("id", ["", "0" * 32], ["0" * 31, "G" * 32, "0" * 33, "A" * 32]),
        ("first_name", ["Zürich 📞"], ["x" * 129, "a\nb"]),
        ("last_name", [""], ["x" * 129]),
        ("phone", ["a.b"], ["a b", "a:b"]),
        ("queues", [(), ("a", "b")], [("a b",), ("a", "a")]),
        ("features", [(), ("api-voice", "api-agent-control")], [("a b",), ("API",), ("api-voice",) * 2]),
    ],
)
def test_what_an_agent_may_be(key: str, good: list[object], bad: list[object]) -> None:
    assert [wrong(KRISTI, **{key: value}) for value in good] == [[]] * len(good)
    for value in bad:
        assert {found.partition("[")[0] for found in wrong(KRISTI, **{key: value})} == {key}


def test_an_address_is_a_sip_uri_with_a_number() -> None:
    assert wrong(ANN, address="sips:+44-20@[2001:db8::1];transport=tls") == []
    for address in ("sip:192.0.2.40", "5002", "sip:a b@c", "sip:@c", "sip:a=b@c", "tel:5002"):
        assert wrong(ANN, address=address) == ["address"]


def test_an_agent_has_a_phone_or_an_address() -> None:
    assert wrong(KRISTI, phone="") == ["phone"]
    assert wrong(KRISTI, address="sip:5001@192.0.2.1") == ["address"]
    (problem,) = check_entry(msgspec.structs.replace(KRISTI, phone=""))
    assert str(problem) == ('agent "ksippo": phone is missing: expected the login of a phone, or an address instead')


def test_two_agents_do_not_share_a_phone_or_its_number_or_an_id() -> None:
    (shared,) = clashes(msgspec.structs.replace(ANN, name="bob", id="3" * 32, address="", phone="5001"))
    assert shared == 'agent "bob": phone = "5001": expected a phone that no other agent has; agent "ksippo" has it'
    (shared,) = clashes(msgspec.structs.replace(ANN, name="bob", id="3" * 32, address="sip:5001@192.0.2.77"))
    assert shared.startswith('agent "bob": address = "sip:5001@192.0.2.77": expected a phone that no other')
    (shared,) = clashes(msgspec.structs.replace(ANN, id=KRISTI.id))
    assert shared.startswith('agent "ann@example.com": id = ')
    assert clashes(msgspec.structs.replace(ANN, name="b", id="", address="sip:6@a")) == []


def test_a_number_is_that_of_one_queue_and_of_no_phone() -> None:
    (twice,) = clashes(Queue("other", "+9000"))
    assert twice == 'queue "other": number = "9000": expected a number that no other queue has; queue "support" has it'
    (dialled,) = clashes(Queue("other", "5001"))
    assert dialled == 'queue "other": number = "5001": expected a number that no phone has; phone "5001" has it'
    (dialled,) = clashes(Phone("+9001", PHONE.ha1))
    assert dialled.startswith('queue "sales": number = "9001": expected a number that no phone has; phone "+9001"')


def test_a_number_and_a_reason_are_kept_in_one_spelling() -> None:
    assert normal(Queue("q", "+9000", refusal="BUSY")) == Queue("q", "9000", refusal="busy")


def test_who_is_named_has_to_be_there() -> None:
    assert clashes(msgspec.structs.replace(KRISTI, phone="5009")) == [
        'agent "ksippo": phone = "5009": expected the name of a phone that exists'
    ]
    assert clashes(msgspec.structs.replace(ANN, queues=("support", "nowhere"))) == [
        'agent "ann@example.com": queues[1] = "nowhere": expected the name of a queue that exists'
    ]
    assert clashes(msgspec.structs.replace(HOTLINE, queue="nowhere")) == [
        'route "hotline": queue = "nowhere": expected the name of a queue that exists'
    ]
    assert clashes(msgspec.structs.replace(DIRECT, phone="5009")) == [
        'route "direct": phone = "5009": expected the name of a phone that exists'
    ]


def test_who_is_named_stays() -> None:
    with pytest.raises(EntryInUseError) as caught:
        without(CURRENT, "phone", "5001")
    assert caught.value.users == ('route "direct"', 'agent "ksippo"')
    with pytest.raises(EntryInUseError) as caught:
        without(CURRENT, "queue", "support")
    assert caught.value.users == ('route "hotline"', 'agent "ksippo"', 'agent "ann@example.com"')
    freed = without(without(CURRENT, "agent", "ksippo"), "route", "direct")
    assert "5001" not in without(freed, "phone", "5001").phones


def test_a_route_leads_to_one_place() -> None:
    (problem,) = check_entry(msgspec.structs.replace(HOTLINE, phone="5001"))
    assert str(problem) == (
        'route "hotline": queue = "support": expected only one of rcml, bots, queue and phone; the route has phone'
    )
    assert wrong(HOTLINE, bots=("greeter",)) == ["bots"]
    assert wrong(DIRECT, bots=("greeter",)) == ["bots"]
    assert wrong(HOTLINE, queue="", bots=(GREETER.name,)) == []


def test_a_route_to_a_queue_or_phone_needs_no_destination_but_a_reason() -> None:
    for route in (HOTLINE, DIRECT):
        assert wrong(route, lapse="accept") == ["lapse"]
        assert wrong(route, lapse="busy") == []
        assert wrong(route, lapse="accept", destination="sip:pbx") == []
        assert CURRENT.lapse_of(route, Trunk("main", ("::1",))) == refusal("temporarily_unavailable")
    assert wrong(HOTLINE, queue="") == ["destination"]


def test_the_window_of_a_route_to_a_queue_or_phone_is_the_longest() -> None:
    assert [window_or_default(None, (), inside) for inside in ("", "support")] == [10.0, 60.0]
    assert window_or_default(3.0, (), "support") == 3.0


def test_the_phones_are_a_trunk_that_can_be_named_and_not_made() -> None:
    assert wrong(Trunk(INTERNAL, ("::1",))) == ["name"]
    assert clashes(InboundRoute("out", "sip:gateway", trunks=(INTERNAL,))) == []
    assert clashes(Client("crm", "crm", KRISTI.secret_hash, see=(INTERNAL,), decide=())) == []


def test_an_id_is_made_once_and_kept() -> None:
    unnamed = msgspec.structs.replace(KRISTI, id="")
    made = merged(Directory.of([PHONE, SUPPORT]), [unnamed])
    assert wrong(made.agents["ksippo"]) == [] and made.agents["ksippo"].id
    again = merged(made, [unnamed])
    assert again.agents["ksippo"].id == made.agents["ksippo"].id
    assert merged(CURRENT, [unnamed]).agents["ksippo"] == KRISTI
    with pytest.raises(InvalidEntryError, match="an id of its own"):
        merged(CURRENT, [msgspec.structs.replace(ANN, id=KRISTI.id)])


def test_a_queue_and_a_phone_have_routes_that_nobody_wrote() -> None:
    assert CURRENT.route_of("queue:sales") == InboundRoute("queue:sales", "", "9001", (INTERNAL,), 60.0, queue="sales")
    assert CURRENT.route_of("phone:5001") == InboundRoute("phone:5001", "", "5001", (INTERNAL,), 60.0, phone="5001")
    assert CURRENT.route_of("hotline") is HOTLINE
    assert [CURRENT.route_of(name) for name in ("queue:9000", "phone:", "nowhere", "trunk:x")] == [None] * 4


def test_no_password_is_in_a_repr() -> None:
    assert KRISTI.secret_hash not in repr(KRISTI)
