"""The caller hangs up before anybody answers: before, during and after a decision.

Whatever comes together: the caller gets one final response, and the answer to the decision, the events and the journal
say the same as that response.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.sip.rig import Rig
from tests.sip.user_agent import Dialed, answer, ring

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]

#: Seconds between the two things that race: 5 ms steps over ±50 ms, and finer ones where they really meet.
OFFSETS = [step / 1000 for step in range(-50, 51, 5)] + [step / 5000 for step in range(-5, 20)]


async def test_while_held_the_caller_gets_487_at_once_and_nobody_rings(rig: Rig) -> None:
    call = rig.dial("2")
    identity = await rig.held(call)
    call.cancel()
    sent = asyncio.get_running_loop().time()
    final = await call.ended()
    assert (final.status, final.at - sent < 1) == (487, True)
    cancelled = await rig.native.heard("cancelled", call.call_id)
    assert (cancelled["state"], cancelled["status"], cancelled["decision"]) == ("cancelled", 487, None)
    assert cancelled["phrase"] == final.phrase
    assert [each.status for each in call.responses if each.method == "CANCEL"] == [200]
    assert rig.destination.saw("INVITE", call) == []
    await agreed(rig, call, identity, None)


async def test_a_decision_after_it_is_told_that_the_caller_cancelled(rig: Rig) -> None:
    call = rig.dial("2")
    request = await rig.requested(call)
    call.cancel()
    await call.ended()
    reply = await rig.yeastar.decide("accept", request.channel_id)
    assert (reply["errcode"] != 0, reply["submsg"]) == (True, "the call was cancelled by the caller")
    identity = (await rig.native.heard("cancelled", call.call_id))["id"]
    code, problem = await rig.native.decide("refuse", identity)
    assert (code, problem["type"].rpartition("/")[2]) == (409, "cancelled-by-caller")
    assert (await rig.yeastar.ended(request.call_id))["status"] == "NO ANSWER"
    entry = await rig.native.journal(identity, lambda entry: len(entry["verdicts"]) == 2)
    assert {each["result"] for each in entry["verdicts"]} == {"cancelled"}
    assert len(call.finals) == 1


async def test_with_the_first_breath(rig: Rig) -> None:
    """CANCEL right behind the INVITE: it may find no call yet (481), but never one that stays."""
    calls = [rig.dial("2") for _ in range(40)]
    for index, call in enumerate(calls):
        await asyncio.sleep(index / 20_000)
        call.cancel()
    await asyncio.sleep(0.5)
    for call in calls:
        if not call.finals:
            call.cancel()
    for call in calls:
        assert (await call.ended()).status == 487
        cancelled = await rig.native.heard("cancelled", call.call_id, 3)
        assert cancelled["status"] == 487
        assert rig.native.kinds(call.call_id) == ["held", "cancelled"]


async def test_while_ringing_it_reaches_the_destination(rig: Rig) -> None:
    call = await rig.accepted(behave=ring)
    await call.until(lambda each: 180 in each.statuses)
    call.cancel()
    assert (await call.ended()).status == 487
    cancelled = await rig.native.heard("cancelled", call.call_id)
    assert (cancelled["status"], cancelled["state"]) == (487, "cancelled")
    assert len(rig.destination.saw("CANCEL", call)) == 1


async def test_while_the_destination_has_not_said_a_word(rig: Rig) -> None:
    call = await rig.accepted(behave=lambda destination, invite: None)
    await asyncio.sleep(0.2)
    call.cancel()
    assert (await call.ended()).status == 487
    assert (await rig.native.heard("cancelled", call.call_id))["status"] == 487


async def test_of_an_answered_call_changes_nothing(rig: Rig) -> None:
    call = await rig.accepted()
    assert (await call.ended()).status == 200
    call.cancel()
    await asyncio.sleep(0.3)
    assert call.statuses.count(487) == 0
    await call.hang_up()
    assert (await rig.native.heard("ended", call.call_id))["hung_up_by"] == "caller"


async def test_of_a_call_that_never_was(rig: Rig) -> None:
    assert (await rig.caller.asks(rig.system.edge, "CANCEL")).status == 481


async def test_against_refuse(rig: Rig) -> None:
    await raced(rig, "2", lambda identity: rig.native.decide("refuse", identity), {487, 603})


async def test_against_accept_of_a_destination_that_rings(rig: Rig) -> None:
    await raced(rig, "2", lambda identity: rig.native.decide("accept", identity), {487}, behave=ring)


async def test_against_accept_of_a_destination_that_answers(rig: Rig) -> None:
    await raced(rig, "2", lambda identity: rig.native.decide("accept", identity), {200, 487}, behave=answer)


async def raced(
    rig: Rig,
    first: str,
    decide: Callable[[str], Awaitable[tuple[int, dict[str, object]]]],
    possible: set[int],
    behave: Callable[..., None] = answer,
) -> None:
    """Place a call for each offset, decide it and cancel it that much later (or earlier); look at what came of it."""

    async def one(offset: float, start: float) -> int:
        await asyncio.sleep(start)
        call = rig.dial(first, behave)
        identity = await rig.held(call)
        await asyncio.sleep(0.1)
        if offset < 0:
            call.cancel()
            await asyncio.sleep(-offset)
            reply = await decide(identity)
        else:
            deciding = asyncio.ensure_future(decide(identity))
            await asyncio.sleep(offset)
            call.cancel()
            reply = await deciding
        final = await call.ended()
        await agreed(rig, call, identity, reply)
        return final.status

    results = await asyncio.gather(*(one(offset, index / 25) for index, offset in enumerate(OFFSETS)))
    assert set(results) == possible


async def agreed(rig: Rig, call: Dialed, identity: str, reply: tuple[int, dict[str, object]] | None) -> None:
    """One final response, and everybody says what it says."""
    await asyncio.sleep(0.2)
    status = call.final.status
    assert {final.first_line for final in call.finals} == {call.final.first_line}
    if status == 200:
        await call.hang_up()
    entry = await rig.native.journal(
        identity,
        lambda entry: entry["call"]["ended"] is not None and len(entry["verdicts"]) == (0 if reply is None else 1),
    )
    state = {200: "completed", 487: "cancelled", 603: "refused"}[status]
    assert (entry["call"]["state"], entry["call"]["status"]) == (state, status)
    assert (await rig.native.call(identity))["state"] == state
    told = rig.native.kinds(call.call_id)
    ending = {200: "ended", 487: "cancelled", 603: "refused"}[status]
    assert (told[0], told[-1], len(told)) == ("held", ending, len(set(told)))
    if reply is not None:
        code, body = reply
        answered = "applied" if code == 200 else str(body["type"]).rpartition("/")[2]
        assert entry["verdicts"][0]["result"] == {"applied": "applied", "cancelled-by-caller": "cancelled"}[answered]
        # A call that was accepted, and cancelled while the destination rang, was accepted.
        assert answered == "applied" if status != 487 else True
    invites, cancels = rig.destination.saw("INVITE", call), rig.destination.saw("CANCEL", call)
    assert len(invites) <= (0 if status == 603 else 1)
    if reply is not None and reply[0] == 200 and status != 603:
        assert len(invites) == 1
    if status == 487:
        assert len(cancels) == len(invites)
