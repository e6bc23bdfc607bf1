"""An application ends a call: held, ringing or established."""

from __future__ import annotations

import asyncio

import pytest

from tests.sip.edge_rig import hears
from tests.sip.rig import Rig
from tests.sip.user_agent import SDP, Destination, Message, ring

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]


async def test_an_established_call_gets_bye_both_ways(rig: Rig) -> None:
    call = await rig.accepted()
    assert (await call.ended()).status == 200
    told = await rig.native.heard("answered", call.call_id)
    status, reply = await rig.native.decide("hangup", told["id"])
    assert (status, reply["result"]) == (200, "hung_up")
    ended = await rig.native.heard("ended", call.call_id)
    assert (ended["state"], ended["hung_up_by"]) == ("completed", "controller")
    await call.until(lambda each: bool(each.requests))
    await hears(rig.destination, "BYE", call)
    await asyncio.sleep(0.1)
    assert [request.method for request in call.requests] == ["BYE"]
    assert len(rig.destination.saw("BYE", call)) == 1
    code, problem = await rig.native.decide("hangup", told["id"])
    assert (code, problem["type"].rpartition("/")[2]) == (409, "not-live")


async def test_a_ringing_call_is_cancelled_and_its_caller_gets_603(rig: Rig) -> None:
    call = await rig.accepted(behave=ring)
    told = await rig.native.heard("ringing", call.call_id)
    assert (await rig.native.decide("hangup", told["id"]))[0] == 200
    final = await call.ended()
    assert (final.status, final.headers("Reason")) == (603, ["Q.850;cause=16"])
    assert len(rig.destination.saw("CANCEL", call)) == 1
    failed = await rig.native.heard("failed", call.call_id)
    assert (failed["status"], failed["phrase"], failed["hung_up_by"]) == (603, "Decline", "controller")


async def test_a_call_whose_destination_has_not_said_a_word(rig: Rig) -> None:
    call = await rig.accepted(behave=lambda destination, invite: None)
    identity = await rig.held(call)
    assert (await rig.native.decide("hangup", identity))[0] == 200
    final = await call.ended()
    assert final.status == 603
    assert (await rig.native.heard("failed", call.call_id))["status"] == 603


async def test_a_held_call_is_refused(rig: Rig) -> None:
    call = rig.dial("2")
    identity = await rig.held(call)
    assert (await rig.native.decide("hangup", identity))[0] == 200
    assert (await call.ended()).status == 603
    assert rig.destination.saw("INVITE", call) == []
    assert (await rig.native.heard("refused", call.call_id))["state"] == "refused"


async def test_a_call_that_is_answered_while_it_is_hung_up_ends_all_the_same(rig: Rig) -> None:
    def obstinate(destination: Destination, invite: Message) -> None:
        destination.respond(invite, 180, "Ringing")

    call = await rig.accepted(behave=obstinate)
    told = await rig.native.heard("ringing", call.call_id)
    invite = rig.destination.saw("INVITE", call)[0]
    rig.destination.deaf_to_cancel.add(invite.branch)
    assert (await rig.native.decide("hangup", told["id"]))[0] == 200
    # The answer was on its way before the CANCEL came.
    rig.destination.respond(invite, 200, "OK", body=SDP.format(ip="127.0.0.1", port=50000))
    assert (await call.ended()).status == 200
    await rig.native.heard("ended", call.call_id)
    await call.until(lambda each: bool(each.requests))
    await hears(rig.destination, "BYE", call)
    assert [request.method for request in call.requests] == ["BYE"]
    assert len(rig.destination.saw("BYE", call)) == 1


async def test_over_the_yeastar_api(rig: Rig) -> None:
    call = rig.dial("2")
    request = await rig.requested(call)
    await rig.yeastar.decide("accept", request.channel_id)
    assert (await call.ended()).status == 200
    await rig.native.heard("answered", call.call_id)
    assert (await rig.yeastar.hang_up(request.channel_id))["errcode"] == 0
    await call.until(lambda each: bool(each.requests))
    assert (await rig.yeastar.ended(request.call_id))["status"] == "ANSWERED"


async def test_as_soon_as_it_is_answered_before_the_acknowledgement(rig: Rig) -> None:
    async def one(start: float) -> None:
        await asyncio.sleep(start)
        call = await rig.accepted()
        told = await rig.native.heard("answered", call.call_id)
        status, reply = await rig.native.decide("hangup", told["id"])
        assert (status, reply["result"]) == (200, "hung_up")
        assert (await rig.native.heard("ended", call.call_id))["hung_up_by"] == "controller"
        await call.until(lambda each: bool(each.requests))
        await hears(rig.destination, "BYE", call)
        await asyncio.sleep(0.2)
        assert [request.method for request in call.requests] == ["BYE"]
        assert len(rig.destination.saw("BYE", call)) == 1

    await asyncio.gather(*(one(index / 30) for index in range(60)))


async def test_by_two_at_once(rig: Rig) -> None:
    call = await rig.accepted()
    await call.ended()
    told = await rig.native.heard("answered", call.call_id)
    replies = await asyncio.gather(*(rig.native.decide("hangup", told["id"]) for _ in range(5)))
    assert {status for status, _ in replies} <= {200, 409}
    await rig.native.heard("ended", call.call_id)
    await asyncio.sleep(0.2)
    assert [request.method for request in call.requests] == ["BYE"]
