"""What an agent says of himself, and what queues make of it."""

from __future__ import annotations

import pytest

from callgate.core.queues.model import AgentChanged, Place, Presence, QueueTerms, Rejected, Withdraw

from .hall import ANNA, BEN, FIRST, SECOND, Hall, offers

WITH_WORK = QueueTerms("sales", after_call_work=30.0)


def talked(hall: Hall) -> float:
    """Anna has talked to the first caller, until this time."""
    hall.ready(ANNA)
    hall.enter(FIRST)
    hall.told.answered(FIRST, hall.later())
    hall.told.over(FIRST, hall.later(60.0))
    return hall.now


# --- login and logout ------------------------------------------------------------------------------------------------


def test_who_logs_in_is_ready_or_not(hall: Hall) -> None:
    assert hall.present(ANNA, Presence.READY) == [AgentChanged(ANNA)]
    assert hall.present(BEN, Presence.NOT_READY) == [AgentChanged(BEN)]
    assert (hall.agent(ANNA).presence, hall.agent(BEN).presence) == (Presence.READY, Presence.NOT_READY)


def test_what_he_is_already_is_no_news(hall: Hall) -> None:
    hall.ready(ANNA)
    since = hall.agent(ANNA).since
    assert hall.present(ANNA, Presence.READY) == []
    assert hall.agent(ANNA).since == since


def test_after_call_work_without_a_login_is_nothing(hall: Hall) -> None:
    assert hall.present(ANNA, Presence.AFTER_CALL_WORK) == []
    assert hall.agent(ANNA).presence is Presence.LOGGED_OUT


def test_who_becomes_ready_is_behind_those_who_are(hall: Hall) -> None:
    hall.ready(ANNA, BEN)
    hall.present(ANNA, Presence.NOT_READY)
    hall.present(ANNA, Presence.READY)
    assert offers(hall.enter(FIRST)) == [(FIRST, BEN)]


def test_who_logs_out_while_it_rings_misses_nothing_and_the_call_keeps_its_place(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    hall.enter(SECOND)
    assert hall.present(ANNA, Presence.LOGGED_OUT) == [Withdraw(FIRST), AgentChanged(ANNA)]
    assert hall.placement(FIRST).place is Place.WITHDRAWN
    assert hall.told.reject(ANNA, FIRST, hall.later()) == (Rejected.NOT_RINGING, [])
    hall.ready(BEN)
    assert hall.placement(SECOND).agent == BEN  # the first is still being withdrawn
    hall.told.returned(FIRST, hall.later())
    assert hall.line() == [FIRST, SECOND]
    assert hall.agent(ANNA).presence is Presence.LOGGED_OUT


def test_who_logs_out_with_the_answer_has_answered(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    hall.present(ANNA, Presence.LOGGED_OUT)
    hall.told.answered(FIRST, hall.later())
    assert hall.placement(FIRST).place is Place.CONNECTED
    hall.told.over(FIRST, hall.later())
    assert hall.agent(ANNA).presence is Presence.LOGGED_OUT


def test_a_phone_that_is_gone_while_it_rings_is_no_miss(hall: Hall) -> None:
    hall.ready(ANNA, BEN)
    hall.enter(FIRST)
    assert hall.told.reachable(ANNA, False, hall.later()) == [Withdraw(FIRST)]
    assert hall.told.reachable(ANNA, False, hall.later()) == []
    assert offers(hall.told.returned(FIRST, hall.later())) == [(FIRST, BEN)]
    assert hall.agent(ANNA).presence is Presence.READY


def test_a_phone_that_comes_and_goes_is_not_rung_for_the_same_call_at_once(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    hall.told.reachable(ANNA, False, hall.later())
    hall.told.reachable(ANNA, True, hall.later())
    returned = hall.later()
    assert offers(hall.told.returned(FIRST, returned)) == []
    assert offers(hall.tick_at(returned + 2.0)) == [(FIRST, ANNA)]


@pytest.mark.parametrize("presence", [Presence.LOGGED_OUT, Presence.NOT_READY, Presence.AFTER_CALL_WORK])
def test_what_he_says_while_he_talks_counts_afterwards(presence: Presence) -> None:
    hall = Hall(WITH_WORK)
    hall.ready(ANNA)
    hall.enter(FIRST)
    hall.told.answered(FIRST, hall.later())
    assert hall.present(ANNA, presence) == [AgentChanged(ANNA)]
    assert hall.placement(FIRST).place is Place.CONNECTED
    hall.told.over(FIRST, hall.later())
    assert hall.agent(ANNA).presence is presence
    assert hall.told.next_due() is None
    assert offers(hall.enter(SECOND)) == []


# --- after-call work -------------------------------------------------------------------------------------------------


def test_after_a_call_there_is_time_for_work_and_then_he_is_ready_again() -> None:
    hall = Hall(WITH_WORK)
    over = talked(hall)
    assert hall.agent(ANNA).presence is Presence.AFTER_CALL_WORK
    assert hall.agent(ANNA).until == over + 30.0
    assert hall.told.next_due() == over + 30.0
    assert hall.tick_at(over + 29.875) == []
    assert hall.tick_at(over + 30.0) == [AgentChanged(ANNA)]
    assert (hall.agent(ANNA).presence, hall.agent(ANNA).until) == (Presence.READY, 0.0)


def test_who_has_worked_is_idle_since_the_works_end_however_late_the_tick() -> None:
    hall = Hall(WITH_WORK)
    over = talked(hall)
    hall.tick_at(over + 45.0)
    assert hall.agent(ANNA).idle_since == hall.agent(ANNA).since == over + 30.0


def test_who_is_at_after_call_work_is_offered_a_call_when_it_is_over() -> None:
    hall = Hall(WITH_WORK)
    over = talked(hall)
    assert hall.enter(SECOND) == []
    assert offers(hall.tick_at(over + 30.0)) == [(SECOND, ANNA)]


def test_a_missed_call_gives_no_time_for_work() -> None:
    hall = Hall(WITH_WORK)
    hall.ready(ANNA)
    hall.enter(FIRST)
    hall.told.over(FIRST, hall.later())
    assert hall.agent(ANNA).presence is Presence.READY


def test_a_direct_call_gives_no_time_for_work() -> None:
    hall = Hall(WITH_WORK)
    hall.ready(ANNA)
    hall.told.busy(ANNA, FIRST, hall.later())
    hall.told.over(FIRST, hall.later(60.0))
    assert hall.agent(ANNA).presence is Presence.READY
    assert hall.agent(ANNA).idle_since == hall.now


def test_a_queue_without_after_call_work_leaves_him_ready(hall: Hall) -> None:
    talked(hall)
    assert hall.agent(ANNA).presence is Presence.READY


def test_who_is_ready_before_his_work_is_over_is_ready() -> None:
    hall = Hall(WITH_WORK)
    talked(hall)
    hall.enter(SECOND)
    assert offers(hall.present(ANNA, Presence.READY)) == [(SECOND, ANNA)]
    assert hall.agent(ANNA).until == 0.0


def test_after_call_work_that_he_says_without_a_bound_lasts_until_he_says_otherwise(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.present(ANNA, Presence.AFTER_CALL_WORK)
    assert hall.told.next_due() is None
    assert hall.told.tick(hall.later(86_400.0)) == []
    assert hall.agent(ANNA).presence is Presence.AFTER_CALL_WORK


def test_after_call_work_that_he_says_lifts_the_queues_bound() -> None:
    hall = Hall(WITH_WORK)
    talked(hall)
    since = hall.agent(ANNA).since
    assert hall.present(ANNA, Presence.AFTER_CALL_WORK) == [AgentChanged(ANNA)]
    assert (hall.agent(ANNA).until, hall.agent(ANNA).since) == (0.0, since)
    assert hall.told.next_due() is None


def test_bounded_after_call_work_ends_by_itself(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.present(ANNA, Presence.AFTER_CALL_WORK, seconds=15.0)
    said = hall.now
    assert hall.tick_at(said + 14.875) == []
    assert hall.tick_at(said + 15.0) == [AgentChanged(ANNA)]
    assert hall.agent(ANNA).presence is Presence.READY


def test_bounded_after_call_work_that_he_says_while_he_talks_begins_with_the_calls_end(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    hall.told.answered(FIRST, hall.later())
    hall.present(ANNA, Presence.AFTER_CALL_WORK, seconds=15.0)
    assert hall.told.next_due() is None
    hall.told.over(FIRST, hall.later(60.0))
    assert hall.told.next_due() == hall.now + 15.0


def test_bounded_after_call_work_begins_although_another_call_rings_on() -> None:
    hall = Hall(QueueTerms("sales", missed="ready"))
    hall.ready(ANNA)
    hall.enter(FIRST)
    hall.told.busy(ANNA, SECOND, hall.later())
    hall.present(ANNA, Presence.AFTER_CALL_WORK, seconds=15.0)
    hall.told.over(SECOND, hall.later())
    assert hall.agent(ANNA).until == hall.now + 15.0


def test_who_misses_a_call_at_after_call_work_is_not_ready(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    hall.present(ANNA, Presence.AFTER_CALL_WORK, seconds=15.0)
    hall.told.returned(FIRST, hall.later(1.0))
    assert hall.agent(ANNA).presence is Presence.NOT_READY
    assert hall.told.tick(hall.later(60.0)) == []
