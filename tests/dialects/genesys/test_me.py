"""The agent, his things, and his session."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from callgate.core.queues.model import Presence
from callgate.dialects.genesys import ids

from .rig import ANDY, KRISTI, LOOKER, Rig, good, told

START = {"operationName": "StartContactCenterSession", "channels": ["voice"]}
#: The names of what ``GET me`` gives without subresources, as a recorded reply has them.
PLAIN = [
    "id", "userName", "firstName", "lastName", "roles", "enabled", "changePasswordOnFirstLogin", "uri", "path",
]  # fmt: skip


async def test_me_is_as_the_vendor_shows_it(rig: Rig) -> None:
    user = good(await rig.http.get("me"))["user"]
    assert user == {
        "id": "63630bbebf4840d7a0bffd6312bc29ff",
        "userName": "ksippo",
        "firstName": "Kristi",
        "lastName": "Sippola",
        "roles": ["ROLE_AGENT"],
        "enabled": True,
        "changePasswordOnFirstLogin": False,
        "uri": f"{rig.host}/api/v2/users/63630bbebf4840d7a0bffd6312bc29ff",
        "path": "/users/63630bbebf4840d7a0bffd6312bc29ff",
    }
    assert list(user) == PLAIN
    assert good(await rig.http.get("me/"))["user"] == user
    assert good(await rig.http.get("me?fields=userName"))["user"] == {"userName": "ksippo"}


async def test_subresources_come_as_they_are_asked_for(rig: Rig) -> None:
    rig.centre.ring("ksippo")
    user = good(await rig.http.get("me?subresources=features,devices,channels,settings,nonsense"))["user"]
    assert list(user) == [*PLAIN, "devices", "channels", "features", "settings"]
    assert user["features"] == [
        {
            "id": "api-voice",
            "displayName": "VoiceAPI",
            "description": "API for Voice",
            "uri": f"{rig.host}/api/v2/features/api-voice",
            "path": "/features/api-voice",
        }
    ]
    assert (user["devices"][0]["phoneNumber"], user["devices"][0]["deviceState"]) == ("5001", "Inactive")
    assert (user["channels"][0]["channel"], user["settings"]) == ("voice", {})
    everything = good(await rig.http.get("me?subresources=*"))["user"]
    assert list(everything) == [
        *PLAIN, "devices", "channels", "calls", "chats", "skills", "groups", "features", "settings", "queues",
    ]  # fmt: skip
    assert [call["state"] for call in everything["calls"]] == ["Ringing"]
    assert [queue["phoneNumber"] for queue in everything["queues"]] == ["9000"]


@pytest.mark.parametrize("path", ["me/devices", "me/channels", "me/features", "me/queues"])
async def test_every_uri_leads_to_the_resource_that_the_list_has(rig: Rig, path: str) -> None:
    (uri,) = good(await rig.http.get(path))["uris"]
    name = path.removeprefix("me/")
    (member,) = good(await rig.http.get(f"{path}?fields=*"))[name]
    assert good(await rig.http.get(uri)) == {name.removesuffix("s"): member}
    (first, *_) = member
    assert good(await rig.http.get(f"{path}?fields={first}"))[name] == [{first: member[first]}]


async def test_the_uris_inside_resources_lead_somewhere_too(rig: Rig) -> None:
    user = good(await rig.http.get("me"))["user"]
    assert good(await rig.http.get(user["uri"]))["user"] == user
    device = good(await rig.http.get(f"me/devices/{ids.device('5001')}"))["device"]
    environment = good(await rig.http.get(device["voiceEnvironmentUri"]))["voiceEnvironment"]
    assert environment["uri"] == device["voiceEnvironmentUri"]


@pytest.mark.parametrize(
    "path",
    [
        f"users/{ANDY.id}",
        f"devices/{ids.device('5002')}",
        f"me/devices/{ids.device('5002')}",
        f"queues/{ids.queue('sales')}",
        "features/api-supervisor-monitoring",
        "voice-environments/1",
        "me/channels/email",
    ],
)
async def test_what_is_not_the_agents_own_is_not_found(rig: Rig, path: str) -> None:
    assert told(await rig.http.get(path))[:2] == (404, 6)


# --- the session


async def test_a_session_logs_the_agent_in_and_out(rig: Rig) -> None:
    await rig.http.get("me")
    more = {"place": "5001", "loginCode": "5001", "queue": "9000", "devicePath": "/devices/1"}
    assert good(await rig.http.post("me", json={**START, **more})) == {}
    assert rig.centre.presences == {"ksippo": Presence.NOT_READY}
    assert good(await rig.http.post("me", json={"operationName": "Ready"})) == {}
    assert rig.centre.presences == {"ksippo": Presence.READY}

    rig.http.auth = httpx.Auth()
    reply = await rig.http.post("me", json={"operationName": "EndContactCenterSession"})
    assert good(reply) == {}
    assert "Max-Age=0" in reply.headers["set-cookie"]
    assert rig.centre.presences == {"ksippo": Presence.LOGGED_OUT}
    assert (len(rig.logins), len(rig.written.ended)) == (0, 1)
    assert told(await rig.http.get("me"))[:2] == (401, 20)


async def test_a_desktop_that_comes_back_finds_the_agent_as_he_was(rig: Rig) -> None:
    rig.centre.present("ksippo", Presence.READY)
    assert good(await rig.http.post("me", json=START)) == {}
    assert rig.centre.presences == {"ksippo": Presence.READY}


async def test_ending_by_credentials_alone_gives_no_cookie_of_a_session_that_is_over(rig: Rig) -> None:
    reply = await rig.http.post("me", json={"operationName": "EndContactCenterSession"})
    (cookie,) = reply.headers.get_list("set-cookie")
    assert cookie.startswith("JSESSIONID=;")


@pytest.mark.parametrize(
    ("channels", "status", "code", "presence"),
    [
        (["voice", "chat"], 200, 7, Presence.NOT_READY),
        (["chat", "email"], 400, 10, None),
        ([], 400, 1, None),
        (None, 400, 1, None),
        ("voice", 400, 10, None),
        ([["voice"]], 400, 10, None),
        (["x" * 50_000], 400, 10, None),
    ],
)
async def test_there_is_no_channel_but_voice(
    rig: Rig, channels: Any, status: int, code: int, presence: Presence | None
) -> None:
    reply = await rig.http.post("me", json={**START, "channels": channels})
    assert told(reply)[:2] == (status, code)
    assert rig.centre.presences.get("ksippo") == presence
    assert len(reply.content) < 400


@pytest.mark.parametrize("path", ["me", "me/channels/voice"])
@pytest.mark.parametrize(
    ("body", "presence"),
    [
        ({"operationName": "Ready"}, Presence.READY),
        ({"operationName": "Ready", "workmode": "ManualIn"}, Presence.READY),
        ({"operationName": "Ready", "workMode": "AutoIn"}, Presence.READY),
        ({"operationName": "NotReady"}, Presence.NOT_READY),
        ({"operationName": "NotReady", "workmode": "AfterCallWork"}, Presence.AFTER_CALL_WORK),
        ({"operationName": "AfterCallWork"}, Presence.AFTER_CALL_WORK),
    ],
)
async def test_agents_say_what_they_are(rig: Rig, path: str, body: dict[str, str], presence: Presence) -> None:
    rig.centre.present("ksippo", Presence.NOT_READY)
    assert good(await rig.http.post(path, json=body)) == {}
    assert rig.centre.presences["ksippo"] is presence


@pytest.mark.parametrize("path", ["me", "me/channels/voice"])
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"operationName": "AuxWork"}, 403, 3),
        ({"operationName": "ready"}, 400, 10),
        ({"operationName": "Ready", "workmode": "AfterCallWork"}, 400, 10),
        ({"operationName": "Ready", "workmode": ["ManualIn"]}, 400, 10),
        ({"operationName": "AfterCallWork", "workmode": "ManualIn"}, 400, 10),
        ({"operationName": "AfterCallWork"}, 409, 2),
        ({}, 400, 1),
    ],
)
async def test_what_an_agent_cannot_be_is_refused(
    rig: Rig, path: str, body: dict[str, Any], status: int, code: int
) -> None:
    assert told(await rig.http.post(path, json=body))[:2] == (status, code)
    assert rig.centre.presences == {}


async def test_the_channel_says_what_the_agent_is_and_can_be(rig: Rig) -> None:
    shown = []
    for presence in Presence:
        rig.centre.presences["ksippo"] = presence
        channel = good(await rig.http.get("me/channels/voice"))["channel"]
        shown.append((channel["userState"]["state"], channel["capabilities"]))
    assert shown == [
        ("LoggedOut", ["Ready", "NotReady"]),
        ("NotReady", ["Ready", "AfterCallWork"]),
        ("Ready", ["NotReady", "AfterCallWork"]),
        ("NotReady", ["Ready", "NotReady"]),
    ]


async def test_who_may_not_use_the_voice_api_only_ends_his_session(rig: Rig) -> None:
    async with rig.client(LOOKER) as http:
        for path, body in (("me", START), ("me", {"operationName": "Ready"}), ("me/channels/voice", START)):
            assert told(await http.post(path, json=body))[:2] == (403, 5)
        assert rig.centre.presences == {}
        assert good(await http.post("me", json={"operationName": "EndContactCenterSession"})) == {}


async def test_settings_are_none(rig: Rig) -> None:
    assert good(await rig.http.get("me/settings")) == {"settings": {}}


async def test_an_agent_sees_the_queues_that_he_serves(rig: Rig) -> None:
    async with rig.client(ANDY) as http:
        queues = good(await http.get("me/queues?fields=name,phoneNumber"))["queues"]
    assert queues == [{"name": "support", "phoneNumber": "9000"}, {"name": "sales", "phoneNumber": "9001"}]
    assert [queue.split("/")[-1] for queue in good(await rig.http.get("me/queues"))["uris"]] == [ids.queue("support")]
    assert KRISTI.queues == ("support",)
