"""The network repeats messages, loses them, and brings them by two ways (RFC 3261 sections 8.2.2.2 and 17)."""

from __future__ import annotations

import asyncio

import pytest

from tests.sip.rig import Rig, number
from tests.sip.user_agent import SDP, Destination, Message, caller

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]


async def test_a_repeated_invite_never_makes_a_second_call(rig: Rig) -> None:
    call = rig.dial("2")
    call.resend()
    call.resend()
    identity = await rig.held(call)
    for _ in range(5):
        call.resend()
        await asyncio.sleep(0.02)
    # Each is answered by what was said last.
    await call.until(lambda each: len(each.statuses) >= 5)
    assert set(call.statuses) == {100}
    await rig.native.decide("refuse", identity)
    await call.ended()
    call.resend()
    await asyncio.sleep(0.3)
    assert rig.native.kinds(call.call_id) == ["held", "refused"]
    assert {final.first_line for final in call.finals} == {"SIP/2.0 603 Decline"}


async def test_a_repeated_invite_of_a_call_that_went_on(rig: Rig) -> None:
    call = await rig.accepted()
    call.resend()
    assert (await call.ended()).status == 200
    call.resend()
    await asyncio.sleep(0.3)
    assert len(rig.destination.saw("INVITE", call)) == 1
    await call.hang_up()
    assert rig.native.kinds(call.call_id).count("held") == 1


async def test_the_same_request_by_another_way_gets_482_while_the_first_is_held(rig: Rig) -> None:
    did = number("2")
    first = rig.caller.invite(rig.system.edge, did, tag="same")
    identity = await rig.held(first)
    fork = await caller()
    try:
        second = fork.invite(rig.system.edge, did, call_id=first.call_id, tag="same")
        assert (await second.ended()).status == 482
        assert first.statuses == [100]
        await rig.native.decide("accept", identity)
        assert (await first.ended()).status == 200
        await first.hang_up()
        assert rig.native.kinds(first.call_id).count("held") == 1
    finally:
        fork.close()


async def test_the_same_request_by_twenty_ways_at_once_is_one_call(rig: Rig) -> None:
    did = number("2")
    forks = [await caller() for _ in range(20)]
    try:
        calls = [fork.invite(rig.system.edge, did, call_id=f"forked-{did}", tag="same") for fork in forks]
        identity = await rig.native.held(f"forked-{did}")
        await asyncio.sleep(0.2)
        await rig.native.decide("refuse", identity)
        assert sorted([(await call.ended()).status for call in calls]) == [482] * 19 + [603]
        await rig.native.heard("refused", f"forked-{did}")
        assert rig.native.kinds(f"forked-{did}") == ["held", "refused"]
    finally:
        for fork in forks:
            fork.close()


async def test_a_refusal_is_repeated_until_it_is_acknowledged(rig: Rig) -> None:
    call = rig.caller.invite(rig.system.edge, number("2"), acknowledge=False)
    await rig.native.decide("refuse", await rig.held(call))
    await call.until(lambda each: len(each.finals) == 3)
    first, second, third = (final.at for final in call.finals)
    # Timer G: T1 (0.5 s), then twice as long.
    assert 0.3 <= second - first <= 0.8
    assert 0.7 <= third - second <= 1.5
    call.ack(call.final)
    await asyncio.sleep(0.1)
    heard = len(call.finals)
    await asyncio.sleep(2.5)
    assert len(call.finals) == heard
    assert rig.native.kinds(call.call_id) == ["held", "refused"]


async def test_the_acknowledgement_of_a_refusal_may_carry_a_route(rig: Rig) -> None:
    """A caller behind a proxy of its own copies the INVITE's Route into the ACK (RFC 3261 section 17.1.1.3)."""
    edge = f"{rig.system.edge[0]}:{rig.system.edge[1]}"
    route = f"Route: <sip:{edge};lr>"
    call = rig.caller.invite(rig.system.edge, number("2"), headers=(route,), acknowledge=False)
    await rig.native.decide("refuse", await rig.held(call))
    final = await call.ended()
    call.ack(final, route)
    await asyncio.sleep(1.2)
    assert len(call.finals) == 1


async def test_a_route_of_the_caller_does_not_lead_the_call(rig: Rig) -> None:
    edge = f"{rig.system.edge[0]}:{rig.system.edge[1]}"
    headers = (f"Route: <sip:{edge};lr>, <sip:127.0.0.1:9;lr>",)
    call = rig.caller.invite(rig.system.edge, number("2"), headers=headers)
    await rig.native.decide("accept", await rig.held(call))
    assert (await call.ended()).status == 200
    assert rig.destination.saw("INVITE", call)[0].headers("Route") == []
    await call.hang_up()


async def test_an_answer_that_is_never_acknowledged_is_repeated_to_the_caller(rig: Rig) -> None:
    answers: list[Message] = []

    def twice(destination: Destination, invite: Message) -> None:
        answers.append(invite)
        body = SDP.format(ip=destination.ip, port=50000)
        destination.respond(invite, 200, "OK", body=body)
        asyncio.get_running_loop().call_later(0.3, lambda: destination.respond(invite, 200, "OK", body=body))

    did = number("2")
    rig.destination.numbers[did] = twice
    call = rig.caller.invite(rig.system.edge, did, acknowledge=False)
    await rig.native.decide("accept", await rig.held(call))
    await call.until(lambda each: len(each.finals) == 2)
    assert [final.status for final in call.finals] == [200, 200]
    call.ack(call.final)
    await call.hang_up()
    await rig.native.heard("ended", call.call_id)
    # A 200 that comes once more when all is over does not bring the call back.
    rig.destination.respond(answers[0], 200, "OK")
    await asyncio.sleep(0.3)
    assert rig.native.kinds(call.call_id).count("answered") == 1
    assert (await rig.native.call(await rig.held(call)))["state"] == "completed"


async def test_a_repeated_bye_is_not_answered_with_481(rig: Rig) -> None:
    call = await rig.accepted()
    assert (await call.ended()).status == 200
    rig.destination.slowness = 0.3
    try:
        request = call.bye()
        for _ in range(3):
            await asyncio.sleep(0.05)
            rig.caller.send(request, rig.system.edge)
        await rig.native.heard("ended", call.call_id)
        await asyncio.sleep(0.4)
        rig.caller.send(request, rig.system.edge)
        await asyncio.sleep(0.1)
    finally:
        rig.destination.slowness = 0.0
    assert {each.status for each in call.responses if each.method == "BYE"} == {200}
    assert len({each.branch for each in rig.destination.saw("BYE", call)}) == 1
