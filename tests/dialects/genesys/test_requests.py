"""What is wrong with a request is told in the vendor's form, whatever it is."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callgate.dialects.genesys import ids
from callgate.settings import GenesysSettings

from .rig import Rig, good, running, told

READY = {"operationName": "Ready"}


async def test_the_version_needs_no_login() -> None:
    async with running(GenesysSettings(version="8.6.1")) as rig:
        reply = await rig.outside.get("/api/v2/diagnostics/version")
        assert reply.content == b'{"statusCode":0,"version":"8.6.1"}'
        assert "set-cookie" not in reply.headers
        assert told(await rig.outside.post("/api/v2/diagnostics/version"))[:2] == (405, 3)


@pytest.mark.parametrize(
    "path",
    ["/api", "/api/", "/api/v1/me", "/api/v2", "/api/v2/", "/api/v2/nothing", "/api/v2/me/calls/1/2", "/api/v2/me/*"],
)
async def test_a_path_that_leads_nowhere_is_not_found(rig: Rig, path: str) -> None:
    assert told(await rig.http.get(f"{rig.host}{path}"))[:2] == (404, 6)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "me", "GET, POST"),
        ("DELETE", "me/calls/1", "GET, POST"),
        ("POST", "me/calls", "GET"),
        ("POST", "me/queues", "GET"),
        ("PATCH", "me/channels/voice", "GET, POST"),
        ("OPTIONS", "me", "GET, POST"),
        ("GET", "me/devices/1/calls", "POST"),
    ],
)
async def test_a_method_that_is_not_there_is_told_those_that_are(rig: Rig, method: str, path: str, allow: str) -> None:
    reply = await rig.http.request(method, path)
    assert told(reply)[:2] == (405, 3)
    assert reply.headers["allow"] == allow


async def test_the_head_of_a_resource_is_no_method(rig: Rig) -> None:
    reply = await rig.http.head("me")
    assert (reply.status_code, reply.content) == (405, b"")


async def test_dialling_is_not_done_and_says_so(rig: Rig) -> None:
    body = {"operationName": "Dial", "destination": {"phoneNumber": "5002"}}
    status, code, message = told(await rig.http.post(f"me/devices/{ids.device('5001')}/calls", json=body))
    assert (status, code) == (403, 3)
    assert "Dial" in message


@pytest.mark.parametrize("path", ["me", "me/channels/voice", "me/calls/{id}"])
@pytest.mark.parametrize(
    "content", [b"", b" ", b"{", b"[]", b"null", b'"Ready"', b"\xff", b'"\xff"', b"[" * 60_000, b"7"]
)
async def test_a_body_that_is_no_operation_misses_a_parameter(rig: Rig, path: str, content: bytes) -> None:
    call = rig.centre.ring("ksippo")
    reply = await rig.http.post(path.format(id=ids.call_uuid(call.call)), content=content)
    assert told(reply)[:2] == (400, 1)
    assert rig.centre.asked == []


async def test_a_body_of_a_megabyte_is_too_large(rig: Rig) -> None:
    content = msgspec.json.encode({**READY, "more": "x" * 1_000_000})
    assert told(await rig.http.post("me", content=content))[:2] == (413, 10)
    assert rig.centre.presences == {}


async def test_a_body_that_comes_in_chunks_is_read_and_measured(rig: Rig) -> None:
    async def pieces(count: int) -> Any:
        yield b'{"operationName":'
        for _ in range(count):
            yield b" " * 4096
        yield b'"Ready"}'

    assert told(await rig.http.post("me", content=pieces(20)))[:2] == (413, 10)
    assert good(await rig.http.post("me", content=pieces(2))) == {}


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/json;charset=UTF-8"])
async def test_json_is_taken_whatever_it_is_called(rig: Rig, content_type: str | None) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    assert good(await rig.http.post("me", content=msgspec.json.encode(READY), headers=headers)) == {}


async def test_a_query_of_any_length_is_read(rig: Rig) -> None:
    assert good(await rig.http.get("me?" + "&" * 2000 + "a=b&" * 2000 + "fields=userName"))["user"] == {
        "userName": "ksippo"
    }


async def test_nobody_learns_what_there_is_without_a_login(rig: Rig) -> None:
    for path in ("me", "nothing", "me/calls/1"):
        assert told(await rig.outside.get(f"/api/v2/{path}"))[:2] == (401, 20)


async def test_an_agent_whom_the_centre_does_not_know_yet_is_not_found(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rig.centre, "agent", lambda _: None)
    assert told(await rig.http.get("me"))[:2] == (404, 6)


async def test_a_fault_is_told_without_its_details(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> None:
        raise RuntimeError("a detail")

    monkeypatch.setattr(rig.centre, "agent", fail)
    assert told(await rig.http.get("me")) == (500, 4, "Callgate failed, see its log")


@pytest.mark.parametrize("path", ["", "/", "/handshake", "/connect", "/disconnect"])
async def test_notifications_are_cometds_with_any_suffix(rig: Rig, path: str) -> None:
    assert (await rig.outside.post(f"/api/v2/notifications{path}", content=b"[]")).content == b"[]"
    assert rig.written.paths == [f"/api/v2/notifications{path}"]


@pytest.mark.parametrize("path", ["/api/v2/me", "/api/v1"])
async def test_a_websocket_elsewhere_is_refused(rig: Rig, path: str) -> None:
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(f"{rig.host}{path}")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
_NAMES = st.sampled_from(
    ("Answer", "Reject", "Hangup", "Redirect", "SingleStepTransfer", "Hold", "Ready", "NotReady", "AfterCallWork")
)
_BODIES = st.fixed_dictionaries(
    {"operationName": _NAMES | st.just("StartContactCenterSession") | _JSON},
    optional={
        "destination": _JSON | st.fixed_dictionaries({"phoneNumber": _JSON}),
        "channels": _JSON | st.lists(st.sampled_from(["voice", "chat"])),
        "workmode": _JSON,
    },
).map(msgspec.json.encode) | st.binary(max_size=60)
_SEGMENTS = st.lists(
    st.sampled_from(["me", "calls", "{id}", "devices", "channels", "voice", "queues", "users", "", "%00", "%2e%2e"])
    | st.text(max_size=8).filter(lambda text: text.strip(".") == text),  # dots are for clients, not for servers
    max_size=5,
)


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS"]),
    segments=_SEGMENTS | st.sampled_from([["me"], ["me", "calls", "{id}"], ["me", "channels", "voice"]]),
    query=st.sampled_from(["", "?fields=*", "?fields=%ff,,id", "?subresources=*&subresources=calls", "?&&=&fields"]),
    body=_BODIES,
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_nothing_that_is_asked_is_a_fault(
    rig: Rig, method: str, segments: list[str], query: str, body: bytes
) -> None:
    (call,) = rig.centre.calls("ksippo") or [rig.centre.ring("ksippo")]
    identity = ids.call_uuid(call.call)
    path = "/".join(identity if segment == "{id}" else quote(segment, safe="%") for segment in segments)
    reply = await rig.http.request(method, f"{path}{query}" if path else query, content=body)
    assert reply.status_code < 500, reply.text
    assert reply.json()["statusCode"] == 0 or told(reply)
