"""The token that a request must carry when the setting says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from callgate.settings import GenesysSettings

from .rig import ANDY, PASSWORD, Rig, client, good, running, told

DENIED = (403, 3, "Missing or invalid Csrf token")
READY = {"operationName": "Ready"}


@pytest.fixture
async def guarded() -> AsyncIterator[Rig]:
    async with running(GenesysSettings(csrf=True)) as made:
        yield made


async def test_every_get_tells_the_header_and_the_sessions_token(guarded: Rig) -> None:
    tokens = set()
    for path in ("me", "me/calls", "me/calls/unknown"):
        reply = await guarded.http.get(path)
        assert reply.headers["x-csrf-header"] == "X-CSRF-TOKEN"
        tokens.add(str(UUID(reply.headers["x-csrf-token"])))
    assert len(tokens) == 1
    async with guarded.client(ANDY) as andy:
        assert (await andy.get("me")).headers["x-csrf-token"] not in tokens


async def test_what_carries_the_token_is_done(guarded: Rig) -> None:
    told_by = (await guarded.http.get("me")).headers
    reply = await guarded.http.post("me", json=READY, headers={told_by["x-csrf-header"]: told_by["x-csrf-token"]})
    assert good(reply) == {}
    assert "x-csrf-token" not in reply.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("token", [None, "", "wrong", "anothers", "\u00e9"])
async def test_what_does_not_carry_it_is_refused(guarded: Rig, method: str, token: str | None) -> None:
    await guarded.http.get("me")
    if token == "anothers":
        async with guarded.client(ANDY) as andy:
            token = (await andy.get("me")).headers["x-csrf-token"]
    headers = {} if token is None else {"X-CSRF-TOKEN": token.encode()}
    reply = await guarded.http.request(method, "me", json=READY, headers=headers)  # type: ignore[arg-type]  # bytes
    assert told(reply) == DENIED
    assert guarded.centre.presences == {}


async def test_credentials_without_the_cookie_are_not_enough(guarded: Rig) -> None:
    token = (await guarded.http.get("me")).headers["x-csrf-token"]
    async with client(f"{guarded.host}/api/v2/", ("ksippo", PASSWORD)) as bare:
        assert told(await bare.post("me", json=READY, headers={"X-CSRF-TOKEN": token})) == DENIED
    assert told(await guarded.outside.post("/api/v2/me", json=READY)) == DENIED


async def test_a_session_that_is_over_is_told_so(guarded: Rig) -> None:
    token = (await guarded.http.get("me")).headers["x-csrf-token"]
    guarded.clock.time += 1800
    async with client(f"{guarded.host}/api/v2/", None) as http:
        http.cookies = guarded.http.cookies
        reply = await http.post("me", json=READY, headers={"X-CSRF-TOKEN": token})
    assert told(reply) == (401, 20, "Access denied")


async def test_notifications_need_no_token(guarded: Rig) -> None:
    await guarded.http.get("me")
    assert (await guarded.http.post("notifications/handshake", content=b"[]")).status_code == 200


async def test_without_the_setting_there_is_no_token(rig: Rig) -> None:
    assert "x-csrf-token" not in (await rig.http.get("me")).headers
    assert good(await rig.http.post("me", json=READY)) == {}
