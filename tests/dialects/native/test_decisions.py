"""Accept, refuse, redirect and hang up: a success says what happened, and each other ending has its own problem."""

from __future__ import annotations

import asyncio

import pytest

from callgate.core.answers import EdgeFailed, EdgeSilent
from callgate.core.calls import Call
from callgate.core.reports import Ack, AckResult, Progress
from callgate.core.verdicts import Accept, Decider, Redirect, Refuse, Verdict, dial, target
from tests.dialects.serving import until

from .rig import DIALLER, Rig, problem


async def test_accept_routes_the_call(rig: Rig) -> None:
    call = rig.control.ring()
    response = await rig.post(f"/v1/calls/{call.id}/accept")
    body = response.json()
    assert response.status_code == 200
    assert (body["result"], body["status"], body["call"]["state"]) == ("applied", 0, "routed")
    assert body["call"]["decision"] == {
        "verdict": {"action": "accept"},
        "dialect": "native",
        "application": "admin",
        "at": rig.control.time,
    }
    assert rig.control.decisions == [(call.id, Accept(), Decider("native", "admin"))]


@pytest.mark.parametrize("body", [None, {}])
async def test_refuse_without_a_word_is_rejected_603(rig: Rig, body: object) -> None:
    call = rig.control.ring()
    reply = (await rig.post(f"/v1/calls/{call.id}/refuse", body)).json()
    assert (reply["result"], reply["status"], reply["call"]["state"]) == ("applied", 603, "refused")
    assert rig.control.decisions[0][1] == Refuse(603, "Decline", 21, "rejected")


async def test_refuse_gives_the_caller_exactly_what_was_asked(rig: Rig) -> None:
    call = rig.control.ring()
    asked = {"status": 480, "phrase": "Closed today", "headers": {"Retry-After": "3600", "X-Why": "holiday"}}
    reply = (await rig.post(f"/v1/calls/{call.id}/refuse", asked)).json()
    assert reply["call"]["decision"]["verdict"] == {
        "action": "refuse",
        "status": 480,
        "phrase": "Closed today",
        "cause": 18,
        "reason": None,
        "headers": [{"name": "Retry-After", "value": "3600"}, {"name": "X-Why", "value": "holiday"}],
    }
    assert (reply["call"]["status"], reply["call"]["phrase"]) == (480, "Closed today")


async def test_refuse_by_reason(rig: Rig) -> None:
    call = rig.control.ring()
    reply = (await rig.post(f"/v1/calls/{call.id}/refuse", {"reason": "busy"})).json()
    assert (reply["status"], reply["call"]["phrase"]) == (486, "Busy Here")


@pytest.mark.parametrize(("mode", "state", "status"), [("relay", "routed", None), ("contact", "redirected", 302)])
async def test_redirect(rig: Rig, mode: str, state: str, status: int | None) -> None:
    call = rig.control.ring()
    asked = {"uri": "sip:2002@192.0.2.99:5070", "mode": mode}
    reply = (await rig.post(f"/v1/calls/{call.id}/redirect", asked)).json()
    assert (reply["call"]["state"], reply["call"]["status"]) == (state, status)
    assert isinstance(rig.control.decisions[0][1], Redirect)


@pytest.mark.parametrize(
    ("operation", "body", "field"),
    [
        ("refuse", {"reason": "tired"}, "$.reason"),
        ("refuse", {"reason": "busy", "status": 486}, "$.status"),
        ("refuse", {"status": 200}, "$.status"),
        ("refuse", {"status": 407}, "$.status"),
        ("refuse", {"status": "486"}, "$.status"),
        ("refuse", {"phrase": "two\r\nlines"}, "$.phrase"),
        ("refuse", {"phrase": ""}, "$.phrase"),
        ("refuse", {"headers": {"Via": "SIP/2.0/UDP 192.0.2.1"}}, "$.headers"),
        ("refuse", {"headers": {"X-A": "a\nb"}}, "$.headers"),
        ("refuse", {"headers": {f"X-{number}": "" for number in range(9)}}, "$.headers"),
        ("refuse", {"headers": {"X-A": 1}}, "$.headers[...]"),
        ("refuse", {"why": "busy"}, "$"),
        ("refuse", [], "$"),
        ("refuse", "busy", "$"),
        ("redirect", {"uri": "tel:2002"}, "$.uri"),
        ("redirect", {"uri": "sip:a b@c"}, "$.uri"),
        ("redirect", {"uri": "sip:2002@192.0.2.99", "mode": "fork"}, "$.mode"),
        ("redirect", {}, "$"),
        ("accept", {"now": True}, "$"),
        ("hangup", {"now": True}, "$"),
    ],
)
async def test_a_wrong_field_is_named_and_decides_nothing(rig: Rig, operation: str, body: object, field: str) -> None:
    call = rig.control.ring()
    path = f"/v1/calls/{call.id}/{operation}"
    response = await rig.http.post(path, json=body)
    assert problem(response, 422, "invalid-request")["errors"][0]["field"] == field
    assert call.state == "held"
    assert rig.control.decisions == []


async def test_a_call_that_is_unknown(rig: Rig) -> None:
    for identity in ("019b76da-a8fa-7000-8000-000000000001", "not-an-id", "1" * 3000):
        for operation in ("accept", "refuse", "hangup"):
            problem(await rig.post(f"/v1/calls/{identity}/{operation}"), 404, "unknown-call")
    assert [call for call, _, _ in rig.control.decisions[2:4]] == [None, None]


async def test_an_id_in_capitals_is_the_same_call(rig: Rig) -> None:
    call = rig.control.ring()
    assert (await rig.post(f"/v1/calls/{call.id.upper()}/accept")).status_code == 200


async def test_the_second_to_decide_is_told_who_was_first(rig: Rig) -> None:
    call = rig.control.ring()
    async with rig.as_("decide") as first:
        await first.post(f"/v1/calls/{call.id}/refuse", json={"reason": "busy"})
    body = problem(await rig.post(f"/v1/calls/{call.id}/accept"), 409, "already-decided")
    assert (body["decision"]["application"], body["decision"]["verdict"]["reason"]) == ("decide", "busy")
    assert body["decision"]["at"] == rig.control.time
    assert body["call"]["state"] == "refused"


async def test_of_two_at_the_same_time_one_wins_and_the_other_is_told(rig: Rig) -> None:
    call = rig.control.ring()
    go = asyncio.Event()

    async def edge(call: Call, verdict: Verdict) -> Ack:
        await go.wait()
        return await rig.control.obey(call, verdict)

    rig.control.edge = edge
    both = [asyncio.create_task(rig.post(f"/v1/calls/{call.id}/{what}")) for what in ("accept", "refuse")]
    await until(lambda: len(rig.control.decisions) == 2)
    go.set()
    responses = await asyncio.gather(*both)
    assert sorted(response.status_code for response in responses) == [200, 409]
    lost = next(response for response in responses if response.status_code == 409)
    problem(lost, 409, "already-decided")


async def test_refuse_after_the_window_changes_nothing(rig: Rig) -> None:
    call = rig.control.ring()
    await rig.control.pass_window(call)
    body = problem(await rig.post(f"/v1/calls/{call.id}/refuse"), 409, "lapsed")
    assert body["decision"]["application"] == "window"
    assert body["call"]["state"] == "routed"
    assert "is over" in body["detail"]


async def test_the_guard_of_the_edge_was_faster(rig: Rig) -> None:
    call = rig.control.ring()
    rig.control.acknowledge(AckResult.LAPSED)
    body = problem(await rig.post(f"/v1/calls/{call.id}/refuse"), 409, "lapsed")
    assert (body["decision"]["dialect"], body["decision"]["application"]) == ("edge", "guard")


async def test_the_caller_hung_up_before(rig: Rig) -> None:
    call = rig.control.ring()
    rig.control.report(call, Progress.CANCELLED, 487)
    body = problem(await rig.post(f"/v1/calls/{call.id}/accept"), 409, "cancelled-by-caller")
    assert body["call"]["state"] == "cancelled"


async def test_the_caller_hung_up_while_the_verdict_was_on_its_way(rig: Rig) -> None:
    call = rig.control.ring()
    rig.control.acknowledge(AckResult.CANCELLED)
    problem(await rig.post(f"/v1/calls/{call.id}/accept"), 409, "cancelled-by-caller")


async def test_a_call_that_was_never_held(rig: Rig) -> None:
    call = rig.control.ring(controlled=False)
    problem(await rig.post(f"/v1/calls/{call.id}/refuse"), 409, "not-held")


async def test_a_call_that_has_nowhere_to_go_is_not_accepted_and_stays_held(rig: Rig) -> None:
    call = rig.control.ring(destination="")
    body = problem(await rig.post(f"/v1/calls/{call.id}/accept"), 409, "no-destination")
    assert (body["call"]["state"], body["call"]["destination"]) == ("held", "")
    assert (await rig.post(f"/v1/calls/{call.id}/refuse")).json()["result"] == "applied"


async def test_a_call_that_is_dialled_was_decided_by_who_dials(rig: Rig) -> None:
    call = rig.control.ring()
    targets = [target("sip:2101@192.0.2.40"), target(phone="anna")]
    await rig.control.decide(call.id, dial(targets, ring_seconds=20, limit_seconds=60, caller_id="5503300"), DIALLER)
    body = problem(await rig.post(f"/v1/calls/{call.id}/refuse"), 409, "already-decided")
    assert body["decision"]["verdict"] == {
        "action": "dial",
        "targets": ["sip:2101@192.0.2.40", "phone:anna"],
        "ring_seconds": 20.0,
        "limit_seconds": 60,
        "caller_id": "5503300",
    }
    rig.control.returns(call)
    assert (await rig.post(f"/v1/calls/{call.id}/refuse")).json()["result"] == "applied"


async def test_the_edge_could_not_do_it(rig: Rig) -> None:
    call = rig.control.ring()
    rig.control.acknowledge(AckResult.FAILED, 500)
    body = problem(await rig.post(f"/v1/calls/{call.id}/accept"), 502, "edge-failed")
    assert body["status_sent"] == 500
    assert body["call"]["state"] == "failed"


async def test_the_edge_did_not_answer(rig: Rig) -> None:
    call = rig.control.ring()
    rig.control.acknowledge(AckResult.UNANSWERED)
    problem(await rig.post(f"/v1/calls/{call.id}/accept"), 504, "edge-silent")


async def test_hang_up_an_answered_call(rig: Rig) -> None:
    call = rig.control.ring()
    await rig.post(f"/v1/calls/{call.id}/accept")
    rig.control.report(call, Progress.ANSWERED, 200)
    body = (await rig.post(f"/v1/calls/{call.id}/hangup")).json()
    assert (body["result"], body["call"]["state"], body["call"]["hung_up_by"]) == ("hung_up", "completed", "controller")
    problem(await rig.post(f"/v1/calls/{call.id}/hangup"), 409, "not-live")


async def test_hang_up_a_held_call_refuses_it(rig: Rig) -> None:
    call = rig.control.ring()
    body = (await rig.post(f"/v1/calls/{call.id}/hangup", {})).json()
    assert (body["result"], body["status"], body["call"]["state"]) == ("hung_up", 603, "refused")


async def test_hang_up_when_the_edge_fails(rig: Rig) -> None:
    call = rig.control.ring()
    rig.control.hang_up_answer = EdgeFailed
    problem(await rig.post(f"/v1/calls/{call.id}/hangup"), 502, "edge-failed")
    rig.control.hang_up_answer = EdgeSilent
    problem(await rig.post(f"/v1/calls/{call.id}/hangup"), 504, "edge-silent")


async def test_hostile_text_of_the_invite_arrives_as_it_is(rig: Rig) -> None:
    hostile = '"\\"\\\\ \u00fc\u4e2d\U0001f600 <script>\x00' + "x" * 4000
    call = rig.control.ring(number=hostile, headers=(("X-Odd", hostile), ("X-Odd", "again")))
    caller = (await rig.http.get(f"/v1/calls/{call.id}")).json()["caller"]
    assert caller["number"] == hostile
    assert caller["headers"] == [{"name": "X-Odd", "value": hostile}, {"name": "X-Odd", "value": "again"}]
