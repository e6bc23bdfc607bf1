"""The directory changes while calls wait, ring and are answered."""

from __future__ import annotations

from msgspec.structs import replace

from callgate.core.queues.model import Presence
from callgate.core.verdicts import Refuse
from callgate.directory.model import Agent, Trunk

from .rig import KRISTI, SUPPORT, Rig, settle


async def test_a_new_agent_is_logged_out_and_then_takes_calls(rig: Rig) -> None:
    rig.control.registers("5003")
    rig.directory.put(Agent("anna", "hash", "c" * 32, phone="5003", queues=("support",)))
    assert rig.presence("anna") is Presence.LOGGED_OUT
    rig.ready("anna")
    rig.arrive()
    await settle()
    assert rig.states("anna") == ["ringing"]


async def test_an_agent_who_is_removed_while_it_rings_gives_the_call_back(rig: Rig) -> None:
    call = await rig.rings("kristi", "paul")
    rig.directory.remove(("agent", "kristi"))
    await settle()
    assert rig.control.withdrawn == [call.id]
    assert rig.states("kristi") == ["ringing", "released"]
    assert rig.states("paul") == ["ringing"]


async def test_an_agent_who_is_disabled_is_logged_out(rig: Rig) -> None:
    rig.ready("kristi")
    rig.directory.put(replace(KRISTI, enabled=False))
    assert rig.presence("kristi") is Presence.LOGGED_OUT
    assert not rig.centre.present("kristi", Presence.READY)
    rig.arrive()
    await settle()
    assert rig.rung == []


async def test_the_calls_of_a_queue_that_is_removed_are_refused(rig: Rig) -> None:
    rig.arrive()
    await settle()
    rig.directory.remove(("queue", "support"))
    await settle()
    assert isinstance(rig.verdict, Refuse)
    assert rig.verdict.status == 480
    assert rig.centre.queue("support") is None


async def test_the_terms_of_a_queue_change_for_those_who_wait(rig: Rig) -> None:
    rig.arrive()
    await settle()
    rig.directory.put(replace(SUPPORT, wait=5.0, refusal="busy"))
    await rig.clock.advance(6)
    assert isinstance(rig.verdict, Refuse)
    assert rig.verdict.status == 486


async def test_what_has_nothing_to_do_with_queues_changes_nothing(rig: Rig) -> None:
    call = await rig.rings("kristi")
    rig.notices.clear()
    rig.directory.put(Trunk("other", ("192.0.2.99",)))
    await settle()
    assert rig.notices == []
    assert [each.call for each in rig.centre.calls("kristi")] == [call.id]
