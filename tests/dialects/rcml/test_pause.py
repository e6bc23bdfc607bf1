"""Pause: the call stays held, its caller's network is told, and its window is whole afterwards."""

from __future__ import annotations

import pytest

from callgate.core.answers import EdgeSilent
from callgate.core.calls import Call
from callgate.core.states import State
from callgate.core.verdicts import refusal
from callgate.dialects.rcml.failures import Code
from callgate.settings import RcmlSettings

from .calls import SILENCE, VOICE, WINDOW, Rig, sessions, settle


def is_held(call: Call) -> bool:
    return call.state is State.HELD


async def test_a_pause_goes_before_a_reject() -> None:
    rig = Rig()
    call = await rig.ring('<Pause length="4"/><Reject reason="busy"/>')
    assert rig.control.held_on == [(call.id, 4 + WINDOW, 180, "Ringing")]
    await rig.clock.advance(3.9)
    assert is_held(call)
    await rig.clock.advance(0.1)
    assert rig.control.commands == [refusal("busy")]
    assert rig.told.notifications == []


async def test_it_takes_a_second_unless_it_says_otherwise() -> None:
    rig = Rig()
    call = await rig.ring("<Pause/><Reject/>")
    await rig.clock.advance(0.99)
    assert is_held(call)
    await rig.clock.advance(0.01)
    assert call.state is State.REFUSED


async def test_a_pause_of_nothing_asks_nothing_of_the_edge() -> None:
    rig = Rig()
    call = await rig.ring('<Pause length="0"/><Reject/>')
    assert (rig.control.held_on, call.state) == ([], State.REFUSED)


@pytest.mark.parametrize("length", ["-1", "1.5", "long", "٣", "1e3"])
async def test_a_bad_length_is_a_second_with_a_warning(length: str) -> None:
    rig = Rig()
    call = await rig.ring(f'<Pause length="{length}"/><Reject/>')
    assert rig.control.held_on == [(call.id, 1 + WINDOW, 180, "Ringing")]
    [warning] = rig.told.warnings
    assert (warning.code, repr(length) in warning.text) == (13910, True)


async def test_a_long_one_is_told_to_the_callers_network_again_and_again() -> None:
    rig = Rig()
    call = await rig.ring('<Pause length="70"/><Reject/>')
    await rig.clock.advance(69.9)
    assert rig.control.held_on == [(call.id, step + WINDOW, 180, "Ringing") for step in (30, 30, 10)]
    assert is_held(call)
    await rig.clock.advance(0.1)
    assert call.state is State.REFUSED


async def test_what_follows_has_the_whole_window() -> None:
    rig = Rig()
    rig.documents.says("https://app.example.com/next", SILENCE)
    await rig.ring('<Pause length="60"/><Redirect>/next</Redirect>')
    await rig.clock.advance(60)
    assert rig.documents.seconds[-1] == 6.0
    call = rig.control.find(next(iter(rig.control.live())).id)
    assert call is not None
    assert call.deadline == rig.clock.now() + WINDOW


async def test_pauses_hold_a_call_no_longer_than_the_limit_all_in_all() -> None:
    rig = Rig(settings=RcmlSettings(hold_limit=50))
    call = await rig.ring('<Pause length="40"/>\n<Pause length="40"/><Pause/><Reject/>')
    await rig.clock.advance(49)
    assert is_held(call)
    await rig.clock.advance(1)
    assert call.state is State.REFUSED
    first, second = rig.told.warnings
    assert first.text.startswith("line 2: Pause is cut to 10 s")
    assert "rcml.hold_limit" in first.text
    assert second.text.startswith("line 2: Pause is cut to 0 s")


async def test_a_caller_who_cancels_ends_it() -> None:
    rig = Rig()
    call = await rig.ring('<Pause length="20"/><Dial>1234</Dial>')
    rig.control.cancels(call)
    await settle()
    assert (sessions(rig), len(rig.live)) == ([], 0)
    assert rig.told.statuses == ["ringing", "canceled"]
    await rig.clock.advance(60)
    assert rig.control.commands == []


async def test_one_that_the_edge_does_not_confirm_is_cut_with_a_notification() -> None:
    rig = Rig()
    rig.control.hold_on_answer = EdgeSilent
    call = await rig.ring('<Pause length="5"/><Reject reason="busy"/>')
    assert call.status == 486
    [error] = rig.told.errors
    assert error.code == Code.INTERNAL


async def test_a_call_that_was_lost_meanwhile_is_not_paused() -> None:
    rig = Rig()
    call = await rig.ring('<Pause length="5"/><Pause length="5"/><Reject/>')
    rig.control.tell(*rig.control.gate.lose(call, rig.clock.now()))
    await settle()
    assert (sessions(rig), rig.told.statuses) == ([], ["ringing", "failed"])
    assert rig.documents.urls == [VOICE]
