"""The states of a call as a bot is told them: the table holds together."""

from __future__ import annotations

from typing import get_args

import pytest

from callgate.dialects.graph.model import CallState
from callgate.dialects.graph.states import STEPS, Form, Happening, after

STATES: tuple[CallState, ...] = get_args(CallState)


def test_every_state_has_its_row() -> None:
    assert set(STEPS) == set(STATES)


def test_nothing_follows_the_end() -> None:
    assert all(after("terminated", happening) is None for happening in Happening)


@pytest.mark.parametrize("state", [state for state in STATES if state != "terminated"])
def test_whatever_ends_a_call_is_told_as_its_deletion(state: CallState) -> None:
    step = after(state, Happening.OVER)
    assert step is not None
    assert (step.state, step.change) == ("terminated", "deleted")


def test_deleted_is_told_at_the_end_alone_and_created_never() -> None:
    for row in STEPS.values():
        for step in row.values():
            assert step.change != "created"
            assert (step.change == "deleted") is (step.state == "terminated")


def test_no_state_comes_again() -> None:
    order = {state: index for index, state in enumerate(STATES)}
    for state, row in STEPS.items():
        for step in row.values():
            assert order[step.state] > order[state]


def test_only_the_bots_own_reject_is_told_without_a_state() -> None:
    minimal = [
        (state, happening)
        for state, row in STEPS.items()
        for happening, step in row.items()
        if step.form is Form.MINIMAL
    ]
    assert minimal == [("incoming", Happening.REJECTED)]
