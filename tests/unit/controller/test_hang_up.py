"""Hanging up, in each state of a call."""

from __future__ import annotations

import asyncio

import pytest

from callgate.core.answers import (
    Applied,
    EdgeFailed,
    EdgeSilent,
    HangUpAnswer,
    HungUp,
    NotLive,
    UnknownCall,
)
from callgate.core.calls import CallId
from callgate.core.states import State
from callgate.core.verdicts import Accept, refuse
from callgate.edge.wire import key_of
from tests.unit.edge.fake import Reply

from .rig import ALICE, BOB, Rig

ACCEPT, DECLINE = Accept(), refuse()
NEVER = CallId("00000000-0000-7000-8000-000000000000")


async def test_an_unknown_call_cannot_be_hung_up(rig: Rig) -> None:
    assert await rig.controller.hang_up(NEVER, ALICE) == UnknownCall()


async def test_hanging_up_a_held_call_refuses_it(rig: Rig) -> None:
    call = await rig.call()
    assert await rig.controller.hang_up(call.id, ALICE) == HungUp(call)
    assert (call.state, call.status) == (State.REFUSED, 603)
    assert rig.verdicts == [("alice", "applied")]


async def test_hanging_up_a_held_call_that_the_caller_cancels_finds_it_over(rig: Rig) -> None:
    rig.edge.reply = lambda command: ("cancelled", 487)
    call = await rig.call()
    assert await rig.controller.hang_up(call.id, ALICE) == NotLive(call)


@pytest.mark.parametrize(("reply", "answer"), [(("failed", 500), EdgeFailed), (None, EdgeSilent)])
async def test_hanging_up_a_held_call_says_so_if_the_edge_could_not(rig: Rig, reply: Reply, answer: type) -> None:
    rig.edge.reply = lambda command: reply
    call = await rig.call()
    assert type(await rig.controller.hang_up(call.id, ALICE)) is answer


async def test_hanging_up_a_call_that_is_just_being_accepted_ends_it_after_that(rig: Rig) -> None:
    rig.edge.reply = lambda command: ("done", 603) if command.word == "hangup" else None
    call = await rig.call()
    accepting = asyncio.create_task(rig.controller.decide(call.id, ACCEPT, BOB))
    command = await rig.edge.command("route")
    hanging_up = asyncio.create_task(rig.controller.hang_up(call.id, ALICE))
    await asyncio.sleep(0.05)
    rig.edge.acknowledge(command)
    assert await accepting == Applied(call)
    assert await hanging_up == HungUp(call)
    assert [command.word for command in rig.edge.commands] == ["route", "hangup"]


@pytest.mark.parametrize("events", [[], ["ringing"], ["ringing", "answered"]])
@pytest.mark.parametrize(
    ("reply", "answer"),
    [(("done", 0), HungUp), (("failed", 0), EdgeFailed), (("unknown", 0), NotLive), (None, EdgeSilent)],
)
async def test_a_call_that_went_on_is_hung_up_by_the_edge(
    rig: Rig, events: list[str], reply: Reply, answer: type[HangUpAnswer]
) -> None:
    call = await rig.call()
    await rig.controller.decide(call.id, ACCEPT, BOB)
    for event in events:
        rig.edge.tell(event, k=key_of(call), status=180)
    await rig.until(lambda: len(rig.told(call)) == 2 + len(events))
    rig.edge.reply = lambda command: reply
    assert type(await rig.controller.hang_up(call.id, ALICE)) is answer
    assert rig.edge.named("hangup")[0].rest[0] == key_of(call)


async def test_an_ended_call_is_not_hung_up_again(rig: Rig) -> None:
    call = await rig.call()
    await rig.controller.decide(call.id, DECLINE, BOB)
    assert await rig.controller.hang_up(call.id, ALICE) == NotLive(call)
    assert rig.edge.named("hangup") == []
