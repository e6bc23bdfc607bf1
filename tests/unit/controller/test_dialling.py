"""Diallings: the call is held again, with its window, and each who asks is told what became of his own verdict."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from callgate.controller import controller as module
from callgate.core.answers import (
    AlreadyDecided,
    Applied,
    EdgeFailed,
    EdgeSilent,
    HungUp,
    NoDestination,
    NotLive,
    UnknownCall,
    WithdrawAnswer,
    Withdrawn,
)
from callgate.core.calls import Call, CallId
from callgate.core.events import CallEvent, Kind
from callgate.core.states import State
from callgate.core.verdicts import EARLIER, STOP, WINDOW, Accept, dial, refuse, target
from callgate.edge.wire import key_of
from tests.unit.edge.fake import Command, Reply

from .rig import ALICE, BOB, Rig, silent

ACCEPT, DECLINE = Accept(), refuse()
FIRST, SECOND = target("sip:2101@192.0.2.40"), target(phone="anna")
BOTH, ONE = dial([FIRST, SECOND], ring_seconds=20.0), dial([SECOND])
NEVER = CallId("00000000-0000-7000-8000-000000000000")


async def dialled(rig: Rig, **fields: object) -> Call:
    """A call whose targets ring."""
    call = await rig.call(**fields)  # type: ignore[arg-type]  # fields of the frame
    assert await rig.controller.decide(call.id, BOTH, ALICE) == Applied(call)
    return call


def applied_by(call: Call) -> tuple[object, str]:
    """Who has decided, and what was told of it."""
    assert call.record is not None
    return call.record.decider, call.state


# --- dialled ---------------------------------------------------------------------------------------------------------


async def test_a_dial_is_applied_when_the_edge_has_acknowledged_it_and_who_answers_is_told(rig: Rig) -> None:
    call = await dialled(rig)
    assert rig.edge.named("dial")[0].rest[:5] == (key_of(call), "1", "20000", "12000", "0")
    rig.edge.tell("ringing", k=key_of(call), n=1, t=0, status=180)
    rig.edge.tell("answered", k=key_of(call), n=1, t=1, status=200)
    await rig.reaches(call, State.ANSWERED)
    assert rig.told(call) == [Kind.HELD, Kind.ROUTED, Kind.RINGING, Kind.ANSWERED]
    assert call.target == SECOND


async def test_a_call_that_is_dialled_does_not_lapse(rig: Rig) -> None:
    call = await rig.call(age=9.8)
    assert await rig.controller.decide(call.id, BOTH, ALICE) == Applied(call)
    await asyncio.sleep(0.4)
    assert (call.state, [command.word for command in rig.edge.commands]) == (State.ROUTED, ["dial"])


async def test_a_call_that_has_returned_is_decided_as_one_that_has_just_come(rig: Rig) -> None:
    call = await dialled(rig)
    rig.returned(call, status=486)
    await rig.reaches(call, State.HELD)
    (event,) = [event for event in rig.events if isinstance(event, CallEvent) and event.kind is Kind.RETURNED]
    assert (event.call, event.status) == (call, 486)
    assert await rig.controller.decide(call.id, DECLINE, BOB) == Applied(call)
    assert applied_by(call) == (BOB, State.REFUSED)


async def test_a_call_that_has_returned_has_a_whole_window_and_lapses_after_it(rig: Rig) -> None:
    call = await dialled(rig, age=9.0, route="closed")
    rig.ahead = 30.0
    rig.returned(call)
    await rig.reaches(call, State.HELD)
    assert call.deadline == pytest.approx(rig.controller.now() + call.window, abs=2.0)
    assert await rig.controller.decide(call.id, ONE, ALICE) == Applied(call)
    call.window = 0.2  # what follows is not waited for any longer
    rig.returned(call, 2)
    await rig.reaches(call, State.REFUSED)
    assert applied_by(call) == (WINDOW, State.REFUSED)
    assert [command.word for command in rig.edge.commands] == ["dial", "dial", "refuse"]


async def test_a_decision_after_the_new_window_is_late(rig: Rig) -> None:
    call = await dialled(rig)
    rig.returned(call)
    await rig.reaches(call, State.HELD)
    rig.ahead = 10.5
    assert await rig.controller.decide(call.id, DECLINE, BOB) != Applied(call)
    assert applied_by(call) == (WINDOW, State.ROUTED)


async def test_what_is_told_of_a_dialling_that_is_over_changes_nothing(rig: Rig) -> None:
    call = await dialled(rig)
    rig.returned(call)
    await rig.reaches(call, State.HELD)
    assert await rig.controller.decide(call.id, ONE, ALICE) == Applied(call)
    rig.edge.tell("answered", k=key_of(call), n=1, t=0, status=200)
    rig.returned(call, 1)
    rig.edge.tell("ringing", k=key_of(call), n=2, t=0, status=180)
    await rig.reaches(call, State.RINGING)
    assert rig.told(call) == [Kind.HELD, Kind.ROUTED, Kind.RETURNED, Kind.ROUTED, Kind.RINGING]


async def test_a_route_without_a_destination_accepts_nothing_but_dials(rig: Rig) -> None:
    call = await rig.call(route="dialled")
    assert await rig.controller.decide(call.id, ACCEPT, ALICE) == NoDestination(call)
    assert (call.state, rig.verdicts) == (State.HELD, [("alice", "no_destination")])
    assert await rig.controller.decide(call.id, BOTH, ALICE) == Applied(call)
    rig.returned(call)
    await rig.reaches(call, State.HELD)
    assert await rig.controller.decide(call.id, ACCEPT, ALICE) == NoDestination(call)
    assert [command.word for command in rig.edge.commands] == ["dial"]


# --- acknowledgements that are read late -----------------------------------------------------------------------------


async def test_the_acknowledgement_may_be_read_behind_the_return(rig: Rig) -> None:
    rig.edge.reply = silent
    call = await rig.call()
    dialling = asyncio.create_task(rig.controller.decide(call.id, BOTH, ALICE))
    command = await rig.edge.command("dial")
    waiting = asyncio.create_task(rig.controller.decide(call.id, DECLINE, BOB))
    await asyncio.sleep(0)
    rig.returned(call)
    await rig.reaches(call, State.HELD)
    assert not dialling.done()
    rig.edge.acknowledge(command)
    assert await dialling == Applied(call)
    late = await waiting
    assert isinstance(late, AlreadyDecided)
    assert (late.first.decider, late.first.verdict) == (ALICE, BOTH)
    assert (call.state, rig.told(call)) == (State.HELD, [Kind.HELD, Kind.RETURNED])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_two_verdicts_whose_acknowledgements_cross_each_get_their_own(rig: Rig, order: tuple[int, int]) -> None:
    rig.edge.reply = silent
    call = await rig.call()
    first = asyncio.create_task(rig.controller.decide(call.id, BOTH, ALICE))
    commands = [await rig.edge.command("dial")]
    rig.returned(call)
    await rig.reaches(call, State.HELD)
    second = asyncio.create_task(rig.controller.decide(call.id, DECLINE, BOB))
    commands.append(await rig.edge.command("refuse"))
    late = asyncio.create_task(rig.controller.decide(call.id, ACCEPT, ALICE))
    await asyncio.sleep(0)
    for index in order:
        rig.edge.acknowledge(commands[index], "done", (0, 603)[index])
        assert await (first, second)[index] == Applied(call, (0, 603)[index])
    already = await late
    assert isinstance(already, AlreadyDecided)
    assert already.first.decider == BOB
    assert rig.told(call) == [Kind.HELD, Kind.RETURNED, Kind.REFUSED]


@pytest.mark.parametrize("result", ["cancelled", "lapsed", "unknown", "failed"])
async def test_no_late_acknowledgement_of_a_dialling_touches_the_next_verdict(rig: Rig, result: str) -> None:
    rig.edge.reply = silent
    call = await rig.call()
    first = asyncio.create_task(rig.controller.decide(call.id, BOTH, ALICE))
    dial_command = await rig.edge.command("dial")
    rig.returned(call)
    await rig.reaches(call, State.HELD)
    second = asyncio.create_task(rig.controller.decide(call.id, ONE, BOB))
    command = await rig.edge.command("dial", count=2)
    rig.edge.acknowledge(dial_command, result)
    assert await first == Applied(call)
    assert call.state is State.DECIDED
    rig.edge.acknowledge(command)
    assert await second == Applied(call)
    assert applied_by(call) == (BOB, State.ROUTED)


async def test_a_dial_that_is_never_acknowledged_is_told_by_what_comes_of_it(rig: Rig) -> None:
    rig.edge.reply = silent
    call = await rig.call()
    assert await rig.controller.decide(call.id, BOTH, ALICE) == EdgeSilent(call)
    rig.returned(call)
    await rig.reaches(call, State.HELD)
    rig.edge.reply = lambda command: ("done", 603)
    assert await rig.controller.decide(call.id, DECLINE, BOB) == Applied(call, 603)


async def test_a_dial_without_its_acknowledgement_is_given_its_ring_time_before_the_call_counts_as_lost(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.edge.reply = silent
    call = await rig.call()
    assert await rig.controller.decide(call.id, BOTH, ALICE) == EdgeSilent(call)
    monkeypatch.setattr(module, "_SWEEP", 0.02)
    sweep = asyncio.create_task(rig.controller._sweep())
    try:
        rig.ahead = 19.0  # behind the window, with what it may be late
        await asyncio.sleep(0.1)
        assert call.state is State.DECIDED
        with capture_logs():
            rig.ahead = 28.0
            await rig.reaches(call, State.FAILED)
    finally:
        sweep.cancel()


# --- holding on ------------------------------------------------------------------------------------------------------


async def test_a_call_that_is_held_on_lapses_later_and_its_guard_too(rig: Rig) -> None:
    call = await rig.call(age=9.6)
    assert await rig.controller.hold_on(call.id, 30.0, status=182, phrase="Queued") == Applied(call, 182)
    command = await rig.edge.command("hold")
    assert command.rest[:3] == (key_of(call), "32000", "182")
    assert (call.status, call.phrase) == (182, "Queued")
    assert call.deadline == pytest.approx(rig.controller.now() + 30.0, abs=2.0)
    await asyncio.sleep(0.6)
    assert (call.state, [command.word for command in rig.edge.commands]) == (State.HELD, ["hold"])
    assert await rig.controller.hold_on(call.id, 0.1) == Applied(call)
    await rig.reaches(call, State.ROUTED)
    assert applied_by(call) == (WINDOW, State.ROUTED)


@pytest.mark.parametrize(
    ("reply", "answer"),
    [(("unknown", 0), EdgeFailed), (("failed", 0), EdgeFailed), (None, EdgeSilent)],
)
async def test_a_call_that_could_not_be_held_on_keeps_its_window(rig: Rig, reply: Reply, answer: type) -> None:
    call = await rig.call()
    before = call.deadline
    rig.edge.reply = lambda command: reply
    assert type(await rig.controller.hold_on(call.id, 30.0)) is answer
    assert (call.state, call.deadline) == (State.HELD, before)
    rig.edge.reply = lambda command: ("done", 603)
    assert await rig.controller.decide(call.id, DECLINE, ALICE) == Applied(call, 603)


@pytest.mark.parametrize(("result", "name"), [("cancelled", "CancelledByCaller"), ("lapsed", "Lapsed")])
async def test_what_became_of_a_call_that_is_not_held_any_more_is_said(rig: Rig, result: str, name: str) -> None:
    call = await rig.call()
    rig.edge.reply = lambda command: (result, 0)
    assert type(await rig.controller.hold_on(call.id, 30.0)).__name__ == name


async def test_only_a_held_call_is_held_on(rig: Rig) -> None:
    assert await rig.controller.hold_on(NEVER, 30.0) == UnknownCall()
    call = await dialled(rig)
    assert isinstance(await rig.controller.hold_on(call.id, 30.0), AlreadyDecided)
    over = await rig.call()
    rig.ahead = 10.5
    assert type(await rig.controller.hold_on(over.id, 30.0)).__name__ == "Lapsed"
    assert rig.edge.named("hold") == []


async def test_a_decision_that_comes_while_the_hold_is_under_way_wins(rig: Rig) -> None:
    rig.edge.reply = lambda command: None if command.word == "hold" else ("done", 603)
    call = await rig.call()
    holding = asyncio.create_task(rig.controller.hold_on(call.id, 30.0))
    command = await rig.edge.command("hold")
    assert await rig.controller.decide(call.id, DECLINE, BOB) == Applied(call, 603)
    rig.edge.acknowledge(command)
    late = await holding
    assert isinstance(late, AlreadyDecided)
    assert late.first.decider == BOB


async def test_a_lapse_that_comes_while_the_hold_is_under_way_wins(rig: Rig) -> None:
    rig.edge.reply = lambda command: None if command.word == "hold" else ("done", 0)
    call = await rig.call(age=9.8)
    holding = asyncio.create_task(rig.controller.hold_on(call.id, 30.0))
    command = await rig.edge.command("hold")
    await rig.reaches(call, State.ROUTED)
    rig.edge.acknowledge(command)
    assert type(await holding).__name__ == "Lapsed"


async def test_a_hold_that_was_overtaken_by_a_whole_dialling_is_asked_for_again(rig: Rig) -> None:
    rig.edge.reply = lambda command: None if command.word == "hold" else ("done", 0)
    call = await rig.call()
    holding = asyncio.create_task(rig.controller.hold_on(call.id, 30.0))
    command = await rig.edge.command("hold")
    assert await rig.controller.decide(call.id, BOTH, BOB) == Applied(call)
    rig.returned(call)
    await rig.reaches(call, State.HELD)
    window = call.deadline
    rig.edge.acknowledge(command)
    again = await rig.edge.command("hold", count=2)
    assert call.deadline == window, "the edge has not said that it holds on what it holds again"
    rig.edge.acknowledge(again)
    assert await holding == Applied(call)
    assert call.deadline > window + 15.0


# --- withdrawing -----------------------------------------------------------------------------------------------------


async def test_what_is_dialled_can_be_withdrawn(rig: Rig) -> None:
    call = await dialled(rig)
    assert await rig.controller.withdraw(call.id) == Withdrawn(call)
    command = await rig.edge.command("withdraw")
    assert (command.rest[0], command.rest[-1]) == (key_of(call), "1")
    rig.returned(call, status=487)
    await rig.reaches(call, State.HELD)


@pytest.mark.parametrize(
    ("reply", "answer"),
    [(("done", 0), Withdrawn), (("unknown", 0), NotLive), (("failed", 0), EdgeFailed), (None, EdgeSilent)],
)
async def test_the_edge_has_the_last_word_on_a_withdrawal(rig: Rig, reply: Reply, answer: type[WithdrawAnswer]) -> None:
    call = await dialled(rig)
    rig.edge.reply = lambda command: reply
    assert type(await rig.controller.withdraw(call.id)) is answer
    assert call.state is State.ROUTED


async def test_only_what_is_dialled_is_withdrawn(rig: Rig) -> None:
    assert await rig.controller.withdraw(NEVER) == UnknownCall()
    held, accepted, answered = await rig.call(), await rig.call(), await dialled(rig)
    await rig.controller.decide(accepted.id, ACCEPT, ALICE)
    rig.edge.tell("answered", k=key_of(answered), n=1, t=0, status=200)
    await rig.reaches(answered, State.ANSWERED)
    for call in (held, accepted, answered):
        assert await rig.controller.withdraw(call.id) == NotLive(call)
    assert rig.edge.named("withdraw") == []


async def test_a_withdrawal_never_overtakes_the_dial(rig: Rig) -> None:
    rig.edge.reply = lambda command: None if command.word == "dial" else ("done", 0)
    call = await rig.call()
    dialling = asyncio.create_task(rig.controller.decide(call.id, BOTH, ALICE))
    command = await rig.edge.command("dial")
    withdrawing = asyncio.create_task(rig.controller.withdraw(call.id))
    await asyncio.sleep(0.05)
    assert rig.edge.named("withdraw") == []
    rig.edge.acknowledge(command)
    assert await dialling == Applied(call)
    assert await withdrawing == Withdrawn(call)


async def test_a_dialling_that_returns_before_it_can_be_withdrawn_leaves_the_next_alone(rig: Rig) -> None:
    rig.edge.reply = silent
    call = await rig.call()
    first = asyncio.create_task(rig.controller.decide(call.id, BOTH, ALICE))
    command = await rig.edge.command("dial")
    withdrawing = asyncio.create_task(rig.controller.withdraw(call.id))
    await asyncio.sleep(0)
    rig.returned(call)
    await rig.reaches(call, State.HELD)
    second = asyncio.create_task(rig.controller.decide(call.id, ONE, ALICE))
    rig.edge.acknowledge(await rig.edge.command("dial", count=2))
    assert await second == Applied(call)
    rig.edge.acknowledge(command)
    assert await first == Applied(call)
    assert await withdrawing == NotLive(call)
    assert rig.edge.named("withdraw") == []


# --- hanging up ------------------------------------------------------------------------------------------------------


async def test_what_is_dialled_is_hung_up_by_the_edge(rig: Rig) -> None:
    call = await dialled(rig)
    assert await rig.controller.hang_up(call.id, BOB) == HungUp(call)
    rig.edge.tell("failed", k=key_of(call), n=1, status=603, by="controller")
    await rig.reaches(call, State.FAILED)
    assert (call.status, call.hung_up_by) == (603, "controller")


async def test_a_call_that_returns_while_it_is_hung_up_is_refused(rig: Rig) -> None:
    call = await dialled(rig)

    def reply(command: Command) -> Reply:
        if command.word == "hangup":
            rig.returned(call)
            return ("unknown", 0)
        return ("done", 603)

    rig.edge.reply = reply
    assert await rig.controller.hang_up(call.id, BOB) == HungUp(call)
    assert applied_by(call) == (BOB, State.REFUSED)


async def test_a_call_that_is_hung_up_while_its_dial_is_under_way_and_returns_is_refused(rig: Rig) -> None:
    rig.edge.reply = silent
    call = await rig.call()
    dialling = asyncio.create_task(rig.controller.decide(call.id, BOTH, ALICE))
    command = await rig.edge.command("dial")
    hanging_up = asyncio.create_task(rig.controller.hang_up(call.id, BOB))
    await asyncio.sleep(0)
    rig.returned(call)
    await rig.reaches(call, State.HELD)
    rig.edge.reply = lambda command: ("done", 603)
    rig.edge.acknowledge(command)
    assert await dialling == Applied(call)
    assert await hanging_up == HungUp(call)
    assert applied_by(call) == (BOB, State.REFUSED)


# --- another controller, and the end of this one ---------------------------------------------------------------------


async def restarted(rig: Rig, *snapshot: dict[str, object]) -> None:
    """A new controller, to whom the edge tells this."""
    await rig.controller.stop()
    rig.edge.commands.clear()
    rig.edge.snapshot = list(snapshot)
    again = rig.another_controller()
    await again.start(rig.address)
    async with asyncio.timeout(10):
        await again.linked.wait()


async def test_the_dialling_of_an_earlier_controller_is_understood(rig: Rig) -> None:
    frame = rig.frame(age=15.0)
    await restarted(rig, frame, {"e": "resumed", "k": frame["k"], "state": "routed", "n": 2})
    call = await rig.found(frame)
    await rig.reaches(call, State.ROUTED)
    assert applied_by(call) == (EARLIER, State.ROUTED)
    rig.edge.tell("ringing", k=frame["k"], n=2, t=0, status=180)
    rig.returned(call, 2, 408)
    await rig.until(lambda: Kind.RETURNED in rig.told(call))
    assert rig.told(call) == [Kind.HELD, Kind.ROUTED, Kind.RINGING, Kind.RETURNED]
    assert await rig.controller.decide(call.id, ONE, ALICE) == Applied(call)
    assert [(command.word, command.rest[1]) for command in rig.edge.named("dial", "route")] == [("dial", "3")]


async def test_a_call_that_is_let_go_is_not_lapsed_when_it_is_found(rig: Rig) -> None:
    frames = [rig.frame(age=15.0) for _ in range(20)]
    resumed = [{"e": "resumed", "k": frame["k"], "state": "routed", "n": 1} for frame in frames]
    await restarted(rig, *(told for pair in zip(frames, resumed, strict=True) for told in pair))
    assert rig.edge.named("route", "refuse") == []


async def test_the_dialling_that_returned_before_this_controller_came_has_had_its_number(rig: Rig) -> None:
    frame = rig.frame(age=2.0)
    await restarted(rig, frame, {"e": "returned", "k": frame["k"], "n": 1, "status": 408})
    call = await rig.found(frame)
    assert (call.state, rig.told(call)) == (State.HELD, [Kind.HELD])
    assert await rig.controller.decide(call.id, ONE, ALICE) == Applied(call)
    assert (await rig.edge.command("dial")).rest[1] == "2"


@pytest.mark.parametrize("acknowledged", [True, False])
async def test_a_dialling_that_ends_while_the_link_is_broken_is_told_as_returned(rig: Rig, acknowledged: bool) -> None:
    frame = rig.frame()
    rig.edge.tell("call", **{name: value for name, value in frame.items() if name != "e"})
    call = await rig.found(frame)
    if not acknowledged:
        rig.edge.reply = silent
    await rig.controller.decide(call.id, BOTH, ALICE)
    rig.edge.snapshot = [frame, {"e": "returned", "k": frame["k"], "n": 1, "status": 408}]
    rig.edge.reply = lambda command: ("done", 603)
    with capture_logs():
        rig.edge.drop_link()
        await rig.reaches(call, State.HELD)
        async with asyncio.timeout(10):
            await rig.controller.linked.wait()
    assert await rig.controller.decide(call.id, DECLINE, BOB) == Applied(call, 603)


async def test_stopping_lets_what_is_dialled_ring_on_and_gives_what_returns_its_default(rig: Rig) -> None:
    ringing, returning = await dialled(rig), await dialled(rig, route="closed")
    held = await rig.call()

    def reply(command: Command) -> Reply:
        if command.word == "route":  # the default of the held one, while which the other returns
            rig.returned(returning)
            return None
        return ("done", 486)

    rig.edge.reply = reply
    await rig.controller.stop()
    assert (ringing.state, held.state) == (State.ROUTED, State.DECIDED)
    assert applied_by(returning) == (STOP, State.REFUSED)
    assert {command.rest[0] for command in rig.edge.named("route", "refuse")} == {key_of(held), key_of(returning)}
