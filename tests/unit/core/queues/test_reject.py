"""An agent gives a ringing call back to its queue."""

from __future__ import annotations

import pytest

from callgate.core.queues.model import AgentChanged, Place, Presence, QueueTerms, Rejected, Withdraw

from .hall import ANNA, BEN, CARA, FIRST, SECOND, THIRD, Hall, offers


@pytest.fixture
def hall() -> Hall:
    """A queue whose agents are asked again after 60 seconds, or, if nobody else is there, after two."""
    return Hall(QueueTerms("sales", reject_pause=60.0, again=2.0))


def rejected(hall: Hall, agent: str) -> float:
    """When the first call was rejected by that agent, whose phone stops half a second later."""
    at = hall.later()
    assert hall.told.reject(agent, FIRST, at)[0] is Rejected.WITHDRAWING
    return at


def test_a_rejected_call_is_withdrawn_and_rings_at_the_next(hall: Hall) -> None:
    hall.ready(ANNA, BEN)
    hall.enter(FIRST)
    assert hall.told.reject(ANNA, FIRST, hall.later()) == (Rejected.WITHDRAWING, [Withdraw(FIRST)])
    assert (hall.placement(FIRST).place, hall.placement(FIRST).agent) == (Place.REJECTED, ANNA)
    assert offers(hall.told.returned(FIRST, hall.later())) == [(FIRST, BEN)]


def test_who_rejects_stays_ready_and_is_still_the_next(hall: Hall) -> None:
    hall.ready(ANNA, BEN, CARA)
    idle = hall.agent(ANNA).idle_since
    hall.enter(FIRST)
    rejected(hall, ANNA)
    hall.told.returned(FIRST, hall.later())
    assert hall.agent(ANNA).presence is Presence.READY
    assert hall.agent(ANNA).idle_since == idle
    assert offers(hall.enter(SECOND)) == [(SECOND, ANNA)]


def test_who_rejects_is_not_free_before_his_phone_has_stopped(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    rejected(hall, ANNA)
    assert hall.enter(SECOND) == []
    assert offers(hall.told.returned(FIRST, hall.later())) == [(SECOND, ANNA)]


def test_a_rejected_call_keeps_its_place(hall: Hall) -> None:
    hall.ready(ANNA)
    for call in (FIRST, SECOND):
        hall.enter(call)
    rejected(hall, ANNA)
    assert hall.line() == [FIRST, SECOND]
    hall.told.returned(FIRST, hall.later())
    assert offers(hall.ready(BEN)) == [(FIRST, BEN)]


def test_who_rejected_is_not_asked_again_before_his_pause_is_over_if_others_are_there(hall: Hall) -> None:
    hall.ready(ANNA, BEN)
    hall.told.busy(BEN, SECOND, hall.later())
    hall.enter(FIRST)
    at = rejected(hall, ANNA)
    assert hall.told.returned(FIRST, hall.later()) == [AgentChanged(ANNA)]
    assert hall.tick_at(at + 59.875) == []
    assert hall.told.next_due() == at + 60.0
    assert offers(hall.tick_at(at + 60.0)) == [(FIRST, ANNA)]


@pytest.mark.parametrize("presence", [Presence.NOT_READY, Presence.LOGGED_OUT])
def test_a_lone_agent_is_asked_again_soon(hall: Hall, presence: Presence) -> None:
    hall.ready(ANNA, BEN)
    hall.present(BEN, presence)
    hall.enter(FIRST)
    at = rejected(hall, ANNA)
    hall.told.returned(FIRST, hall.later())
    assert hall.told.next_due() == at + 2.0
    assert hall.tick_at(at + 1.875) == []
    assert offers(hall.tick_at(at + 2.0)) == [(FIRST, ANNA)]


def test_somebody_at_after_call_work_is_there(hall: Hall) -> None:
    hall.ready(ANNA, BEN)
    hall.present(BEN, Presence.AFTER_CALL_WORK)
    hall.enter(FIRST)
    at = rejected(hall, ANNA)
    hall.told.returned(FIRST, hall.later())
    assert hall.tick_at(at + 30.0) == []
    assert offers(hall.present(BEN, Presence.NOT_READY)) == [(FIRST, ANNA)]  # now nobody is


def test_somebody_whose_phone_cannot_be_rung_is_not_there(hall: Hall) -> None:
    hall.ready(ANNA, BEN)
    hall.told.busy(BEN, SECOND, hall.later())
    hall.enter(FIRST)
    at = rejected(hall, ANNA)
    hall.told.returned(FIRST, hall.later())
    assert hall.tick_at(at + 30.0) == []
    assert offers(hall.told.reachable(BEN, False, hall.later())) == [(FIRST, ANNA)]


def test_somebody_who_serves_other_queues_is_not_there() -> None:
    hall = Hall(QueueTerms("sales"), QueueTerms("help"))
    hall.ready(ANNA, BEN)
    hall.told.busy(BEN, SECOND, hall.later())
    hall.enter(FIRST)
    at = rejected(hall, ANNA)
    hall.told.returned(FIRST, hall.later())
    assert hall.tick_at(at + 30.0) == []
    agents = [agent if agent.name != BEN else type(agent)(BEN, ("help",)) for agent in hall.agents]
    assert offers(hall.configure(agents=agents)) == [(FIRST, ANNA)]


def test_when_all_have_rejected_the_longest_idle_is_asked_again(hall: Hall) -> None:
    hall.ready(ANNA, BEN)
    hall.enter(FIRST)
    at = rejected(hall, ANNA)
    assert offers(hall.told.returned(FIRST, hall.later())) == [(FIRST, BEN)]
    rejected(hall, BEN)
    assert offers(hall.told.returned(FIRST, hall.later())) == []
    assert offers(hall.tick_at(at + 2.0)) == [(FIRST, ANNA)]


def test_who_was_asked_again_and_misses_it_is_left_alone_for_a_moment() -> None:
    hall = Hall(QueueTerms("sales", missed="ready", again=2.0))
    hall.ready(ANNA)
    hall.enter(FIRST)
    at = rejected(hall, ANNA)
    hall.told.returned(FIRST, hall.later())
    assert offers(hall.tick_at(at + 2.0)) == [(FIRST, ANNA)]
    missed = hall.later(20.0)
    assert offers(hall.told.returned(FIRST, missed)) == []
    assert hall.tick_at(missed + 1.875) == []
    assert offers(hall.tick_at(missed + 2.0)) == [(FIRST, ANNA)]


def test_who_rejected_is_offered_the_next_call_and_a_newcomer_the_rejected_one(hall: Hall) -> None:
    hall.ready(ANNA)
    for call in (FIRST, SECOND, THIRD):
        hall.enter(call)
    rejected(hall, ANNA)
    assert offers(hall.told.returned(FIRST, hall.later())) == [(SECOND, ANNA)]
    assert offers(hall.ready(BEN)) == [(FIRST, BEN)]


def test_an_answer_that_comes_with_the_rejection_wins(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    rejected(hall, ANNA)
    assert hall.told.answered(FIRST, hall.later()) == []
    assert (hall.placement(FIRST).place, hall.placement(FIRST).agent) == (Place.CONNECTED, ANNA)
    assert hall.told.returned(FIRST, hall.later()) == []
    assert hall.told.over(FIRST, hall.later()) == [AgentChanged(ANNA)]


def test_a_caller_who_hangs_up_with_the_rejection_is_gone(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    rejected(hall, ANNA)
    assert hall.told.over(FIRST, hall.later()) == [AgentChanged(ANNA)]
    assert hall.told.placement(FIRST) is None
    assert hall.told.returned(FIRST, hall.later()) == []


def test_a_caller_who_hangs_up_after_the_rejection_leaves_nothing_due(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    rejected(hall, ANNA)
    hall.told.returned(FIRST, hall.later())
    hall.told.over(FIRST, hall.later())
    assert hall.told.next_due() is None


def test_rejecting_twice_is_once_too_often(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    rejected(hall, ANNA)
    assert hall.told.reject(ANNA, FIRST, hall.later()) == (Rejected.NOT_RINGING, [])
    hall.told.returned(FIRST, hall.later())
    assert hall.told.reject(ANNA, FIRST, hall.later()) == (Rejected.NOT_RINGING, [])


def test_an_answered_call_cannot_be_rejected(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    hall.told.answered(FIRST, hall.later())
    assert hall.told.reject(ANNA, FIRST, hall.later()) == (Rejected.NOT_RINGING, [])
    assert hall.placement(FIRST).place is Place.CONNECTED


def test_nobody_rejects_what_rings_at_another(hall: Hall) -> None:
    hall.ready(ANNA, BEN)
    hall.enter(FIRST)
    assert hall.told.reject(BEN, FIRST, hall.later()) == (Rejected.NOT_RINGING, [])
    assert hall.told.reject("nobody", FIRST, hall.later()) == (Rejected.NOT_RINGING, [])
    assert hall.placement(FIRST).place is Place.OFFERED


def test_a_waiting_or_unknown_call_cannot_be_rejected(hall: Hall) -> None:
    hall.enter(FIRST)
    for agent in (ANNA, ""):
        assert hall.told.reject(agent, FIRST, hall.later()) == (Rejected.NOT_RINGING, [])
        assert hall.told.reject(agent, SECOND, hall.later()) == (Rejected.NOT_RINGING, [])


def test_a_direct_call_cannot_be_rejected(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.told.busy(ANNA, FIRST, hall.later())
    assert hall.told.reject(ANNA, FIRST, hall.later()) == (Rejected.NOT_QUEUED, [])
    assert hall.told.reject(BEN, FIRST, hall.later()) == (Rejected.NOT_RINGING, [])
    assert hall.agent(ANNA).calls == {FIRST}


def test_a_short_pause_is_never_shorter_than_that_of_a_missed_call() -> None:
    hall = Hall(QueueTerms("sales", reject_pause=1.0, again=5.0))
    hall.ready(ANNA)
    hall.enter(FIRST)
    at = rejected(hall, ANNA)
    hall.told.returned(FIRST, hall.later())
    assert hall.tick_at(at + 4.875) == []
    assert offers(hall.tick_at(at + 5.0)) == [(FIRST, ANNA)]
