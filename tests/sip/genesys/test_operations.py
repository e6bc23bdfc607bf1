"""What an agent can do beside Reject: answer, hang up, send on."""

from __future__ import annotations

import pytest

from tests.sip.genesys.rig import QueueRig
from tests.sip.user_agent import answer
from tests.system import eventually

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]


async def test_answer_makes_the_phone_answer_by_notify_talk(centre: QueueRig) -> None:
    async with centre.agent("anna") as anna:
        call, who = centre.dial("92")
        invite = await centre.ringing("5003", call)
        centre.phones["5003"].talk = lambda _: centre.pick_up("5003", invite)
        identity = (await anna.call("Ringing", who))["data"]["call"]["id"]
        assert await anna.operate(identity, "Answer") == (200, 0)
        assert (await call.ended()).status == 200
        (notify,) = centre.phones["5003"].saw("NOTIFY", call)
        assert notify.header("Event") == "talk"
        await anna.call("Established", who)
        assert await anna.operate(identity, "Reject") == (409, 2)
        assert await anna.operate(identity, "Hangup") == (200, 0)
        await anna.call("Released", who)
        await eventually(lambda: len(call.requests) == 1 and len(centre.phones["5003"].saw("BYE", call)) == 1)


async def test_a_ringing_call_is_sent_to_another_phone(centre: QueueRig) -> None:
    async with centre.agent("anna") as anna:
        call, who = centre.dial("92")
        await centre.ringing("5003", call)
        identity = (await anna.call("Ringing", who))["data"]["call"]["id"]
        status = await anna.operate(identity, "Redirect", destination={"phoneNumber": "5002"})
        assert status == (200, 0)
        await centre.stopped("5003", call)
        await anna.call("Released", who)
        centre.pick_up("5002", await centre.ringing("5002", call))
        assert (await call.ended()).status == 200
        await call.hang_up()


async def test_a_ringing_call_is_sent_where_a_route_leads(centre: QueueRig) -> None:
    centre.sip.destination.numbers["2002"] = answer
    async with centre.agent("anna") as anna:
        call, who = centre.dial("92")
        await centre.ringing("5003", call)
        identity = (await anna.call("Ringing", who))["data"]["call"]["id"]
        assert (await anna.operate(identity, "Redirect", destination={"phoneNumber": "7777"}))[1] == 10
        assert centre.phones["5003"].saw("CANCEL", call) == []
        status = await anna.operate(identity, "SingleStepTransfer", destination={"phoneNumber": "2002"})
        assert status == (200, 0)
        assert (await call.ended()).status == 200
        assert len(centre.sip.destination.saw("INVITE", call)) == 1
        await call.hang_up()
