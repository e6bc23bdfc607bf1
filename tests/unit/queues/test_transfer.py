"""An agent sends a call elsewhere."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from callgate.core.answers import EdgeFailed, EdgeSilent, Withdrawn
from callgate.core.calls import Call
from callgate.core.queues.model import Presence
from callgate.core.reports import Ack
from callgate.core.states import State
from callgate.core.verdicts import Dial, Refuse, Target, Verdict
from callgate.directory.model import Agent, InboundRoute
from callgate.queues.port import Outcome

from .rig import DESTINATION, KRISTI, Rig, settle


async def test_a_ringing_call_is_sent_to_another_phone(rig: Rig) -> None:
    call = await rig.rings("kristi")
    assert await rig.centre.transfer("kristi", call.id, "5002") is Outcome.DONE
    assert rig.rung == ["5001", "5002"]
    assert rig.states("kristi") == ["ringing", "released"]
    assert rig.presence("kristi") is Presence.READY
    (ringing,) = rig.centre.calls("paul")
    assert (ringing.queue, ringing.other) == ("", "5503301")
    assert rig.centre.waiting("support") == []
    rig.control.answers(call)
    assert rig.states("paul") == ["ringing", "established"]


async def test_a_call_that_the_other_phone_does_not_take_is_in_its_queue_again(rig: Rig) -> None:
    call = await rig.rings("kristi")
    assert await rig.centre.transfer("kristi", call.id, "5002") is Outcome.DONE
    rig.centre.present("kristi", Presence.NOT_READY)
    rig.control.returns(call)
    await settle()
    (waiting,) = rig.centre.waiting("support")
    assert waiting.since == call.received
    assert rig.states("paul") == ["ringing", "released"]


async def test_a_ringing_call_is_sent_to_another_queue_at_its_end(rig: Rig) -> None:
    call = await rig.rings("kristi")
    await rig.clock.advance(5)
    assert await rig.centre.transfer("kristi", call.id, "9100") is Outcome.DONE
    (waiting,) = rig.centre.waiting("sales")
    assert (waiting.call, waiting.since) == (call.id, rig.clock.now())
    assert rig.centre.waiting("support") == []
    await settle()
    assert rig.control.held_on == [(call.id, 180.0, 182, "Queued")]
    assert rig.states("kristi") == ["ringing", "released"]


async def test_a_ringing_call_is_sent_where_a_route_leads(rig: Rig) -> None:
    call = await rig.rings("kristi")
    assert await rig.centre.transfer("kristi", call.id, "2002") is Outcome.DONE
    assert rig.rung[-1] == "sip:2002@192.0.2.20:5070"
    rig.control.answers(call)
    assert call.state is State.ANSWERED
    assert rig.states("kristi") == ["ringing", "released"]


@pytest.mark.parametrize("answered", [True, False], ids=["answers", "is busy"])
async def test_a_destination_that_is_quicker_than_the_word_of_its_dialling_has_been_reached(
    rig: Rig, answered: bool
) -> None:
    call = await rig.rings("kristi")
    obey = rig.control.edge

    async def edge(call: Call, verdict: Verdict) -> Ack:
        ack = await obey(call, verdict)
        if isinstance(verdict, Dial):
            if answered:
                rig.control.answers(call)
            else:
                rig.control.returns(call)
        return ack

    rig.control.edge = edge
    assert await rig.centre.transfer("kristi", call.id, "2002") is Outcome.DONE


async def test_a_direct_call_is_sent_on_too(rig: Rig) -> None:
    call = rig.arrive("kristi", "5001")
    await settle()
    assert await rig.centre.transfer("kristi", call.id, "5002") is Outcome.DONE
    assert rig.rung == ["5001", "5002"]
    rig.control.returns(call, 486)
    await settle()
    assert isinstance(rig.verdict, Refuse)
    assert rig.verdict.status == 486


@pytest.mark.parametrize("number", ["7777", "5003", "", "no number at all", "sip:2002@example.com"])
async def test_a_number_that_leads_nowhere_changes_nothing(rig: Rig, number: str) -> None:
    call = await rig.rings("kristi")
    assert await rig.centre.transfer("kristi", call.id, number) is Outcome.BAD_TARGET
    rig.control.answers(call)
    assert await rig.centre.transfer("kristi", call.id, number) is Outcome.BAD_TARGET
    assert rig.control.withdrawn == []
    assert rig.control.transferred == []


async def test_a_number_goes_out_where_the_calls_route_says() -> None:
    rig = Rig(InboundRoute("support", "", "90*", window=60.0, queue="support", outbound="sip:192.0.2.99"))
    await rig.link("5001")
    call = await rig.rings("kristi")
    assert await rig.centre.transfer("kristi", call.id, "+49 (30) 123-4567") is Outcome.DONE
    assert rig.rung[-1] == "sip:+49301234567@192.0.2.99"
    await rig.stop()


async def test_a_phone_at_an_address_has_a_number_too() -> None:
    anna = Agent("anna", "hash", "c" * 32, address="sip:6001@192.0.2.50")
    rig = Rig(anna)
    await rig.link("5001")
    call = await rig.rings("kristi")
    assert await rig.centre.transfer("kristi", call.id, "6001") is Outcome.DONE
    assert rig.verdict == Dial((Target("sip:6001@192.0.2.50"),), ring_seconds=60.0)
    assert rig.states("anna") == ["ringing"]
    await rig.stop()


async def test_an_established_call_is_sent_elsewhere_by_its_caller(rig: Rig) -> None:
    call = await rig.rings("kristi")
    rig.control.answers(call)
    assert await rig.centre.transfer("kristi", call.id, "2002") is Outcome.DONE
    assert rig.control.transferred == [(call.id, "sip:2002@203.0.113.5")]
    assert rig.states("kristi") == ["ringing", "established", "released"]
    assert await rig.centre.transfer("kristi", call.id, "2002") is Outcome.NOT_NOW


async def test_a_caller_is_only_sent_where_his_trunk_can_call(rig: Rig) -> None:
    call = await rig.rings("kristi")
    rig.control.answers(call)
    assert await rig.centre.transfer("kristi", call.id, "5002") is Outcome.BAD_TARGET
    rig.control.ends(call)
    inside = rig.place("5005", "queue:support", "9000")
    await settle()
    rig.control.answers(inside)
    assert await rig.centre.transfer("kristi", inside.id, "5002") is Outcome.DONE
    assert rig.control.transferred == [(inside.id, "sip:5002@203.0.113.5")]


async def test_who_has_called_himself_cannot_send_the_call_on(rig: Rig) -> None:
    own = rig.place("5001", "phone:5002", "5002")
    await settle()
    rig.control.answers(own)
    assert rig.centre.operations(rig.centre.calls("kristi")[0]) == ("hang_up",)
    assert await rig.centre.transfer("kristi", own.id, "2002") is Outcome.NOT_NOW
    assert await rig.centre.transfer("paul", own.id, "9000") is Outcome.DONE


async def test_a_caller_who_does_not_take_it_is_still_in_the_call(rig: Rig) -> None:
    call = await rig.rings("kristi")
    rig.control.answers(call)
    rig.control.transfer_answer = lambda call: EdgeFailed(call, 603)
    assert await rig.centre.transfer("kristi", call.id, "2002") is Outcome.FAILED
    rig.control.transfer_answer = EdgeSilent
    assert await rig.centre.transfer("kristi", call.id, "2002") is Outcome.SILENT
    assert rig.states("kristi") == ["ringing", "established"]


async def test_a_phone_that_answers_in_that_moment_keeps_the_call(rig: Rig) -> None:
    call = await rig.rings("kristi")
    rig.control.withdraw_answer = Withdrawn
    sending = asyncio.create_task(rig.centre.transfer("kristi", call.id, "5002"))
    await settle()
    rig.control.answers(call)
    assert await sending is Outcome.NOT_NOW
    assert rig.states("kristi") == ["ringing", "established"]
    assert rig.rung == ["5001"]


async def test_a_phone_that_could_not_be_stopped_rings_on_and_its_call_is_not_sent(rig: Rig) -> None:
    call = await rig.rings("kristi", "paul")
    rig.control.withdraw_answer = EdgeFailed
    assert await rig.centre.transfer("kristi", call.id, "9100") is Outcome.FAILED
    rig.control.returns(call)
    await settle()
    assert rig.centre.waiting("sales") == []
    assert rig.rung == ["5001", "5002"]


async def test_a_route_of_the_calls_own_trunk_leads_there_too() -> None:
    rig = Rig(InboundRoute("night", DESTINATION, "7000", ("trunk",)), replace(KRISTI, queues=("support", "sales")))
    await rig.link("5001")
    call = await rig.rings("kristi")
    assert await rig.centre.transfer("kristi", call.id, "7000") is Outcome.DONE
    assert rig.rung[-1] == "sip:7000@192.0.2.20:5070"
    await rig.stop()


async def test_a_call_is_sent_to_one_place(rig: Rig) -> None:
    call = await rig.rings("kristi")
    rig.control.withdraw_answer = Withdrawn
    sending = asyncio.create_task(rig.centre.transfer("kristi", call.id, "5002"))
    await settle()
    assert rig.centre.operations(rig.centre.calls("kristi")[0]) == ()
    assert await rig.centre.transfer("kristi", call.id, "9100") is Outcome.NOT_NOW
    assert await rig.centre.reject("kristi", call.id) is Outcome.NOT_NOW
    rig.control.returns(call, 487)
    assert await sending is Outcome.DONE
    assert rig.rung == ["5001", "5002"]
