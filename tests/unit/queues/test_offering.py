"""Calls that wait, ring, are answered and end."""

from __future__ import annotations

from msgspec.structs import replace

from callgate.core.calls import Call
from callgate.core.queues.model import Presence
from callgate.core.reports import Ack, AckResult
from callgate.core.states import State
from callgate.core.verdicts import Accept, Decider, Dial, Redirect, Refuse, Target, Verdict
from callgate.queues.port import AgentChanged, CallChanged

from .rig import KRISTI, SUPPORT, Rig, settle


async def test_a_call_that_nobody_can_take_is_held_and_its_caller_is_told(rig: Rig) -> None:
    call = rig.arrive()
    await settle()
    assert rig.control.held_on == [(call.id, 180.0, 182, "Queued")]
    assert call.state is State.HELD
    assert call.deadline == rig.clock.now() + 180.0
    (waiting,) = rig.centre.waiting("support")
    assert (waiting.number, waiting.agent, waiting.offers) == ("5503301", "", 0)


async def test_a_waiting_caller_is_told_again_and_again(rig: Rig) -> None:
    call = rig.arrive()
    await rig.clock.advance(100)
    assert [held[0] for held in rig.control.held_on] == [call.id] * 3
    rig.control.cancels(call)
    await rig.clock.advance(100)
    assert len(rig.control.held_on) == 3


async def test_the_longest_idle_ready_agent_is_rung(rig: Rig) -> None:
    rig.ready("paul")
    await rig.clock.advance(1)
    rig.ready("kristi")
    call = rig.arrive()
    await settle()
    assert rig.verdict == Dial((Target(phone="5002"),), ring_seconds=20.0)
    assert rig.control.decisions[-1][2] == Decider("queue", "paul")
    (ringing,) = rig.centre.calls("paul")
    assert (ringing.call, ringing.other, ringing.dialled, ringing.queue) == (call.id, "5503301", "9000", "support")
    assert (ringing.state, ringing.kind, ringing.began) == ("ringing", "inbound", rig.clock.now())
    assert rig.centre.calls("kristi") == []


async def test_a_call_that_is_offered_at_once_needs_no_announcement(rig: Rig) -> None:
    await rig.rings("kristi")
    assert rig.control.held_on == []


async def test_an_answered_call_is_established_until_it_ends(rig: Rig) -> None:
    call = await rig.rings("kristi")
    await rig.clock.advance(3)
    rig.control.rings(call)
    rig.control.answers(call)
    await rig.clock.advance(7)
    (talking,) = rig.centre.calls("kristi")
    assert (talking.state, talking.answered - talking.began) == ("established", 3.0)
    queue = rig.centre.queue("support")
    assert queue is not None
    assert (queue.waiting, queue.connected, queue.answered, queue.ready) == (0, 1, 1, 0)
    rig.control.ends(call)
    assert rig.states("kristi") == ["ringing", "established", "released"]
    assert rig.told("kristi")[-1].ended == rig.clock.now()
    assert rig.centre.calls("kristi") == []
    assert rig.memory.calls == {}


async def test_who_does_not_answer_is_not_ready_and_the_next_one_is_rung(rig: Rig) -> None:
    call = await rig.rings("kristi", "paul")
    rig.notices.clear()
    rig.control.returns(call, 408)
    await settle()
    assert rig.rung == ["5001", "5002"]
    assert rig.presence("kristi") is Presence.NOT_READY
    kinds = [type(notice) for notice in rig.notices]
    assert kinds == [CallChanged, AgentChanged, CallChanged]
    assert rig.states("kristi") == ["released"]
    assert rig.states("paul") == ["ringing"]


async def test_a_phone_that_is_busy_before_the_edge_has_said_that_it_rings_is_told_too(rig: Rig) -> None:
    async def quick(call: Call, verdict: Verdict) -> Ack:
        if isinstance(verdict, Dial):
            rig.control.returns(call, 486)
        return await rig.control.obey(call, verdict)

    rig.arrive()
    await settle()
    rig.control.edge = quick
    rig.ready("kristi")
    await settle()
    assert rig.states("kristi") == ["ringing", "released"]
    assert rig.presence("kristi") is Presence.NOT_READY
    assert len(rig.centre.waiting("support")) == 1


async def test_a_returned_call_is_held_for_long_again(rig: Rig) -> None:
    call = await rig.rings("kristi")
    rig.control.returns(call)
    await settle()
    assert rig.control.held_on == [(call.id, 180.0, 182, "Queued")]


async def test_a_caller_who_hangs_up_is_gone_at_once(rig: Rig) -> None:
    waiting = rig.arrive()
    rig.control.cancels(waiting)
    call = await rig.rings("kristi")
    rig.control.cancels(call)
    await settle()
    assert rig.states("kristi") == ["ringing", "released"]
    assert rig.presence("kristi") is Presence.READY
    assert rig.centre.waiting("support") == []
    queue = rig.centre.queue("support")
    assert queue is not None
    assert (queue.abandoned, queue.answered, queue.ready) == (2, 0, 1)


async def test_a_call_that_waits_too_long_is_refused(rig: Rig) -> None:
    rig.arrive()
    await rig.clock.advance(601)
    assert isinstance(rig.verdict, Refuse)
    assert rig.verdict.status == 480
    assert rig.control.decisions[-1][2] == Decider("queue", "support")
    queue = rig.centre.queue("support")
    assert queue is not None
    assert (queue.overflowed, queue.abandoned) == (1, 0)


async def test_what_is_too_many_goes_to_the_overflow() -> None:
    rig = Rig(replace(SUPPORT, length=1, overflow="sip:2002@192.0.2.30"))
    await rig.link("5001")
    rig.arrive()
    await settle()
    rig.arrive()
    await settle()
    assert rig.verdict == Redirect("sip:2002@192.0.2.30")
    assert len(rig.centre.waiting("support")) == 1
    await rig.stop()


async def test_a_call_for_which_the_edge_has_no_room_overflows_and_nobody_has_missed_it(rig: Rig) -> None:
    call = await rig.rings("kristi", "paul")
    rig.control.returns(call, 503, "Too Many Targets")
    await settle()
    assert isinstance(rig.verdict, Refuse)
    assert rig.presence("kristi") is Presence.READY


async def test_an_offer_that_the_edge_could_not_carry_out_ends_with_the_call(rig: Rig) -> None:
    rig.control.acknowledge(AckResult.FAILED, 500)
    rig.ready("kristi")
    rig.arrive()
    await settle()
    assert rig.states("kristi") == []
    assert rig.centre.waiting("support") == []
    rig.control.edge = rig.control.obey
    await rig.rings("kristi")


async def test_a_call_that_somebody_else_decides_leaves_its_queue(rig: Rig) -> None:
    call = rig.arrive()
    await settle()
    await rig.control.decide(call.id, Redirect("sip:elsewhere@192.0.2.40"), Decider("native", "operator"))
    assert rig.centre.waiting("support") == []
    rig.ready("kristi")
    await settle()
    assert rig.rung == []


async def test_a_call_that_comes_back_from_somebody_else_is_in_its_queue_again(rig: Rig) -> None:
    call = rig.arrive()
    await settle()
    await rig.control.decide(call.id, Dial((Target("sip:elsewhere@192.0.2.40"),)), Decider("native", "operator"))
    rig.control.returns(call)
    await settle()
    (waiting,) = rig.centre.waiting("support")
    assert (waiting.call, waiting.since) == (call.id, call.received)


async def test_a_phone_that_somebody_else_rings_is_busy(rig: Rig) -> None:
    rig.ready("kristi")
    other = rig.arrive("reception", "2002")
    await rig.control.decide(other.id, Dial((Target(phone="5001"),)), Decider("rcml", "acme"))
    (ringing,) = rig.centre.calls("kristi")
    assert (ringing.queue, ringing.dialled, rig.centre.operations(ringing)) == ("", "2002", ())
    rig.arrive()
    await settle()
    assert rig.rung == ["5001"]
    rig.control.returns(other)
    await settle()
    assert rig.rung == ["5001", "5001"]


async def test_a_call_that_goes_straight_on_to_an_agents_address_is_at_his_phone() -> None:
    rig = Rig(replace(KRISTI, phone="", address="sip:5001@192.0.2.50"))
    await rig.link()
    call = rig.arrive("reception", "2002")
    await rig.control.decide(call.id, Redirect("sip:5001@192.0.2.50"), Decider("native", "operator"))
    assert rig.states("kristi") == ["ringing"]
    await rig.stop()


async def test_calls_of_other_routes_are_left_alone(rig: Rig) -> None:
    call = rig.arrive("reception", "2002")
    await rig.control.decide(call.id, Accept(), Decider("native", "operator"))
    rig.control.answers(call)
    rig.control.ends(call)
    await settle()
    assert rig.notices == []
    assert rig.control.held_on == []


async def test_callers_are_served_in_the_order_they_came(rig: Rig) -> None:
    calls = []
    for _ in range(3):
        calls.append(rig.arrive())
        await rig.clock.advance(1)
    rig.ready("kristi")
    for call in calls:
        await settle()
        assert [each.call for each in rig.centre.calls("kristi")] == [call.id]
        rig.control.answers(call)
        rig.control.ends(call)
