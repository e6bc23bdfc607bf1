"""What RCML's REST API finds: by sid, and by account."""

from __future__ import annotations

import msgspec

from callgate.directory.model import Directory, InboundRoute, Phone
from callgate.directory.rcml import RcmlIndex

from .rcml_entries import ACME, ALICE, HOTLINE, MENU, NUMBER, OTHER, sid

LATER = msgspec.structs.replace(
    HOTLINE, name="a-later-one", did="1", rcml=msgspec.structs.replace(NUMBER, sid=sid("PN", 2), created=5.0)
)
PLAIN = InboundRoute("plain", "sip:pbx", "3")
DIRECTORY = Directory.of([ACME, OTHER, MENU, LATER, HOTLINE, PLAIN, ALICE, Phone("bob", ALICE.ha1)])


def test_each_entry_is_found_by_its_sid() -> None:
    index = RcmlIndex(DIRECTORY)
    assert index.account(ACME.sid) is ACME
    assert index.application(MENU.sid) is MENU
    assert index.number(NUMBER.sid) is HOTLINE
    assert index.phone(ALICE.sid) is ALICE


def test_what_is_not_there_is_not_found() -> None:
    index = RcmlIndex(DIRECTORY)
    for find in (index.account, index.application, index.number, index.phone):
        assert find("") is None
        assert find(sid("XX", 1)) is None


def test_the_lists_of_an_account_are_in_the_order_in_which_entries_were_made() -> None:
    index = RcmlIndex(DIRECTORY)
    assert list(index.accounts()) == [ACME, OTHER]
    assert list(index.applications("acme")) == [MENU]
    assert list(index.numbers("acme")) == [HOTLINE, LATER]
    assert list(index.phones("acme")) == [ALICE]
    for entries in (index.applications, index.numbers, index.phones):
        assert list(entries("other")) == []
        assert list(entries("")) == []


def test_the_index_of_a_directory_is_made_once() -> None:
    index = RcmlIndex.of(DIRECTORY)
    assert RcmlIndex.of(DIRECTORY) is index
    changed = DIRECTORY.with_changes(gone=[("phone", "alice")])
    assert RcmlIndex.of(changed).phone(ALICE.sid) is None
