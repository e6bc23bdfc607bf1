"""``<Reject>``: the call is not picked up, and the caller gets the response of the reason."""

from __future__ import annotations

import asyncio

import pytest
from twilio.twiml.voice_response import VoiceResponse

from callgate.core.reasons import REASONS
from tests.sip.rcml.application import body, document
from tests.sip.rcml.rig import RcmlRig, caller_of
from tests.sip.user_agent import Dialed

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]

#: The table of the documentation: reason, SIP status and phrase; then the call's status that we report for it.
TABLE = (
    ("rejected", 603, "Decline", "no-answer"),
    ("busy", 486, "Busy Here", "busy"),
    ("forbidden", 403, "Forbidden", "failed"),
    ("anonymity_disallowed", 433, "Anonymity Disallowed", "failed"),
    ("address_incomplete", 484, "Address Incomplete", "failed"),
    ("no_route", 404, "No Route", "failed"),
    ("service_unavailable", 503, "Service Unavailable", "failed"),
    ("unwanted", 607, "Unwanted", "failed"),
)


async def refused(rcml: RcmlRig, call: Dialed, did: str, reason: str, status: str) -> None:
    """The caller got that reason's response and nothing else, the destination saw nothing, and all say so."""
    wanted = REASONS[reason]
    final = await call.ended()
    assert (final.status, final.phrase) == (wanted.status, wanted.phrase)
    assert final.headers("Reason") == [f"Q.850;cause={wanted.cause}"]
    assert rcml.untouched(call)
    assert await rcml.application.told(did, status) == ["ringing", status]
    record = await rcml.record(await rcml.sid(did), status)
    assert (record["from"], record["to"], record["direction"]) == (caller_of(call), did, "inbound")
    assert (record["duration"], record["end_time"] is None) == (0, False)


@pytest.mark.parametrize(("reason", "sip", "phrase", "status"), TABLE)
async def test_each_reason_has_its_response(rcml: RcmlRig, reason: str, sip: int, phrase: str, status: str) -> None:
    assert (REASONS[reason].status, REASONS[reason].phrase) == (sip, phrase)
    call, did = rcml.dial("71", document(f'<Reject reason="{reason}"/>'))
    await refused(rcml, call, did, reason, status)
    assert call.statuses == [100, sip]
    assert (await call.ended()).headers("Retry-After") == (["30"] if sip == 503 else [])


async def test_the_official_library_builds_the_document(rcml: RcmlRig) -> None:
    response = VoiceResponse()
    response.reject(reason="busy")
    call, did = rcml.dial("74", body(str(response)))
    await refused(rcml, call, did, "busy", "busy")


@pytest.mark.parametrize(
    "reject",
    [
        "<Reject/>",
        '<Reject reason=""/>',
        '<Reject reason=" REJECTED "/>',
        '<Reject reason="closed for today"/>',
        "<Reject><Say>Good-bye</Say><Dial>2002</Dial></Reject>",
        '<Reject reason="rejected"/><Dial><Number>131313</Number></Dial>',
        "<Reject/><Say>never</Say><Redirect>/never</Redirect>",
    ],
)
async def test_everything_else_is_a_plain_rejection(rcml: RcmlRig, reject: str) -> None:
    call, did = rcml.dial("71", document(reject))
    await refused(rcml, call, did, "rejected", "no-answer")
    assert rcml.application.paths(did) == ["/voice"]


async def test_letter_case_does_not_matter(rcml: RcmlRig) -> None:
    call, did = rcml.dial("71", document('<Reject reason="Service_UNAVAILABLE"/>'))
    await refused(rcml, call, did, "service_unavailable", "failed")


@pytest.mark.parametrize(
    ("reject", "words"),
    [
        ('<Reject reason="closed"/>', ("closed", "rejected")),
        ("<Reject><Say>Good-bye</Say></Reject>", ("Say", "Reject")),
    ],
)
async def test_what_is_ignored_is_told_with_its_line(rcml: RcmlRig, reject: str, words: tuple[str, ...]) -> None:
    call, did = rcml.dial("71", document(f"\n{reject}"))
    await call.ended()
    [warning] = await rcml.notifications(did)
    assert warning["log"] == 1
    assert all(word in warning["message_text"] for word in (*words, "line 2"))


async def test_a_pause_goes_before_and_the_caller_is_kept_waiting(rcml: RcmlRig) -> None:
    call, did = rcml.dial("71", document('<Pause length="1"/><Reject reason="busy"/>'))
    await refused(rcml, call, did, "busy", "busy")
    assert call.statuses == [100, 180, 486]
    waited = call.final.at - call.responses[1].at
    assert 0.9 < waited < 3


async def test_after_a_dial_a_reject_is_skipped(rcml: RcmlRig) -> None:
    call, did = rcml.dial(
        "71",
        document("<Dial><Number>7100</Number></Dial><Reject reason='unwanted'/>"),
    )
    rcml.sip.destination.numbers["7100"] = lambda callee, invite: callee.respond(invite, 486, "Busy Here")
    assert (await call.ended()).status == 486
    texts = [each["message_text"] for each in await rcml.notifications(did)]
    assert any("Reject" in text and "skipped" in text for text in texts)
    assert await rcml.application.told(did, "busy") == ["ringing", "busy"]


async def test_a_call_that_the_caller_cancels_meanwhile_is_not_refused_again(rcml: RcmlRig) -> None:
    call, did = rcml.dial("71", document('<Pause length="20"/><Reject/>'))
    await call.until(lambda each: 180 in each.statuses)
    call.cancel()
    assert (await call.ended()).status == 487
    assert await rcml.application.told(did, "canceled") == ["ringing", "canceled"]
    await rcml.record(await rcml.sid(did), "canceled")
    await asyncio.sleep(0.1)
    assert call.statuses == [100, 180, 487]
    assert rcml.untouched(call)
