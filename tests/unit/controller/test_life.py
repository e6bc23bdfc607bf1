"""A controller's life: linked, cut off, linked again, restarted, stopped."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from callgate.core.answers import (
    AlreadyDecided,
    Applied,
    EdgeSilent,
)
from callgate.core.calls import Call
from callgate.core.events import Kind
from callgate.core.states import State
from callgate.core.verdicts import EARLIER, STOP, WINDOW, Accept, refuse
from callgate.directory.model import InboundRoute
from callgate.edge.rows import rows_of
from tests.system import eventually
from tests.unit.edge.fake import NONCE, Command, Reply

from .rig import ALICE, Rig, silent

ACCEPT, DECLINE = Accept(), refuse()


# --- the directory on the edge ---------------------------------------------------------------------------------------


async def test_the_edge_has_the_directory_before_the_controller_counts_as_linked(rig: Rig) -> None:
    assert rig.edge.rows == rows_of(rig.directory.current)
    assert rig.controller.health().linked


async def test_a_change_of_the_directory_reaches_the_edge(rig: Rig) -> None:
    await rig.directory.put(InboundRoute("new", "sip:192.0.2.30", "77*"))
    await rig.edge.until(lambda: rig.edge.rows == rows_of(rig.directory.current))


async def test_a_directory_that_the_edge_did_not_take_is_sent_again(rig: Rig) -> None:
    assert rig.controller.health().directory_in_edge
    rig.edge.reply = lambda command: ("failed", 0) if len(rig.edge.commands) <= 2 else ("done", 0)
    await rig.directory.put(InboundRoute("new", "sip:192.0.2.30", "77*"))
    assert not rig.controller.health().directory_in_edge
    await rig.edge.until(lambda: rig.edge.rows == rows_of(rig.directory.current))
    await eventually(lambda: rig.controller.health().directory_in_edge)


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
