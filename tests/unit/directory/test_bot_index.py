"""What Graph's dialect finds: bots by app id, and those that are told of a call."""

from __future__ import annotations

import msgspec
import pytest

from callgate.directory.graph import BotIndex, covers
from callgate.directory.model import Bot, Directory, InboundRoute

from .bot_entries import DESK, GREETER, OTHER

DIRECTORY = Directory.of([GREETER, OTHER, DESK])


def told(dialled: str, **changes: object) -> list[str]:
    """The names of the bots of that route, after these changes of the first one."""
    greeter = msgspec.structs.replace(GREETER, **changes)
    index = BotIndex(Directory.of([greeter, OTHER, DESK]))
    return [bot.name for bot in index.bots_of(DESK, dialled)]


def test_a_bot_is_found_by_its_app_id_in_any_letter_case() -> None:
    index = BotIndex(DIRECTORY)
    assert index.bot(GREETER.app_id) is GREETER
    assert index.bot(GREETER.app_id.upper()) is GREETER
    assert index.bot("") is None
    assert index.bot(GREETER.tenant) is None


def test_a_bot_that_is_not_enabled_is_found_but_told_of_nothing() -> None:
    away: Bot = msgspec.structs.replace(GREETER, enabled=False)
    assert BotIndex(Directory.of([away])).bot(GREETER.app_id) is away
    assert told("2002", enabled=False) == ["other"]


def test_the_bots_of_a_route_are_those_that_it_names_in_its_order() -> None:
    assert told("2002") == ["greeter", "other"]
    index = BotIndex(DIRECTORY)
    turned = msgspec.structs.replace(DESK, bots=("other", "greeter"))
    assert [bot.name for bot in index.bots_of(turned, "2002")] == ["other", "greeter"]
    assert index.bots_of(InboundRoute("sales", "sip:pbx"), "2002") == ()


@pytest.mark.parametrize(
    ("numbers", "is_told"),
    [(("*",), True), ((), False), (("2002",), True), (("200",), False), (("200*",), True), (("1", "2*"), True)],
)
def test_a_bot_is_told_of_the_numbers_that_it_has(numbers: tuple[str, ...], is_told: bool) -> None:
    assert ("greeter" in told("2002", numbers=numbers)) is is_told
    assert ("greeter" in told("+2002", numbers=numbers)) is is_told


def test_hosts_have_no_letter_case() -> None:
    assert covers(("PBX.example.com",), "pbx.Example.com")
    assert covers(("pbx*",), "PBX2.example.com")
    assert not covers(("pbx.example.com",), "pbx.example.org")


def test_the_index_of_a_directory_is_made_once() -> None:
    index = BotIndex.of(DIRECTORY)
    assert BotIndex.of(DIRECTORY) is index
    changed = DIRECTORY.with_changes(gone=[("bot", "greeter")])
    assert BotIndex.of(changed).bot(GREETER.app_id) is None
