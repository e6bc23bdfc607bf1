"""The agent's calls, and what he does with them."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest

from callgate.dialects.genesys import ids
from callgate.queues.port import AgentCall, CallState, Outcome

from .rig import ANDY, LOOKER, Rig, good, told

#: The call resource that Genesys documents (8.5.2, "Call Resource"); user data apart, which calls have none of here.
ESTABLISHED = b"""
{"id":"01RCC3N118B1V0SL8O7GK2LAES000010","state":"Established","callUuid":"01RCC3N118B1V0SL8O7GK2LAES000010",
 "connId":"0071027198180020","deviceUri":"http://127.0.0.1:8080/api/v2/devices/631608b3-ceb1-472b-ba05-2ae39555b0d1",
 "participants":[{"e164Number":"","formattedPhoneNumber":"15001","phoneNumber":"15001","digits":"15001"}],
 "dnis":"15001","callType":"Internal","capabilities":["Hangup"],"duration":"7","mute":"Off","recordingState":"Stopped",
 "supervisorListeningIn":false,"monitoredUserMuted":false,"monitoring":false,
 "uri":"http://127.0.0.1:8080/api/v2/me/calls/01RCC3N118B1V0SL8O7GK2LAES000010",
 "path":"/calls/01RCC3N118B1V0SL8O7GK2LAES000010"}
"""


async def act(rig: Rig, call: AgentCall | str, name: str, **more: Any) -> httpx.Response:
    """An operation of Kristi's."""
    identity = call if isinstance(call, str) else ids.call_uuid(call.call)
    return await rig.http.post(f"me/calls/{identity}", json={"operationName": name, **more})


async def test_a_call_is_shown_as_the_vendor_documents_it(rig: Rig) -> None:
    call = rig.centre.answers(rig.centre.ring("ksippo", other="15001", dialled="15001"))
    rig.clock.time += 7.9
    identity = ids.call_uuid(call.call)
    shown = good(await rig.http.get(f"me/calls/{identity}"))["call"]
    sample = msgspec.json.decode(ESTABLISHED)
    assert list(shown) == list(sample)
    of_its_own = ("id", "callUuid", "connId", "deviceUri", "uri", "path", "capabilities")
    assert {name: shown[name] for name in sample if name not in of_its_own} == {
        name: value for name, value in sample.items() if name not in of_its_own
    }
    assert (shown["id"], shown["callUuid"], shown["path"]) == (identity, identity, f"/calls/{identity}")
    assert shown["uri"] == f"{rig.host}/api/v2/me/calls/{identity}"
    for uri in (shown["uri"], shown["deviceUri"]):
        assert (await rig.http.get(uri)).status_code == 200


async def test_calls_are_uris_unless_fields_are_asked_for(rig: Rig) -> None:
    assert good(await rig.http.get("me/calls")) == {"uris": []}
    assert good(await rig.http.get("me/calls?fields=*")) == {"calls": []}
    first, second = (rig.centre.ring("ksippo") for _ in range(2))
    rig.centre.ring("andy")
    identities = [ids.call_uuid(call.call) for call in (first, second)]
    base = f"{rig.host}/api/v2/me/calls/"
    assert good(await rig.http.get("me/calls")) == {"uris": [f"{base}{identity}" for identity in identities]}
    whole = good(await rig.http.get("me/calls", params={"fields": "*"}))["calls"]
    assert [call["id"] for call in whole] == identities
    some = good(await rig.http.get("me/calls?fields=state, id,nonsense"))["calls"]
    assert some == [{"id": identity, "state": "Ringing"} for identity in identities]
    one = good(await rig.http.get(f"me/calls/{identities[0]}?fields=duration,dnis"))
    assert one == {"call": {"dnis": "9000", "duration": "0"}}


@pytest.mark.parametrize(
    ("name", "more", "asked"),
    [
        ("Answer", {}, ("answer",)),
        ("Reject", {}, ("reject",)),
        ("Hangup", {}, ("hang_up",)),
        ("Redirect", {"destination": {"phoneNumber": "5002"}}, ("transfer", "5002")),
        (
            "Redirect",
            {"destination": {"phoneNumber": "+1 555 1234", "more": 1}, "userData": {}},
            ("transfer", "+1 555 1234"),
        ),
    ],
)
async def test_an_operation_is_done_at_the_agents_phone(
    rig: Rig, name: str, more: dict[str, Any], asked: tuple[str, ...]
) -> None:
    call = rig.centre.ring("ksippo")
    reply = await act(rig, call, name, **more)
    assert reply.content == b'{"statusCode":0}'
    assert reply.status_code == 200
    assert rig.centre.asked == [(asked[0], "ksippo", call.call, *asked[1:])]


async def test_an_answered_call_is_transferred_and_a_ringing_one_redirected(rig: Rig) -> None:
    call = rig.centre.ring("ksippo")
    to = {"destination": {"phoneNumber": "5002"}}
    assert told(await act(rig, call, "SingleStepTransfer", **to))[:2] == (409, 2)
    call = rig.centre.answers(call)
    assert told(await act(rig, call, "Redirect", **to))[:2] == (409, 2)
    assert rig.centre.asked == []
    assert good(await act(rig, call, "SingleStepTransfer", **to)) == {}


@pytest.mark.parametrize(
    ("outcome", "status", "code"),
    [
        (Outcome.UNKNOWN, 404, 6),
        (Outcome.NOT_NOW, 409, 2),
        (Outcome.FORBIDDEN, 403, 3),
        (Outcome.BAD_TARGET, 400, 10),
        (Outcome.FAILED, 409, 2),
        (Outcome.SILENT, 202, 9),
    ],
)
async def test_what_came_of_it_is_told(rig: Rig, outcome: Outcome, status: int, code: int) -> None:
    call = rig.centre.ring("ksippo")
    rig.centre.outcome = outcome
    assert told(await act(rig, call, "Reject"))[:2] == (status, code)


def test_every_outcome_has_its_answer() -> None:
    assert set(Outcome) - {Outcome.DONE} == {
        Outcome.UNKNOWN, Outcome.NOT_NOW, Outcome.FORBIDDEN, Outcome.BAD_TARGET, Outcome.FAILED, Outcome.SILENT,
    }  # fmt: skip


async def test_a_direct_call_cannot_be_rejected(rig: Rig) -> None:
    call = rig.centre.ring("ksippo", queue="", dialled="5001")
    rig.centre.outcome = Outcome.FORBIDDEN
    assert told(await act(rig, call, "Reject")) == (
        403,
        3,
        "Reject is forbidden: the call was not delivered by a queue",
    )


async def test_calls_of_others_and_calls_that_are_over_are_not_found(rig: Rig) -> None:
    theirs, over = rig.centre.ring("andy"), rig.centre.ring("ksippo")
    rig.centre.release(over)
    spelled_otherwise = ids.call_uuid(rig.centre.ring("ksippo").call).lower()
    for call in (theirs, over, "0" * 32, spelled_otherwise, "%20", "x" * 5000):
        identity = call if isinstance(call, str) else ids.call_uuid(call.call)
        assert told(await act(rig, call, "Reject"))[:2] == (404, 6)
        assert told(await rig.http.get(f"me/calls/{identity}"))[:2] == (404, 6)
    assert rig.centre.asked == []


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("Hold", 403, 3),
        ("Retrieve", 403, 3),
        ("StartCallRecording", 403, 3),
        ("reject", 400, 10),
        ("Explode", 400, 10),
        ("E" * 3000, 400, 10),
        (["Reject"], 400, 10),
        (7, 400, 10),
        ("", 400, 1),
        (None, 400, 1),
    ],
)
async def test_what_is_no_operation_here_is_refused(rig: Rig, name: Any, status: int, code: int) -> None:
    call = rig.centre.ring("ksippo")
    reply = await act(rig, call, name)
    assert told(reply)[:2] == (status, code)
    assert len(reply.content) < 300
    assert rig.centre.asked == []


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({}, 1),
        ({"destination": None}, 1),
        ({"destination": "5002"}, 1),
        ({"destination": {}}, 1),
        ({"destination": {"phoneNumber": ""}}, 1),
        ({"destination": {"phoneNumber": 5002}}, 10),
        ({"destination": {"phoneNumber": "5\r\n2"}}, 10),
        ({"destination": {"phoneNumber": "5" * 129}}, 10),
    ],
)
async def test_a_redirect_must_say_where(rig: Rig, more: dict[str, Any], code: int) -> None:
    call = rig.centre.ring("ksippo")
    assert told(await act(rig, call, "Redirect", **more))[:2] == (400, code)
    assert rig.centre.asked == []


async def test_who_may_not_use_the_voice_api_looks_and_does_nothing(rig: Rig) -> None:
    call = rig.centre.ring("looker")
    path = f"me/calls/{ids.call_uuid(call.call)}"
    async with rig.client(LOOKER) as http:
        assert (await http.get(path)).status_code == 200
        assert told(await http.post(path, json={"operationName": "Reject"}))[:2] == (403, 5)
    assert rig.centre.asked == []


async def test_each_agent_does_it_at_his_own_phone(rig: Rig) -> None:
    call = rig.centre.ring("andy", state=CallState.RINGING)
    async with rig.client(ANDY) as http:
        good(await http.post(f"me/calls/{ids.call_uuid(call.call)}", json={"operationName": "Answer"}))
    assert rig.centre.asked == [("answer", "andy", call.call)]
