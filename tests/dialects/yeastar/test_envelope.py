"""The rules that hold for every request: always HTTP 200, always the envelope, whatever is sent."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import msgspec
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from callgate.dialects.yeastar.requests import Request
from callgate.dialects.yeastar.spelling import channel_of
from tests.dialects.serving import PATIENCE

from .rig import Rig, yeastar_rig

T = TypeVar("T")

REQUIRED_CHANNEL = {
    "errcode": 40002,
    "errmsg": "PARAMETER ERROR",
    "invalid_param_list": [{"field": "channel_id", "validation_type": "required"}],
}


async def test_a_request_without_user_agent_is_a_parameter_error_that_names_it(rig: Rig) -> None:
    for headers in ({}, {"User-Agent": ""}):
        reply = await rig.request("GET", "trunk/list", token=await rig.token(), headers=headers)
        assert reply.status == 200
        assert reply.json == {
            "errcode": 40002,
            "errmsg": "PARAMETER ERROR",
            "invalid_param_list": [{"field": "User-Agent", "validation_type": "required"}],
        }


async def test_the_token_counts_in_the_query_string_only(rig: Rig) -> None:
    token = await rig.token()
    headers = {"User-Agent": "OpenAPI", "Authorization": f"Bearer {token}"}
    reply = await rig.request("GET", "trunk/list", headers=headers)
    assert (reply.status, reply.json) == (200, {"errcode": 10004, "errmsg": "TOKEN EXPIRED"})
    assert (await rig.get("trunk/list", "wrong")).errcode == 10004
    assert (await rig.get("trunk/list?page=1", token)).errcode == 0


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "call/accept_inbound"),
        ("PUT", "call/refuse_inbound"),
        ("POST", "trunk/list"),
        ("POST", "subscribe"),
        ("GET", "subscribe"),
        ("GET", "get_token"),
        ("DELETE", "del_token"),
        ("OPTIONS", "trunk/list"),
        ("PROPFIND", "trunk/list"),
        ("GET", "no/such/endpoint"),
        ("GET", "call"),
        ("GET", ""),
        ("GET", "%00%ff"),
    ],
)
async def test_a_wrong_method_or_an_unknown_endpoint_does_not_exist(rig: Rig, method: str, path: str) -> None:
    reply = await rig.request(method, path, token=await rig.token())
    assert (reply.status, reply.json) == (200, {"errcode": 10001, "errmsg": "INTERFACE NOT EXISTED"})


async def test_another_version_of_the_api_is_unsupported(rig: Rig) -> None:
    for version in ("v2.0", "v1x0", "v1"):
        reply = await rig.get(f"http://127.0.0.1:{rig.port}/openapi/{version}/call/query")
        assert (reply.status, reply.errcode) == (200, 10003)
        assert reply.json["errmsg"] == "API VERSION UNSUPPORTED"


async def test_a_body_that_is_not_json_is_a_syntax_error(rig: Rig) -> None:
    token = await rig.token()
    for body in (b"{", b"channel_id=PJSIP", b"\xff\xfe", b"[" * 20_000, b'"\\ud800"', b"[]", b"null", b"7"):
        for path in ("call/accept_inbound", "call/refuse_inbound", "call/hangup", "get_token", "refresh_token"):
            reply = await rig.request("POST", path, body=body, token=token)
            assert (reply.status, reply.errcode, reply.json["errmsg"]) == (200, 40001, "PARAMETER SYNTAX ERROR"), body


async def test_a_missing_parameter_is_named(rig: Rig) -> None:
    token = await rig.token()
    for body in (b"{}", b"", b'{"channel":"x"}'):
        for path in ("call/accept_inbound", "call/refuse_inbound", "call/hangup"):
            assert (await rig.request("POST", path, body=body, token=token)).json == REQUIRED_CHANNEL
    reply = await rig.post("get_token", {"username": "desk-id"})
    assert reply.json["invalid_param_list"] == [{"field": "password", "validation_type": "required"}]
    reply = await rig.post("refresh_token", {})
    assert reply.json["invalid_param_list"] == [{"field": "refresh_token", "validation_type": "required"}]


@pytest.mark.parametrize("value", [7, None, ["x"], {"a": 1}, ""])
async def test_a_parameter_of_the_wrong_form_is_named(rig: Rig, value: object) -> None:
    reply = await rig.post("call/refuse_inbound", {"channel_id": value}, await rig.token())
    assert reply.errcode == 40002
    assert reply.json["invalid_param_list"] == [{"field": "channel_id", "validation_type": "format"}]
    assert reply.json["submsg"].startswith("Expected `str`")


async def test_a_body_of_a_megabyte_is_refused_in_the_envelope(rig: Rig) -> None:
    call = rig.control.ring()
    token = await rig.token()
    body = msgspec.json.encode({"channel_id": channel_of(call), "padding": "x" * 1_000_000})
    reply = await rig.request("POST", "call/refuse_inbound", body=body, token=token)
    assert (reply.status, reply.errcode) == (200, 40004)
    assert reply.json["submsg"] == "the request body is too long"
    assert (await rig.get("trunk/list", token)).errcode == 0  # the same connection goes on


async def test_too_many_query_parameters_are_a_syntax_error(rig: Rig) -> None:
    reply = await rig.get("trunk/list?" + "a=1&" * 100, await rig.token())
    assert (reply.status, reply.errcode) == (200, 40001)


async def test_an_error_in_callgate_is_minus_two_and_a_line_in_the_log(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(sequence: int) -> None:
        raise RuntimeError("told to nobody")

    token = await rig.token()
    monkeypatch.setattr(rig.control, "find_sequence", broken)
    with structlog.testing.capture_logs() as logs:
        reply = await rig.refuse("PJSIP/trunk-peer-to-41-endpoint-0000008f", token)
    assert (reply.status, reply.json) == (200, {"errcode": -2, "errmsg": "INTERNAL SERVER ERROR"})
    assert [line["event"] for line in logs] == ["a request failed unexpectedly"]
    assert token not in repr(logs)


async def test_the_token_stays_out_of_the_servers_access_log(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    token = await rig.token()
    with caplog.at_level(logging.INFO):
        await rig.get("trunk/list", token)
        async with rig.http.ws_connect(f"{rig.websocket_base}/subscribe?access_token={token}"):
            pass
    assert "WebSocket" in caplog.text
    assert token not in caplog.text


async def test_a_client_that_hangs_up_inside_its_request_harms_nobody(rig: Rig) -> None:
    token = await rig.token()
    _, writer = await asyncio.open_connection("127.0.0.1", rig.port)
    writer.write(
        f"POST /openapi/v1.0/call/refuse_inbound?access_token={token} HTTP/1.1\r\n"
        "Host: x\r\nUser-Agent: x\r\nContent-Length: 100\r\n\r\n{".encode()
    )
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await rig.get("trunk/list", token)).errcode == 0


class Elsewhere:
    """A rig whose server runs in a thread of its own, for tests that Hypothesis calls many times."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._stack = contextlib.AsyncExitStack()
        self.rig = self.run(self._stack.enter_async_context(yeastar_rig()))
        self.token = self.run(self.rig.token("crm"))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def close(self) -> None:
        self.run(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    made = Elsewhere()
    yield made
    made.close()


ENDPOINTS = [
    ("POST", "get_token"),
    ("POST", "refresh_token"),
    ("POST", "call/accept_inbound"),
    ("POST", "call/refuse_inbound"),
    ("POST", "call/hangup"),
    ("GET", "call/query"),
    ("GET", "trunk/list"),
    ("GET", "trunk/get"),
    ("GET", "trunk/query"),
    ("GET", "trunk/search"),
    ("GET", "inbound_route/list"),
    ("GET", "webhook/query"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
BODIES = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda value: msgspec.json.encode(value, enc_hook=str)),
    st.fixed_dictionaries({"channel_id": JSON}).map(lambda value: msgspec.json.encode(value, enc_hook=str)),
)
NAMES = st.sampled_from(["page", "page_size", "sort_by", "order_by", "id", "ids", "call_id", "type", "extension", "x"])
VALUES = st.one_of(st.text(max_size=20), st.integers().map(str), st.sampled_from(["asc", "inbound", "1,2", "9" * 400]))


@given(endpoint=st.sampled_from(ENDPOINTS), body=BODIES)
def test_any_body_gets_an_envelope(elsewhere: Elsewhere, endpoint: tuple[str, str], body: bytes) -> None:
    rig = elsewhere.rig
    rig.yeastar.unblock("127.0.0.1")
    reply = elsewhere.run(rig.request(*endpoint, body=body, token=elsewhere.token))
    assert reply.status == 200
    assert reply.errcode in (0, -1, 10004, 40001, 40002, 60001, 70130)


@given(
    endpoint=st.sampled_from(ENDPOINTS),
    pairs=st.lists(st.tuples(NAMES, VALUES), max_size=4),
    rest=st.binary(max_size=30),
)
def test_any_query_gets_an_envelope(
    elsewhere: Elsewhere, endpoint: tuple[str, str], pairs: list[tuple[str, str]], rest: bytes
) -> None:
    query = "&".join([f"access_token={elsewhere.token}", *(f"{name}={value}" for name, value in pairs)]).encode()
    request = Request(endpoint[0], f"v1.0/{endpoint[1]}", query + b"&" + rest, b"OpenAPI", "127.0.0.1", b"{}")
    status, reply = elsewhere.run(elsewhere.rig.yeastar._api.answer(request))
    assert status == 200
    assert msgspec.json.decode(reply)["errcode"] in (0, 40002, 60001)
