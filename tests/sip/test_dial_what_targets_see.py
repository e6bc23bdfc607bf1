"""What the targets of a dialling see of the caller, and how long they may talk."""

from __future__ import annotations

import asyncio

import pytest

from callgate.core.events import Kind
from callgate.core.states import State
from callgate.core.verdicts import Accept, target
from tests.sip.edge_rig import EdgeRig, busy, hears
from tests.sip.user_agent import caller, destination
from tests.system import eventually

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]


async def test_each_target_has_its_own_headers(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    one, two = await edge.target(busy), await edge.target(busy)
    await edge.ring(
        call,
        target(f"sip:anna@127.0.0.1:{one.port}", headers={"X-Queue": "sales", "X-Both": "1"}),
        target(f"sip:bert@127.0.0.1:{two.port}", headers={"X-Agent": "b|e rt"}),
    )
    await edge.told(call, Kind.RETURNED)
    first, second = one.invites[0], two.invites[0]
    assert (first.number, second.number) == ("anna", "bert")
    assert (first.headers("X-Queue"), first.headers("X-Both"), first.headers("X-Agent")) == (["sales"], ["1"], [])
    assert (second.headers("X-Queue"), second.headers("X-Both"), second.headers("X-Agent")) == ([], [], ["b|e rt"])
    await edge.decide(call, Accept())
    await dialed.ended()
    assert not edge.fallback.saw("INVITE", dialed)[0].headers("X-Queue")
    await dialed.hang_up()


async def test_the_caller_id_is_what_targets_see_and_the_caller_sees_his_own(edge: EdgeRig) -> None:
    own = '"Ann Other" <sip:5503301@127.0.0.1>'
    identity = "P-Asserted-Identity: <sip:5503301@127.0.0.1>"
    dialed, call = await edge.call(from_header=own, headers=(identity, "Remote-Party-ID: <sip:5503301@127.0.0.1>"))
    called = await edge.target()
    await edge.ring(call, called, caller_id="+4930123456")
    reply = await dialed.ended()
    invite = called.invites[0]
    assert invite.header("From").replace(" ", "").startswith("<sip:+4930123456@127.0.0.1>;tag=")
    assert invite.headers("P-Asserted-Identity") == ["<sip:+4930123456@127.0.0.1>"]
    assert not invite.headers("Remote-Party-ID")
    assert "5503301@" not in invite.text.partition("Contact")[0]
    assert reply.header("From").startswith(own)
    await hears(called, "ACK")
    assert "+4930123456" in called.saw("ACK")[0].header("From")
    called.bye(invite)
    await dialed.until(lambda each: bool(each.requests))
    assert "sip:5503301@127.0.0.1" in dialed.requests[0].header("To")
    await edge.told(call, Kind.ENDED)


async def test_the_caller_id_of_a_call_over_ipv6(edge: EdgeRig) -> None:
    one = await caller("::1")
    called = await destination(ip="::1")
    dialed = one.invite(("::1", edge.edge[1]), "3778")
    call = await edge.held(dialed)
    await edge.ring(call, called, caller_id="4711")
    assert (await dialed.ended()).status == 200
    assert called.invites[0].header("From").startswith("<sip:4711@[::1]>;tag=")
    assert (await dialed.hang_up()).status == 200
    one.close()
    called.close()


async def test_a_caller_id_is_that_of_its_own_dialling_alone(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    await edge.ring(call, await edge.target(busy), caller_id="100")
    await edge.told(call, Kind.RETURNED)
    called = await edge.target()
    await edge.ring(call, called)
    assert (await dialed.ended()).status == 200
    await dialed.hang_up()
    await edge.told(call, Kind.ENDED)
    assert {each.header("From").partition(";")[0] for each in (*called.invites, *called.saw("BYE"))} == {
        dialed.request.partition("From: ")[2].partition(";")[0]
    }


async def test_the_limit_ends_the_call_for_both(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    await edge.ring(call, await edge.target(busy), limit=1)
    await edge.told(call, Kind.RETURNED)
    called = await edge.target()
    await edge.ring(call, called, limit=2)
    await dialed.ended()
    await edge.told(call, Kind.ENDED)
    assert call.hung_up_by == "limit"
    await eventually(lambda: called.saw("BYE") != [] and dialed.requests != [])
    assert [each.method for each in dialed.requests] == ["BYE"]
    assert call.ended is not None
    assert call.answered is not None
    assert 1 <= call.ended - call.answered < 8


async def test_a_limit_is_not_put_off_by_new_media_and_is_gone_with_its_dialling(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    await edge.ring(call, await edge.target(busy), limit=1)
    await edge.told(call, Kind.RETURNED)
    await edge.ring(call, await edge.target())
    await dialed.ended()
    limited, other = await edge.call()
    await edge.ring(other, await edge.target(), limit=3)
    await limited.ended()
    for _ in range(5):
        await asyncio.sleep(0.5)
        limited.reinvite("v=0\r\n")
    await edge.told(other, Kind.ENDED)
    assert other.hung_up_by == "limit"
    assert other.ended is not None
    assert other.answered is not None
    assert other.ended - other.answered < 5.5
    assert call.state is State.ANSWERED
    assert (await dialed.hang_up()).status == 200


async def test_limits_that_are_over_at_once_end_each_call_for_both(edge: EdgeRig) -> None:
    called = await edge.target()

    async def one() -> None:
        dialed, call = await edge.call()
        await edge.ring(call, called, limit=1)
        await dialed.ended()
        await edge.told(call, Kind.ENDED)
        assert call.hung_up_by == "limit"
        await dialed.until(lambda each: each.requests != [])
        await hears(called, "BYE", dialed)

    await asyncio.gather(*(one() for _ in range(30)))
