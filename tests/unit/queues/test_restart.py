"""A controller that starts finds agents and calls as the one before has left them, and as the edge has them now."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from callgate.core.calls import Call
from callgate.core.queues.model import Presence
from callgate.core.states import State

from .rig import SUPPORT, Rig, settle


async def restored(rig: Rig, *calls: Call) -> list[Call]:
    """The controller crashes, and the edge tells the next one that these calls are held."""
    await rig.crash()
    again = [rig.tell_again(call.sequence) for call in calls]
    rig.synced()
    await settle()
    return again


async def test_nothing_is_done_before_the_edge_has_told_all(rig: Rig) -> None:
    rig.ready("kristi")
    first = await rig.rings("kristi")
    await rig.clock.advance(1)
    waiting = rig.arrive()
    await settle()
    await rig.crash()
    rig.tell_again(waiting.sequence)
    await settle()
    assert rig.control.commands == []
    rig.resume(first)
    rig.synced()
    await settle()
    assert rig.control.commands == []


async def test_waiting_calls_are_queued_in_their_order(rig: Rig) -> None:
    calls = []
    for _ in range(3):
        calls.append(rig.arrive())
        await rig.clock.advance(1)
    again = await restored(rig, *reversed(calls))
    assert [each.call for each in rig.centre.waiting("support")] == [call.id for call in calls]
    assert {held[0] for held in rig.control.held_on} == {call.id for call in calls}
    rig.ready("kristi")
    await settle()
    assert [each.call for each in rig.centre.calls("kristi")] == [again[-1].id]


async def test_agents_are_what_they_were(rig: Rig) -> None:
    rig.ready("kristi")
    since = rig.clock.now()
    rig.ready("paul")
    await rig.clock.advance(5)
    rig.centre.present("paul", Presence.AFTER_CALL_WORK)
    await rig.clock.advance(5)
    await rig.crash()
    status = rig.centre.agent("kristi")
    assert status is not None
    assert (status.presence, status.since, status.registered) == (Presence.READY, since, True)
    assert rig.presence("paul") is Presence.AFTER_CALL_WORK
    rig.synced()
    rig.centre.present("kristi", Presence.LOGGED_OUT)
    await rig.crash()
    assert rig.presence("kristi") is Presence.LOGGED_OUT


async def test_after_call_work_goes_on_for_as_long_as_it_would_have(rig: Rig) -> None:
    rig.directory.put(replace(SUPPORT, after_call_work=30.0))
    call = await rig.rings("kristi")
    rig.control.answers(call)
    rig.control.ends(call)
    assert rig.presence("kristi") is Presence.AFTER_CALL_WORK
    await rig.clock.advance(10)
    await restored(rig)
    assert rig.presence("kristi") is Presence.AFTER_CALL_WORK
    await rig.clock.advance(19)
    assert rig.presence("kristi") is Presence.AFTER_CALL_WORK
    await rig.clock.advance(2)
    assert rig.presence("kristi") is Presence.READY


async def test_a_ringing_call_rings_on_at_its_agent(rig: Rig) -> None:
    call = await rig.rings("kristi", "paul")
    await rig.crash()
    again = rig.resume(call)
    rig.synced()
    await settle()
    assert rig.control.withdrawn == []
    (ringing,) = rig.centre.calls("kristi")
    assert (ringing.state, ringing.queue) == ("ringing", "support")
    assert "reject" in rig.centre.operations(ringing)
    rig.control.answers(again)
    assert rig.centre.calls("kristi")[0].state == "established"
    rig.control.ends(again)
    assert rig.centre.calls("kristi") == []
    assert rig.memory.calls == {}


async def test_a_restored_ringing_call_is_rejected_as_any_other(rig: Rig) -> None:
    call = await rig.rings("kristi", "paul")
    await rig.crash()
    rig.resume(call)
    rig.synced()
    assert await rig.centre.reject("kristi", call.id) == "done"
    await settle()
    assert rig.rung == ["5002"]
    assert rig.states("kristi") == ["ringing", "released"]


async def test_a_call_that_was_answered_meanwhile_is_with_its_agent(rig: Rig) -> None:
    call = await rig.rings("kristi", "paul")
    await rig.crash()
    again = rig.resume(call, answered=True)
    rig.synced()
    (talking,) = rig.centre.calls("kristi")
    assert (talking.state, talking.answered) == ("established", rig.clock.now())
    queue = rig.centre.queue("support")
    assert queue is not None
    assert (queue.connected, queue.waiting, queue.ready) == (1, 0, 1)
    rig.control.ends(again)
    assert rig.centre.calls("kristi") == []


async def test_a_call_that_returned_meanwhile_waits_with_what_is_known_of_it(rig: Rig) -> None:
    call = await rig.rings("kristi")
    await restored(rig, call)
    assert [each.offers for each in rig.centre.waiting("support")] == [2]
    assert rig.states("kristi") == ["ringing"]


async def test_an_established_call_goes_on(rig: Rig) -> None:
    call = await rig.rings("kristi")
    rig.control.answers(call)
    answered = rig.clock.now()
    await rig.clock.advance(5)
    await rig.crash()
    again = rig.resume(call, answered=True)
    rig.synced()
    (talking,) = rig.centre.calls("kristi")
    assert (talking.state, talking.answered) == ("established", answered)
    waiting = rig.arrive()
    await settle()
    assert rig.rung == []
    rig.control.ends(again)
    await settle()
    assert [each.call for each in rig.centre.calls("kristi")] == [waiting.id]


@pytest.mark.parametrize("was", ["waiting", "ringing", "established", "direct"])
async def test_calls_that_have_ended_meanwhile_are_forgotten(rig: Rig, was: str) -> None:
    if was == "direct":
        rig.arrive("kristi", "5001")
    elif was == "waiting":
        rig.arrive()
    else:
        call = await rig.rings("kristi")
        if was == "established":
            rig.control.answers(call)
    await settle()
    assert rig.memory.calls
    await restored(rig)
    assert rig.centre.calls("kristi") == []
    assert rig.centre.waiting("support") == []
    assert rig.memory.calls == {}
    await rig.rings("kristi")


async def test_a_call_of_which_nothing_was_kept_is_queued(rig: Rig) -> None:
    call = rig.arrive()
    await settle()
    rig.memory.calls.clear()
    await restored(rig, call)
    (waiting,) = rig.centre.waiting("support")
    assert waiting.since == call.received


async def test_a_call_that_rings_nobody_knows_where_rings_on(rig: Rig) -> None:
    call = await rig.rings("kristi")
    rig.memory.calls.clear()
    await rig.crash()
    again = rig.resume(call)
    rig.synced()
    await settle()
    assert rig.control.withdrawn == []
    rig.centre.present("kristi", Presence.NOT_READY)
    rig.control.returns(again)
    await settle()
    assert [each.call for each in rig.centre.waiting("support")] == [call.id]


async def test_a_direct_call_rings_on_and_is_refused_if_nobody_answers(rig: Rig) -> None:
    call = rig.place("5002", "phone:5001", "5001")
    await settle()
    await rig.crash()
    again = rig.resume(call)
    rig.synced()
    assert [each.state for each in rig.centre.calls("kristi")] == ["ringing"]
    assert [each.state for each in rig.centre.calls("paul")] == ["dialing"]
    rig.control.returns(again, 486)
    await settle()
    assert (again.state, again.status) == (State.REFUSED, 486)
    assert rig.states("kristi") == ["ringing", "released"]
    assert rig.states("paul") == ["dialing", "released"]


async def test_a_direct_call_that_is_held_rings(rig: Rig) -> None:
    call = rig.arrive("kristi", "5001")
    await settle()
    await restored(rig, call)
    assert rig.rung == ["5001"]


async def test_a_call_of_an_agents_phone_is_known_again(rig: Rig) -> None:
    call = rig.place("5001", "reception", "2002")
    rig.memory.calls.clear()
    await restored(rig, call)
    (dialing,) = rig.centre.calls("kristi")
    assert (dialing.state, dialing.kind) == ("dialing", "outbound")


async def test_a_new_link_changes_nothing(rig: Rig) -> None:
    call = await rig.rings("kristi")
    rig.synced()
    await settle()
    assert rig.rung == ["5001"]
    assert [each.call for each in rig.centre.calls("kristi")] == [call.id]


async def test_who_is_gone_from_the_directory_is_not_logged_in_when_he_comes_back(rig: Rig) -> None:
    rig.ready("kristi")
    kristi = rig.directory.current.agents["kristi"]
    rig.directory.remove(("agent", "kristi"))
    assert rig.centre.agent("kristi") is None
    await restored(rig)
    rig.directory.put(kristi)
    assert rig.presence("kristi") is Presence.LOGGED_OUT
