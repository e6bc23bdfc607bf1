"""The controller: gate, link, clock and listeners together, against an edge of our own on real sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.unit.controller_rig import ALICE, BOB, Rig, make_database, rig_of, silent
from tests.unit.edge.fake import NONCE, Command, Reply

from callgate import controller as module
from callgate.controller import SteadyClock
from callgate.core.answers import (
    AlreadyDecided,
    Applied,
    CancelledByCaller,
    EdgeFailed,
    EdgeSilent,
    HangUpAnswer,
    HungUp,
    Lapsed,
    NotHeld,
    NotLive,
    UnknownCall,
)
from callgate.core.calls import Call, CallId
from callgate.core.events import CallEvent, Delivery, Event, Kind, VerdictEvent
from callgate.core.states import State
from callgate.core.verdicts import EARLIER, GUARD, STOP, WINDOW, Accept, Refuse, refuse
from callgate.directory.model import InboundRoute
from callgate.edge.rows import rows_of
from callgate.edge.wire import key_of

ACCEPT, DECLINE = Accept(), refuse()
NEVER = CallId("00000000-0000-7000-8000-000000000000")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    state = tmp_path_factory.mktemp("state")
    asyncio.run(make_database(state))
    return state


@pytest.fixture
async def rig(template: Path, tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig_of(template, tmp_path) as made:
        yield made


# --- the directory on the edge ---------------------------------------------------------------------------------------


async def test_the_edge_has_the_directory_before_the_controller_counts_as_linked(rig: Rig) -> None:
    assert rig.edge.rows == rows_of(rig.directory.current)
    assert rig.controller.health().linked


async def test_a_change_of_the_directory_reaches_the_edge(rig: Rig) -> None:
    await rig.directory.put(InboundRoute("new", "sip:192.0.2.30", "77*"))
    await rig.edge.until(lambda: rig.edge.rows == rows_of(rig.directory.current))


async def test_a_directory_that_the_edge_did_not_take_is_sent_again(rig: Rig) -> None:
    rig.edge.reply = lambda command: ("failed", 0) if len(rig.edge.commands) <= 2 else ("done", 0)
    await rig.directory.put(InboundRoute("new", "sip:192.0.2.30", "77*"))
    await rig.edge.until(lambda: rig.edge.rows == rows_of(rig.directory.current))


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
    assert rig.events == [delivery]


# --- hanging up ------------------------------------------------------------------------------------------------------


async def test_an_unknown_call_cannot_be_hung_up(rig: Rig) -> None:
    assert await rig.controller.hang_up(NEVER, ALICE) == UnknownCall()


async def test_hanging_up_a_held_call_refuses_it(rig: Rig) -> None:
    call = await rig.call()
    assert await rig.controller.hang_up(call.id, ALICE) == HungUp(call)
    assert (call.state, call.status) == (State.REFUSED, 603)
    assert rig.verdicts == [("alice", "applied")]


async def test_hanging_up_a_held_call_that_the_caller_cancels_finds_it_over(rig: Rig) -> None:
    rig.edge.reply = lambda command: ("cancelled", 487)
    call = await rig.call()
    assert await rig.controller.hang_up(call.id, ALICE) == NotLive(call)


@pytest.mark.parametrize(("reply", "answer"), [(("failed", 500), EdgeFailed), (None, EdgeSilent)])
async def test_hanging_up_a_held_call_says_so_if_the_edge_could_not(rig: Rig, reply: Reply, answer: type) -> None:
    rig.edge.reply = lambda command: reply
    call = await rig.call()
    assert type(await rig.controller.hang_up(call.id, ALICE)) is answer


async def test_hanging_up_a_call_that_is_just_being_accepted_ends_it_after_that(rig: Rig) -> None:
    rig.edge.reply = lambda command: ("done", 603) if command.word == "hangup" else None
    call = await rig.call()
    accepting = asyncio.create_task(rig.controller.decide(call.id, ACCEPT, BOB))
    command = await rig.edge.command("route")
    hanging_up = asyncio.create_task(rig.controller.hang_up(call.id, ALICE))
    await asyncio.sleep(0.05)
    rig.edge.acknowledge(command)
    assert await accepting == Applied(call)
    assert await hanging_up == HungUp(call)
    assert [command.word for command in rig.edge.commands] == ["route", "hangup"]


@pytest.mark.parametrize("events", [[], ["ringing"], ["ringing", "answered"]])
@pytest.mark.parametrize(
    ("reply", "answer"),
    [(("done", 0), HungUp), (("failed", 0), EdgeFailed), (("unknown", 0), NotLive), (None, EdgeSilent)],
)
async def test_a_call_that_went_on_is_hung_up_by_the_edge(
    rig: Rig, events: list[str], reply: Reply, answer: type[HangUpAnswer]
) -> None:
    call = await rig.call()
    await rig.controller.decide(call.id, ACCEPT, BOB)
    for event in events:
        rig.edge.tell(event, k=key_of(call), status=180)
    await rig.until(lambda: len(rig.told(call)) == 2 + len(events))
    rig.edge.reply = lambda command: reply
    assert type(await rig.controller.hang_up(call.id, ALICE)) is answer
    assert rig.edge.named("hangup")[0].rest[0] == key_of(call)


async def test_an_ended_call_is_not_hung_up_again(rig: Rig) -> None:
    call = await rig.call()
    await rig.controller.decide(call.id, DECLINE, BOB)
    assert await rig.controller.hang_up(call.id, ALICE) == NotLive(call)
    assert rig.edge.named("hangup") == []


# --- the link breaks -------------------------------------------------------------------------------------------------


async def relinked(rig: Rig, times: int = 2) -> None:
    """The edge ends the connection, and has the controller back."""
    rig.edge.drop_link()
    await rig.edge.until(lambda: rig.edge.connections == times)
    async with asyncio.timeout(10):
        await rig.controller.linked.wait()


async def test_calls_that_the_edge_does_not_tell_again_are_lost(rig: Rig) -> None:
    kept_frame = rig.frame()
    rig.edge.tell("call", **{name: value for name, value in kept_frame.items() if name != "e"})
    kept, lost = await rig.found(kept_frame), await rig.call()
    rig.edge.snapshot = [kept_frame]
    with capture_logs():
        await relinked(rig)
    await rig.reaches(lost, State.FAILED)
    assert rig.told(lost) == [Kind.HELD, Kind.FAILED]
    assert rig.told(kept) == [Kind.HELD], "what is known is not told again"
    assert await rig.controller.decide(kept.id, DECLINE, ALICE) == Applied(kept)


@pytest.mark.parametrize(("state", "became"), [("routed", State.ROUTED), ("answered", State.ANSWERED)])
async def test_calls_that_were_let_go_meanwhile_are_found_so(rig: Rig, state: str, became: State) -> None:
    frame = rig.frame()
    rig.edge.tell("call", **{name: value for name, value in frame.items() if name != "e"})
    call = await rig.found(frame)
    rig.edge.snapshot = [frame, {"e": "resumed", "k": frame["k"], "state": state}]
    with capture_logs():
        await relinked(rig)
    await rig.reaches(call, became)
    late = await rig.controller.decide(call.id, DECLINE, ALICE)
    assert isinstance(late, AlreadyDecided)
    assert late.first.decider == EARLIER
    assert rig.edge.commands == []


async def test_a_decision_on_its_way_when_the_link_breaks_is_not_known(rig: Rig) -> None:
    rig.edge.reply = silent
    call = await rig.call()
    deciding = asyncio.create_task(rig.controller.decide(call.id, DECLINE, ALICE))
    await rig.edge.command("refuse")
    with capture_logs():
        rig.edge.drop_link()
        assert await deciding == EdgeSilent(call)
        assert not rig.controller.health().linked
        assert await rig.controller.hang_up(call.id, ALICE) == EdgeSilent(call)


async def test_the_link_is_made_again_also_after_a_broken_stream(rig: Rig) -> None:
    with capture_logs():
        rig.edge.write(b"garbage")
        await rig.edge.until(lambda: rig.edge.connections == 2)
        call = await rig.call()
    assert await rig.controller.decide(call.id, DECLINE, ALICE) == Applied(call)


async def test_a_restarted_controller_finds_the_held_call_and_decides_it(rig: Rig) -> None:
    frame = rig.frame(age=2.0)
    rig.edge.tell("call", **{name: value for name, value in frame.items() if name != "e"})
    before = await rig.found(frame)
    rig.edge.reply = silent
    await rig.controller.stop()
    rig.edge.commands.clear()
    rig.edge.reply = lambda command: ("done", 0)
    rig.edge.snapshot = [frame]
    again = rig.another_controller()
    await again.start(rig.address)
    call = await rig.found(frame)
    assert call is not before
    assert call.id == before.id
    assert (call.received, call.caller) == (before.received, before.caller)
    assert await again.decide(call.id, DECLINE, ALICE) == Applied(call)


async def test_a_held_call_that_is_found_after_its_window_lapses_at_once(rig: Rig) -> None:
    rig.edge.snapshot = [rig.frame(age=10.5)]
    with capture_logs():
        rig.edge.drop_link()
        await rig.edge.command("route")
    call = await rig.found(rig.edge.snapshot[0])
    assert call.record is not None
    assert call.record.decider == WINDOW


# --- stopping, health, memory ----------------------------------------------------------------------------------------


async def test_stopping_gives_held_calls_their_default_and_leaves_no_task(rig: Rig) -> None:
    before = asyncio.all_tasks()
    held = [await rig.call(), await rig.call(route="closed")]
    await rig.controller.stop()
    assert [command.word for command in rig.edge.commands] == ["route", "refuse"]
    assert [call.record.decider for call in held if call.record is not None] == [STOP, STOP]
    left = {task.get_name() for task in asyncio.all_tasks() - before}
    assert not left & {"edge link", "sweep of overdue calls"}


async def test_health_tells_how_it_is(rig: Rig) -> None:
    held, routed = await rig.call(), await rig.call()
    await rig.controller.decide(routed.id, ACCEPT, ALICE)
    health = rig.controller.health()
    assert (health.linked, health.edge_version, health.held, health.live) == (True, "5.6.3", 1, 2)
    assert (health.backlog, health.dropped) == (3, 1)
    assert held.id.endswith(f"{held.sequence:08x}")
    assert int(held.id.replace("-", ""), 16) >> 32 & 0x3FFF_FFFF == NONCE & 0x3FFF_FFFF


async def test_calls_that_ended_leave_nothing_behind_but_those_remembered(rig: Rig) -> None:
    for _ in range(30):
        call = await rig.call()
        await rig.controller.decide(call.id, DECLINE, ALICE)
    ended = [value for value in vars(rig.controller).values() if isinstance(value, dict | set | list)]
    assert max(len(value) for value in ended) <= 3
    assert rig.controller.find(call.id) is call


async def test_a_burst_of_decisions_is_carried_out_whole(rig: Rig) -> None:
    def reply(command: Command) -> Reply:
        return ("done", 603) if command.word == "refuse" else ("done", 0)

    rig.edge.reply = reply
    calls: list[Call] = [await rig.call() for _ in range(300)]
    verdicts = [DECLINE if number % 2 else ACCEPT for number in range(300)]
    answers = await asyncio.gather(
        *(rig.controller.decide(call.id, verdict, ALICE) for call, verdict in zip(calls, verdicts, strict=True))
    )
    assert answers == [
        Applied(call, 603 if verdict is DECLINE else 0) for call, verdict in zip(calls, verdicts, strict=True)
    ]


def test_the_clock_is_the_wall_clock_and_never_jumps(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SteadyClock()
    began = clock()
    assert began == pytest.approx(time.time(), abs=1)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert 0 <= clock() - began < 5
