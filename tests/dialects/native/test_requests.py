"""What is wrong with a request by itself is said in a problem document, whatever the operation."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from callgate.dialects.native.errors import KINDS
from callgate.directory.secrets import new_key

from .rig import KEYS, Rig, client, problem


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/nothing", "/v1/calls/a/b/c", "/v1/trunks/main/x", "/v1//"])
async def test_a_path_that_is_not_there(rig: Rig, path: str) -> None:
    problem(await rig.http.get(path), 404, "unknown-path")


async def test_a_slash_at_the_end_does_not_matter(rig: Rig) -> None:
    assert (await rig.http.get("/v1/calls/")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/calls", "GET"),
        ("GET", "/v1/calls/a/refuse", "POST"),
        ("OPTIONS", "/v1/trunks/main", "DELETE, GET, PATCH, PUT"),
        ("HEAD", "/v1/status", "GET"),
        ("POST", "/healthz", "GET"),
    ],
)
async def test_a_method_that_the_path_does_not_have(rig: Rig, method: str, path: str, allowed: str) -> None:
    response = await rig.http.request(method, path)
    assert response.status_code == 405
    assert response.headers["allow"] == allowed
    if method != "HEAD":
        problem(response, 405, "method-not-allowed")


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("redirect", b""),
        ("refuse", b"{"),
        ("refuse", b"{'status': 486}"),
        ("refuse", b'{"phrase": "\xff"}'),
        ("refuse", b"{} {}"),
        ("refuse", b"\xff\xfe"),
        ("accept", b"{"),
    ],
)
async def test_a_body_that_is_not_json(rig: Rig, operation: str, body: bytes) -> None:
    call = rig.control.ring()
    response = await rig.http.post(f"/v1/calls/{call.id}/{operation}", content=body)
    problem(response, 400, "malformed-json")
    assert call.state == "held"


async def test_a_body_of_brackets_only(rig: Rig) -> None:
    response = await rig.http.post("/v1/trunks", content=b'{"name": "a", "sources": ' + b"[" * 60_000)
    problem(response, 422, "invalid-request")


async def test_a_body_of_another_type(rig: Rig) -> None:
    call = rig.control.ring()
    response = await rig.http.post(f"/v1/calls/{call.id}/refuse", data={"reason": "busy"})
    assert "application/json" in problem(response, 415, "unsupported-media-type")["detail"]
    problem(await rig.http.post("/v1/directory", json={}), 415, "unsupported-media-type")
    charset = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert (await rig.http.post(f"/v1/calls/{call.id}/refuse", content=b"{}", headers=charset)).status_code == 200


async def test_a_body_of_a_megabyte(rig: Rig) -> None:
    call = rig.control.ring()
    huge = b'{"phrase": "' + b"x" * 1_000_000 + b'"}'
    problem(await rig.http.post(f"/v1/calls/{call.id}/refuse", content=huge), 413, "too-large")

    async def unannounced() -> AsyncIterator[bytes]:
        yield huge

    problem(await rig.http.post(f"/v1/calls/{call.id}/refuse", content=unannounced()), 413, "too-large")
    assert call.state == "held"


async def test_query_parameters_are_checked(rig: Rig) -> None:
    for query, field in {
        "limit=0": "limit",
        "limit=1001": "limit",
        "limit=x": "limit",
        "limit=1&limit=2": "limit",
        "state=sleeping": "state[0]",
        "cursor=zzz": "cursor",
        "colour=red": "query",
        "&".join(f"state=held{number}" for number in range(101)): "query",
    }.items():
        errors = problem(await rig.http.get(f"/v1/calls?{query}"), 422, "invalid-request")["errors"]
        assert errors[0]["field"] == field


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer cg_wrong", "Basic YTpi", "Bearer \xe9", f"bearer {KEYS['read']}x"]
)
async def test_without_a_known_key(rig: Rig, authorization: str | None) -> None:
    headers = {} if authorization is None else {b"Authorization": authorization.encode("latin-1")}
    async with client(rig.address, None) as http:
        response = await http.get("/v1/calls", headers=headers)
    problem(response, 401, "unauthorized")
    assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("scope", "method", "path", "status"),
    [
        ("read", "GET", "/v1/calls", 200),
        ("read", "GET", "/v1/trunks", 200),
        ("read", "POST", "/v1/calls/x/accept", 403),
        ("read", "GET", "/v1/keys", 403),
        ("read", "GET", "/v1/clients", 403),
        ("read", "GET", "/v1/directory", 403),
        ("decide", "GET", "/v1/calls", 200),
        ("decide", "POST", "/v1/calls/x/accept", 404),
        ("decide", "POST", "/v1/calls/x/hangup", 404),
        ("decide", "DELETE", "/v1/trunks/second", 403),
        ("decide", "PATCH", "/v1/trunks/second", 403),
        ("admin", "DELETE", "/v1/trunks/second", 204),
        ("admin", "POST", "/v1/calls/x/accept", 404),
    ],
)
async def test_a_scope_includes_the_ones_below_it(rig: Rig, scope: str, method: str, path: str, status: int) -> None:
    async with rig.as_(scope) as http:
        response = await http.request(method, path)
    assert response.status_code == status
    if status == 403:
        assert scope in problem(response, 403, "forbidden")["detail"]
        assert 'error="insufficient_scope"' in response.headers["www-authenticate"]


async def test_a_key_ends_with_its_entry(rig: Rig) -> None:
    async with rig.as_("read") as http:
        assert (await http.get("/v1/calls")).status_code == 200
        await rig.directory.remove("key", "read")
        problem(await http.get("/v1/calls"), 401, "unauthorized")


async def test_a_fault_of_callgate_is_a_problem_without_a_traceback(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise RuntimeError("the inside")

    monkeypatch.setattr(rig.control, "health", broken)
    response = await rig.http.get("/v1/status")
    assert "inside" not in str(problem(response, 500, "internal-error"))
    logged = capsys.readouterr().out
    assert "the inside" in logged and KEYS["admin"] not in logged


async def test_every_problem_is_explained(rig: Rig) -> None:
    async with client(rig.address, None) as http:
        for name, kind in KINDS.items():
            page = (await http.get(kind.uri)).json()
            assert (page["type"], page["status"]) == (f"/v1/problems/{name}", kind.status)
            assert page["meaning"] and page["remedy"]
        problem(await http.get("/v1/problems/none"), 404, "unknown-path")


async def test_no_log_has_a_key_in_it(
    rig: Rig, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    made = (await rig.post("/v1/keys", {"name": "new"})).json()["key"]
    wrong = new_key()
    async with client(rig.address, wrong) as http:
        problem(await http.get("/v1/calls"), 401, "unauthorized")
    logged = caplog.text + capsys.readouterr().out
    for secret in (made, wrong, KEYS["admin"]):
        assert secret not in logged


async def test_a_client_that_goes_away_while_it_sends_leaves_nothing(rig: Rig) -> None:
    call = rig.control.ring()
    host, _, port = rig.address.partition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"POST /v1/calls/{call.id}/refuse HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEYS['decide']}\r\n"
        'Content-Length: 20\r\n\r\n{"reason"'.encode()
    )
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await rig.http.get(f"/v1/calls/{call.id}")).json()["state"] == "held"


async def test_ready_is_true_only_while_a_call_can_be_decided(rig: Rig) -> None:
    async with client(rig.address, None) as http:
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/readyz")).status_code == 200
        rig.control.linked = False
        unready = await http.get("/readyz")
        assert (unready.status_code, (await http.get("/healthz")).status_code) == (503, 200)
        assert "edge" in unready.text
    status = (await rig.http.get("/v1/status")).json()
    assert status["directory_in_edge"] is True
    assert (status["linked"], status["edge_version"], status["backlog"], status["dropped"]) == (False, "5.6.3", 2, 1)
    assert status["why"] and status["counters"]["unknown_source"] == 3
