"""The scenario of the source document: an agent rejects a ringing call, and it goes back to the queue."""

from __future__ import annotations

import asyncio

import pytest

from tests.sip.genesys.desktop import Desktop
from tests.sip.genesys.rig import QueueRig, media_port
from tests.sip.user_agent import Dialed

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]


async def test_a_rejected_call_rings_at_the_next_agent_and_its_caller_notices_nothing(centre: QueueRig) -> None:
    """5005 dials 9000 from a registered phone; it rings at 5001, whose agent rejects; 5002 answers."""
    async with centre.agent("kristi") as kristi, centre.agent("paul") as paul:
        caller = centre.phones["5005"]
        call = await caller.call(centre.sip.system.edge, "5005", "9000")
        rung = await centre.ringing("5001", call)
        ringing = await kristi.call("Ringing", "5005")
        identity = ringing["data"]["call"]["id"]
        assert "Reject" in ringing["data"]["call"]["capabilities"]
        assert centre.rings("5002", call) == []

        assert await kristi.operate(identity, "Reject") == (200, 0)
        released = (await kristi.call("Released", "5005"))["data"]
        assert released["messageType"] == "CallStateChangeMessage"
        assert released["notificationType"] == "StatusChange"
        assert released["phoneNumber"] == "5001"
        assert released["extensions"] == {"WrapUpTime": 0, "BusinessCall": 0}
        assert released["call"]["id"] == identity == released["call"]["callUuid"]
        assert released["call"]["capabilities"] == []
        assert released["call"]["dnis"] == "9000"
        assert released["call"]["callType"] == "Internal"
        assert [each["phoneNumber"] for each in released["call"]["participants"]] == ["5005"]
        await centre.stopped("5001", call)
        assert rung.branch == centre.phones["5001"].saw("CANCEL", call)[0].branch
        assert await kristi.calls() == []

        at_paul = await centre.ringing("5002", call)
        assert (await paul.call("Ringing", "5005"))["data"]["phoneNumber"] == "5002"
        centre.pick_up("5002", at_paul)
        final = await call.ended()
        assert final.status == 200
        assert f"m=audio {media_port('5002')} " in final.body
        assert (await paul.call("Established", "5005"))["data"]["call"]["state"] == "Established"
        assert len(call.finals) == 1
        assert set(call.statuses) <= {100, 180, 182, 183, 200}
        assert len(centre.rings("5001", call)) == 1

        await call.hang_up()
        await paul.call("Released", "5005")
    assert kristi.states("5005") == ["Ringing", "Released"]
    assert paul.states("5005") == ["Ringing", "Established", "Released"]


async def test_a_call_from_a_trunk_is_inbound_and_is_queued_with_182(centre: QueueRig) -> None:
    async with centre.agent("kristi", ready=False) as kristi:
        call, who = centre.dial()
        await call.until(lambda call: 182 in call.statuses)
        await kristi.session("StartContactCenterSession", channels=["voice"])
        await asyncio.sleep(0.3)
        assert centre.rings("5001", call) == []
        await kristi.session("Ready")
        invite = await centre.ringing("5001", call)
        event = await kristi.call("Ringing", who)
        assert event["data"]["call"]["callType"] == "Inbound"
        centre.pick_up("5001", invite)
        assert (await call.ended()).status == 200
        await kristi.call("Established", who)
        centre.phones["5001"].bye(invite)
        await kristi.call("Released", who)
        await call.until(lambda call: bool(call.requests))
        assert call.requests[0].method == "BYE"


async def test_when_all_reject_the_call_stays_with_the_queue_and_comes_again(centre: QueueRig) -> None:
    async with centre.agent("kristi") as kristi, centre.agent("paul") as paul:
        call, who = centre.dial()
        desktops: dict[str, Desktop] = {"5001": kristi, "5002": paul}
        rung: list[str] = []
        for _ in range(4):
            login = await _next(centre, call, rung)
            rung.append(login)
            event = await desktops[login].call("Ringing", who, after=_heard(desktops[login], who))
            assert await desktops[login].operate(event["data"]["call"]["id"], "Reject") == (200, 0)
            await centre.stopped(login, call, rung.count(login))
        # Nobody else is there, so both are asked again, in turn.
        assert set(rung[:2]) == set(rung[2:]) == {"5001", "5002"}
        assert call.finals == []
        login = await _next(centre, call, rung)
        centre.pick_up(login, centre.rings(login, call)[-1])
        assert (await call.ended()).status == 200
        await call.hang_up()


async def test_the_only_agent_is_offered_the_call_that_he_rejected_again(centre: QueueRig) -> None:
    async with centre.agent("anna") as anna:
        call, who = centre.dial("92")
        await centre.ringing("5003", call)
        event = await anna.call("Ringing", who)
        assert await anna.operate(event["data"]["call"]["id"], "Reject") == (200, 0)
        invite = await centre.ringing("5003", call, 2)
        centre.pick_up("5003", invite)
        assert (await call.ended()).status == 200
        await call.hang_up()


async def test_a_call_cannot_be_rejected_twice_nor_when_it_does_not_ring_nor_by_others(centre: QueueRig) -> None:
    async with centre.agent("kristi") as kristi, centre.agent("paul") as paul:
        call, who = centre.dial()
        login = await _next(centre, call, [])
        mine, other = (kristi, paul) if login == "5001" else (paul, kristi)
        identity = (await mine.call("Ringing", who))["data"]["call"]["id"]
        assert await other.operate(identity, "Reject") == (404, 6)
        first, second = await asyncio.gather(mine.operate(identity, "Reject"), mine.operate(identity, "Reject"))
        assert sorted([first[1], second[1]])[0] == 0
        assert sorted([first[1], second[1]])[1] in (2, 6)
        assert await mine.operate("0" * 32, "Reject") == (404, 6)
        await _next(centre, call, [login])
        call.cancel()
        assert (await call.ended()).status == 487
        assert (await other.call("Released", who))["data"]["call"]["state"] == "Released"
        assert (await other.operate(identity, "Reject"))[1] in (2, 6)


async def test_a_direct_call_cannot_be_rejected_and_rings_on(centre: QueueRig) -> None:
    async with centre.agent("kristi") as kristi:
        call = centre.sip.caller.invite(centre.sip.system.edge, "5001", number="5503999")
        invite = await centre.ringing("5001", call)
        event = await kristi.call("Ringing", "5503999")
        assert "Reject" not in event["data"]["call"]["capabilities"]
        status, reply = await kristi.ask("POST", f"me/calls/{event['data']['call']['id']}", operationName="Reject")
        assert (status, reply["statusCode"]) == (403, 3)
        assert reply["statusMessage"]
        await asyncio.sleep(0.2)
        assert centre.phones["5001"].saw("CANCEL", call) == []
        centre.pick_up("5001", invite)
        assert (await call.ended()).status == 200
        await kristi.call("Established", "5503999")
        assert await kristi.operate(event["data"]["call"]["id"], "Hangup") == (200, 0)
        await kristi.call("Released", "5503999")
        await call.until(lambda call: bool(call.requests))


async def _next(centre: QueueRig, call: Dialed, rung: list[str]) -> str:
    """The phone that rings after those."""
    async with asyncio.timeout(15):
        while True:
            for login in ("5001", "5002"):
                if len(centre.rings(login, call)) > rung.count(login):
                    return login
            await asyncio.sleep(0.02)


def _heard(desktop: Desktop, who: str) -> int:
    """How many events lie before the newest Ringing that was released already."""
    last = 0
    for index, event in enumerate(desktop.events):
        call = event["data"].get("call")
        if call and call["participants"][0]["phoneNumber"] == who and call["state"] == "Released":
            last = index + 1
    return last
