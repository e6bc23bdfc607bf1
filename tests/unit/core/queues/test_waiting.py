"""The table of a call's places is complete, and its picture shows all of it."""

from __future__ import annotations

import re

import pytest

from callgate.core.queues.model import Place
from callgate.core.queues.waiting import AT_A_PHONE, LEFT, TRANSITIONS, Move, after, picture


def test_every_place_has_its_row_and_is_reached_from_waiting() -> None:
    assert set(TRANSITIONS) == set(Place)
    found = {following for moves in TRANSITIONS.values() for following in moves.values()}
    assert found == {*Place, LEFT}


@pytest.mark.parametrize("place", Place)
def test_a_call_can_end_anywhere(place: Place) -> None:
    assert after(place, Move.END) == LEFT


@pytest.mark.parametrize("place", Place)
def test_what_rings_can_be_answered_or_return_even_while_it_is_told_to_stop(place: Place) -> None:
    rings = place in AT_A_PHONE
    assert after(place, Move.ANSWER) is (Place.CONNECTED if rings else None)
    assert after(place, Move.RETURN) is (Place.WAITING if rings else None)


@pytest.mark.parametrize("place", Place)
def test_only_what_waits_is_offered_and_only_what_waits_overflows(place: Place) -> None:
    waits = place is Place.WAITING
    assert after(place, Move.OFFER) is (Place.OFFERED if waits else None)
    assert after(place, Move.OVERFLOW) == (LEFT if waits else None)


@pytest.mark.parametrize("place", Place)
def test_only_what_is_offered_is_rejected_or_withdrawn(place: Place) -> None:
    offered = place is Place.OFFERED
    assert after(place, Move.REJECT) is (Place.REJECTED if offered else None)
    assert after(place, Move.WITHDRAW) is (Place.WITHDRAWN if offered else None)


def test_the_picture_has_an_arrow_for_each_move() -> None:
    arrows = re.findall(r"^    (\S+) --> (\S+): (\w+)$", picture(), re.MULTILINE)
    assert arrows == [
        (place, following, move) for place, moves in TRANSITIONS.items() for move, following in moves.items()
    ]
