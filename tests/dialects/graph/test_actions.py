"""What bots do with calls, over HTTP: the caller gets what was asked, and the bot is told each change in order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from callgate.core.calls import Call
from callgate.core.reports import Ack, AckResult, Progress
from callgate.core.states import State
from callgate.core.verdicts import Accept, Decider, Dial, Redirect, Refuse, Verdict, refuse, target
from tests.dialects.serving import until

from .rig import ANSWER, OTHER_PATH, SECOND_PATH, Rig, error, to_phone, to_user, whole

NATIVE = Decider("native", "console")


def refused_with(rig: Rig) -> list[int]:
    return [command.status for command in rig.control.commands if isinstance(command, Refuse)]


# --- incoming


async def test_a_call_is_told_to_the_bot_of_its_route(rig: Rig) -> None:
    call = rig.control.ring()
    (heard,) = await rig.heard(1)
    assert heard.value["resource"] == f"/app/calls/{call.id}"
    assert heard.value["resourceUrl"] == f"/communications/calls/{call.id}"
    told = heard.resource
    mine, caller = told["myParticipantId"], told["incomingContext"]["sourceParticipantId"]
    assert told == {
        "@odata.type": "#microsoft.graph.call",
        "@odata.id": f"/communications/calls/{call.id}",
        "@odata.etag": 'W/"1"',
        "state": "incoming",
        "direction": "incoming",
        "callbackUri": rig.greeter.callback,
        "source": {
            "@odata.type": "#microsoft.graph.participantInfo",
            "identity": {
                "@odata.type": "#microsoft.graph.identitySet",
                "phone": {"@odata.type": "#microsoft.graph.identity", "id": "+15551234", "displayName": "Ann"},
            },
            "endpointType": "default",
            "id": caller,
            "region": None,
            "languageId": None,
        },
        "targets": [
            {
                "@odata.type": "#microsoft.graph.invitationParticipantInfo",
                "identity": {
                    "@odata.type": "#microsoft.graph.identitySet",
                    "application": {
                        "@odata.type": "#microsoft.graph.identity",
                        "id": rig.greeter.app_id,
                        "displayName": "Calling Bot",
                    },
                    "applicationInstance": {"@odata.type": "#microsoft.graph.identity", "id": "2002"},
                },
                "endpointType": "default",
                "id": mine,
                "region": None,
                "languageId": None,
            }
        ],
        "tenantId": rig.greeter.tenant,
        "myParticipantId": mine,
        "incomingContext": {"@odata.type": "#microsoft.graph.incomingContext", "sourceParticipantId": caller},
        "requestedModalities": ["audio"],
        "id": call.id,
        "callChainId": told["callChainId"],
    }
    assert mine != caller


async def test_a_caller_without_a_number_is_a_user(rig: Rig) -> None:
    rig.control.ring(number="john.doe")
    (heard,) = await rig.heard(1)
    assert heard.resource["source"]["identity"] == {
        "@odata.type": "#microsoft.graph.identitySet",
        "user": {"@odata.type": "#microsoft.graph.identity", "id": "sip:john.doe@192.0.2.10", "displayName": "Ann"},
    }


async def test_a_call_of_a_route_without_bots_is_told_to_nobody(rig: Rig) -> None:
    rig.control.ring(1, route="nobody")
    rig.control.ring(2)
    (heard,) = await rig.heard(1)
    assert heard.resource["id"] != ""
    assert rig.bots.all(OTHER_PATH) == []


# --- reject


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 603),
        ({"reason": None}, 603),
        ({"reason": "none"}, 603),
        ({"reason": "None"}, 603),
        ({"reason": "busy"}, 486),
        ({"reason": "BUSY"}, 486),
        ({"reason": "Forbidden", "more": [1]}, 403),
    ],
)
async def test_a_rejected_caller_gets_the_status_of_the_reason(rig: Rig, body: dict[str, Any], status: int) -> None:
    call = rig.control.ring()
    reply = await rig.act(call, "reject", body)
    assert (reply.status_code, reply.content) == (202, b"")
    assert (call.state, call.status) == (State.REFUSED, status)
    _, deleted = await rig.heard(2)
    assert deleted.json == {
        "@odata.type": "#microsoft.graph.commsNotifications",
        "value": [
            {
                "@odata.type": "#microsoft.graph.commsNotification",
                "changeType": "deleted",
                "resource": f"/app/calls/{call.id}",
                "resourceUrl": f"/communications/calls/{call.id}",
                "resourceData": {
                    "@odata.type": "#microsoft.graph.call",
                    "@odata.id": f"/communications/calls/{call.id}",
                },
            }
        ],
    }
    assert len(rig.graph) == 0


async def test_reject_without_a_body_is_without_a_reason(rig: Rig) -> None:
    call = rig.control.ring()
    reply = await rig.http.post(f"communications/calls/{call.id}/reject")
    assert (reply.status_code, call.status) == (202, 603)


async def test_an_unknown_reason_decides_nothing(rig: Rig) -> None:
    call = rig.control.ring()
    assert error(await rig.act(call, "reject", {"reason": "later"})) == (
        400,
        "BadRequest",
        "reason is 'later': use none, busy or forbidden.",
    )
    assert call.state is State.HELD


async def test_the_end_is_told_where_the_request_says(rig: Rig) -> None:
    call = rig.control.ring()
    await rig.heard(1)
    elsewhere = rig.bots.on("/elsewhere")
    assert (await rig.act(call, "reject", {"callbackUri": elsewhere})).status_code == 202
    (deleted,) = await rig.heard(1, "/elsewhere")
    assert deleted.change == "deleted"
    assert rig.bots.changes(SECOND_PATH) == []
    await rig.heard(1)


async def test_a_callback_that_is_not_allowed_decides_nothing(rig: Rig) -> None:
    call = rig.control.ring()
    status, code, message = error(await rig.act(call, "reject", {"callbackUri": "http://bot.example.com/calls"}))
    assert (status, code) == (400, "BadRequest")
    assert "callbackUri must be https" in message
    assert call.state is State.HELD


# --- answer


async def test_an_answered_call_goes_to_the_bots_media(rig: Rig) -> None:
    call = rig.control.ring()
    reply = await rig.act(call, "answer", ANSWER)
    assert (reply.status_code, reply.content) == (202, b"")
    assert rig.control.commands == [Redirect(rig.greeter.media, "relay")]
    assert await rig.told(2) == ["created incoming", "updated establishing"]
    rig.control.answers(call)
    assert await rig.told(3) == ["created incoming", "updated establishing", "updated established"]
    rig.control.ends(call, by="caller")
    deleted = (await rig.heard(4))[-1]
    assert deleted.resource == {
        "@odata.type": "#microsoft.graph.call",
        "@odata.id": f"/communications/calls/{call.id}",
        "@odata.etag": 'W/"4"',
        "state": "terminated",
        "resultInfo": {
            "@odata.type": "#microsoft.graph.resultInfo",
            "code": 200,
            "subcode": 4521,
            "message": "The call was ended by the other participant.",
        },
    }
    assert len(rig.graph) == 0


async def test_media_that_does_not_answer_ends_the_call(rig: Rig) -> None:
    call = rig.control.ring()
    await rig.act(call, "answer", ANSWER)
    rig.control.report(call, Progress.FAILED, 480, "Temporarily Unavailable")
    deleted = (await rig.heard(3))[-1]
    assert (deleted.change, deleted.state) == ("deleted", "terminated")
    assert deleted.resource["resultInfo"]["code"] == 480
    assert deleted.resource["resultInfo"]["subcode"] == 10076
    assert deleted.resource["resultInfo"]["message"] == "Temporarily Unavailable."


async def test_later_notifications_go_where_the_answer_says(rig: Rig) -> None:
    call = rig.control.ring()
    await rig.heard(1)
    elsewhere = rig.bots.on("/elsewhere")
    assert (await rig.act(call, "answer", {**ANSWER, "callbackUri": elsewhere})).status_code == 202
    rig.control.answers(call)
    assert await rig.told(2, "/elsewhere") == ["updated establishing", "updated established"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"mediaConfig": {}}, "acceptedModalities"),
        ({"acceptedModalities": ["audio"]}, "mediaConfig"),
        ({"acceptedModalities": [], "mediaConfig": {}}, "acceptedModalities"),
        ({"acceptedModalities": ["smell"], "mediaConfig": {}}, "acceptedModalities"),
        ({"acceptedModalities": {"$values": ["audio"]}, "mediaConfig": {}}, "acceptedModalities"),
        ({"acceptedModalities": ["audio"], "mediaConfig": None}, "mediaConfig"),
        ({"acceptedModalities": ["audio"], "mediaConfig": {}, "callbackUri": 3}, "callbackUri"),
    ],
)
async def test_an_answer_needs_modalities_and_media(rig: Rig, body: dict[str, Any], named: str) -> None:
    call = rig.control.ring()
    status, code, message = error(await rig.act(call, "answer", body))
    assert (status, code) == (400, "BadRequest")
    assert named in message
    assert call.state is State.HELD


async def test_modalities_may_be_capitalised(rig: Rig) -> None:
    call = rig.control.ring()
    assert (await rig.act(call, "answer", {**ANSWER, "acceptedModalities": ["Audio", "Video"]})).status_code == 202


async def test_the_media_may_answer_before_the_edge_has_acknowledged(rig: Rig) -> None:
    call = rig.control.ring()

    async def edge(call: Call, verdict: Verdict) -> Ack:
        rig.control.answers(call)
        return Ack(AckResult.DONE)

    rig.control.edge = edge
    assert (await rig.act(call, "answer", ANSWER)).status_code == 202
    assert await rig.told(3) == ["created incoming", "updated establishing", "updated established"]


async def test_reject_leaves_an_answered_call_alone(rig: Rig) -> None:
    call = rig.control.ring()
    await rig.answered(call)
    assert error(await rig.act(call, "reject", {"reason": "busy"})) == (
        409,
        "Conflict",
        "This bot has answered the call already. To end an answered call, delete it.",
    )
    assert call.state is State.ANSWERED
    assert await rig.told(3) == ["created incoming", "updated establishing", "updated established"]


# --- redirect


async def test_a_redirect_rings_a_number_through_the_routes_outbound(rig: Rig) -> None:
    call = rig.control.ring()
    reply = await rig.act(call, "redirect", {"targets": [to_phone("+1 (234) 567-8901")]})
    assert (reply.status_code, reply.content) == (202, b"")
    assert rig.control.commands == [Dial((target("sip:+12345678901@carrier.example.com"),), 55.0)]
    assert await rig.told(2) == ["created incoming", "updated redirecting"]
    created, _ = await rig.heard(2)
    rig.control.answers(call)
    deleted = (await rig.heard(3))[-1]
    assert (deleted.change, deleted.state) == ("deleted", "terminated")
    assert "resultInfo" not in deleted.resource
    assert whole(deleted) == whole(created)
    assert call.state is State.ANSWERED
    assert (await rig.http.get(f"communications/calls/{call.id}")).status_code == 404
    rig.control.ends(call)
    await rig.heard(3)


async def test_several_targets_ring_together_for_longer(rig: Rig) -> None:
    call = rig.control.ring()
    targets = [to_user("alice"), to_user("sip:bob@192.0.2.77"), to_phone("sip:1@carrier.example.com")]
    assert (await rig.act(call, "redirect", {"targets": targets, "routingPolicies": ["x"]})).status_code == 202
    wanted = (target(phone="alice"), target("sip:bob@192.0.2.77"), target("sip:1@carrier.example.com"))
    assert rig.control.commands == [Dial(wanted, 60.0)]


@pytest.mark.parametrize("seconds", [15, 90])
async def test_the_bot_says_how_long_they_ring(rig: Rig, seconds: int) -> None:
    call = rig.control.ring()
    assert (await rig.act(call, "redirect", {"targets": [to_user("alice")], "timeout": seconds})).status_code == 202
    assert rig.control.commands == [Dial((target(phone="alice"),), float(seconds))]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "targets"),
        ({"targets": []}, "targets"),
        ({"targets": [to_user("alice")] * 26}, "targets"),
        ({"targets": [to_user("alice")], "timeout": 14}, "timeout"),
        ({"targets": [to_user("alice")], "timeout": 91}, "timeout"),
        ({"targets": [to_user("alice")], "timeout": "30"}, "timeout"),
        ({"targets": [{}]}, "identity"),
        ({"targets": [{"identity": {}}]}, "targets[0]"),
        ({"targets": [to_user("alice"), {"identity": {"application": {"id": "x"}}}]}, "targets[1]"),
        ({"targets": [{"identity": {"phone": {"id": "1"}, "user": {"id": "alice"}}}]}, "targets[0]"),
        ({"targets": [{"identity": {"user": {}}}]}, "no id"),
        ({"targets": [to_user("nobody")]}, "'nobody'"),
        ({"targets": [to_user("asleep")]}, "'asleep'"),
        ({"targets": [to_phone("call me")]}, "'call me'"),
    ],
)
async def test_a_redirect_that_cannot_be_is_a_bad_request(rig: Rig, body: dict[str, Any], named: str) -> None:
    call = rig.control.ring()
    status, code, message = error(await rig.act(call, "redirect", body))
    assert (status, code) == (400, "BadRequest")
    assert named in message
    assert call.state is State.HELD


async def test_25_targets_may_ring(rig: Rig) -> None:
    call = rig.control.ring()
    assert (await rig.act(call, "redirect", {"targets": [to_user("alice")] * 25})).status_code == 202


@pytest.mark.parametrize(
    ("status", "refused"), [(486, 486), (0, 480), (408, 480), (487, 480), (503, 500), (404, 404), (401, 500)]
)
async def test_a_redirect_that_nobody_takes_refuses_the_caller(rig: Rig, status: int, refused: int) -> None:
    call = rig.control.ring()
    await rig.act(call, "redirect", {"targets": [to_user("alice")]})
    rig.control.returns(call, status)
    deleted = (await rig.heard(3))[-1]
    assert (call.state, call.status) == (State.REFUSED, refused)
    assert (deleted.change, deleted.state) == ("deleted", "terminated")
    assert deleted.resource["resultInfo"]["code"] == refused


async def test_targets_that_return_before_the_edge_acknowledges_refuse_the_caller_too(rig: Rig) -> None:
    call = rig.control.ring()

    async def edge(call: Call, verdict: Verdict) -> Ack:
        if isinstance(verdict, Dial):
            rig.control.returns(call, 486)
            return Ack(AckResult.DONE)
        return await rig.control.obey(call, verdict)

    rig.control.edge = edge
    assert (await rig.act(call, "redirect", {"targets": [to_user("alice")]})).status_code == 202
    await rig.heard(3)
    assert (call.state, call.status) == (State.REFUSED, 486)


# --- delete and get


async def test_delete_ends_an_answered_call(rig: Rig) -> None:
    call = rig.control.ring()
    await rig.answered(call)
    reply = await rig.http.delete(f"communications/calls/{call.id}")
    assert (reply.status_code, reply.content) == (204, b"")
    assert (call.state, call.hung_up_by) == (State.COMPLETED, "controller")
    told = await rig.heard(5)
    assert [(heard.change, heard.state) for heard in told[3:]] == [
        ("updated", "terminating"),
        ("deleted", "terminated"),
    ]
    assert told[-1].resource["resultInfo"] == {
        "@odata.type": "#microsoft.graph.resultInfo",
        "code": 200,
        "subcode": 5001,
        "message": "The conversation has ended.",
    }
    assert error(await rig.http.delete(f"communications/calls/{call.id}")) == (404, "8522", "Call not found.")


async def test_delete_refuses_an_incoming_call(rig: Rig) -> None:
    call = rig.control.ring()
    assert (await rig.http.delete(f"communications/calls/{call.id}")).status_code == 204
    assert (call.state, call.status) == (State.REFUSED, 603)
    assert await rig.told(3) == ["created incoming", "updated terminating", "deleted terminated"]


async def test_delete_ends_a_call_that_is_being_redirected(rig: Rig) -> None:
    call = rig.control.ring()
    await rig.act(call, "redirect", {"targets": [to_user("alice")]})
    assert (await rig.http.delete(f"communications/calls/{call.id}")).status_code == 204
    assert call.state is State.FAILED
    assert (await rig.told(4))[2:] == ["updated terminating", "deleted terminated"]


async def test_delete_does_not_end_what_another_application_takes(rig: Rig) -> None:
    call = rig.control.ring()
    claimed, go_on = asyncio.Event(), asyncio.Event()

    async def edge(call: Call, verdict: Verdict) -> Ack:
        claimed.set()
        await go_on.wait()
        return Ack(AckResult.DONE)

    rig.control.edge = edge
    accepting = asyncio.create_task(rig.control.decide(call.id, Accept(), NATIVE))
    await claimed.wait()
    deleting = asyncio.create_task(rig.http.delete(f"communications/calls/{call.id}"))
    await until(lambda: len(rig.control.decisions) == 2)
    go_on.set()
    await accepting
    assert error(await deleting) == (409, "Conflict", "The call was accepted by native console.")
    assert call.state is State.ROUTED
    assert await rig.told(2) == ["created incoming", "deleted terminated"]


async def test_get_tells_the_call_as_it_is(rig: Rig) -> None:
    call = rig.control.ring()
    (created,) = await rig.heard(1)
    reply = await rig.http.get(f"communications/calls/{call.id}")
    assert reply.status_code == 200
    told = reply.json()
    assert told["@odata.context"] == f"{rig.host}/v1.0/$metadata#communications/calls/$entity"
    assert {name: told[name] for name in created.resource} == created.resource
    nulls = {name for name, value in told.items() if value is None}
    assert nulls == {
        "answeredBy", "chatInfo", "mediaConfig", "mediaState", "meetingInfo", "resultInfo", "ringingTimeoutInSeconds",
        "subject", "toneInfo", "transcription",
    }  # fmt: skip
    await rig.answered(call)
    told = (await rig.http.get(f"communications/calls/{call.id}")).json()
    assert (told["state"], told["mediaState"]["audio"]) == ("established", "active")
    assert told["mediaConfig"] == {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"}
    rig.control.ends(call)
    assert error(await rig.http.get(f"communications/calls/{call.id}")) == (404, "8522", "Call not found.")


# --- too late, and others


async def test_a_call_that_nobody_decides_lapses(rig: Rig) -> None:
    call = rig.control.ring()
    await rig.control.pass_window(call)
    deleted = (await rig.heard(2))[-1]
    assert (deleted.change, deleted.state) == ("deleted", "terminated")
    assert (deleted.resource["resultInfo"]["code"], deleted.resource["resultInfo"]["subcode"]) == (408, 10057)
    assert error(await rig.act(call, "reject")) == (
        409,
        "Conflict",
        "The time to decide was over: the call was refused (480) by default.",
    )


async def test_a_cancelled_call_is_told_and_cannot_be_decided(rig: Rig) -> None:
    call = rig.control.ring()
    rig.control.cancels(call)
    deleted = (await rig.heard(2))[-1]
    assert (deleted.state, deleted.resource["resultInfo"]["code"]) == ("terminated", 487)
    assert error(await rig.act(call, "answer", ANSWER)) == (
        409,
        "Conflict",
        "The caller has hung up before the decision took effect.",
    )


async def test_a_second_decision_is_told_of_the_first(rig: Rig) -> None:
    call = rig.control.ring()
    assert (await rig.act(call, "reject")).status_code == 202
    told = (409, "Conflict", "This bot has refused (603) the call already.")
    assert error(await rig.act(call, "reject")) == told
    assert error(await rig.act(call, "answer", ANSWER)) == told
    assert error(await rig.act(call, "redirect", {"targets": [to_user("alice")]})) == told
    assert refused_with(rig) == [603]


async def test_the_first_of_several_bots_wins_and_the_others_are_told(rig: Rig) -> None:
    call = rig.control.ring(route="pair", dialled="3003")
    await rig.heard(1)
    await rig.heard(1, SECOND_PATH)
    assert (await rig.act(call, "answer", ANSWER, rig.second)).status_code == 202
    assert rig.control.commands == [Redirect(rig.second.media, "relay")]
    deleted = (await rig.heard(2))[-1]
    assert deleted.resource["resultInfo"] == {
        "@odata.type": "#microsoft.graph.resultInfo",
        "code": 200,
        "subcode": 0,
        "message": "Call completed elsewhere.",
    }
    assert error(await rig.act(call, "reject")) == (409, "Conflict", "The call was answered by graph second.")
    assert error(await rig.http.get(f"communications/calls/{call.id}"))[:2] == (404, "8522")
    assert error(await rig.http.delete(f"communications/calls/{call.id}"))[:2] == (404, "8522")
    rig.control.answers(call)
    assert await rig.told(3, SECOND_PATH) == ["created incoming", "updated establishing", "updated established"]


async def test_another_application_may_be_first(rig: Rig) -> None:
    call = rig.control.ring()
    await rig.control.decide(call.id, refuse("busy"), NATIVE)
    assert await rig.told(2) == ["created incoming", "deleted terminated"]
    assert error(await rig.act(call, "reject")) == (409, "Conflict", "The call was refused (486) by native console.")


async def test_a_call_that_another_application_dials_is_over_for_the_bot(rig: Rig) -> None:
    call = rig.control.ring()
    await rig.control.decide(call.id, Dial((target("sip:1@192.0.2.9"),)), NATIVE)
    rig.control.returns(call)
    assert call.state is State.HELD
    assert error(await rig.act(call, "reject")) == (404, "8522", "Call not found.")
    assert call.state is State.HELD


@pytest.mark.parametrize("action", ["reject", "answer", "redirect"])
@pytest.mark.parametrize("other", ["018f2f6e-0000-7000-8000-000000000000", "nonsense", "theirs"])
async def test_a_call_that_is_not_the_bots_is_not_found(rig: Rig, action: str, other: str) -> None:
    call = rig.control.ring(route="theirs", dialled="4004")
    bodies = {"answer": ANSWER, "redirect": {"targets": [to_user("alice")]}}
    reply = await rig.act(call if other == "theirs" else other, action, bodies.get(action, {}))
    assert error(reply) == (404, "8522", "Call not found.")
    assert call.state is State.HELD


@pytest.mark.parametrize("result", [AckResult.UNANSWERED, AckResult.FAILED])
async def test_an_edge_that_does_not_do_it_is_no_success(rig: Rig, result: AckResult) -> None:
    call = rig.control.ring()
    rig.control.acknowledge(result)
    assert error(await rig.act(call, "reject"))[:2] == (500, "generalException")


async def test_what_the_edge_did_without_saying_so_is_told_when_it_reports(rig: Rig) -> None:
    call = rig.control.ring()
    await rig.heard(1)
    elsewhere = rig.bots.on("/elsewhere")
    rig.control.acknowledge(AckResult.UNANSWERED)
    await rig.act(call, "answer", {**ANSWER, "callbackUri": elsewhere})
    rig.control.answers(call)
    assert await rig.told(2, "/elsewhere") == ["updated establishing", "updated established"]


async def test_calls_do_not_mix(rig: Rig) -> None:
    first, second = rig.control.ring(1), rig.control.ring(2)
    await rig.heard(2)
    await rig.act(second, "reject", {"reason": "busy"})
    assert (first.state, second.state) == (State.HELD, State.REFUSED)
    (deleted,) = [heard for heard in await rig.heard(3) if heard.change == "deleted"]
    assert deleted.value["resourceUrl"].endswith(second.id)
