"""What the destination says reaches the caller unchanged, and is told; and what happens when it says nothing."""

from __future__ import annotations

import asyncio

import pytest

from callgate.ports import free_port
from tests.sip.edge_rig import hears
from tests.sip.rig import Rig, number
from tests.sip.user_agent import Destination, Message, destination, ring

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]

FAILURES = [
    (486, "Busy Here", ()),
    (480, "Temporarily Unavailable", ()),
    (404, "Not Found", ("Reason: Q.850;cause=1",)),
    (503, "Service Unavailable", ("Retry-After: 17",)),
    (500, "Server Internal Error", ()),
    (603, "Decline", ("X-Mood: bad",)),
    (407, "Proxy Authentication Required", ('Proxy-Authenticate: Digest realm="pbx", nonce="1"',)),
    (302, "Moved Temporarily", ()),
    (488, "Nicht vereinbar: über", ('Warning: 304 pbx "Media type not available"',)),
]


@pytest.mark.parametrize(("status", "phrase", "headers"), FAILURES, ids=[str(each[0]) for each in FAILURES])
async def test_a_failure_reaches_the_caller_unchanged(
    rig: Rig, status: int, phrase: str, headers: tuple[str, ...]
) -> None:
    def fail(callee: Destination, invite: Message) -> None:
        callee.respond(invite, status, phrase, *headers)

    call = await rig.accepted(behave=fail)
    final = await call.ended()
    assert (final.status, final.phrase) == (status, phrase)
    for header in headers:
        name, _, value = header.partition(": ")
        assert final.headers(name) == [value]
    contact = f"<sip:{rig.destination.ip}:{rig.destination.port}>"
    assert final.header("Contact") == contact
    failed = await rig.native.heard("failed", call.call_id)
    assert (failed["state"], failed["status"], failed["phrase"]) == ("failed", status, phrase)
    entry = await rig.native.journal(failed["id"], lambda entry: entry["call"]["ended"] is not None)
    assert (entry["call"]["state"], entry["call"]["status"], entry["call"]["action"]) == ("failed", status, "accept")


async def test_a_busy_destination_is_told_over_the_yeastar_api(rig: Rig) -> None:
    def busy(callee: Destination, invite: Message) -> None:
        callee.respond(invite, 180, "Ringing")
        callee.respond(invite, 486, "Busy Here")

    call = rig.dial("2", busy)
    request = await rig.requested(call)
    assert (await rig.yeastar.decide("accept", request.channel_id))["errcode"] == 0
    assert (await call.ended()).status == 486
    assert (await rig.yeastar.ended(request.call_id))["status"] == "BUSY"
    failure = await rig.yeastar.first(30015, request.call_id)
    assert failure["msg"]["reason"] == "486 Busy here"


async def test_a_destination_that_rings_too_long_gets_cancel_and_the_caller_408(rig: Rig) -> None:
    call = await rig.accepted(behave=ring)
    final = await call.ended()
    assert final.status == 408
    assert 2.7 <= final.at - rig.destination.saw("INVITE", call)[0].at <= 4.5  # ring_timeout = 3
    assert (await rig.native.heard("failed", call.call_id))["status"] == 408
    await hears(rig.destination, "CANCEL", call)
    await asyncio.sleep(0.1)
    assert len(rig.destination.saw("CANCEL", call)) == 1


async def test_a_destination_that_does_not_answer_at_all(rig: Rig) -> None:
    call = rig.dial("2")
    uri = f"sip:127.0.0.1:{free_port()}"
    assert (await rig.native.decide("redirect", await rig.held(call), uri=uri))[0] == 200
    final = await call.ended()
    assert (final.status, final.at - call.sent_at <= 3.5) == (408, True)  # destination_timeout = 2
    assert (await rig.native.heard("failed", call.call_id))["status"] == 408


async def test_a_destination_that_takes_no_connection(rig: Rig) -> None:
    call = rig.dial("2")
    uri = f"sip:127.0.0.1:{free_port(protocol='tcp')};transport=tcp"
    code, problem = await rig.native.decide("redirect", await rig.held(call), uri=uri)
    assert (code, problem["type"].rpartition("/")[2], problem["status_sent"]) == (502, "edge-failed", 500)
    assert (await call.ended()).status == 500
    assert (await rig.native.heard("failed", call.call_id))["status"] == 500


async def test_a_destination_whose_name_does_not_resolve(rig: Rig) -> None:
    call = rig.dial("2")
    identity = await rig.held(call)
    code, problem = await rig.native.decide("redirect", identity, uri="sip:2001@pbx.invalid")
    assert (code, problem["type"].rpartition("/")[2], problem["status_sent"]) == (502, "edge-failed", 500)
    final = await call.ended()
    assert (final.status, final.phrase) == (500, "Destination Unusable")
    failed = await rig.native.heard("failed", call.call_id)
    assert (failed["status"], failed["phrase"]) == (500, "Destination Unusable")
    await asyncio.sleep(0.2)
    assert len(call.finals) == 1


async def test_a_route_whose_destination_does_not_resolve_fails_by_its_default_too(rig: Rig) -> None:
    did = number("77")
    await rig.native.ask("POST", "routes", {"name": "bad", "did": did, "destination": "sip:pbx.invalid", "window": 1})
    await rig.native.in_edge()
    call = rig.caller.invite(rig.system.edge, did)
    assert (await call.ended()).status == 500
    failed = await rig.native.heard("failed", call.call_id)
    assert (failed["status"], failed["decision"]["application"]) == (500, "window")


async def test_a_destination_that_leads_back_to_the_edge_ends_with_482(rig: Rig) -> None:
    edge = f"{rig.system.edge[0]}:{rig.system.edge[1]}"
    calls = [rig.dial("2") for _ in range(2)]
    for call, uri in zip(calls, (f"sip:2002@{edge}", f"sip:2002@{edge};transport=tcp"), strict=True):
        assert (await rig.native.decide("redirect", await rig.held(call), uri=uri))[0] == 200
    for call in calls:
        assert (await call.ended()).status == 482
        assert (await rig.native.heard("failed", call.call_id))["status"] == 482
        assert rig.native.kinds(call.call_id).count("held") == 1


async def test_a_destination_over_ipv6(rig: Rig) -> None:
    other = await destination(ip="::1")
    try:
        call = rig.dial("2")
        await rig.native.decide("redirect", await rig.held(call), uri=f"sip:six@[::1]:{other.port}")
        assert (await call.ended()).status == 200
        await asyncio.sleep(0.05)
        other.bye(other.invites[0])
        assert (await rig.native.heard("ended", call.call_id))["hung_up_by"] == "destination"
    finally:
        other.close()
