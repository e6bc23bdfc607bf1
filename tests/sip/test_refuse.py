"""A refused call: the caller hears exactly what was asked for, and the destination never rings."""

from __future__ import annotations

import asyncio

import pytest

from callgate.core.reasons import REASONS, Reason
from tests.sip.rig import Rig

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]


async def test_the_caller_gets_100_then_603_with_its_cause_and_the_destination_no_invite(rig: Rig) -> None:
    call = rig.dial("2")
    request = await rig.requested(call)
    assert call.statuses == [100]

    reply = await rig.yeastar.decide("refuse", request.channel_id)

    assert reply == {"errcode": 0, "errmsg": "SUCCESS", "call_id": request.call_id}
    final = await call.ended()
    assert (call.statuses, final.phrase) == ([100, 603], "Decline")
    assert final.headers("Reason") == ["Q.850;cause=21"]
    assert rig.destination.saw("INVITE", call) == []


async def test_success_is_said_after_the_caller_has_its_final_response_and_not_before(rig: Rig) -> None:
    call = rig.dial("2")
    identity = await rig.held(call)
    status, reply = await rig.native.decide("refuse", identity)
    assert (status, reply["result"], reply["status"], reply["call"]["state"]) == (200, "applied", 603, "refused")
    # Loopback keeps the order: the 603 left the edge before its acknowledgement did.
    await asyncio.sleep(0.02)
    assert call.statuses == [100, 603]


@pytest.mark.parametrize("reason", REASONS.values(), ids=lambda reason: reason.name)
async def test_every_named_reason(rig: Rig, reason: Reason) -> None:
    call = rig.dial("2")
    identity = await rig.held(call)
    status, reply = await rig.native.decide("refuse", identity, reason=reason.name)
    assert (status, reply["status"]) == (200, reason.status)
    final = await call.ended()
    assert (final.status, final.phrase) == (reason.status, reason.phrase)
    assert final.headers("Reason") == [f"Q.850;cause={reason.cause}"]
    assert final.headers("Retry-After") == ([] if reason.retry_after is None else [str(reason.retry_after)])
    assert rig.destination.saw("INVITE", call) == []
    entry = await rig.native.journal(identity, lambda entry: entry["call"]["ended"] is not None)
    assert (entry["call"]["status"], entry["call"]["reason"]) == (reason.status, reason.name)


async def test_a_status_a_phrase_and_headers_of_ones_own(rig: Rig) -> None:
    call = rig.dial("2")
    headers = {"Retry-After": "3600", "X-Why": 'closed; see "https://example.com/?a=1&b=%20"', "Warning": '399 a "b"'}
    body = {"status": 499, "phrase": "Heute geschlossen: Übermorgen wieder", "headers": headers}
    status, _ = await rig.native.decide("refuse", await rig.held(call), **body)
    assert status == 200
    final = await call.ended()
    assert (final.status, final.phrase) == (499, body["phrase"])
    assert {name: final.headers(name) for name in headers} == {name: [value] for name, value in headers.items()}
    assert final.headers("Reason") == ["Q.850;cause=31"]


async def test_503_carries_retry_after_also_when_it_was_asked_for_by_status(rig: Rig) -> None:
    call = rig.dial("2")
    await rig.native.decide("refuse", await rig.held(call), status=503)
    final = await call.ended()
    assert (final.status, final.headers("Retry-After")) == (503, ["30"])


async def test_a_yeastar_refusal_has_the_reason_of_its_trunk(rig: Rig) -> None:
    status, _ = await rig.native.ask("PATCH", "trunks/test-peer-trunking", {"refuse": "temporarily_unavailable"})
    assert status == 200
    try:
        call = rig.dial("2")
        await rig.yeastar.decide("refuse", (await rig.requested(call)).channel_id)
        final = await call.ended()
        assert (final.status, final.phrase) == (480, "Temporarily Unavailable")
    finally:
        await rig.native.ask("PATCH", "trunks/test-peer-trunking", {"refuse": "rejected"})


async def test_a_refusal_cannot_smuggle_in_headers(rig: Rig) -> None:
    call = rig.dial("2")
    identity = await rig.held(call)
    for body in (
        {"status": 480, "phrase": "Gone\r\nX-Evil: 1"},
        {"headers": {"X-Fine": "1\r\nVia: SIP/2.0/UDP evil"}},
        {"headers": {"Via": "SIP/2.0/UDP evil"}},
        {"headers": {"X-Evil: 1\r\nVia": "2"}},
    ):
        status, _ = await rig.native.decide("refuse", identity, **body)
        assert status == 422
    assert call.statuses == [100]
    await rig.native.decide("refuse", identity, reason="busy")
    assert (await call.ended()).status == 486
