"""Edits and changes: from one directory to the next, and what is different between the two."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given

from callgate.directory.changes import difference
from callgate.directory.edits import controlled, merged, without
from callgate.directory.errors import EntryInUseError, InvalidEntryError, UnknownEntryError
from callgate.directory.model import (
    KINDS,
    LOCAL_KEY,
    Account,
    ApiKey,
    Client,
    Directory,
    Entry,
    InboundRoute,
    RcmlNumber,
    Trunk,
)
from callgate.directory.secrets import digest

from .rcml_entries import ACME, HOTLINE, MENU, NUMBER, sid
from .strategies import HASHER, directories

MAIN = Trunk("main", ("192.0.2.1",), number=3)
SPARE = Trunk("spare", ("192.0.2.2",), number=4)
SALES = InboundRoute("sales", "sip:pbx", "1", ("main",), number=9)
CURRENT = Directory.of([MAIN, SPARE, SALES])


def problems(current: Directory, *entries: Entry) -> list[str]:
    with pytest.raises(InvalidEntryError) as caught:
        merged(current, entries)
    return str(caught.value).split("\n")


def test_an_entry_is_put_in_place_of_the_one_of_its_name_and_keeps_the_number() -> None:
    after = merged(CURRENT, [Trunk("main", ("192.0.2.9",))])
    assert after.trunks["main"] == Trunk("main", ("192.0.2.9",), number=3)
    assert after.trunks["spare"] is SPARE
    assert CURRENT.trunks["main"] is MAIN


def test_a_new_entry_has_no_number_yet() -> None:
    assert merged(CURRENT, [InboundRoute("new", "sip:pbx", "+2")]).routes["new"] == InboundRoute("new", "sip:pbx", "2")


def test_a_number_that_callgate_did_not_give_is_refused() -> None:
    assert merged(CURRENT, [msgspec.structs.replace(MAIN, control=False)]).trunks["main"].number == 3
    assert problems(CURRENT, msgspec.structs.replace(MAIN, number=5)) == [
        'trunk "main": number = 5: expected 0 or 3, the number that it has'
    ]
    assert problems(CURRENT, InboundRoute("new", "sip:pbx", "2", number=1)) == [
        'route "new": number = 1: expected 0: Callgate gives a new entry its number'
    ]


def test_one_wrong_entry_among_right_ones_is_refused_with_all_of_them() -> None:
    assert problems(CURRENT, Trunk("new", ("::1",)), Trunk("b a d", ("x",))) == [
        'trunk "b a d": name = "b a d": expected 1 to 64 letters, digits, "-" and "_", but not "phones"',
        'trunk "b a d": sources[0] = "x": expected IP addresses and networks, like '
        '["192.0.2.10", "198.51.100.0/24", "2001:db8::/32"]',
    ]


def test_an_entry_given_twice_is_refused() -> None:
    assert problems(CURRENT, MAIN, MAIN) == [
        'trunk "main": name = "main": expected each trunk once; this one is given 2 times'
    ]


def test_of_two_entries_that_clash_the_given_one_is_told() -> None:
    assert problems(CURRENT, Trunk("main", ("192.0.2.2",))) == [
        'trunk "main": sources[0] = "192.0.2.2": expected a source that no other trunk has; trunk "spare" has it'
    ]


def test_prune_leaves_nothing_but_what_is_given() -> None:
    after = merged(CURRENT, [msgspec.structs.replace(SPARE, number=0)], prune=True)
    assert after == Directory.of([SPARE])


def test_prune_keeps_the_key_of_this_machines_command_line() -> None:
    local, other = ApiKey(LOCAL_KEY, digest("local"), "admin"), ApiKey("other", digest("other"))
    assert merged(Directory.of([local, other]), [], prune=True) == Directory.of([local])


def test_an_entry_of_rcml_says_when_it_was_made_and_changed() -> None:
    made = merged(Directory(), [ACME, MENU, HOTLINE], now=10.0)
    assert merged(made, [ACME, MENU, HOTLINE], now=20.0) == made
    renamed = merged(made, [msgspec.structs.replace(made.accounts["acme"], friendly_name="Acme")], now=30.0)
    assert times(renamed.accounts["acme"]) == (10.0, 30.0)
    moved = merged(made, [msgspec.structs.replace(HOTLINE, did="3")], now=40.0)
    assert times(moved.routes["hotline"].rcml) == (10.0, 40.0)
    another = msgspec.structs.replace(HOTLINE, rcml=msgspec.structs.replace(NUMBER, sid=sid("PN", 9)))
    assert times(merged(made, [another], now=50.0).routes["hotline"].rcml) == (50.0, 50.0)


def test_when_an_entry_of_rcml_was_changed_may_be_given() -> None:
    made = merged(Directory(), [msgspec.structs.replace(ACME, created=1.0, updated=2.0)], now=10.0)
    assert times(made.accounts["acme"]) == (1.0, 2.0)
    changed = merged(made, [msgspec.structs.replace(ACME, created=5.0, updated=7.0)], now=20.0)
    assert times(changed.accounts["acme"]) == (1.0, 7.0)


def times(entry: Account | RcmlNumber | None) -> tuple[float, float]:
    assert entry is not None
    return entry.created, entry.updated


def test_a_trunk_that_is_named_by_others_is_not_removed() -> None:
    client = Client("crm", "crm", HASHER.hash("a secret"), see=("main",), decide=("*",))
    current = merged(CURRENT, [client])
    with pytest.raises(EntryInUseError, match='trunk "main" is still named by route "sales", client "crm": change'):
        without(current, "trunk", "main")
    assert without(current, "trunk", "spare").trunks == {"main": MAIN}


def test_very_many_users_of_a_trunk_are_counted() -> None:
    routes = [InboundRoute(f"r{number}", "sip:pbx", f"9{number}", ("main",)) for number in range(100)]
    with pytest.raises(EntryInUseError, match="and 96 more: change or remove those first"):
        without(merged(CURRENT, routes), "trunk", "main")


@given(directories())
def test_what_is_removed_is_gone_and_nothing_else(directory: Directory) -> None:
    for kind in KINDS:
        for name in directory.of_kind(kind):
            try:
                after = without(directory, kind, name)
            except EntryInUseError:
                assert kind in ("trunk", "account", "application", "bot", "phone", "queue")
                continue
            (removed,) = difference(directory, after).removed
            assert removed is directory.of_kind(kind)[name]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_there_cannot_be_removed(kind: str) -> None:
    with pytest.raises(UnknownEntryError, match=f'there is no {kind} "nobody"'):
        without(CURRENT, kind, "nobody")  # type: ignore[arg-type]  # a kind, out of a parameter


def test_control_is_switched_and_nothing_else() -> None:
    after = controlled(CURRENT, "main", False)
    (change,) = difference(CURRENT, after).trunks.changed
    assert change == (MAIN, msgspec.structs.replace(MAIN, control=False))
    assert not difference(CURRENT, controlled(CURRENT, "main", True))
    with pytest.raises(UnknownEntryError):
        controlled(CURRENT, "nobody", True)


@given(directories(), directories())
def test_the_difference_leads_from_one_directory_to_the_other(before: Directory, after: Directory) -> None:
    changes = difference(before, after)
    assert bool(changes) == (before != after)
    for kind, one in zip(KINDS, changes.differences, strict=True):
        entries = {name: entry for name, entry in before.of_kind(kind).items() if name not in set(one.gone())}
        entries |= {entry.name: entry for entry in one.put()}
        assert entries == after.of_kind(kind)


@given(directories(), directories())
def test_a_directory_applied_with_prune_takes_the_place_of_another(before: Directory, after: Directory) -> None:
    assert merged(before, after.entries(), prune=True) == after
