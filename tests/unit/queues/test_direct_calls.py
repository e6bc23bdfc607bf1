"""Calls to phones and from phones, that no queue has to do with."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from callgate.core.answers import EdgeFailed, Talked
from callgate.core.queues.model import Presence
from callgate.core.reports import AckResult
from callgate.core.states import State
from callgate.core.verdicts import Accept, Decider, Dial, Refuse, Target
from callgate.queues.port import Outcome

from .rig import KRISTI, Rig, settle


async def test_a_direct_call_rings_the_phone_and_keeps_its_agent_busy(rig: Rig) -> None:
    rig.ready("kristi")
    call = rig.arrive("kristi", "5001")
    await settle()
    assert rig.verdict == Dial((Target(phone="5001"),), ring_seconds=60.0)
    (ringing,) = rig.centre.calls("kristi")
    assert (ringing.call, ringing.queue, ringing.dialled, ringing.kind) == (call.id, "", "5001", "inbound")
    rig.arrive()
    await settle()
    assert rig.rung == ["5001"]
    rig.control.answers(call)
    rig.control.ends(call)
    await settle()
    assert rig.rung == ["5001", "5001"]
    assert rig.states("kristi") == ["ringing", "established", "released", "ringing"]


async def test_a_direct_call_is_not_rejected_and_rings_on(rig: Rig) -> None:
    call = rig.arrive("kristi", "5001")
    await settle()
    (ringing,) = rig.centre.calls("kristi")
    assert rig.centre.operations(ringing) == ("answer", "redirect", "transfer")
    assert await rig.centre.reject("kristi", call.id) is Outcome.FORBIDDEN
    assert rig.control.withdrawn == []
    assert rig.centre.calls("kristi") == [ringing]


@pytest.mark.parametrize(
    ("returned", "status"),
    [(486, 486), (408, 480), (480, 480), (603, 603), (600, 600), (503, 480), (401, 480), (0, 480), (404, 404)],
)
async def test_a_direct_call_that_the_phone_does_not_take_is_refused(rig: Rig, returned: int, status: int) -> None:
    call = rig.arrive("kristi", "5001")
    await settle()
    rig.control.returns(call, returned)
    await settle()
    assert isinstance(rig.verdict, Refuse)
    assert rig.verdict.status == status
    assert call.state is State.REFUSED
    assert rig.states("kristi") == ["ringing", "released"]
    assert rig.memory.calls == {}


async def test_a_direct_call_to_a_phone_that_is_not_there_is_refused(rig: Rig) -> None:
    rig.control.registers("5001", 0)
    call = rig.arrive("kristi", "5001")
    await settle()
    assert (call.state, call.status) == (State.REFUSED, 480)
    assert rig.states("kristi") == []


async def test_a_direct_call_to_a_phone_without_agent_rings_too(rig: Rig) -> None:
    rig.control.registers("5003")
    call = rig.place("5005", "phone:5003", "5003")
    await settle()
    assert rig.rung == ["5003"]
    rig.control.answers(call)
    assert rig.notices == []


async def test_a_direct_call_that_the_edge_cannot_dial_leaves_its_agent_free(rig: Rig) -> None:
    rig.ready("kristi")
    rig.control.acknowledge(AckResult.FAILED, 500)
    rig.arrive("kristi", "5001")
    await settle()
    rig.control.edge = rig.control.obey
    await rig.rings("kristi")


async def test_a_call_between_two_agents_is_at_both_phones(rig: Rig) -> None:
    call = rig.place("5002", "phone:5001", "5001")
    await settle()
    (dialing,) = rig.centre.calls("paul")
    (ringing,) = rig.centre.calls("kristi")
    assert (dialing.state, dialing.other, dialing.kind) == ("dialing", "5001", "internal")
    assert (ringing.state, ringing.other, ringing.kind) == ("ringing", "5002", "internal")
    rig.control.answers(call)
    rig.control.ends(call)
    assert rig.states("paul") == ["dialing", "established", "released"]
    assert rig.states("kristi") == ["ringing", "established", "released"]


async def test_who_dials_is_busy_until_the_call_is_over(rig: Rig) -> None:
    rig.ready("kristi")
    own = rig.place("5001", "reception", "2002")
    (dialing,) = rig.centre.calls("kristi")
    assert (dialing.state, dialing.other, dialing.kind) == ("dialing", "2002", "outbound")
    rig.arrive()
    await settle()
    await rig.control.decide(own.id, Accept(), Decider("callgate", "window"))
    rig.control.answers(own)
    await settle()
    assert rig.rung == []
    rig.control.ends(own)
    await settle()
    assert rig.rung == ["5001"]


async def test_a_phone_that_calls_a_queue(rig: Rig) -> None:
    rig.ready("kristi")
    await rig.clock.advance(1)
    rig.ready("paul")
    call = rig.place("5001", "queue:support", "9000")
    await settle()
    (dialing,) = rig.centre.calls("kristi")
    (ringing,) = rig.centre.calls("paul")
    assert (dialing.state, dialing.other, dialing.queue) == ("dialing", "9000", "")
    assert (ringing.other, ringing.dialled, ringing.kind, ringing.queue) == ("5001", "9000", "internal", "support")
    assert await rig.centre.reject("kristi", call.id) is Outcome.NOT_NOW
    rig.control.answers(call)
    assert rig.states("kristi") == ["dialing", "established"]
    assert rig.states("paul") == ["ringing", "established"]


async def test_who_hangs_up_what_he_dials(rig: Rig) -> None:
    own = rig.place("5001", "reception", "2002")
    (dialing,) = rig.centre.calls("kristi")
    assert rig.centre.operations(dialing) == ("hang_up",)
    assert await rig.centre.hang_up("kristi", own.id) is Outcome.DONE
    assert rig.states("kristi") == ["dialing", "released"]


async def test_hang_up_is_for_calls_that_are_answered(rig: Rig) -> None:
    call = await rig.rings("kristi")
    assert await rig.centre.hang_up("kristi", call.id) is Outcome.NOT_NOW
    rig.control.answers(call)
    assert rig.centre.operations(rig.centre.calls("kristi")[0]) == ("hang_up", "transfer")
    assert await rig.centre.hang_up("kristi", call.id) is Outcome.DONE
    assert rig.states("kristi") == ["ringing", "established", "released"]
    assert await rig.centre.hang_up("kristi", call.id) is Outcome.NOT_NOW
    assert await rig.centre.hang_up("paul", call.id) is Outcome.UNKNOWN


async def test_answer_has_the_phone_answer_by_itself(rig: Rig) -> None:
    call = await rig.rings("kristi")
    assert rig.centre.operations(rig.centre.calls("kristi")[0]) == ("answer", "reject", "redirect", "transfer")
    assert await rig.centre.answer("kristi", call.id) is Outcome.DONE
    assert rig.control.talked == [call.id]
    assert rig.states("kristi") == ["ringing"]
    rig.control.answers(call)
    assert await rig.centre.answer("kristi", call.id) is Outcome.NOT_NOW


async def test_a_phone_that_does_not_know_how_rings_on(rig: Rig) -> None:
    call = await rig.rings("kristi")
    rig.control.talk_answer = lambda call: EdgeFailed(call, 489)
    assert await rig.centre.answer("kristi", call.id) is Outcome.FAILED

    def answered(found: object) -> EdgeFailed:
        rig.control.answers(call)
        return EdgeFailed(call, 408)

    rig.control.talk_answer = answered
    assert await rig.centre.answer("kristi", call.id) is Outcome.DONE


async def test_a_phone_at_an_address_cannot_be_told_to_answer() -> None:
    rig = Rig(replace(KRISTI, phone="", address="sip:5001@192.0.2.50"))
    await rig.link()
    call = await rig.rings("kristi")
    assert rig.rung == ["sip:5001@192.0.2.50"]
    assert "answer" not in rig.centre.operations(rig.centre.calls("kristi")[0])
    rig.control.talk_answer = Talked
    assert await rig.centre.answer("kristi", call.id) is Outcome.NOT_NOW
    await rig.stop()


async def test_presence_is_told_once_for_each_change(rig: Rig) -> None:
    rig.ready("kristi")
    rig.ready("kristi")
    assert rig.changes("kristi") == 1
    rig.control.registers("5001", 2)
    assert rig.changes("kristi") == 1
    rig.control.registers("5001", 0)
    assert rig.changes("kristi") == 2
    assert rig.centre.present("kristi", Presence.AFTER_CALL_WORK)
    assert rig.changes("kristi") == 3
    assert rig.centre.present("kristi", Presence.LOGGED_OUT)
    assert not rig.centre.present("kristi", Presence.AFTER_CALL_WORK)
    assert not rig.centre.present("nobody", Presence.READY)
