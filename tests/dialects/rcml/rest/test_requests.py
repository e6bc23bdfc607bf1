"""What holds for every request: forms of replies, paths, methods, bodies; and that nothing at all makes it fail."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callgate.dialects.rcml.rest.wire import ROOT

from .rig import ACME, VOICE_URL, Rig, a_notification, authorization, serving, xml

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("path", ["Calls.json/{0}", "Calls/{0}.json", "Calls.json/{0}.json", "Calls/{0}.json/"])
async def test_json_may_stand_at_any_segment(rig: Rig, path: str) -> None:
    record = rig.log_call()
    assert (await rig.http.get(path.format(record.sid))).json()["sid"] == record.sid


async def test_json_at_the_account_holds_for_what_is_below(rig: Rig) -> None:
    reply = await rig.http.get(f"{rig.host}{ROOT}/Accounts.json/{ACME.sid}/Calls")
    assert reply.json()["calls"] == []


ACCEPTS = [
    (None, False),
    ("*/*", False),
    ("application/json", True),
    ("application/xml", False),
    ("application/json, application/xml;q=0.9", True),
    ("application/json;q=0.5, text/xml", False),
    ("application/xml, application/json", False),
    ("text/html", False),
    ("application/json;q=x", False),
    (";;,,=;q=1", False),
]


async def test_else_accept_says_and_xml_is_the_default(rig: Rig) -> None:
    for accept, json in ACCEPTS:
        request = rig.http.build_request("GET", "Calls")
        del request.headers["Accept"]
        if accept is not None:
            request.headers["Accept"] = accept
        reply = await rig.http.send(request)
        assert reply.headers["content-type"] == ("application/json" if json else "application/xml")


async def test_json_in_the_path_goes_before_accept(rig: Rig) -> None:
    reply = await rig.http.get("Calls.json", headers={"Accept": "application/xml"})
    assert reply.headers["content-type"] == "application/json"


async def test_an_error_comes_in_the_form_that_was_asked_for(rig: Rig) -> None:
    assert set((await rig.http.get("Calls.json?Page=x")).json()) == {"message"}
    assert xml(await rig.http.get("Calls?Page=<x>")).text == "Page is '<x>': use a whole number"


UNKNOWN = [
    "/restcomm",
    "/restcomm/",
    "/restcomm/2010-04-01/Accounts",
    ROOT,
    f"{ROOT}/Accounts",
    f"{ROOT}/Accounts.json",
    f"{ROOT}/Clients",
    f"{ROOT}/accounts/{ACME.sid}",
    *(
        f"{ROOT}/Accounts/{ACME.sid}/{below}"
        for below in (
            "Nothing.json",
            "*",
            "Calls/*/*",
            "SMS/Messages",
            "Calls/a/b/c",
            "IncomingPhoneNumbers/Local/a",
        )
    ),
]


async def test_an_unknown_path_is_not_found(rig: Rig) -> None:
    for path in UNKNOWN:
        assert (await rig.http.get(f"{rig.host}{path}")).status_code == 404


METHODS = [
    ("DELETE", "", "GET, HEAD, POST, PUT"),
    ("DELETE", "Calls", "GET, HEAD, POST"),
    ("PUT", "Calls/CA1", "GET, HEAD, POST"),
    ("POST", "Calls/CA1/Recordings", "GET, HEAD"),
    ("PUT", "IncomingPhoneNumbers.json", "GET, HEAD, POST"),
    ("DELETE", "IncomingPhoneNumbers/Local", "GET, HEAD, POST"),
    ("PATCH", "Clients/CL1", "DELETE, GET, HEAD, POST, PUT"),
    ("POST", "Notifications", "GET, HEAD"),
    ("OPTIONS", "Applications", "GET, HEAD, POST"),
]


async def test_a_wrong_method_is_told_the_right_ones(rig: Rig) -> None:
    for method, path, allowed in METHODS:
        reply = await rig.http.request(method, path)
        assert (reply.status_code, reply.headers["allow"]) == (405, allowed)


async def test_head_is_get_without_the_body(rig: Rig) -> None:
    record = rig.log_call()
    for path in ("Calls.json", f"Calls/{record.sid}", "IncomingPhoneNumbers"):
        got, head = await rig.http.get(path), await rig.http.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(got.content))
        assert head.headers["content-type"] == got.headers["content-type"]


@pytest.mark.parametrize("media_type", ["application/json", "text/xml", "multipart/form-data; boundary=x", "x"])
async def test_a_body_that_is_no_form_is_not_read(rig: Rig, media_type: str) -> None:
    reply = await rig.http.post("Applications.json", content=b"{}", headers={"Content-Type": media_type})
    assert (reply.status_code, FORM in reply.json()["message"]) == (415, True)


@pytest.mark.parametrize("media_type", [FORM, f"{FORM}; charset=UTF-8", FORM.upper(), None])
async def test_a_form_is_read_with_its_first_values(rig: Rig, media_type: str | None) -> None:
    headers = {} if media_type is None else {"Content-Type": media_type}
    content = b"FriendlyName=Sch%C3%B6n&FriendlyName=B&RcmlUrl=https%3A%2F%2Fa.example"
    reply = await rig.http.post("Applications.json", content=content, headers=headers)
    assert reply.json()["friendly_name"] == "Schön"


@pytest.mark.parametrize(
    "content", [b"FriendlyName=%FF", b"FriendlyName=\xff", b"FriendlyName=%00", b"%1B=1", b"&".join([b"a=b"] * 300)]
)
async def test_a_form_that_cannot_be_read_is_told(rig: Rig, content: bytes) -> None:
    reply = await rig.http.post("Applications.json", content=content, headers={"Content-Type": FORM})
    assert reply.status_code == 400
    assert reply.json()["message"].startswith("the body ")


async def chunks(total: int) -> object:
    for _ in range(total // 1_000):
        yield b"a" * 1_000


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_that_is_too_large_is_refused(rig: Rig, announced: bool) -> None:
    content = b"a" * 70_000 if announced else chunks(70_000)
    reply = await rig.http.post("Applications.json", content=content, headers={"Content-Type": FORM})  # type: ignore[arg-type]  # httpx takes both
    assert reply.status_code == 413
    assert (await rig.http.get("Calls.json")).status_code == 200


async def test_a_client_that_goes_away_in_its_request_leaves_nothing_behind(rig: Rig) -> None:
    host, _, port = rig.host.removeprefix("http://").partition(":")
    for _ in range(3):
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"POST {rig.base}/Applications.json HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization(ACME)}\r\n"
            f"Content-Length: 100\r\n\r\nFriendly".encode()
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    assert (await rig.http.get("Applications.json")).json() == []


# --- whatever comes ---------------------------------------------------------------------------------------------------

NAMES = ["Calls", "IncomingPhoneNumbers", "Applications", "Clients", "Notifications", "Recordings", "Local", "*", ".."]
SIDS = [ACME.sid, "PN" + "d" * 32, f"NO{1:032x}", "CA" + "9" * 32, f"ID{'7' * 32}-CA{'9' * 32}"]
PARAMETERS = """
    Page PageSize Status StartTime EndTime From To SortBy Reverse ErrorCode MessageText RequestUrl PhoneNumber VoiceUrl
    VoiceMethod VoiceApplicationSid FriendlyName StatusCallback AreaCode isSIP Login Password Url Method FallbackUrl
    RcmlUrl Kind ParentCallSid ConferenceSid AccountSid Mute
"""
VALUES = ["0", "-1", "1", "2002", "2018-06-28", "9999-12-31", VOICE_URL, "http://[", "completed", "canceled"]

segments = st.lists(
    st.one_of(st.sampled_from([*NAMES, *SIDS, "x", ".json", "%00", "%ff"]), st.text(max_size=8)), max_size=5
)
parameters = st.sampled_from(PARAMETERS.split())
values = st.one_of(st.text(max_size=40), st.sampled_from(VALUES), st.integers().map(str))
pairs = st.lists(st.tuples(st.one_of(parameters, st.text(max_size=8)), values), max_size=6)


def test_whatever_is_asked_is_answered_and_never_with_a_500(tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        stack = serving(tmp_path)
        rig = runner.run(stack.__aenter__())
        record = rig.log_call()
        rig.store.notification(a_notification())

        async def check(
            method: str, path: list[str], query: list[tuple[str, str]], form: list[tuple[str, str]] | bytes, json: bool
        ) -> None:
            joined = "/".join(quote(segment, safe="%", errors="replace") for segment in path)
            url = f"{rig.host}{rig.base}/{joined}{'.json' if json else ''}?{encoded(query)}"
            content = form if isinstance(form, bytes) else encoded(form).encode()
            reply = await rig.http.request(method, url, content=content, headers={"Content-Type": FORM})
            assert reply.status_code < 500 or reply.status_code == 501, (method, url, form, reply.text)
            if reply.content:
                assert reply.headers["content-type"].startswith(("application/", "text/plain"))
                if reply.headers["content-type"] == "application/json":
                    reply.json()
                elif reply.headers["content-type"] == "application/xml":
                    xml(reply)

        @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
        @given(
            st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE"]),
            st.one_of(segments, st.just(["Calls", record.sid])),
            pairs,
            st.one_of(pairs, st.binary(max_size=60)),
            st.booleans(),
        )
        def anything(
            method: str, path: list[str], query: list[tuple[str, str]], form: list[tuple[str, str]] | bytes, json: bool
        ) -> None:
            runner.run(check(method, path, query, form, json))

        anything()
        assert runner.run(rig.http.get("Calls.json")).status_code == 200
        runner.run(stack.__aexit__(None, None, None))


def encoded(given: list[tuple[str, str]]) -> str:
    return urlencode(given, errors="replace")
