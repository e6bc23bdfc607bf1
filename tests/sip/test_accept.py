"""An accepted call: it reaches its destination at once, untouched, and its end is told with who ended it."""

from __future__ import annotations

import asyncio

import pytest

from tests.sip.edge_rig import hears
from tests.sip.rig import Rig, number
from tests.sip.user_agent import SDP, Destination, Dialed, Message, answer, tcp_caller

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]


async def established(call: Dialed) -> None:
    assert (await call.ended()).status == 200


async def test_200_ack_and_the_media_as_they_were_in_both_directions(rig: Rig) -> None:
    call = await rig.accepted()
    await established(call)
    assert call.statuses[0] == 100 and set(call.statuses) <= {100, 180, 200}
    offer, reply = SDP.format(ip=call.caller.ip, port=40000), SDP.format(ip=rig.destination.ip, port=50000)
    (invite,) = rig.destination.saw("INVITE", call)
    assert (invite.body, call.final.body) == (offer, reply)
    await hears(rig.destination, "ACK", call)
    await asyncio.sleep(0.1)
    assert len(rig.destination.saw("ACK", call)) == 1
    call.bye()
    await rig.native.heard("ended", call.call_id)


async def test_the_destination_sees_who_calls_and_what_was_dialled(rig: Rig) -> None:
    did = number("2")
    headers = ("P-Asserted-Identity: <sip:+49301@example.com>", "X-Campaign: 7", "Subject: hello")
    call = rig.caller.invite(rig.system.edge, did, from_header='"Ada \\"L\\"" <sip:ada@example.com>', headers=headers)
    await rig.native.decide("accept", await rig.held(call))
    await established(call)
    (invite,) = rig.destination.saw("INVITE", call)
    assert invite.number == did
    assert invite.header("From").startswith('"Ada \\"L\\"" <sip:ada@example.com>;tag=')
    assert invite.header("To") == f"<sip:{did}@127.0.0.1:{rig.system.edge[1]}>"
    for header in headers:
        name, _, value = header.partition(": ")
        assert invite.headers(name) == [value]
    call.bye()


def answers_in_time(destination: Destination, invite: Message) -> None:
    """180 and 200 so far apart that none of what is told of them overtakes another."""
    loop = asyncio.get_running_loop()
    loop.call_later(0.2, destination.respond, invite, 180, "Ringing")
    loop.call_later(0.4, answer, destination, invite)


async def test_the_caller_hangs_up(rig: Rig) -> None:
    call = await rig.accepted(behave=answers_in_time)
    await established(call)
    assert (await call.hang_up()).first_line == "SIP/2.0 200 OK"
    assert len(rig.destination.saw("BYE", call)) == 1
    ended = await rig.native.heard("ended", call.call_id)
    assert (ended["state"], ended["hung_up_by"]) == ("completed", "caller")
    assert rig.native.kinds(call.call_id)[0] == "held"
    assert set(rig.native.kinds(call.call_id)) == {"held", "routed", "ringing", "answered", "ended"}
    entry = await rig.native.journal(ended["id"], lambda entry: entry["call"]["ended"] is not None)
    told = entry["call"]
    assert (told["state"], told["action"], told["hung_up_by"]) == ("completed", "accept", "caller")
    times = [told[name] for name in ("received", "told", "decided", "answered", "ended")]
    assert times == sorted(times)


async def test_the_destination_hangs_up(rig: Rig) -> None:
    call = await rig.accepted()
    await established(call)
    await asyncio.sleep(0.05)
    rig.destination.bye(rig.destination.saw("INVITE", call)[0])
    ended = await rig.native.heard("ended", call.call_id)
    assert (ended["state"], ended["hung_up_by"]) == ("completed", "destination")
    await call.until(lambda each: [request.method for request in each.requests] == ["BYE"])


async def test_accept_over_the_yeastar_api_is_told_with_30011_and_30012(rig: Rig) -> None:
    call = rig.dial("2")
    request = await rig.requested(call)
    reply = await rig.yeastar.decide("accept", request.channel_id)
    assert reply == {"errcode": 0, "errmsg": "SUCCESS", "call_id": request.call_id}
    await established(call)
    call.bye()
    details = await rig.yeastar.ended(request.call_id)
    assert (details["status"], details["call_from"], details["did_number"]) == (
        "ANSWERED",
        request.caller,
        request.dialled,
    )
    changes = [each["msg"] for each in rig.yeastar.events if each["type"] == 30011]
    changes = [each for each in changes if each["call_id"] == request.call_id]
    states = [each["members"][0]["inbound"]["member_status"] for each in changes]
    assert states[-2:] == ["ANSWERED", "BYE"]


async def test_a_caller_over_tcp(rig: Rig) -> None:
    caller = await tcp_caller(rig.system.edge)
    try:
        accepted, refused = (caller.invite(rig.system.edge, number("2")) for _ in range(2))
        await rig.native.decide("accept", await rig.held(accepted))
        await rig.native.decide("refuse", await rig.held(refused))
        await established(accepted)
        assert (await refused.ended()).status == 603
        # The destination speaks UDP; its BYE finds the caller's connection.
        await asyncio.sleep(0.05)
        rig.destination.bye(rig.destination.saw("INVITE", accepted)[0])
        assert (await rig.native.heard("ended", accepted.call_id))["hung_up_by"] == "destination"
    finally:
        caller.close()


async def test_new_media_within_the_call(rig: Rig) -> None:
    call = await rig.accepted()
    await established(call)
    moved = SDP.format(ip="192.0.2.7", port=6000)
    call.reinvite(moved)
    await call.until(
        lambda each: any(reply.header("CSeq") == "2 INVITE" and reply.status == 200 for reply in each.responses)
    )
    assert [each.body for each in rig.destination.saw("INVITE", call)] == [
        SDP.format(ip="127.0.0.1", port=40000),
        moved,
    ]
    # One call, told once.
    await rig.native.heard("answered", call.call_id)
    assert rig.native.kinds(call.call_id).count("answered") == 1
    call.bye()
    await rig.native.heard("ended", call.call_id)
    assert rig.native.kinds(call.call_id).count("held") == 1
