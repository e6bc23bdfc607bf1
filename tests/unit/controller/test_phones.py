"""Phones at the edge, as the controller tells of them."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from structlog.testing import capture_logs

from callgate.core.answers import NoDestination
from callgate.core.control import PhoneStatus
from callgate.core.events import PhoneEvent
from callgate.core.verdicts import Accept, refusal
from callgate.directory.model import INTERNAL, Phone, Queue

from .rig import ALICE, Rig
from .test_life import relinked


def frame(login: str, contacts: int = 1, source: str = "192.0.2.50:5060") -> dict[str, Any]:
    """What the edge tells of a phone."""
    return {"e": "phone", "login": b64encode(login.encode()).decode(), "contacts": contacts, "source": source}


def tell(rig: Rig, login: str, contacts: int = 1) -> None:
    """The edge tells of a phone, now."""
    rig.edge.tell("phone", **{name: value for name, value in frame(login, contacts).items() if name != "e"})


def told(rig: Rig) -> list[tuple[str, int]]:
    """Which phones were told of, in how many places each."""
    return [(event.login, event.contacts) for event in rig.events if isinstance(event, PhoneEvent)]


async def test_a_phone_that_registers_and_leaves_is_told(rig: Rig) -> None:
    for contacts in (1, 2, 0):
        tell(rig, "anna", contacts)
    await rig.until(lambda: len(told(rig)) == 3)
    assert told(rig) == [("anna", 1), ("anna", 2), ("anna", 0)]
    assert rig.controller.phone("anna") is None


async def test_a_phone_that_was_never_there_is_not_told_to_be_gone(rig: Rig) -> None:
    tell(rig, "anna", 0)
    tell(rig, "bert")
    await rig.until(lambda: bool(told(rig)))
    assert told(rig) == [("bert", 1)]


async def test_a_new_link_tells_the_phones_again_and_those_that_are_gone(rig: Rig) -> None:
    tell(rig, "anna")
    tell(rig, "bert")
    await rig.until(lambda: len(told(rig)) == 2)
    rig.events.clear()
    rig.edge.snapshot = [frame("bert", 2), frame("carl")]
    with capture_logs():
        await relinked(rig)
    assert told(rig) == [("bert", 2), ("carl", 1), ("anna", 0)]
    assert {each.login for each in rig.controller.phones()} == {"bert", "carl"}


async def test_a_phone_counts_as_registered_while_the_link_is_down(rig: Rig) -> None:
    tell(rig, "anna")
    await rig.until(lambda: bool(told(rig)))
    rig.edge.snapshot = [frame("anna")]
    with capture_logs():
        rig.edge.drop_link()
        await rig.edge.until(lambda: rig.edge.connections == 2)
    assert rig.controller.phone("anna") == PhoneStatus("anna", 1, "192.0.2.50:5060")


# --- calls from phones -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("route", "dialled"), [("queue:support", "9000"), ("phone:5001", "5001")])
async def test_a_call_from_a_phone_has_the_terms_of_a_queue_or_phone(rig: Rig, route: str, dialled: str) -> None:
    await rig.directory.apply([Queue("support", "9000"), Phone("5001", "a" * 32)])
    call = await rig.call(trunk=INTERNAL, route=route, did=b64encode(dialled.encode()).decode())
    assert (call.trunk, call.route, call.dialled) == ("phones", route, dialled)
    assert (call.window, call.lapse, call.destination) == (60.0, refusal("temporarily_unavailable"), "")
    assert await rig.controller.decide(call.id, Accept(), ALICE) == NoDestination(call)
