"""Requests of every form: the headers and errors that Graph's clients expect, and never a fault."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callgate.core.calls import Call
from callgate.core.states import State

from .rig import ANSWER, Rig, client, error, to_phone, to_user

FAULTS = frozenset({429, 500, 503, 504})


def check_headers(reply: httpx.Response, client_id: str | None = None) -> None:
    """What every reply has."""
    assert str(UUID(reply.headers["request-id"])) == reply.headers["request-id"]
    assert reply.headers["client-request-id"] == (client_id or reply.headers["request-id"])
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    assert parsedate_to_datetime(reply.headers["date"]).tzinfo is not None


async def test_every_reply_has_graphs_headers(rig: Rig) -> None:
    first, second = rig.control.ring(1), rig.control.ring(2)
    path = "communications/calls"
    replies = [
        await rig.http.get(f"{path}/{first.id}"),
        await rig.http.post(f"{path}/{first.id}/reject"),
        await rig.http.delete(f"{path}/{second.id}"),
        await rig.http.get(f"{path}/unknown"),
        await rig.outside.get(f"/v1.0/{path}/{first.id}"),
    ]
    assert [reply.status_code for reply in replies] == [200, 202, 204, 404, 401]
    for reply in replies:
        check_headers(reply)
    assert len({reply.headers["request-id"] for reply in replies}) == len(replies)


async def test_the_clients_own_id_is_sent_back(rig: Rig) -> None:
    call = rig.control.ring()
    url = f"communications/calls/{call.id}"
    for given_id in ("9f1bd1d1-66a1-4d1c-9f4a-2a4a8a1ee1bd", "mine"):
        check_headers(await rig.http.get(url, headers={"client-request-id": given_id}), given_id)
    for given_id in ("x" * 129, "caf\u00e9"):
        check_headers(await rig.http.get(url, headers=[(b"client-request-id", given_id.encode())]))
    reply = await rig.http.get("communications/calls/1", headers={"client-request-id": "mine"})
    check_headers(reply, "mine")
    assert error(reply) == (404, "8522", "Call not found.")


# --- tokens


@pytest.mark.parametrize(
    ("authorization", "message", "challenge"),
    [
        (None, "Access token is empty.", 'Bearer realm="callgate"'),
        ("Bearer", "Access token is empty.", 'Bearer realm="callgate", error="invalid_token"'),
        (
            "Bearer rubbish",
            "CompactToken parsing failed with error code: 80049217",
            'Bearer realm="callgate", error="invalid_token"',
        ),
    ],
)
async def test_no_token_no_call(rig: Rig, authorization: str | None, message: str, challenge: str) -> None:
    call = rig.control.ring()
    headers = {} if authorization is None else {"Authorization": authorization}
    reply = await rig.outside.post(f"/v1.0/communications/calls/{call.id}/reject", json={}, headers=headers)
    assert error(reply) == (401, "InvalidAuthenticationToken", message)
    assert reply.headers["www-authenticate"] == challenge
    assert call.state is State.HELD


# --- paths


@pytest.mark.parametrize(
    "path",
    [
        "/v1.0/communications/calls/{id}/reject",
        "/beta/communications/calls/{id}/reject",
        "/beta/app/calls/{id}/reject",
        "/v1.0/app/calls/{id}/reject",
        "/v1.0/communications/calls/{id}/microsoft.graph.reject",
        "/v1.0//communications//calls/{id}//reject/",
        "/v1.0/Communications/Calls/{id}/Reject",
        "/v1.0/communications/calls/{upper}/reject",
        "/v1.0/communications/calls/{bare}/reject",
        "/v1.0/communications/calls/{escaped}/reject",
        "/v1.0/communications/calls/{id}/reject?$select=id",
    ],
)
async def test_a_call_is_found_by_every_spelling(rig: Rig, path: str) -> None:
    call = rig.control.ring()
    url = path.format(
        id=call.id,
        upper=call.id.upper(),
        bare=call.id.replace("-", "").upper(),
        escaped=call.id.replace("-", "%2D"),
    )
    async with client(rig.host, rig.tokens["greeter"]) as http:
        assert (await http.post(url, json={})).status_code == 202
    assert call.state is State.REFUSED


@pytest.mark.parametrize("action", ["answer", "redirect"])
async def test_the_other_actions_have_their_full_names_too(rig: Rig, action: str) -> None:
    call = rig.control.ring()
    body = ANSWER if action == "answer" else {"targets": [to_user("alice")]}
    assert (await rig.act(call, f"microsoft.graph.{action}", body)).status_code == 202


@pytest.mark.parametrize(
    ("path", "segment"),
    [
        ("", "v1.0"),
        ("me", "me"),
        ("communications", "communications"),
        ("communications/onlineMeetings", "onlineMeetings"),
        ("communications/calls/{id}/explode", "explode"),
        ("communications/calls/{id}/reject/now", "now"),
        ("communications/calls/a%2Fb/explode", "explode"),
    ],
)
async def test_a_path_that_leads_nowhere_says_where_it_ends(rig: Rig, path: str, segment: str) -> None:
    call = rig.control.ring()
    reply = await rig.http.post(path.format(id=call.id), json={})
    assert error(reply) == (404, "BadRequest", f"Resource not found for the segment '{segment}'.")


@pytest.mark.parametrize("path", ["communications/calls", "communications/calls/{id}/playPrompt", "app/calls"])
async def test_what_callgate_has_not_is_said(rig: Rig, path: str) -> None:
    call = rig.control.ring()
    status, code, message = error(await rig.http.post(path.format(id=call.id), json={}))
    assert (status, code) == (501, "notSupported")
    assert "Callgate does not do" in message


@pytest.mark.parametrize(
    ("method", "action", "allowed"),
    [
        ("GET", "/reject", "POST"),
        ("PUT", "/answer", "POST"),
        ("DELETE", "/redirect", "POST"),
        ("POST", "", "GET, DELETE"),
        ("PATCH", "", "GET, DELETE"),
    ],
)
async def test_a_method_that_is_not_there_is_told_those_that_are(
    rig: Rig, method: str, action: str, allowed: str
) -> None:
    call = rig.control.ring()
    reply = await rig.http.request(method, f"communications/calls/{call.id}{action}")
    assert error(reply)[:2] == (405, "BadRequest")
    assert reply.headers["allow"] == allowed
    assert call.state is State.HELD


async def test_the_head_of_a_call_is_no_method(rig: Rig) -> None:
    reply = await rig.http.head("communications/calls/1")
    assert (reply.status_code, reply.content) == (405, b"")


# --- bodies


async def post(rig: Rig, call: Call, content: bytes, content_type: str | None = "application/json") -> httpx.Response:
    headers = {} if content_type is None else {"Content-Type": content_type}
    return await rig.http.post(f"communications/calls/{call.id}/reject", content=content, headers=headers)


@pytest.mark.parametrize("content", [b"{", b"[]", b'"busy"', b"null", b"\xff", b'{"reason":3}', b"[" * 60_000])
async def test_a_body_that_is_no_such_object_is_a_bad_request(rig: Rig, content: bytes) -> None:
    call = rig.control.ring()
    assert error(await post(rig, call, content))[:2] == (400, "BadRequest")
    assert call.state is State.HELD


async def test_a_body_of_a_megabyte_is_too_large(rig: Rig) -> None:
    call = rig.control.ring()
    content = msgspec.json.encode({"reason": "busy", "more": "x" * 1_000_000})
    assert error(await post(rig, call, content)) == (
        413,
        "BadRequest",
        "The request body may have at most 65536 bytes.",
    )
    assert call.state is State.HELD


async def test_a_body_that_comes_in_pieces_is_measured_too(rig: Rig) -> None:
    call = rig.control.ring()

    async def pieces() -> Any:
        for _ in range(20):
            yield b" " * 4096

    reply = await rig.http.post(f"communications/calls/{call.id}/reject", content=pieces())
    assert reply.status_code == 413


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml"])
async def test_another_type_than_json_is_not_taken(rig: Rig, content_type: str) -> None:
    call = rig.control.ring()
    reply = await post(rig, call, b'{"reason":"busy"}', content_type)
    assert error(reply) == (415, "BadRequest", "The request body must be application/json.")
    assert call.state is State.HELD


@pytest.mark.parametrize("content_type", [None, "application/json; charset=utf-8", "Application/JSON;odata.metadata=x"])
async def test_json_is_taken_however_it_is_named(rig: Rig, content_type: str | None) -> None:
    call = rig.control.ring()
    assert (await post(rig, call, b'{"reason":"busy"}', content_type)).status_code == 202


# --- redirects that are allowed


@pytest.mark.parametrize(
    ("redirects", "allowed", "forbidden"),
    [
        (
            ("1555*", "alice"),
            [to_phone("+15551234"), to_user("alice")],
            [to_phone("+1666"), to_user("sip:a@1.example")],
        ),
        (("pbx.example.com",), [to_user("sip:a@PBX.example.com:5080")], [to_user("sip:a@x.example"), to_user("alice")]),
        (("[2001:db8*",), [to_user("sip:a@[2001:db8::1]")], [to_user("sip:a@[2001:db9::1]")]),
    ],
)
async def test_a_bot_redirects_where_it_may(
    rig: Rig, redirects: tuple[str, ...], allowed: list[Any], forbidden: list[Any]
) -> None:
    await rig.directory.put(msgspec.structs.replace(rig.greeter, redirects=redirects))
    call = rig.control.ring()
    for each in forbidden:
        status, code, message = error(await rig.act(call, "redirect", {"targets": [*allowed, each]}))
        assert (status, code) == (403, "accessDenied")
        assert message.startswith(f"targets[{len(allowed)}]: this bot may not redirect to ")
    assert call.state is State.HELD
    assert (await rig.act(call, "redirect", {"targets": allowed})).status_code == 202


async def test_a_route_without_a_way_out_dials_no_numbers(rig: Rig) -> None:
    route = rig.directory.current.routes["desk"]
    await rig.directory.put(msgspec.structs.replace(route, destination="", outbound="", lapse="busy"))
    call = rig.control.ring()
    status, code, message = error(await rig.act(call, "redirect", {"targets": [to_phone("1")]}))
    assert (status, code) == (400, "BadRequest")
    assert "set its outbound" in message


# --- anything


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
_TARGETS = st.lists(
    st.fixed_dictionaries(
        {"identity": st.dictionaries(st.sampled_from(["phone", "user", "application", "@odata.type"]), _JSON)}
    )
    | _JSON,
    max_size=3,
)
_BODIES = st.fixed_dictionaries(
    {},
    optional={
        "reason": _JSON,
        "callbackUri": _JSON,
        "acceptedModalities": _JSON,
        "mediaConfig": _JSON,
        "targets": _TARGETS,
        "timeout": _JSON,
    },
).map(msgspec.json.encode) | st.binary(max_size=60)
_SEGMENTS = st.lists(
    st.sampled_from(["communications", "app", "calls", "reject", "answer", "redirect", "{id}", "", "%00", "%2e%2e"])
    | st.text(max_size=8).filter(lambda text: text.strip(".") == text),  # dots are for clients, not for servers
    max_size=6,
)


@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "PUT", "OPTIONS"]),
    segments=_SEGMENTS
    | st.sampled_from(["reject", "answer", "redirect"]).map(lambda action: ["communications", "calls", "{id}", action]),
    body=_BODIES,
)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_nothing_that_is_asked_is_a_fault(rig: Rig, method: str, segments: list[str], body: bytes) -> None:
    call = next(iter(rig.control.live()), None) or rig.control.ring(len(rig.control.commands) + 1)
    path = "/".join(call.id if segment == "{id}" else quote(segment, safe="%") for segment in segments)
    url = f"{rig.host}/v1.0/{path}"
    reply = await rig.http.request(method, url, content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code not in FAULTS, reply.text
    check_headers(reply)
    if reply.status_code >= 400 and reply.content:
        error(reply)
