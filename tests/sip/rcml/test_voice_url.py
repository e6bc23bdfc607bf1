"""What a call gets when its application cannot be asked, and that it takes no longer than its window."""

from __future__ import annotations

import asyncio
import time

import pytest
from aiohttp import web
from twilio.request_validator import RequestValidator

from callgate.ports import free_port
from tests.sip.rcml.application import Answer, Asked, body, document, silence
from tests.sip.rcml.rig import TOKEN, RcmlRig, caller_of
from tests.sip.rig import number

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]

BUSY = document('<Reject reason="busy"/>')
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12))
    + "]><Response><Reject>&m;</Reject></Response>"
)


async def redirecting(asked: Asked) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": asked.path})


#: What an application may do wrong, the SIP status of that failure, and a word of its notification.
TROUBLE: dict[str, tuple[Answer, int, str]] = {
    "slow": (silence, 500, "within"),
    "404": (body("Not here", "text/plain", 404), 404, "404"),
    "500": (body("<html><body>Oops</body></html>", "text/html", 500), 500, "500"),
    "no content": (body("", status=204), 500, "204"),
    "redirects for ever": (redirecting, 500, "redirect"),
    "error page": (
        body("<html><head><title>Error</title></head><body><p>Oops<br></body></html>", "text/html"),
        500,
        "line",
    ),
    "10 MB": (body(b"<Response>" + b" " * 10_000_000 + b"</Response>"), 500, "262144"),
    "entity bomb": (body(BOMB), 500, "DOCTYPE"),
    "unclosed tag": (body("<Response>\n  <Reject>\n</Response>"), 500, "line 3"),
    "wrong encoding": (
        body('<?xml version="1.0" encoding="UTF-8"?><Response><Reject/>\xe9</Response>'.encode("latin-1")),
        500,
        "line",
    ),
    "other type": (body("{}", "application/json"), 500, "application/json"),
}


@pytest.mark.parametrize("trouble", TROUBLE)
async def test_without_a_fallback_the_caller_gets_the_failures_own_response(rcml: RcmlRig, trouble: str) -> None:
    answer, status, word = TROUBLE[trouble]
    call, did = rcml.dial("71", answer)
    final = await call.ended()
    assert final.status == status
    assert final.at - call.sent_at < 10
    assert rcml.untouched(call)
    assert await rcml.application.told(did, "failed") == ["ringing", "failed"]
    [error] = await rcml.notifications(did)
    assert (error["log"], word in error["message_text"]) == (0, True), error
    assert error["request_url"] == f"{rcml.application.url}/voice"


@pytest.mark.parametrize("trouble", TROUBLE)
async def test_the_fallback_is_told_what_failed_and_decides(rcml: RcmlRig, trouble: str) -> None:
    answer, _, _ = TROUBLE[trouble]
    call, did = rcml.dial("72", answer, fallback=BUSY)
    assert (await call.ended()).status == 486
    asked = await rcml.application.request(did, "/fallback")
    assert asked.parameters["ErrorUrl"] == f"{rcml.application.url}/voice"
    assert asked.parameters["ErrorCode"].isdigit()
    assert asked.parameters["CallSid"] == await rcml.sid(did)
    [error] = await rcml.notifications(did)
    assert error["error_code"] == int(asked.parameters["ErrorCode"])


async def test_a_redirect_is_followed_with_the_same_parameters(rcml: RcmlRig) -> None:
    call, did = rcml.dial("71", body("", "text/plain", 302, Location="/moved"))
    rcml.application.says(did, BUSY, "/moved")
    assert (await call.ended()).status == 486
    first, second = await rcml.application.request(did), await rcml.application.request(did, "/moved")
    assert (second.method, second.parameters) == ("POST", first.parameters)


async def test_when_the_fallback_fails_too_the_caller_gets_its_failure(rcml: RcmlRig) -> None:
    call, did = rcml.dial("72", body("", "text/plain", 503), fallback=body("", "text/plain", 404))
    assert (await call.ended()).status == 404
    assert len(await rcml.notifications(did, 2)) == 2


async def test_a_route_that_fails_open_lets_the_call_through(rcml: RcmlRig) -> None:
    call, did = rcml.dial("73", body("", "text/plain", 500))
    assert (await call.ended()).status == 200
    assert await rcml.application.told(did, "in-progress") == ["ringing", "in-progress"]
    await call.hang_up()
    assert await rcml.application.told(did, "completed") == ["ringing", "in-progress", "completed"]


@pytest.mark.parametrize("first", ["71", "75"])
async def test_two_slow_urls_take_no_longer_than_the_window(rcml: RcmlRig, first: str) -> None:
    call, _ = rcml.dial(first, silence)
    final = await call.ended()
    assert final.status == 500
    assert final.at - call.sent_at < 3


async def test_an_application_that_is_not_there(rcml: RcmlRig) -> None:
    number_of_route = number("76")
    text = (
        f'[[route]]\nname = "dead-{number_of_route}"\ndid = "{number_of_route}"\nwindow = 10\n'
        'lapse = "busy"\n[route.rcml]\naccount = "acme"\n'
        f'voice_url = "http://127.0.0.1:{free_port(protocol="tcp")}/voice"\n'
        f'voice_fallback_url = "{rcml.application.url}/fallback"\n'
    )
    await rcml.sip.native.put_directory(text)
    rcml.application.says(number_of_route, BUSY, "/fallback")
    await rcml.sip.native.in_edge()
    call = rcml.sip.caller.invite(rcml.sip.system.edge, number_of_route)
    assert (await call.ended()).status == 486
    assert (await rcml.application.request(number_of_route, "/fallback")).parameters["ErrorCode"] == "11205"


async def test_the_request_has_the_documented_parameters(rcml: RcmlRig) -> None:
    headers = ("X-Token: a b&c=d", "X-Other: é", "Diversion: <sip:5559@example.com>;reason=unconditional", "Via-X: no")
    call, did = rcml.dial("71", BUSY, headers=headers)
    await call.ended()
    asked = await rcml.application.request(did)
    sid = asked.parameters.pop("CallSid")
    assert (sid[:2], len(sid)) == ("CA", 34)
    instance = asked.parameters.pop("InstanceId")
    assert (instance[:2], len(instance)) == ("ID", 34)
    stamp = asked.parameters.pop("CallTimestamp")
    assert abs(time.mktime(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone - time.time()) < 60
    assert asked.method == "POST"
    assert asked.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
    assert asked.parameters == {
        "AccountSid": "AC" + "a" * 32,
        "From": caller_of(call),
        "To": did,
        "CallStatus": "ringing",
        "ApiVersion": "2012-04-24",
        "Direction": "inbound",
        "CallerName": "null",
        "ForwardedFrom": "5559",
        "SipHeader_X-Token": "a b&c=d",
        "SipHeader_X-Other": "é",
        "SipHeader_Diversion": "<sip:5559@example.com>;reason=unconditional",
    }


@pytest.mark.parametrize("first", ["71", "74"])
async def test_the_official_library_accepts_our_signature(rcml: RcmlRig, first: str) -> None:
    call, did = rcml.dial(first, BUSY, headers=("X-Name: Ünal & Söhne",))
    await call.ended()
    asked = await rcml.application.request(did)
    assert asked.method == ("GET" if first == "74" else "POST")
    parameters = asked.parameters if asked.method == "POST" else {}
    signature = asked.headers["X-Twilio-Signature"]
    assert RequestValidator(TOKEN).validate(asked.url, parameters, signature)
    assert not RequestValidator("another token").validate(asked.url, parameters, signature)


async def test_a_caller_who_cancels_meanwhile_gets_487_and_nothing_is_dialled(rcml: RcmlRig) -> None:
    late = asyncio.Event()

    async def after_the_cancel(asked: Asked) -> web.StreamResponse:
        await late.wait()
        return await document("<Dial><Number>7100</Number></Dial>")(asked)

    call, did = rcml.dial("71", after_the_cancel)
    await rcml.application.request(did)
    call.cancel()
    assert (await call.ended()).status == 487
    late.set()
    assert await rcml.application.told(did, "canceled") == ["ringing", "canceled"]
    await rcml.record(await rcml.sid(did), "canceled")
    assert rcml.untouched(call)
