"""What the controller has the edge ask a phone or a caller, and what it is told of the reply."""

from __future__ import annotations

import asyncio
from base64 import b64decode

import pytest

from callgate.core.answers import EdgeFailed, EdgeSilent, NotLive, Talked, Transferred
from callgate.core.calls import Call
from callgate.core.states import State
from callgate.core.verdicts import VerdictError, dial, target
from callgate.edge.wire import key_of
from tests.unit.edge.fake import Command, Reply

from .rig import ALICE, Rig, silent

NEXT = "sip:2002@pbx.example.com"


async def ringing(rig: Rig) -> Call:
    """A call that rings at a phone."""
    call = await rig.call()
    await rig.controller.decide(call.id, dial([target(phone="5001")]), ALICE)
    rig.edge.tell("ringing", k=key_of(call), status=180, n=1, t=0)
    await rig.reaches(call, State.RINGING)
    return call


async def answered(rig: Rig) -> Call:
    call = await ringing(rig)
    rig.edge.tell("answered", k=key_of(call), status=200, n=1, t=0)
    await rig.reaches(call, State.ANSWERED)
    return call


async def test_done_is_said_when_the_phone_has_replied(rig: Rig) -> None:
    call = await ringing(rig)
    talking = asyncio.ensure_future(rig.controller.talk(call.id))
    command = await rig.edge.command("talk")
    assert (command.rest[0], command.rest[-1]) == (key_of(call), "1")
    await asyncio.sleep(0.05)
    assert not talking.done()
    rig.edge.tell("outcome", id=command.number, status=200)
    assert await talking == Talked(call)


async def test_a_reply_that_is_read_before_the_acknowledgement_counts(rig: Rig) -> None:
    call = await answered(rig)

    def reply(command: Command) -> Reply:
        rig.edge.tell("outcome", id=command.number, status=202)
        return "done", 0

    rig.edge.reply = reply
    assert await rig.controller.transfer(call.id, NEXT) == Transferred(call)
    assert b64decode((await rig.edge.command("transfer")).rest[2]).decode() == NEXT


@pytest.mark.parametrize("status", [0, 405, 603])
async def test_a_refusal_is_told_with_its_status(rig: Rig, status: int) -> None:
    call = await answered(rig)
    asking = asyncio.ensure_future(rig.controller.transfer(call.id, NEXT))
    rig.edge.tell("outcome", id=(await rig.edge.command("transfer")).number, status=status)
    assert await asking == EdgeFailed(call, status)
    assert call.state is State.ANSWERED


async def test_what_the_edge_cannot_send_is_told_at_once(rig: Rig) -> None:
    call = await ringing(rig)
    rig.edge.reply = lambda command: ("failed", 0)
    assert await rig.controller.talk(call.id) == EdgeFailed(call, 0)
    rig.edge.reply = lambda command: ("unknown", 0)
    assert await rig.controller.talk(call.id) == NotLive(call)
    rig.edge.reply = silent
    assert await rig.controller.talk(call.id) == EdgeSilent(call)


async def test_a_reply_to_nobody_changes_nothing(rig: Rig) -> None:
    call = await ringing(rig)
    rig.edge.tell("outcome", id=4711, status=200)
    talking = asyncio.ensure_future(rig.controller.talk(call.id))
    rig.edge.tell("outcome", id=(await rig.edge.command("talk")).number, status=486)
    assert await talking == EdgeFailed(call, 486)


async def test_what_is_no_sip_uri_does_not_reach_the_edge(rig: Rig) -> None:
    call = await answered(rig)
    with pytest.raises(VerdictError):
        await rig.controller.transfer(call.id, "sip:2002@pbx\r\nX: 1")
    assert not rig.edge.named("transfer")
