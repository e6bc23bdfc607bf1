"""The table of states is complete, and its picture shows all of it."""

from __future__ import annotations

import re

import pytest

from callgate.core.states import FINAL, TRANSITIONS, UNDECIDED, Move, State, after, picture


def reachable(start: State) -> set[State]:
    found = {start}
    waiting = [start]
    while waiting:
        for following in TRANSITIONS[waiting.pop()].values():
            if following not in found:
                found.add(following)
                waiting.append(following)
    return found


def test_every_state_has_its_row() -> None:
    assert set(TRANSITIONS) == set(State)


def test_every_state_is_reached_from_held() -> None:
    assert reachable(State.HELD) == set(State)


@pytest.mark.parametrize("state", [state for state in State if state not in FINAL])
def test_a_state_that_is_not_final_has_a_way_to_a_final_one(state: State) -> None:
    assert reachable(state) & FINAL


@pytest.mark.parametrize("state", [state for state in State if state not in FINAL])
def test_the_edge_can_lose_a_call_in_any_state_that_is_not_final(state: State) -> None:
    assert after(state, Move.FAIL) is State.FAILED


@pytest.mark.parametrize("state", sorted(FINAL))
def test_nothing_moves_a_call_out_of_a_final_state(state: State) -> None:
    assert [after(state, move) for move in Move] == [None] * len(Move)


@pytest.mark.parametrize("state", [state for state in State if state is not State.HELD])
def test_a_call_is_decided_only_while_it_is_held(state: State) -> None:
    assert after(State.HELD, Move.DECIDE) is State.DECIDED
    assert after(state, Move.DECIDE) is None


@pytest.mark.parametrize("state", [state for state in State if state not in UNDECIDED])
def test_a_call_that_was_let_go_is_never_refused_or_redirected(state: State) -> None:
    assert after(state, Move.REFUSE) is None
    assert after(state, Move.REDIRECT) is None


def test_no_move_leads_back_but_the_return_of_what_was_dialled() -> None:
    order = [State.HELD, State.DECIDED, State.ROUTED, State.RINGING, State.ANSWERED, *FINAL]
    for state, moves in TRANSITIONS.items():
        onward = [following for move, following in moves.items() if move is not Move.RETURN]
        assert all(order.index(following) >= order.index(state) for following in onward)


@pytest.mark.parametrize("state", State)
def test_what_was_dialled_returns_to_the_hold_until_it_is_answered(state: State) -> None:
    dialled = state in (State.DECIDED, State.ROUTED, State.RINGING)
    assert after(state, Move.RETURN) is (State.HELD if dialled else None)


def test_the_picture_has_an_arrow_for_each_move_that_leads_on() -> None:
    arrows = re.findall(r"^    (\w+) --> (\w+): (\w+)$", picture(), re.MULTILINE)
    leading_on = [
        (state, following, move)
        for state, moves in TRANSITIONS.items()
        for move, following in moves.items()
        if following is not state
    ]
    assert arrows == leading_on
