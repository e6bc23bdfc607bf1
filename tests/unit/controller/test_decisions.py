"""Decisions, windows and listeners: what an application is told, and when."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from callgate.controller import controller as module
from callgate.core.answers import (
    AlreadyDecided,
    Applied,
    CancelledByCaller,
    EdgeFailed,
    EdgeSilent,
    Lapsed,
    NotHeld,
    UnknownCall,
)
from callgate.core.calls import CallId
from callgate.core.events import CallEvent, Delivery, Event, Kind, VerdictEvent
from callgate.core.states import State
from callgate.core.verdicts import GUARD, WINDOW, Accept, Refuse, refuse
from callgate.edge.wire import key_of
from tests.unit.edge.fake import Reply

from .rig import ALICE, BOB, Rig, rig_of, silent

ACCEPT, DECLINE = Accept(), refuse()
NEVER = CallId("00000000-0000-7000-8000-000000000000")


# --- calls and decisions ---------------------------------------------------------------------------------------------


async def test_a_held_call_is_told_with_the_terms_of_its_route(rig: Rig) -> None:
    call = await rig.call(route="closed", did="NTUwMzMwMw==")
    assert (call.state, call.destination, call.window, call.dialled) == (State.HELD, "sip:192.0.2.20", 10.0, "5503303")
    assert isinstance(call.lapse, Refuse)
    assert call.lapse.status == 486
    assert call.told is not None
    assert call.received <= call.told <= rig.controller.now()
    assert rig.told(call) == [Kind.HELD]
    assert list(rig.controller.live()) == [call]
    assert rig.controller.find(call.id) is call


async def test_a_call_of_a_route_that_was_just_removed_goes_where_the_edge_matched_it_to(rig: Rig) -> None:
    call = await rig.call(route="removed")
    assert (call.lapse, call.window) == (ACCEPT, 10.0)
    assert await rig.controller.decide(call.id, ACCEPT, ALICE) == Applied(call)
    assert rig.edge.named("route")[0].rest == (key_of(call),)


async def test_a_call_that_was_not_held_is_passed_on(rig: Rig) -> None:
    call = await rig.call(held=False)
    assert rig.told(call) == [Kind.PASSED]
    assert await rig.controller.decide(call.id, DECLINE, ALICE) == NotHeld(call)
    assert rig.edge.commands == []


async def test_success_is_said_when_the_edge_has_done_it_and_not_before(rig: Rig) -> None:
    rig.edge.reply = silent
    call = await rig.call()
    deciding = asyncio.create_task(rig.controller.decide(call.id, DECLINE, ALICE))
    command = await rig.edge.command("refuse")
    await asyncio.sleep(0.05)
    assert not deciding.done()
    assert (call.state, rig.told(call), rig.verdicts) == (State.DECIDED, [Kind.HELD], [])
    rig.edge.acknowledge(command, "done", 603)
    assert await deciding == Applied(call, 603)
    assert (call.state, rig.told(call)) == (State.REFUSED, [Kind.HELD, Kind.REFUSED])


async def test_of_two_that_decide_at_once_one_wins_and_the_other_is_told_so(rig: Rig) -> None:
    call = await rig.call()
    answers = await asyncio.gather(
        rig.controller.decide(call.id, DECLINE, ALICE), rig.controller.decide(call.id, ACCEPT, BOB)
    )
    assert call.record is not None
    assert list(answers) == [Applied(call), AlreadyDecided(call, call.record)]
    assert call.record.decider == ALICE
    assert [command.word for command in rig.edge.commands] == ["refuse"]
    assert rig.verdicts == [("alice", "applied"), ("bob", "already_decided")]


async def test_the_loser_is_told_only_after_the_edge_has_acknowledged_the_first(rig: Rig) -> None:
    rig.edge.reply = silent
    call = await rig.call()
    first = asyncio.create_task(rig.controller.decide(call.id, DECLINE, ALICE))
    command = await rig.edge.command("refuse")
    losers = [asyncio.create_task(rig.controller.decide(call.id, ACCEPT, BOB)) for _ in range(3)]
    await asyncio.sleep(0.05)
    assert not any(loser.done() for loser in losers)
    rig.edge.acknowledge(command, "cancelled", 487)
    assert await first == CancelledByCaller(call)
    assert await asyncio.gather(*losers) == [CancelledByCaller(call)] * 3


async def test_the_loser_of_a_verdict_that_the_edge_never_acknowledged_is_told_that_nothing_is_known(rig: Rig) -> None:
    rig.edge.reply = silent
    call = await rig.call()
    answers = await asyncio.gather(
        rig.controller.decide(call.id, DECLINE, ALICE), rig.controller.decide(call.id, ACCEPT, BOB)
    )
    assert list(answers) == [EdgeSilent(call)] * 2
    assert await rig.controller.decide(call.id, ACCEPT, BOB) == EdgeSilent(call)
    rig.edge.tell("routed", k=key_of(call))
    await rig.reaches(call, State.ROUTED)
    late = await rig.controller.decide(call.id, ACCEPT, BOB)
    assert isinstance(late, Lapsed)
    assert late.default.decider == GUARD


@pytest.mark.parametrize(
    ("reply", "answer"),
    [(("lapsed", 0), Lapsed), (("cancelled", 487), CancelledByCaller), (("unknown", 0), EdgeFailed),
     (("failed", 500), EdgeFailed), (("done", 0), Applied)],
)  # fmt: skip
async def test_the_edge_has_the_last_word_on_a_decision(rig: Rig, reply: Reply, answer: type) -> None:
    rig.edge.reply = lambda command: reply
    call = await rig.call()
    assert type(await rig.controller.decide(call.id, ACCEPT, ALICE)) is answer


async def test_every_decision_is_told_to_the_listeners_also_the_late_and_the_unknown(rig: Rig) -> None:
    call = await rig.call()
    await rig.controller.decide(call.id, DECLINE, ALICE)
    await rig.controller.decide(call.id, ACCEPT, BOB)
    assert await rig.controller.decide(NEVER, ACCEPT, BOB) == UnknownCall()
    assert await rig.controller.decide(None, ACCEPT, BOB) == UnknownCall()
    told = [event for event in rig.events if isinstance(event, VerdictEvent)]
    assert [event.result for event in told] == ["applied", "already_decided", "unknown", "unknown"]
    assert [event.call for event in told] == [call.id, call.id, None, None]
    assert all(event.seconds >= 0 for event in told)


async def test_a_verdict_is_carried_out_also_when_its_request_was_given_up(rig: Rig) -> None:
    rig.edge.reply = silent
    call = await rig.call()
    first = asyncio.create_task(rig.controller.decide(call.id, DECLINE, ALICE))
    command = await rig.edge.command("refuse")
    second = asyncio.create_task(rig.controller.decide(call.id, ACCEPT, BOB))
    await asyncio.sleep(0)
    first.cancel()
    rig.edge.acknowledge(command, "done", 603)
    assert isinstance(await second, AlreadyDecided)
    assert call.state is State.REFUSED


async def test_what_the_destination_does_is_told(rig: Rig) -> None:
    call = await rig.call()
    await rig.controller.decide(call.id, ACCEPT, ALICE)
    rig.edge.tell("ringing", k=key_of(call), status=180)
    rig.edge.tell("answered", k=key_of(call), status=200)
    rig.edge.tell("ended", k=key_of(call), by="destination")
    await rig.reaches(call, State.COMPLETED)
    assert rig.told(call) == [Kind.HELD, Kind.ROUTED, Kind.RINGING, Kind.ANSWERED, Kind.ENDED]
    assert call.hung_up_by == "destination"


# --- the window ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("route", "word"), [("sales", "route"), ("closed", "refuse")])
async def test_a_call_that_nobody_decides_gets_its_lapse_at_the_end_of_the_window(
    rig: Rig, route: str, word: str
) -> None:
    call = await rig.call(age=9.8, route=route)
    command = await rig.edge.command("route", "refuse")
    assert command.word == word
    assert rig.controller.now() >= call.deadline
    late = await rig.controller.decide(call.id, DECLINE, ALICE)
    assert isinstance(late, Lapsed)
    assert late.default.decider == WINDOW
    assert call.deadline <= late.default.at < call.deadline + 2


async def test_a_decision_after_the_window_is_late_also_when_the_lapse_was_not_applied_yet(rig: Rig) -> None:
    call = await rig.call()
    rig.ahead = 10.001  # the process was frozen, and the request is read before the timer
    late = await rig.controller.decide(call.id, DECLINE, ALICE)
    assert isinstance(late, Lapsed)
    assert (late.default.decider, late.default.verdict) == (WINDOW, ACCEPT)
    assert [command.word for command in rig.edge.commands] == ["route"]
    assert call.state is State.ROUTED


async def test_a_decision_within_the_window_is_in_time(rig: Rig) -> None:
    call = await rig.call()
    rig.ahead = call.deadline - rig.controller.now() - 0.5
    assert await rig.controller.decide(call.id, DECLINE, ALICE) == Applied(call)


async def test_a_decided_a_cancelled_and_a_guarded_call_do_not_lapse_again(rig: Rig) -> None:
    decided, cancelled, guarded = [await rig.call(age=9.7) for _ in range(3)]
    await rig.controller.decide(decided.id, DECLINE, ALICE)
    rig.edge.tell("cancelled", k=key_of(cancelled), status=487)
    rig.edge.tell("routed", k=key_of(guarded))
    await rig.reaches(guarded, State.ROUTED)
    await asyncio.sleep(0.5)
    assert [command.word for command in rig.edge.commands] == ["refuse"]
    assert (decided.state, cancelled.state) == (State.REFUSED, State.CANCELLED)


async def test_a_call_that_the_edge_never_ends_is_ended_all_the_same(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, template: Path, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "_SWEEP", 0.05)
    async with rig_of(template, tmp_path / "another") as swept:
        swept.edge.reply = silent
        call = await swept.call()
        assert await swept.controller.decide(call.id, DECLINE, ALICE) == EdgeSilent(call)
        with capture_logs() as logs:
            swept.ahead = 18.0
            await swept.reaches(call, State.FAILED)
        assert [line["event"] for line in logs] == ["the edge never told what became of a call"]
        assert call.record is None


# --- listeners -------------------------------------------------------------------------------------------------------


async def test_a_fault_of_one_listener_costs_neither_the_others_nor_the_call(rig: Rig) -> None:
    heard: list[Event] = []

    def faulty(event: Event) -> None:
        raise RuntimeError("a fault in a dialect")

    rig.controller.listen(faulty)
    rig.controller.listen(heard.append)
    with capture_logs() as logs:
        call = await rig.call()
        assert await rig.controller.decide(call.id, DECLINE, ALICE) == Applied(call)
    assert [event.kind for event in heard if isinstance(event, CallEvent)] == [Kind.HELD, Kind.REFUSED]
    assert {line["event"] for line in logs} == {"a listener failed"}


async def test_a_listener_that_stops_hears_nothing_more_and_may_stop_while_it_is_told(rig: Rig) -> None:
    heard: list[Event] = []

    def once(event: Event) -> None:
        heard.append(event)
        stop()

    stop = rig.controller.listen(once)
    await rig.call()
    await rig.call()
    stop()
    assert len(heard) == 1


async def test_deliveries_are_passed_on(rig: Rig) -> None:
    delivery = Delivery(None, "yeastar", "bob", "webhook", "30016", "delivered", 1.0, 0.1)
    rig.controller.delivered(delivery)
    assert rig.events[-1] == delivery
