"""What agents' desktops are told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from callgate.core.queues.model import Presence
from callgate.dialects.genesys import ids
from callgate.dialects.genesys.model import CALLS, CHANNELS, DEVICES
from callgate.queues.port import AgentCall, CallChanged, CallState
from callgate.settings import GenesysSettings

from .rig import ANDY, KRISTI, Rig, running

PAGE = Path(__file__).parents[3] / "docs" / "genesys.md"
#: The notification that Genesys documents for Reject, as its HTML page has it (docs.genesys.com, HTCC, CallsReject).
REJECTED = b"""
{
    "data":{
        "notificationType":"StatusChange",
        "call":{
            "id":"013V08JRL498H1OI04000VTAES00000I",
            "state":"Released",
            "callUuid":"013V08JRL498H1OI04000VTAES00000I",
            "connId":"0071023821aec012",
            "deviceUri":"http://127.0.0.1:8080/api/v2/devices/9c14cad7-17c4-48d0-8492-7cf0ff92c224",
            "participants":[
                {
                    "e164Number":"",
                    "formattedPhoneNumber":"5005",
                    "phoneNumber":"5005",
                    "digits":"5005"
                }
            ],
            "dnis":"9000",
            "callType":"Internal",
            "capabilities":[
            ],
            "duration":"5",
            "mute":"Off",
            "supervisorListeningIn":false,
            "monitoredUserMuted":false,
            "monitoring":false,
            "uri":"http://127.0.0.1:8080/api/v2/me/calls/013V08JRL498H1OI04000VTAES00000I",
            "path":"/calls/013V08JRL498H1OI04000VTAES00000I"
        },
        "phoneNumber":"5001",
        "extensions":{
            "WrapUpTime":0,
            "BusinessCall":0
        },
        "messageType":"CallStateChangeMessage"
    },
    "channel":"/v2/me/calls"
}
"""


async def test_a_rejected_call_is_told_as_the_vendor_documents_it() -> None:
    async with running(GenesysSettings(base_url="http://127.0.0.1:8080/")) as rig:
        await rig.http.get("me")
        call = rig.centre.ring("ksippo", other="5005", dialled="9000", kind="internal")
        rig.clock.time += 5.3
        rig.centre.release(call)

        (agent, channel, _) = rig.written.published[-1]
        told = rig.written.raw[-1]
    assert (agent, channel) == ("ksippo", "/v2/me/calls")
    sample = msgspec.json.decode(REJECTED)["data"]
    own = {
        sample["call"]["id"].encode(): ids.call_uuid(call.call).encode(),
        sample["call"]["connId"].encode(): ids.connection(call.call).encode(),
        b"9c14cad7-17c4-48d0-8492-7cf0ff92c224": ids.device("5001").encode(),
    }
    expected = msgspec.json.encode(sample)
    for theirs, ours in own.items():
        expected = expected.replace(theirs, ours)
    assert told == expected
    assert re.fullmatch("[0-9a-f]{16}", ids.connection(call.call))


async def test_the_documented_notification_is_what_is_sent() -> None:
    (sample,) = re.findall(r"```json\n(.+?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    documented = msgspec.json.decode(sample)
    (call, base) = documented["data"]["call"], "http://127.0.0.1:8088"
    async with running(GenesysSettings(base_url=base)) as rig:
        await rig.http.get("me")
        identity = ids.call_of(call["id"])
        assert identity is not None
        now = rig.clock.now()
        state = CallState.RELEASED
        told = AgentCall(identity, "ksippo", state, "5005", "9000", "support", "internal", now - 5, ended=now)
        rig.centre.tell(CallChanged(told))
        assert rig.written.raw == [msgspec.json.encode(documented["data"])]
        assert rig.written.published[0][1] == documented["channel"]


async def test_a_call_is_told_at_each_step(rig: Rig) -> None:
    await rig.http.get("me")
    call = rig.centre.ring("ksippo", kind="inbound", other="+15551234")
    rig.clock.time += 2
    call = rig.centre.answers(call)
    rig.clock.time += 60
    rig.centre.release(call)

    shown = [data["call"] for data in rig.written.to("ksippo", CALLS)]
    assert [(each["state"], each["duration"], each["capabilities"]) for each in shown] == [
        ("Ringing", "0", ["Answer", "Reject", "Redirect"]),
        ("Established", "2", ["Hangup", "SingleStepTransfer"]),
        ("Released", "62", []),
    ]
    assert {each["callType"] for each in shown} == {"Inbound"}
    assert [each.get("recordingState") for each in shown] == [None, "Stopped", None]
    assert shown[0]["participants"] == [
        {
            "e164Number": "+15551234",
            "formattedPhoneNumber": "+15551234",
            "phoneNumber": "+15551234",
            "digits": "+15551234",
        }
    ]


async def test_a_call_that_the_phone_places_is_dialling(rig: Rig) -> None:
    await rig.http.get("me")
    rig.centre.ring("ksippo", state=CallState.DIALING, queue="", kind="outbound", other="5002", dialled="5002")
    (data,) = rig.written.to("ksippo", CALLS)
    assert (data["call"]["state"], data["call"]["callType"]) == ("Dialing", "Outbound")
    assert data["call"]["capabilities"] == ["Hangup"]


async def test_a_direct_call_cannot_be_rejected_and_does_not_say_so(rig: Rig) -> None:
    await rig.http.get("me")
    rig.centre.ring("ksippo", queue="", dialled="5001")
    (data,) = rig.written.to("ksippo", CALLS)
    assert data["call"]["capabilities"] == ["Answer", "Redirect"]
    assert data["call"]["dnis"] == "5001"


async def test_a_caller_who_hides_his_number_is_nobody(rig: Rig) -> None:
    await rig.http.get("me")
    rig.centre.ring("ksippo", other="")
    assert rig.written.to("ksippo", CALLS)[0]["call"]["participants"] == []


async def test_each_agent_hears_his_own_calls_only(rig: Rig) -> None:
    await rig.http.get("me")
    async with rig.client(ANDY) as andy:
        await andy.get("me")
        rig.centre.ring("ksippo")
        rig.centre.ring("andy")
        rig.centre.present("andy", Presence.READY)
    assert [(agent, channel) for agent, channel, _ in rig.written.published] == [
        ("ksippo", CALLS),
        ("andy", CALLS),
        ("andy", DEVICES),
        ("andy", CHANNELS),
    ]
    assert rig.written.to("andy", CALLS)[0]["phoneNumber"] == "5002"


async def test_an_agent_without_a_session_is_told_nothing(rig: Rig) -> None:
    rig.centre.ring("ksippo")
    rig.centre.present("ksippo", Presence.READY)
    rig.centre.ring("stranger")
    assert rig.written.published == []


READY = {"id": "9430250E-0A1B-421F-B372-F29E69366DED", "displayName": "Ready", "state": "Ready"}
NOT_READY = {"id": "900D55CC-2BB0-431F-8BF9-D3525B383BE6", "displayName": "Not Ready", "state": "NotReady"}
AFTER_CALL_WORK = {
    "id": "D3663509-3D82-4DD3-A82E-2EA8EFA02AEF",
    "displayName": "AfterCallWork",
    "state": "NotReady",
    "workMode": "AfterCallWork",
}
LOGGED_OUT = {"id": "0F7F5003-EF26-4D13-A6EF-D0C7EC819BEB", "displayName": "Logged Out", "state": "LoggedOut"}


@pytest.mark.parametrize(
    ("presence", "state"),
    [
        (Presence.READY, READY),
        (Presence.NOT_READY, NOT_READY),
        (Presence.AFTER_CALL_WORK, AFTER_CALL_WORK),
        (Presence.LOGGED_OUT, LOGGED_OUT),
    ],
)
async def test_what_an_agent_is_is_told_as_the_vendor_documents_it(
    rig: Rig, presence: Presence, state: dict[str, Any]
) -> None:
    await rig.http.get("me")
    rig.centre.present("ksippo", Presence.READY)
    rig.centre.registered.add("ksippo")
    rig.written.published.clear()
    rig.written.raw.clear()
    rig.centre.present("ksippo", presence)
    device = {
        "id": ids.device("5001"),
        "deviceState": "Active",
        "userState": state,
        "phoneNumber": "5001",
        "e164Number": "5001",
        "telephonyNetwork": "Private",
        "doNotDisturb": "Off",
        "voiceEnvironmentUri": f"{rig.host}/api/v2/voice-environments/{ids.VOICE_ENVIRONMENT}",
        "capabilities": [],
    }
    expected = {"messageType": "DeviceStateChangeMessage", "devices": [device]}
    assert rig.written.raw[0] == msgspec.json.encode(expected)
    (channel,) = rig.written.to("ksippo", CHANNELS)[0]["channels"]
    assert (channel["channel"], channel["userState"]) == ("voice", state)


async def test_a_phone_that_comes_is_told(rig: Rig) -> None:
    await rig.http.get("me")
    rig.centre.register("ksippo")
    (data,) = rig.written.to("ksippo", DEVICES)
    assert data["devices"][0]["deviceState"] == "Active"


async def test_an_agent_who_is_gone_is_told_nothing_more(rig: Rig) -> None:
    await rig.http.get("me")
    call = rig.centre.ring(KRISTI.name)
    rig.directory.remove_agent(KRISTI.name)
    rig.centre.release(call)
    assert len(rig.written.published) == 1
