"""What befalls waiting and ringing calls: nobody there, too many, too long, agents and phones that go away."""

from __future__ import annotations

import asyncio

import pytest

from tests.sip.genesys.rig import PASSWORD, QueueRig
from tests.sip.user_agent import Destination, Message, answer

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]


async def test_a_caller_who_hangs_up_is_gone_at_once(centre: QueueRig) -> None:
    call, _ = centre.dial()
    await call.until(lambda call: 182 in call.statuses)
    call.cancel()
    assert (await call.ended()).status == 487
    async with centre.agent("kristi"):
        await asyncio.sleep(0.3)
    assert centre.rings("5001", call) == []


async def test_callers_are_served_in_the_order_they_came(centre: QueueRig) -> None:
    calls = []
    for _ in range(4):
        call, _ = centre.dial()
        await call.until(lambda call: 182 in call.statuses)
        calls.append(call)
    async with centre.agent("kristi"):
        for call in calls:
            invite = await centre.ringing("5001", call)
            assert [len(centre.rings("5001", each)) for each in calls].count(1) == calls.index(call) + 1
            centre.pick_up("5001", invite)
            assert (await call.ended()).status == 200
            await call.hang_up()


async def test_a_call_that_waits_too_long_gets_the_queues_refusal(centre: QueueRig) -> None:
    call, _ = centre.dial("91")
    assert (await call.ended()).status == 486
    assert "Q.850;cause=17" in call.final.header("Reason")


async def test_what_is_too_many_goes_to_the_overflow(centre: QueueRig) -> None:
    centre.sip.destination.numbers["2002"] = answer
    first, _ = centre.dial("92")
    await first.until(lambda call: 182 in call.statuses)
    second, _ = centre.dial("92")
    assert (await second.ended()).status == 200
    assert len(centre.sip.destination.saw("INVITE", second)) == 1
    await second.hang_up()
    first.cancel()
    assert (await first.ended()).status == 487


async def test_an_agent_whose_phone_is_busy_is_not_ready_and_the_next_one_is_rung(centre: QueueRig) -> None:
    def busy(destination: Destination, invite: Message) -> None:
        destination.respond(invite, 486, "Busy Here")

    async with centre.agent("kristi") as kristi:
        centre.phones["5001"].behave = busy
        call, who = centre.dial()
        await centre.ringing("5001", call)
        await kristi.call("Released", who)
        event = await kristi.first(
            lambda event: (
                event["data"]["messageType"] == "DeviceStateChangeMessage"
                and event["data"]["devices"][0]["userState"]["state"] == "NotReady"
            ),
            after=_of(kristi.events, who),
        )
        assert event["data"]["devices"][0]["phoneNumber"] == "5001"
        async with centre.agent("paul"):
            invite = await centre.ringing("5002", call)
            assert len(centre.rings("5001", call)) == 1
            centre.pick_up("5002", invite)
            assert (await call.ended()).status == 200
            await call.hang_up()


async def test_an_agent_who_logs_out_while_it_rings_gives_the_call_back(centre: QueueRig) -> None:
    async with centre.agent("kristi") as kristi:
        call, who = centre.dial()
        await centre.ringing("5001", call)
        await kristi.call("Ringing", who)
        async with centre.agent("paul"):
            await kristi.session("EndContactCenterSession")
            await centre.stopped("5001", call)
            invite = await centre.ringing("5002", call)
            centre.pick_up("5002", invite)
            assert (await call.ended()).status == 200
            await call.hang_up()


async def test_a_phone_that_is_not_registered_is_not_rung(centre: QueueRig) -> None:
    async with centre.agent("kristi"), centre.agent("paul", ready=False) as paul:
        await centre.phones["5001"].register(centre.sip.system.edge, "5001", PASSWORD, expires=0)
        call, _ = centre.dial()
        await call.until(lambda call: 182 in call.statuses)
        await asyncio.sleep(0.3)
        assert centre.rings("5001", call) == []
        await paul.session("StartContactCenterSession", channels=["voice"])
        await paul.session("Ready")
        centre.pick_up("5002", await centre.ringing("5002", call))
        assert (await call.ended()).status == 200
        await call.hang_up()


async def test_a_phone_that_leaves_while_it_rings_gives_the_call_back(centre: QueueRig) -> None:
    async with centre.agent("kristi"):
        call, _ = centre.dial()
        await centre.ringing("5001", call)
        await centre.phones["5001"].register(centre.sip.system.edge, "5001", PASSWORD, expires=0)
        await centre.stopped("5001", call)
        async with centre.agent("paul"):
            centre.pick_up("5002", await centre.ringing("5002", call))
            assert (await call.ended()).status == 200
            await call.hang_up()


def _of(events: list[dict[str, object]], who: str) -> int:
    """Where the events about that caller begin."""
    for index, event in enumerate(events):
        if who in str(event):
            return index
    return 0
