"""What a queue does not keep: too many, too long, too often."""

from __future__ import annotations

import pytest

from callgate.core.queues.model import AgentChanged, Overflow, Place, Presence, QueueTerms, Why

from .hall import ANNA, BEN, FIRST, SECOND, THIRD, Hall, offers, overflows

# --- too many --------------------------------------------------------------------------------------------------------


def test_a_full_queue_overflows_at_once() -> None:
    hall = Hall(QueueTerms("sales", length=1))
    hall.enter(FIRST)
    assert hall.enter(SECOND) == [Overflow(SECOND, "sales", Why.FULL)]
    assert hall.line() == [FIRST]


def test_what_rings_counts_and_what_is_answered_does_not() -> None:
    hall = Hall(QueueTerms("sales", length=1))
    hall.ready(ANNA)
    hall.enter(FIRST)
    assert overflows(hall.enter(SECOND)) == [Overflow(SECOND, "sales", Why.FULL)]
    hall.told.answered(FIRST, hall.later())
    assert hall.enter(THIRD) == []
    assert hall.line() == [THIRD]


def test_a_call_that_need_not_wait_is_never_too_many() -> None:
    hall = Hall(QueueTerms("sales", length=0))
    hall.ready(ANNA)
    assert offers(hall.enter(FIRST)) == [(FIRST, ANNA)]
    assert overflows(hall.enter(SECOND)) == [Overflow(SECOND, "sales", Why.FULL)]


def test_a_call_that_returns_to_a_full_queue_has_its_place() -> None:
    hall = Hall(QueueTerms("sales", length=0))
    hall.ready(ANNA)
    hall.enter(FIRST)
    assert hall.told.returned(FIRST, hall.later()) == [AgentChanged(ANNA)]
    assert hall.placement(FIRST).place is Place.WAITING


def test_who_has_waited_too_long_leaves_room_however_late_the_tick() -> None:
    hall = Hall(QueueTerms("sales", length=1, wait=10.0))
    hall.enter(FIRST)
    hall.now += 20.0
    assert hall.enter(SECOND) == [Overflow(FIRST, "sales", Why.WAITED)]
    assert hall.line() == [SECOND]


# --- too long --------------------------------------------------------------------------------------------------------


def test_who_has_waited_too_long_leaves() -> None:
    hall = Hall(QueueTerms("sales", wait=10.0))
    hall.enter(FIRST)
    came = hall.now
    assert hall.told.next_due() == came + 10.0
    assert hall.tick_at(came + 9.875) == []
    assert hall.tick_at(came + 10.0) == [Overflow(FIRST, "sales", Why.WAITED)]
    assert hall.told.placement(FIRST) is None
    assert hall.told.next_due() is None


def test_what_rings_may_ring_on_and_leaves_when_it_returns() -> None:
    hall = Hall(QueueTerms("sales", wait=10.0))
    hall.ready(ANNA, BEN)
    hall.enter(FIRST)
    assert hall.told.next_due() is None
    assert hall.tick_at(hall.now + 15.0) == []
    assert hall.placement(FIRST).place is Place.OFFERED
    effects = hall.told.returned(FIRST, hall.later())
    assert effects == [Overflow(FIRST, "sales", Why.WAITED), AgentChanged(ANNA)]


def test_who_returns_in_time_still_leaves_when_it_is_over() -> None:
    hall = Hall(QueueTerms("sales", wait=30.0))
    hall.ready(ANNA)
    hall.enter(FIRST)
    came = hall.now
    hall.told.returned(FIRST, hall.later(20.0))
    assert overflows(hall.tick_at(came + 30.0)) == [Overflow(FIRST, "sales", Why.WAITED)]


def test_a_queue_that_lets_nobody_wait_offers_at_once_or_not_at_all() -> None:
    hall = Hall(QueueTerms("sales", wait=0.0))
    hall.ready(ANNA)
    assert offers(hall.enter(FIRST)) == [(FIRST, ANNA)]
    assert hall.enter(SECOND) == [Overflow(SECOND, "sales", Why.WAITED)]


def test_an_agent_who_is_free_in_the_moment_in_which_the_wait_is_over_gets_the_call() -> None:
    hall = Hall(QueueTerms("sales", wait=10.0))
    hall.ready(ANNA)
    hall.enter(FIRST)
    hall.told.answered(FIRST, hall.now)
    hall.told.present(ANNA, Presence.NOT_READY, hall.now)
    hall.told.over(FIRST, hall.now)
    hall.told.present(ANNA, Presence.AFTER_CALL_WORK, hall.now, seconds=10.125)
    hall.enter(SECOND)
    assert offers(hall.tick_at(hall.now + 10.0)) == [(SECOND, ANNA)]


# --- too often -------------------------------------------------------------------------------------------------------


def test_a_call_that_was_offered_as_often_as_it_can_be_leaves_when_it_returns() -> None:
    hall = Hall(QueueTerms("sales", offers=2))
    hall.ready(ANNA, BEN)
    hall.enter(FIRST)
    assert offers(hall.told.returned(FIRST, hall.later())) == [(FIRST, BEN)]
    assert overflows(hall.told.returned(FIRST, hall.later())) == [Overflow(FIRST, "sales", Why.OFFERS)]
    assert hall.told.placement(FIRST) is None


def test_the_last_offer_can_be_answered() -> None:
    hall = Hall(QueueTerms("sales", offers=1))
    hall.ready(ANNA)
    hall.enter(FIRST)
    hall.told.answered(FIRST, hall.later())
    assert hall.placement(FIRST).place is Place.CONNECTED


@pytest.mark.parametrize("reject", [False, True])
def test_a_call_that_the_edge_has_no_room_for_leaves_and_nobody_has_missed_it(hall: Hall, reject: bool) -> None:
    hall.ready(ANNA, BEN)
    hall.enter(FIRST)
    if reject:
        hall.told.reject(ANNA, FIRST, hall.later())
    effects = hall.told.returned(FIRST, hall.later(), crowded=True)
    assert effects == [Overflow(FIRST, "sales", Why.OFFERS), AgentChanged(ANNA)]
    assert hall.agent(ANNA).presence is Presence.READY
    assert hall.told.placement(FIRST) is None
