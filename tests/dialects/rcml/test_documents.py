"""Where documents come from, how long they may take, and what is done when there is none."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from callgate.core.reports import Progress
from callgate.core.states import State
from callgate.core.verdicts import Accept, refusal
from callgate.dialects.rcml.failures import Code
from callgate.dialects.rcml.interpreter import MARGIN, PROBLEM
from callgate.dialects.rcml.model import FetchError
from callgate.dialects.rcml.verbs import VERBS
from callgate.dialects.rcml.verbs.verb import When
from callgate.directory.model import Account, Application, RcmlVoice
from callgate.settings import RcmlSettings

from .calls import ACCOUNT, BASE, FALLBACK, SILENCE, STATUS, VOICE, Answer, Rig, not_found, sessions, settle

BOTH = RcmlVoice(VOICE, voice_fallback_url=FALLBACK, voice_fallback_method="GET", status_callback=STATUS)
BUSY = '<Reject reason="busy"/>'


# --- the voice request -----------------------------------------------------------------------------------------------


async def test_the_request_tells_of_the_call_and_is_signed() -> None:
    rig = Rig()
    call = await rig.ring(BUSY, headers=(("X-Token", "a b"),))
    [request] = rig.documents.asked
    assert (request.url, request.method, request.token) == (VOICE, "POST", ACCOUNT.token)
    told = rig.documents.told()
    assert told["CallSid"] == "CA" + call.id.replace("-", "")
    assert (told["AccountSid"], told["InstanceId"]) == (ACCOUNT.sid, "ID" + "c" * 32)
    assert (told["CallStatus"], told["To"], told["SipHeader_X-Token"]) == ("ringing", "2002", "a b")
    assert "OutboundCallSid" not in told


async def test_an_account_may_have_its_requests_unsigned() -> None:
    rig = Rig(account=Account("acme", ACCOUNT.sid, "a token", sign=False))
    await rig.ring(BUSY)
    assert rig.documents.asked[0].token is None


async def test_the_applications_urls_go_before_the_numbers_own() -> None:
    app = Application("app", "acme", "AP" + "0" * 32, voice=RcmlVoice(f"{BASE}/app", "GET"))
    rig = Rig(application="app", entries=(app,), voice=BOTH)
    await rig.ring()
    assert [(each.url, each.method) for each in rig.documents.asked] == [(f"{BASE}/app", "GET"), (FALLBACK, "GET")]
    assert {request.url for _, _, request, _ in rig.told.callbacks} == {STATUS}


async def test_a_call_of_another_route_is_left_alone() -> None:
    rig = Rig()
    call = await rig.ring(BUSY, route="plain")
    assert (call.state, rig.documents.asked, rig.told.records) == (State.HELD, [], [])
    rig.control.cancels(call)
    assert (sessions(rig), len(rig.live)) == ([], 0)


async def test_a_suspended_account_has_its_calls_refused_unasked() -> None:
    rig = Rig(account=Account("acme", ACCOUNT.sid, "a token", status="suspended"))
    call = await rig.ring(BUSY)
    assert (call.status, call.phrase, rig.documents.asked) == (403, "Account is not ACTIVE", [])
    [error] = rig.told.errors
    assert (error.code, "account is not active" in error.text) == (11005, True)
    assert rig.told.statuses == ["ringing", "failed"]


# --- time ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("voice", "window", "first"),
    [
        (RcmlVoice(VOICE), 10.0, 6.0),
        (RcmlVoice(VOICE), 3.0, 3.0 - MARGIN),
        (BOTH, 10.0, 6.0),
        (BOTH, 3.0, (3.0 - MARGIN) * 0.75),
    ],
)
async def test_documents_end_a_little_before_the_window_and_leave_the_fallback_its_part(
    voice: RcmlVoice, window: float, first: float
) -> None:
    rig = Rig(voice=voice, window=window)
    rig.documents.says(FALLBACK, SILENCE)
    call = await rig.ring(SILENCE)
    assert rig.documents.seconds == [pytest.approx(first)]
    await rig.clock.advance(window - MARGIN)
    assert sum(rig.documents.seconds) <= window - MARGIN + 1e-6
    assert (call.state, call.status) == (State.REFUSED, 500)
    assert call.ended is not None
    assert call.ended <= call.received + window - MARGIN + 1e-6


async def test_no_document_is_asked_for_when_the_window_is_over() -> None:
    rig = Rig(window=1.0)
    rig.documents.says(f"{BASE}/next", BUSY)

    async def late() -> str:
        await rig.clock.sleep(0.9)
        return "<Redirect>/next</Redirect>"

    call = await rig.ring(late)
    await rig.clock.advance(0.95)
    assert (call.status, rig.documents.urls, rig.told.errors[0].code) == (500, [VOICE], Code.TIME)
    assert "window is over" in rig.told.errors[0].text


# --- failures --------------------------------------------------------------------------------------------------------

TROUBLE: dict[str, tuple[Answer, int, int]] = {
    "404": (not_found(VOICE), 404, 21402),
    "500": (FetchError(11200, "the URL was answered with 500", url=VOICE, status=500, body="Oops"), 500, 11200),
    "dead": (FetchError(11205, "nobody listens there", url=VOICE), 500, 11205),
    "unclosed": (b"<Response>\n<Reject></Response>", 500, Code.PARSE),
    "page": (b"<!DOCTYPE html><html></html>", 500, Code.PARSE),
    "unusable": ("<Redirect/>", 500, Code.URL),
}


@pytest.mark.parametrize("trouble", TROUBLE)
async def test_without_a_fallback_the_caller_gets_the_failures_own_response(trouble: str) -> None:
    answer, status, code = TROUBLE[trouble]
    rig = Rig()
    call = await rig.ring(answer)
    assert (call.status, call.phrase) == (status, "Not Found" if status == 404 else PROBLEM)
    assert rig.told.statuses == ["ringing", "failed"]
    [error] = rig.told.notifications
    assert (error.log, error.code, error.request_url, error.request_method) == (0, code, VOICE, "POST")
    assert "CallStatus=ringing" in error.request_variables
    if code == Code.PARSE:
        assert (error.response_headers, error.response_body) == ("Content-Type: text/xml", cast(bytes, answer).decode())


@pytest.mark.parametrize("trouble", TROUBLE)
async def test_the_fallback_is_told_what_failed(trouble: str) -> None:
    answer, _, code = TROUBLE[trouble]
    rig = Rig(voice=BOTH)
    rig.documents.says(FALLBACK, BUSY)
    call = await rig.ring(answer)
    assert call.status == 486
    assert [(each.url, each.method) for each in rig.documents.asked] == [(VOICE, "POST"), (FALLBACK, "GET")]
    told = rig.documents.told()
    assert (told["ErrorCode"], told["ErrorUrl"], told["CallStatus"]) == (str(int(code)), VOICE, "ringing")
    assert len(rig.told.notifications) == 1


async def test_the_fallbacks_failure_is_what_the_caller_gets() -> None:
    rig = Rig(voice=BOTH)
    call = await rig.ring(FetchError(11200, "the URL was answered with 503", url=VOICE, status=503))
    assert call.status == 404
    assert [error.request_url for error in rig.told.errors] == [VOICE, FALLBACK]


async def test_the_fallback_is_asked_once() -> None:
    rig = Rig(voice=BOTH)
    rig.documents.says(FALLBACK, "<Redirect>/gone</Redirect>")
    call = await rig.ring(not_found(VOICE))
    assert (call.status, rig.documents.urls) == (404, [VOICE, FALLBACK, f"{BASE}/gone"])


async def test_a_number_without_a_voice_url_is_told_so() -> None:
    rig = Rig(voice=RcmlVoice())
    call = await rig.ring()
    assert (call.status, rig.told.errors[0].code) == (404, 21402)
    assert "set its VoiceUrl" in rig.told.errors[0].text


async def test_a_number_may_fail_open() -> None:
    rig = Rig(on_failure="lapse", lapse="accept")
    call = await rig.ring(not_found(VOICE))
    assert (call.state, rig.control.commands) == (State.ROUTED, [Accept()])
    rig.control.report(call, Progress.ANSWERED)
    rig.control.ends(call)
    assert rig.told.statuses == ["ringing", "in-progress", "completed"]


@pytest.mark.parametrize(("lapse", "status"), [("busy", "busy"), ("rejected", "no-answer"), ("forbidden", "failed")])
async def test_a_number_may_have_its_routes_default(lapse: str, status: str) -> None:
    rig = Rig(on_failure="lapse", lapse=lapse)
    await rig.ring(not_found(VOICE))
    assert rig.control.commands == [refusal(lapse)]
    assert rig.told.statuses == ["ringing", status]


async def test_a_fault_of_ours_is_a_notification_and_a_500() -> None:
    rig = Rig()

    async def broken() -> str:
        raise ZeroDivisionError

    call = await rig.ring(broken)
    assert (call.status, rig.told.errors[0].code) == (500, Code.INTERNAL)
    assert sessions(rig) == []


async def test_a_large_document_is_read_beside_the_others() -> None:
    rig = Rig()
    call = await rig.ring(f"<!-- {'x' * 50_000} -->{BUSY}")
    async with asyncio.timeout(30):
        while call.state is State.HELD:  # noqa: ASYNC110  # a thread has no event of ours
            await asyncio.sleep(0.005)
    assert call.status == 486


# --- Redirect --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("redirect", "url", "method"),
    [
        ("<Redirect>/next</Redirect>", f"{BASE}/next", "POST"),
        ("<Redirect method='get'> next?a=1&b=2 </Redirect>", f"{BASE}/next?a=1&b=2", "GET"),
        ("<Redirect method='POST'>https://other.example.com/x</Redirect>", "https://other.example.com/x", "POST"),
    ],
)
async def test_a_redirect_goes_on_with_another_document(redirect: str, url: str, method: str) -> None:
    rig = Rig()
    rig.documents.says(url, BUSY)
    call = await rig.ring(f"{redirect}<Reject/>")
    assert call.status == 486
    assert (rig.documents.asked[1].url, rig.documents.asked[1].method) == (url, method)
    assert rig.documents.asked[1].parameters == rig.documents.asked[0].parameters


async def test_a_bad_method_is_post_with_a_warning() -> None:
    rig = Rig()
    rig.documents.says(f"{BASE}/next", BUSY)
    await rig.ring("<Redirect method='PUT'>/next</Redirect>")
    assert rig.documents.asked[1].method == "POST"
    assert [warning.code for warning in rig.told.warnings] == [13710]


@pytest.mark.parametrize("url", ["ftp://example.com/x", "http://[", "javascript:alert(1)"])
async def test_a_redirect_to_no_url_is_a_failure_of_the_document(url: str) -> None:
    rig = Rig(voice=BOTH)
    rig.documents.says(FALLBACK, BUSY)
    call = await rig.ring(f"<Redirect>{url}</Redirect>")
    assert (call.status, rig.documents.urls) == (486, [VOICE, FALLBACK])
    assert rig.told.errors[0].code == 11100


@pytest.mark.parametrize("limit", [1, 10])
async def test_redirects_have_an_end(limit: int) -> None:
    rig = Rig(settings=RcmlSettings(document_changes=limit))
    call = await rig.ring("<Redirect>/voice</Redirect>")
    assert (call.status, len(rig.documents.asked)) == (500, limit + 1)
    [error] = rig.told.errors
    assert (error.code, "rcml.document_changes" in error.text) == (Code.CHANGES, True)


async def test_the_fallback_is_there_for_later_documents_too() -> None:
    rig = Rig(voice=BOTH)
    rig.documents.says(FALLBACK, BUSY)
    call = await rig.ring("<Pause length='0'/><Redirect>/gone</Redirect>")
    assert call.status == 486
    assert rig.documents.told()["ErrorUrl"] == f"{BASE}/gone"


# --- what needs an answered call -------------------------------------------------------------------------------------

LATER = [tag for tag, verb in VERBS.items() if verb.when is When.ANSWERED]


def test_every_verb_of_the_facts_is_in_the_table() -> None:
    assert set(VERBS) == {
        "Dial", "Enqueue", "Fax", "Gather", "Hangup", "Leave", "Pause", "Play", "Record", "Redirect", "Reject", "Say",
        "Sms", "Email", "Language", "UssdMessage", "UssdCollect", "Refer", "Hold", "Resume",
    }  # fmt: skip
    assert {verb.tag for verb in VERBS.values()} == set(VERBS)


@pytest.mark.parametrize("tag", [*LATER, "Conference"])
async def test_the_call_goes_on_to_what_answers_at_the_routes_destination(tag: str) -> None:
    verb = f"<{tag}/>" if tag != "Conference" else "<Dial><Conference>room</Conference></Dial>"
    rig = Rig()
    call = await rig.ring(f"<Pause length='0'/>{verb}<Hangup/>")
    assert (call.state, rig.control.commands) == (State.ROUTED, [Accept()])
    [warning] = rig.told.warnings
    assert (warning.code, f"{tag} needs an answered call" in warning.text) == (Code.NOT_DONE, True)


@pytest.mark.parametrize("tag", LATER)
async def test_without_a_destination_the_document_cannot_go_on(tag: str) -> None:
    rig = Rig(destination="", voice=BOTH)
    rig.documents.says(FALLBACK, BUSY)
    call = await rig.ring(f"<{tag}/>")
    assert call.status == 486
    [error] = rig.told.errors
    assert (error.code, tag in error.text, "line 1" in error.text) == (Code.NOT_DONE, True, True)


@pytest.mark.parametrize(
    ("sip", "status"),
    [
        (486, "busy"),
        (600, "busy"),
        (603, "busy"),
        (408, "no-answer"),
        (480, "no-answer"),
        (404, "failed"),
        (500, "failed"),
    ],
)
async def test_what_the_destination_does_is_the_calls_status(sip: int, status: str) -> None:
    rig = Rig()
    call = await rig.ring("<Say>Hello</Say>")
    rig.control.report(call, Progress.FAILED, sip)
    await settle()
    assert rig.told.statuses == ["ringing", status]
    assert len(rig.live) == 0
