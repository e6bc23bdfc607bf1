"""What applications are told: 30016, 30011, 30012 and 30015 in the manual's shape."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.core.calls import Call
from callgate.core.events import CallEvent, Kind
from callgate.core.reports import Progress
from callgate.core.verdicts import Accept, Decider, dial, refuse, target
from callgate.dialects.yeastar.events import encode, frame, topics
from callgate.dialects.yeastar.wire import (
    CallEnd,
    CallFailure,
    CallMembers,
    ExtensionLeg,
    ExtensionMember,
    InboundLeg,
    InboundMember,
    MemberStatus,
)

from .rig import StandInControl

# The vendor's documented examples, as one line each: the escaping is that of captures from the wire.
MANUAL_30016 = (
    r'{"type":30016,"sn":"3631A2124XXX","msg":"{\"call_id\":\"1648861726.280\",\"members\":[{\"inbound\":'
    r"{\"from\":\"5503301\",\"to\":\"2002\",\"trunk_name\":\"peer-to-41\",\"channel_id\":"
    r"\"PJSIP/trunk-peer-to-41-endpoint-000000b5\",\"member_status\":\"ALERT\",\"call_path\":\" \"}}]}"
    r'"}'
)
MANUAL_30012 = (
    r'{"type":30012,"sn":"3631A2124XXX","msg":"{\"call_id\":\"1651057476.362\",\"time_start\":\"2022-04-27 19:04:36\",'
    r"\"call_from\":\"2005\",\"call_to\":\"2002\",\"call_duration\":24,\"talk_duration\":21,\"src_trunk_name\":\" \","
    r"\"dst_trunk_name\":\" \",\"pin_code\":\" \",\"status\":\"ANSWERED\",\"type\":\"Internal\",\"recording\":"
    r"\"20220427190445-1651057476.362-2005-2002-Internal.wav\",\"did_number\":\" \",\"agent_ring_time\":0}"
    r'"}'
)
WIRE_30011 = (
    r'{"type":30011,"sn":"3631B4444099","msg":"{\"call_id\":\"1725446451.243\",\"members\":[{\"inbound\":'
    r"{\"from\":\"94424722\",\"to\":\"6402\",\"trunk_name\":\"stc\",\"channel_id\":"
    r"\"PJSIP/trunk-stc-endpoint-0000008f\",\"member_status\":\"BYE\",\"call_path\":\"\"}}]}"
    r'"}'
)
WIRE_30015 = (
    r'{"type":30015,"sn":"3633D2199067","msg":"{\"call_id\":\"1702292353.15\",\"reason\":\"486 Busy Here\",'
    r"\"members\":[{\"extension\":{\"number\":\"700\",\"channel_id\":\"PJSIP/700-00000014\",\"member_status\":\"BYE\","
    r"\"call_path\":\"\"}}]}"
    r'"}'
)
SERIAL = "3631A2124XXX"


def message(text: str) -> dict[str, Any]:
    """The object inside ``msg``."""
    outer = msgspec.json.decode(text)
    assert list(outer) == ["type", "sn", "msg"]
    assert isinstance(outer["msg"], str)
    inner: dict[str, Any] = msgspec.json.decode(outer["msg"])
    return inner


@pytest.fixture
def control() -> StandInControl:
    return StandInControl()


@pytest.fixture
def heard(control: StandInControl) -> list[tuple[int, dict[str, Any]]]:
    """All that an application would be told, in order, as it was at that moment."""
    told: list[tuple[int, dict[str, Any]]] = []

    def hear(event: object) -> None:
        assert isinstance(event, CallEvent)
        told.extend((topic, message(encode(topic, event.call, SERIAL))) for topic in topics(event))

    control.listen(hear)
    return told


def statuses(told: dict[str, Any]) -> list[tuple[str, str]]:
    return [(kind, leg["member_status"]) for member in told["members"] for kind, leg in member.items()]


def test_30016_is_the_manuals_example_byte_for_byte() -> None:
    channel = "PJSIP/trunk-peer-to-41-endpoint-000000b5"
    leg = InboundLeg("5503301", "2002", "peer-to-41", channel, MemberStatus.ALERT, " ")
    assert frame(30016, SERIAL, CallMembers("1648861726.280", [InboundMember(leg)])) == MANUAL_30016


def test_30016_of_a_held_call_is_the_manuals_example_with_the_calls_own_counter(control: StandInControl) -> None:
    call = control.ring(sequence=0xB5, received=1648861726.9)
    expected = MANUAL_30016.replace("1648861726.280", "1648861726.181").replace(r"\" \"", r"\"\"")
    assert encode(30016, call, SERIAL) == expected


def test_30012_is_the_manuals_example_byte_for_byte() -> None:
    told = CallEnd(
        call_id="1651057476.362",
        time_start="2022-04-27 19:04:36",
        call_from="2005",
        call_to="2002",
        call_duration=24,
        talk_duration=21,
        src_trunk_name=" ",
        dst_trunk_name=" ",
        pin_code=" ",
        status="ANSWERED",
        type="Internal",
        recording="20220427190445-1651057476.362-2005-2002-Internal.wav",
        did_number=" ",
    )
    assert frame(30012, SERIAL, told) == MANUAL_30012


def test_30011_and_30015_are_as_captured_from_the_wire_byte_for_byte() -> None:
    leg = InboundLeg("94424722", "6402", "stc", "PJSIP/trunk-stc-endpoint-0000008f", MemberStatus.BYE)
    assert frame(30011, "3631B4444099", CallMembers("1725446451.243", [InboundMember(leg)])) == WIRE_30011
    extension = ExtensionMember(ExtensionLeg("700", "PJSIP/700-00000014", MemberStatus.BYE))
    failure = CallFailure("1702292353.15", "486 Busy Here", [extension])
    assert frame(30015, "3633D2199067", failure) == WIRE_30015


async def test_an_accepted_and_answered_call_is_told_from_its_beginning_to_its_end(
    control: StandInControl, heard: list[tuple[int, dict[str, Any]]]
) -> None:
    call = control.ring(sequence=0xB5, received=1648861726.0)
    control.shift = call.received - time.time()
    await control.pass_window(call)
    control.report(call, Progress.RINGING, 180)
    control.shift += 3.5
    control.report(call, Progress.ANSWERED, 200)
    control.shift += 21.25
    control.report(call, Progress.ENDED, by="caller")
    assert [topic for topic, _ in heard] == [30016, 30011, 30011, 30011, 30012]
    assert [statuses(told) for _, told in heard[:4]] == [
        [("inbound", "ALERT")],
        [("inbound", "ALERT"), ("extension", "RING")],
        [("inbound", "ANSWERED"), ("extension", "ANSWER")],
        [("inbound", "BYE"), ("extension", "BYE")],
    ]
    assert heard[1][1]["members"][1]["extension"] == {
        "number": "2002",
        "channel_id": "PJSIP/2002-000000b5",
        "member_status": "RING",
        "call_path": "",
    }
    assert heard[4][1] == {
        "call_id": "1648861726.181",
        "time_start": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(1648861726)),
        "call_from": "5503301",
        "call_to": "2002",
        "call_duration": 24,
        "talk_duration": 21,
        "src_trunk_name": "peer-to-41",
        "dst_trunk_name": "",
        "pin_code": "",
        "status": "ANSWERED",
        "type": "Inbound",
        "recording": "",
        "did_number": "2002",
        "agent_ring_time": 0,
    }
    assert list(heard[4][1]) == list(message(MANUAL_30012))


async def test_a_refused_call_ends_without_an_answer_and_the_destination_is_not_in_it(
    control: StandInControl, heard: list[tuple[int, dict[str, Any]]]
) -> None:
    call = control.ring()
    await control.decide(call.id, refuse(), Decider("yeastar", "desk"))
    assert [topic for topic, _ in heard] == [30016, 30011, 30012]
    assert statuses(heard[1][1]) == [("inbound", "BYE")]
    assert (heard[2][1]["status"], heard[2][1]["talk_duration"]) == ("NO ANSWER", 0)


async def test_a_call_refused_as_busy_ends_busy(
    control: StandInControl, heard: list[tuple[int, dict[str, Any]]]
) -> None:
    call = control.ring()
    await control.decide(call.id, refuse("busy"), Decider("yeastar", "desk"))
    assert heard[-1][1]["status"] == "BUSY"


def test_a_call_that_the_caller_cancels_while_held_ends_without_an_answer(
    control: StandInControl, heard: list[tuple[int, dict[str, Any]]]
) -> None:
    call = control.ring()
    control.report(call, Progress.CANCELLED, 487)
    assert [topic for topic, _ in heard] == [30016, 30011, 30012]
    assert heard[-1][1]["status"] == "NO ANSWER"


@pytest.mark.parametrize(
    "failure",
    [
        (404, "Not Found", "404 NOT found", "NO ANSWER"),
        (408, "Request Timeout", "408 Request Time", "NO ANSWER"),
        (410, "Gone", "410 Gone", "NO ANSWER"),
        (480, "Temporarily Unavailable", "480 Temporatily Unavailable", "NO ANSWER"),
        (484, "Address Incomplete", "484 Address incomplete", "NO ANSWER"),
        (486, "Busy Here", "486 Busy here", "BUSY"),
        (503, "Service Unavailable", "Circuit/channel congestion", "NO ANSWER"),
        (600, "Busy Everywhere", "User Busy", "BUSY"),
        (603, "Decline", "603 Declined", "NO ANSWER"),
        (500, "Out of Order", "500 Out of Order", "NO ANSWER"),
        (0, "", "Line Unreachable", "NO ANSWER"),
    ],
)
async def test_a_destination_that_cannot_be_reached_is_told_with_the_documented_reason(
    control: StandInControl, heard: list[tuple[int, dict[str, Any]]], failure: tuple[int, str, str, str]
) -> None:
    status, phrase, reason, ends = failure
    call = control.ring()
    await control.pass_window(call)
    control.report(call, Progress.FAILED, status, phrase)
    assert [topic for topic, _ in heard] == [30016, 30015, 30011, 30012]
    assert (heard[1][1]["reason"], list(heard[1][1])) == (reason, ["call_id", "reason", "members"])
    assert heard[3][1]["status"] == ends


def test_a_call_that_was_not_held_is_told_without_a_request_to_decide_it(
    control: StandInControl, heard: list[tuple[int, dict[str, Any]]]
) -> None:
    call = control.ring(controlled=False)
    assert heard == []
    control.report(call, Progress.RINGING, 180)
    control.report(call, Progress.FAILED, 486, "Busy Here")
    assert [topic for topic, _ in heard] == [30011, 30015, 30011, 30012]


async def test_a_call_lost_while_it_is_held_or_talked_on_is_no_failure_of_the_destination(
    control: StandInControl, heard: list[tuple[int, dict[str, Any]]]
) -> None:
    held, talked = control.ring(), control.ring()
    await control.pass_window(talked)
    control.report(talked, Progress.ANSWERED, 200)
    heard.clear()
    for call in (held, talked):
        control.tell(*control.gate.lose(call, control.now()))
    assert [(topic, told.get("status")) for topic, told in heard] == [
        (30011, None),
        (30012, "NO ANSWER"),
        (30011, None),
        (30012, "ANSWERED"),
    ]


async def test_who_is_dialled_is_told_and_that_nobody_answered_is_not(
    control: StandInControl, heard: list[tuple[int, dict[str, Any]]]
) -> None:
    call = control.ring()
    for number in ("2101", "2102"):
        await control.decide(call.id, dial([target(f"sip:{number}@192.0.2.40")]), Decider("rcml", "acme"))
        control.rings(call)
        control.returns(call)
    await control.decide(call.id, Accept(), Decider("rcml", "acme"))
    control.answers(call)
    control.ends(call)
    numbers = [
        leg["number"] for _, told in heard for member in told.get("members", ()) for kind, leg in member.items()
        if kind == "extension"
    ]  # fmt: skip
    assert [topic for topic, _ in heard] == [30016, 30011, 30011, 30011, 30011, 30012]
    assert numbers == ["2101", "2102", "2002", "2002"]
    assert heard[-1][1]["call_to"] == "2002"


def test_every_kind_of_event_is_accounted_for(control: StandInControl) -> None:
    call = control.ring()
    assert {kind for kind in Kind if topics(CallEvent(kind, call, 0.0))} == set(Kind) - {
        Kind.PASSED,
        Kind.ROUTED,
        Kind.RETURNED,
    }


@given(st.text(), st.text(max_size=4096))
def test_whatever_the_caller_put_into_its_invite_arrives_as_json_with_the_same_content(
    number: str, dialled: str
) -> None:
    number, dialled = (text.encode("utf-8", "replace").decode() for text in (number, dialled))
    call: Call = StandInControl().ring(number=number, dialled=dialled)
    told = message(encode(30016, call, SERIAL))["members"][0]["inbound"]
    assert (told["from"], told["to"]) == (number, dialled)
