"""Targets that ring for a held call: the first to answer gets it, and if none does the call is held again."""

from __future__ import annotations

import asyncio
import random

import pytest

from callgate.core.answers import Applied
from callgate.core.events import Kind
from callgate.core.states import State
from callgate.core.verdicts import Accept, refuse
from tests.sip.edge_rig import EdgeRig, busy, declines, hears, silent
from tests.sip.user_agent import Destination, Dialed, Message, answer, ring
from tests.system import eventually

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]


async def test_two_targets_ring_and_the_first_to_answer_gets_the_call(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    first, second = await edge.target(ring), await edge.target()
    assert isinstance(await edge.ring(call, first, second), Applied)
    assert (await dialed.ended()).status == 200
    assert set(dialed.statuses) == {100, 180, 200}
    await edge.told(call, Kind.ANSWERED)
    assert call.target is not None
    assert call.target.uri == f"sip:127.0.0.1:{second.port}"
    assert first.invites[0].number == second.invites[0].number == call.dialled  # what was dialled is kept
    await hears(first, "CANCEL")
    assert not second.saw("CANCEL")
    await hears(second, "ACK")
    assert (await dialed.hang_up()).status == 200
    await edge.told(call, Kind.ENDED)
    assert second.saw("BYE")
    assert (call.hung_up_by, call.attempt) == ("caller", 1)
    assert edge.kinds(call)[0] == "held"
    assert edge.kinds(call)[-2:] == ["answered", "ended"]


async def test_the_target_hangs_up(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    called = await edge.target()
    await edge.ring(call, called)
    await dialed.ended()
    await hears(called, "ACK")
    called.bye(called.invites[0])
    await edge.told(call, Kind.ENDED)
    assert call.hung_up_by == "destination"
    await dialed.until(lambda each: each.requests != [])
    assert [each.method for each in dialed.requests] == ["BYE"]


async def test_when_all_are_busy_the_call_is_held_again_and_can_be_dialled_routed_or_refused(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    one, two, three = await edge.target(busy), await edge.target(busy), await edge.target(busy)
    await edge.ring(call, one, two)
    assert (await edge.told(call, Kind.RETURNED)).status == 486
    assert (call.state, call.attempt) == (State.HELD, 0)
    await edge.ring(call, three)
    assert (await edge.told(call, Kind.RETURNED, 2)).status == 486
    assert isinstance(await edge.decide(call, Accept()), Applied)
    assert (await dialed.ended()).status == 200
    assert dialed.finals == [dialed.final]  # what the targets said before has not reached the caller
    assert edge.fallback.saw("INVITE", dialed)
    assert (await dialed.hang_up()).status == 200

    dialed, call = await edge.call()
    await edge.ring(call, one)
    await edge.told(call, Kind.RETURNED)
    assert isinstance(await edge.decide(call, refuse("unwanted")), Applied)
    assert (await dialed.ended()).status == 607
    assert not edge.fallback.saw("INVITE", dialed)


async def test_one_that_declines_for_all_ends_the_dialling(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    patient, unwilling = await edge.target(ring), await edge.target(declines)
    await edge.ring(call, patient, unwilling)
    assert (await edge.told(call, Kind.RETURNED)).status == 603
    assert patient.saw("CANCEL")
    await edge.decide(call, refuse())
    await dialed.ended()


async def test_nobody_answers_in_time(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    one, two = await edge.target(ring), await edge.target(ring)
    began = asyncio.get_running_loop().time()
    await edge.ring(call, one, two, seconds=1.5)
    assert (await edge.told(call, Kind.RETURNED)).status == 408
    assert 1.2 < asyncio.get_running_loop().time() - began < 6
    for each in (one, two):
        await hears(each, "CANCEL")
    await edge.decide(call, refuse())
    assert (await dialed.ended()).status == 603


async def test_a_target_that_never_says_a_word(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    await edge.ring(call, await edge.target(silent))
    assert (await edge.told(call, Kind.RETURNED)).status == 408
    await edge.decide(call, refuse())
    await dialed.ended()


async def test_an_answer_that_crosses_the_end_of_the_ringing_changes_nothing(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    late = await edge.target(ring)
    await edge.ring(call, late, seconds=1)
    await eventually(lambda: late.invites != [])
    late.deaf_to_cancel.add(late.invites[0].branch)
    await edge.told(call, Kind.RETURNED)
    await hears(late, "CANCEL")
    answer(late, late.invites[0])
    assert isinstance(await edge.decide(call, refuse("busy")), Applied)
    assert (await dialed.ended()).status == 486
    assert not edge.events_of(call, Kind.ANSWERED)
    assert edge.kinds(call).count("ringing") == 1


async def test_two_that_answer_at_once_and_the_caller_ends_the_second(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    dialed.acknowledge = False
    one, two = await edge.target(ring), await edge.target(ring)
    await edge.ring(call, one, two)
    await eventually(lambda: one.invites != [] and two.invites != [])
    for each in (one, two):
        each.deaf_to_cancel.add(each.invites[0].branch)
    body = "v=0\r\n"
    one.respond(one.invites[0], 200, "OK", body=body)
    invite = two.invites[0]
    two.send(invite_answer(two, invite, "second"), invite.source)
    await dialed.until(lambda each: len({reply.header("To") for reply in each.finals}) == 2)
    await edge.told(call, Kind.ANSWERED)
    first = dialed.finals[0]
    second = next(reply for reply in dialed.finals if reply.header("To") != first.header("To"))
    winner, loser = (one, two) if "callee" in first.header("To") else (two, one)
    for reply, words in ((first, ["ACK"]), (second, ["ACK", "BYE"])):
        for word in words:
            edge.caller.send(within(dialed, reply, word), edge.edge)
    await eventually(lambda: bool(winner.saw("ACK") and loser.saw("ACK") and loser.saw("BYE")))
    assert not winner.saw("BYE")
    assert call.state is State.ANSWERED
    edge.caller.send(within(dialed, first, "BYE"), edge.edge)
    await edge.told(call, Kind.ENDED)
    await hears(winner, "BYE")
    assert len(edge.events_of(call, Kind.ANSWERED)) == 1


def invite_answer(target: Destination, invite: Message, tag: str) -> str:
    return (
        "SIP/2.0 200 OK\r\n"
        + "".join(f"{name}: {value}\r\n" for name in ("Via", "Record-Route") for value in invite.headers(name))
        + "".join(f"{name}: {invite.header(name)}\r\n" for name in ("From", "Call-ID", "CSeq"))
        + f"To: {invite.header('To')};tag={tag}\r\nContact: <sip:{target.host}:{target.port}>\r\n"
        + "Content-Length: 0\r\n\r\n"
    )


def within(dialed: Dialed, reply: Message, method: str) -> str:
    """A request of the caller within the dialog that this response made."""
    one = Dialed(dialed.caller, dialed.call_id, dialed.request, dialed.branch, dialed.to, 0.0, responses=[reply])
    return one.within(method, {"ACK": 1, "BYE": 2}[method])


# --- many ------------------------------------------------------------------------------------------------------------


async def test_a_hundred_calls_dialled_at_once_end_right_each(edge: EdgeRig) -> None:
    chance = random.Random(20_260_517)
    behaviours = {"answer": answer, "busy": busy, "declines": declines, "ring": ring}
    targets = {name: await edge.target(behave) for name, behave in behaviours.items()}

    async def one() -> None:
        dialed, call = await edge.call()
        for attempt in range(1, chance.randint(2, 4)):
            rung = chance.choices(list(targets), k=chance.randint(1, 4))
            await edge.ring(call, *(targets[each] for each in rung), seconds=chance.choice((1.0, 1.5)))
            await edge.over(call, attempt)
            if call.state is State.ANSWERED:
                assert "answer" in rung
                assert (await dialed.ended(60)).status == 200
                await dialed.hang_up()
                await edge.told(call, Kind.ENDED)
                return
            status = edge.events_of(call, Kind.RETURNED)[-1].status
            best = 603 if "declines" in rung else 408 if "ring" in rung else 486
            assert status in (best, 408), rung  # 408: a target on a busy machine was too late
        await edge.decide(call, refuse("busy"))
        assert (await dialed.ended(60)).status == 486

    await asyncio.gather(*(one() for _ in range(100)))
    await edge.empty(60)
