"""An agent gives a ringing call back, while others do something with it too: exactly one of them wins."""

from __future__ import annotations

import asyncio

import pytest

from callgate.core.answers import EdgeFailed, EdgeSilent, Withdrawn
from callgate.core.calls import Call, CallId
from callgate.core.queues.model import Presence
from callgate.core.reports import Ack
from callgate.core.verdicts import Verdict
from callgate.queues.port import Outcome

from .rig import Rig, settle


async def test_a_rejected_call_rings_at_the_next_agent(rig: Rig) -> None:
    call = await rig.rings("kristi", "paul")
    assert await rig.centre.reject("kristi", call.id) is Outcome.DONE
    await settle()
    assert rig.control.withdrawn == [call.id]
    assert rig.states("kristi") == ["ringing", "released"]
    assert rig.states("paul") == ["ringing"]
    assert rig.presence("kristi") is Presence.READY
    (waiting,) = rig.centre.waiting("support")
    assert (waiting.since, waiting.agent, waiting.offers) == (call.received, "paul", 2)


async def test_who_alone_is_there_is_offered_it_again(rig: Rig) -> None:
    call = await rig.rings("kristi")
    assert await rig.centre.reject("kristi", call.id) is Outcome.DONE
    await rig.clock.advance(1)
    assert rig.rung == ["5001"]
    await rig.clock.advance(2)
    assert rig.rung == ["5001", "5001"]
    assert rig.states("kristi") == ["ringing", "released", "ringing"]


async def test_a_call_is_rejected_once(rig: Rig) -> None:
    call = await rig.rings("kristi", "paul")
    both = (rig.centre.reject("kristi", call.id), rig.centre.reject("kristi", call.id))
    assert list(await asyncio.gather(*both)) == [Outcome.DONE, Outcome.NOT_NOW]
    assert rig.control.withdrawn == [call.id]
    await settle()
    assert await rig.centre.reject("kristi", call.id) is Outcome.NOT_NOW


@pytest.mark.parametrize("first", ["answer", "reject"])
async def test_reject_and_answer_in_the_same_moment(rig: Rig, first: str) -> None:
    """The phone answers before the edge can tell it to stop, however the two are told."""
    call = await rig.rings("kristi", "paul")
    rig.control.withdraw_answer = Withdrawn
    if first == "answer":
        rig.control.answers(call)
        assert await rig.centre.reject("kristi", call.id) is Outcome.NOT_NOW
        assert rig.control.withdrawn == []
    else:
        rejecting = asyncio.create_task(rig.centre.reject("kristi", call.id))
        await settle()
        rig.control.answers(call)
        assert await rejecting is Outcome.NOT_NOW
    await settle()
    assert rig.states("kristi") == ["ringing", "established"]
    assert rig.states("paul") == []
    queue = rig.centre.queue("support")
    assert queue is not None
    assert (queue.connected, queue.answered) == (1, 1)


@pytest.mark.parametrize("first", ["cancel", "reject"])
async def test_reject_and_the_callers_hang_up_in_the_same_moment(rig: Rig, first: str) -> None:
    call = await rig.rings("kristi", "paul")
    rig.control.withdraw_answer = Withdrawn
    if first == "cancel":
        rig.control.cancels(call)
        assert await rig.centre.reject("kristi", call.id) is Outcome.NOT_NOW
    else:
        rejecting = asyncio.create_task(rig.centre.reject("kristi", call.id))
        await settle()
        rig.control.cancels(call)
        assert await rejecting is Outcome.NOT_NOW
    await settle()
    assert rig.states("kristi") == ["ringing", "released"]
    assert rig.states("paul") == []
    assert rig.centre.waiting("support") == []


async def test_an_edge_that_says_nothing_of_it(rig: Rig) -> None:
    call = await rig.rings("kristi", "paul")
    rig.control.withdraw_answer = Withdrawn
    assert await rig.centre.reject("kristi", call.id) is Outcome.SILENT
    assert "reject" not in rig.centre.operations(rig.centre.calls("kristi")[0])
    rig.control.returns(call)
    await settle()
    assert rig.states("kristi") == ["ringing", "released"]
    assert rig.presence("kristi") is Presence.READY
    assert rig.states("paul") == ["ringing"]


@pytest.mark.parametrize(("answer", "outcome"), [(EdgeFailed, Outcome.FAILED), (EdgeSilent, Outcome.SILENT)])
async def test_an_edge_that_could_not_do_it(
    rig: Rig, answer: type[EdgeFailed] | type[EdgeSilent], outcome: Outcome
) -> None:
    call = await rig.rings("kristi")
    rig.control.withdraw_answer = answer
    assert await rig.centre.reject("kristi", call.id) is outcome
    assert [each.call for each in rig.centre.calls("kristi")] == [call.id]


async def test_what_cannot_be_rejected(rig: Rig) -> None:
    call = await rig.rings("kristi", "paul")
    assert await rig.centre.reject("paul", call.id) is Outcome.UNKNOWN
    assert await rig.centre.reject("nobody", call.id) is Outcome.UNKNOWN
    assert await rig.centre.reject("kristi", CallId("no such call")) is Outcome.UNKNOWN
    rig.control.answers(call)
    assert await rig.centre.reject("kristi", call.id) is Outcome.NOT_NOW
    assert rig.control.withdrawn == []


async def test_an_agent_who_logs_out_while_it_rings_gives_the_call_back(rig: Rig) -> None:
    call = await rig.rings("kristi", "paul")
    assert rig.centre.present("kristi", Presence.LOGGED_OUT)
    await settle()
    assert rig.control.withdrawn == [call.id]
    assert rig.states("kristi") == ["ringing", "released"]
    assert rig.states("paul") == ["ringing"]
    assert rig.presence("kristi") is Presence.LOGGED_OUT


async def test_a_phone_that_leaves_while_it_rings_gives_the_call_back(rig: Rig) -> None:
    await rig.rings("kristi", "paul")
    rig.control.registers("5001", 0)
    await settle()
    assert rig.states("kristi") == ["ringing", "released"]
    assert rig.states("paul") == ["ringing"]
    assert rig.presence("kristi") is Presence.READY
    status = rig.centre.agent("kristi")
    assert status is not None
    assert not status.registered


async def test_a_log_out_in_the_moment_of_the_offer_stops_the_phone(rig: Rig) -> None:
    """The word to ring is on its way when the agent goes: the word to stop follows it."""
    dialled = asyncio.Event()

    async def slow(call: Call, verdict: Verdict) -> Ack:
        await dialled.wait()
        return await rig.control.obey(call, verdict)

    rig.control.edge = slow
    rig.ready("kristi")
    call = rig.arrive()
    await settle()
    rig.centre.present("kristi", Presence.LOGGED_OUT)
    await settle()
    dialled.set()
    await settle()
    assert rig.control.withdrawn == [call.id]
    assert rig.centre.calls("kristi") == []
    (waiting,) = rig.centre.waiting("support")
    assert waiting.agent == ""
