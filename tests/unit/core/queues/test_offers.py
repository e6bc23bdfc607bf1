"""Who is offered which call, and what comes of it."""

from __future__ import annotations

import pytest

from callgate.core.queues.model import (
    AgentChanged,
    AgentTerms,
    Offer,
    Overflow,
    Place,
    Presence,
    QueueTerms,
    Why,
)

from .hall import ANNA, BEN, CARA, FIRST, SALES, SECOND, THIRD, Hall, offers, overflows

VIP = QueueTerms("vip", priority=10)


# --- in order --------------------------------------------------------------------------------------------------------


def test_a_call_is_offered_to_the_ready_agent_for_the_queues_ring_time(hall: Hall) -> None:
    hall.ready(ANNA)
    assert hall.enter(FIRST) == [Offer(FIRST, ANNA, 20.0), AgentChanged(ANNA)]
    placement = hall.placement(FIRST)
    assert (placement.place, placement.agent, placement.offers) == (Place.OFFERED, ANNA, 1)
    assert hall.agent(ANNA).calls == {FIRST}


def test_the_longest_idle_agent_is_first(hall: Hall) -> None:
    hall.ready(BEN, ANNA)
    assert offers(hall.enter(FIRST)) == [(FIRST, BEN)]
    assert offers(hall.enter(SECOND)) == [(SECOND, ANNA)]


def test_the_oldest_call_is_first(hall: Hall) -> None:
    for call in (SECOND, FIRST, THIRD):
        hall.enter(call)
    assert hall.line() == [SECOND, FIRST, THIRD]
    assert offers(hall.ready(ANNA, BEN)) == [(SECOND, ANNA), (FIRST, BEN)]


def test_calls_of_the_same_moment_go_by_their_id(hall: Hall) -> None:
    for call in (SECOND, FIRST):
        hall.told.enter(call, "sales", 1_000.0, 1_001.0)
    assert hall.line() == [FIRST, SECOND]


def test_a_calls_age_counts_and_not_when_it_entered_the_queue(hall: Hall) -> None:
    hall.enter(FIRST)
    hall.told.enter(SECOND, "sales", 900.0, hall.later())
    assert hall.line() == [SECOND, FIRST]


def test_a_higher_priority_goes_first_also_across_queues() -> None:
    hall = Hall(SALES, VIP)
    hall.enter(FIRST)
    hall.enter(SECOND, "vip")
    hall.enter(THIRD, priority=20)
    assert offers(hall.ready(ANNA, BEN, CARA)) == [(THIRD, ANNA), (SECOND, BEN), (FIRST, CARA)]


def test_an_older_call_of_another_queue_goes_first_at_the_same_priority() -> None:
    hall = Hall(SALES, QueueTerms("help"))
    hall.enter(FIRST, "help")
    hall.enter(SECOND)
    assert offers(hall.ready(ANNA)) == [(FIRST, ANNA)]


def test_an_agent_is_offered_only_calls_of_his_queues() -> None:
    hall = Hall(SALES, VIP, agents=[AgentTerms(ANNA, ("sales",)), AgentTerms(BEN, ("vip", "sales"))])
    hall.ready(ANNA, BEN)
    assert offers(hall.enter(FIRST, "vip")) == [(FIRST, BEN)]
    assert offers(hall.enter(SECOND, "vip")) == []
    assert offers(hall.enter(THIRD)) == [(THIRD, ANNA)]


def test_several_agents_who_are_free_at_once_are_matched_in_the_order_of_the_calls() -> None:
    hall = Hall(SALES, VIP, agents=[AgentTerms(ANNA, ("sales", "vip")), AgentTerms(BEN, ("sales",))])
    hall.ready(ANNA, BEN)
    for name in (ANNA, BEN):
        hall.present(name, Presence.AFTER_CALL_WORK, seconds=30.0)
    hall.enter(FIRST)
    hall.enter(SECOND, "vip")
    assert offers(hall.tick_at(hall.now + 60.0)) == [(SECOND, ANNA), (FIRST, BEN)]


@pytest.mark.parametrize("presence", [Presence.NOT_READY, Presence.AFTER_CALL_WORK, Presence.LOGGED_OUT])
def test_only_who_is_ready_is_offered_a_call(hall: Hall, presence: Presence) -> None:
    hall.ready(ANNA)
    hall.present(ANNA, presence)
    assert offers(hall.enter(FIRST)) == []
    assert offers(hall.present(ANNA, Presence.READY)) == [(FIRST, ANNA)]


def test_an_agent_whose_phone_cannot_be_rung_is_offered_nothing(hall: Hall) -> None:
    hall.present(ANNA, Presence.READY)
    assert hall.enter(FIRST) == []
    assert offers(hall.told.reachable(ANNA, True, hall.later())) == [(FIRST, ANNA)]


def test_an_agent_with_a_call_is_offered_none(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    assert offers(hall.enter(SECOND)) == []
    hall.told.answered(FIRST, hall.later())
    assert hall.told.tick(hall.later(60.0)) == []
    assert offers(hall.told.over(FIRST, hall.later())) == [(SECOND, ANNA)]


# --- what is at the phone besides ------------------------------------------------------------------------------------


def test_a_direct_call_occupies_the_agent_until_it_is_over(hall: Hall) -> None:
    hall.ready(ANNA)
    assert hall.told.busy(ANNA, SECOND, hall.later()) == [AgentChanged(ANNA)]
    assert hall.enter(FIRST) == []
    assert offers(hall.told.over(SECOND, hall.later())) == [(FIRST, ANNA)]
    assert hall.agent(ANNA).calls == {FIRST}


def test_a_call_between_two_agents_occupies_both(hall: Hall) -> None:
    hall.ready(ANNA, BEN)
    for name in (ANNA, BEN):
        hall.told.busy(name, SECOND, hall.later())
    assert hall.enter(FIRST) == []
    hall.told.over(SECOND, hall.later())
    assert hall.agent(BEN).calls == set()
    assert hall.agent(ANNA).calls == {FIRST}


def test_a_direct_call_lets_the_queues_call_ring(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    assert hall.told.busy(ANNA, SECOND, hall.later()) == []
    assert hall.placement(FIRST).place is Place.OFFERED
    hall.told.returned(FIRST, hall.later())
    assert hall.agent(ANNA).calls == {SECOND}


def test_who_is_free_of_a_direct_call_that_goes_on_elsewhere_is_offered_the_next(hall: Hall) -> None:
    hall.ready(ANNA, BEN)
    for name in (ANNA, BEN):
        hall.told.busy(name, SECOND, hall.later())
    hall.enter(FIRST)
    assert offers(hall.told.free(BEN, SECOND, hall.later())) == [(FIRST, BEN)]
    assert hall.agent(BEN).idle_since == hall.now
    assert hall.agent(ANNA).calls == {SECOND}


def test_nobody_is_free_of_a_queues_call_by_its_not_being_a_direct_one(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    assert hall.told.free(ANNA, FIRST, hall.later()) == []
    assert hall.told.free(BEN, SECOND, hall.later()) == hall.told.free("nobody", SECOND, hall.later()) == []
    assert hall.agent(ANNA).calls == {FIRST}


def test_the_call_that_is_offered_to_him_is_not_a_direct_one(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    assert hall.told.busy(ANNA, FIRST, hall.later()) == []
    hall.told.returned(FIRST, hall.later())
    assert hall.agent(ANNA).calls == set()


# --- missed ----------------------------------------------------------------------------------------------------------


def test_a_missed_call_makes_the_agent_not_ready_and_rings_at_the_next(hall: Hall) -> None:
    hall.ready(ANNA, BEN)
    hall.enter(FIRST)
    effects = hall.told.returned(FIRST, hall.later())
    assert offers(effects) == [(FIRST, BEN)]
    assert AgentChanged(ANNA) in effects
    assert hall.agent(ANNA).presence is Presence.NOT_READY
    assert hall.agent(ANNA).since == hall.now


def test_a_missed_call_keeps_its_place(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    hall.enter(SECOND)
    hall.told.returned(FIRST, hall.later())
    assert hall.line() == [FIRST, SECOND]
    assert offers(hall.ready(BEN)) == [(FIRST, BEN)]


def test_who_stays_ready_after_a_miss_is_asked_again_after_a_while() -> None:
    hall = Hall(QueueTerms("sales", missed="ready", again=2.0))
    hall.ready(ANNA)
    hall.enter(FIRST)
    missed = hall.later(20.0)
    assert hall.told.returned(FIRST, missed) == [AgentChanged(ANNA)]
    assert hall.agent(ANNA).presence is Presence.READY
    assert hall.told.next_due() == missed + 2.0
    assert hall.tick_at(missed + 1.875) == []
    assert offers(hall.tick_at(missed + 2.0)) == [(FIRST, ANNA)]


def test_who_missed_a_call_is_offered_another_but_behind_the_others() -> None:
    hall = Hall(QueueTerms("sales", missed="ready"))
    hall.ready(ANNA, BEN, CARA)
    hall.enter(FIRST)
    assert offers(hall.told.returned(FIRST, hall.later())) == [(FIRST, BEN)]
    assert offers(hall.enter(SECOND)) == [(SECOND, CARA)]
    assert offers(hall.enter(THIRD)) == [(THIRD, ANNA)]


def test_a_missed_call_lets_its_agent_take_the_next_in_line() -> None:
    hall = Hall(QueueTerms("sales", missed="ready"))
    hall.ready(ANNA)
    hall.enter(FIRST)
    hall.enter(SECOND)
    assert offers(hall.told.returned(FIRST, hall.later())) == [(SECOND, ANNA)]


def test_who_says_not_ready_while_it_rings_can_still_answer(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    assert hall.present(ANNA, Presence.NOT_READY) == [AgentChanged(ANNA)]
    assert hall.placement(FIRST).place is Place.OFFERED
    hall.told.answered(FIRST, hall.later())
    assert hall.placement(FIRST).place is Place.CONNECTED


# --- over ------------------------------------------------------------------------------------------------------------


def test_a_caller_who_hangs_up_in_line_is_gone(hall: Hall) -> None:
    hall.enter(FIRST)
    assert hall.told.over(FIRST, hall.later()) == []
    assert hall.told.placement(FIRST) is None
    assert hall.told.next_due() is None
    assert hall.ready(ANNA) == [AgentChanged(ANNA)]


def test_a_caller_who_hangs_up_while_it_rings_frees_the_agent_who_is_still_the_next(hall: Hall) -> None:
    hall.ready(ANNA)
    idle = hall.agent(ANNA).idle_since
    hall.enter(FIRST)
    assert hall.told.over(FIRST, hall.later()) == [AgentChanged(ANNA)]
    assert hall.agent(ANNA).presence is Presence.READY
    assert hall.agent(ANNA).idle_since == idle
    hall.ready(BEN)
    assert offers(hall.enter(SECOND)) == [(SECOND, ANNA)]


def test_who_has_talked_is_idle_since_the_calls_end(hall: Hall) -> None:
    hall.ready(ANNA, BEN)
    hall.enter(FIRST)
    hall.told.answered(FIRST, hall.later())
    assert hall.told.over(FIRST, hall.later(60.0)) == [AgentChanged(ANNA)]
    assert hall.agent(ANNA).idle_since == hall.now
    assert offers(hall.enter(SECOND)) == [(SECOND, BEN)]


def test_an_answered_call_is_not_in_line_any_more(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    hall.enter(SECOND)
    assert hall.line() == [FIRST, SECOND]
    hall.told.answered(FIRST, hall.later())
    assert hall.line() == [SECOND]
    assert (hall.placement(FIRST).place, hall.placement(FIRST).agent) == (Place.CONNECTED, ANNA)


# --- elsewhere -------------------------------------------------------------------------------------------------------


def test_a_call_that_leaves_the_line_is_forgotten(hall: Hall) -> None:
    hall.enter(FIRST)
    assert hall.told.leave(FIRST, hall.later()) == []
    assert hall.told.placement(FIRST) is None
    assert hall.told.returned(FIRST, hall.later()) == []


def test_a_ringing_call_that_goes_elsewhere_frees_the_agent(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    hall.enter(SECOND)
    assert offers(hall.told.leave(FIRST, hall.later())) == [(SECOND, ANNA)]
    assert hall.told.placement(FIRST) is None


def test_an_answered_call_that_goes_elsewhere_is_its_agents_until_it_is_over(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    hall.told.answered(FIRST, hall.later())
    assert hall.told.leave(FIRST, hall.later()) == []
    assert hall.placement(FIRST).agent == ANNA
    assert hall.told.over(FIRST, hall.later()) == [AgentChanged(ANNA)]


def test_a_call_that_left_can_enter_another_queue() -> None:
    hall = Hall(SALES, VIP)
    hall.ready(ANNA)
    hall.enter(FIRST)
    hall.told.leave(FIRST, hall.later())
    assert offers(hall.enter(FIRST, "vip")) == [(FIRST, ANNA)]
    assert hall.placement(FIRST).queue == "vip"


# --- what cannot be --------------------------------------------------------------------------------------------------


def test_a_call_is_in_one_queue_only() -> None:
    hall = Hall(SALES, VIP)
    hall.enter(FIRST)
    assert hall.enter(FIRST, "vip") == []
    assert hall.line("vip") == []
    assert hall.line() == [FIRST]


def test_what_is_told_of_unknown_calls_and_agents_changes_nothing(hall: Hall) -> None:
    told = hall.told
    assert told.returned(FIRST, 1.0) == told.answered(FIRST, 1.0) == told.over(FIRST, 1.0) == told.leave(FIRST, 1.0)
    assert told.present("nobody", Presence.READY, 1.0) == told.reachable("nobody", True, 1.0) == []
    assert told.busy("nobody", FIRST, 1.0) == []
    assert told.agent("nobody") is None
    assert told.waiting("nothing") == []
    assert told.next_due() is None


def test_a_queue_that_is_not_there_overflows_at_once(hall: Hall) -> None:
    assert hall.enter(FIRST, "nothing") == [Overflow(FIRST, "nothing", Why.GONE)]
    assert hall.told.placement(FIRST) is None


@pytest.mark.parametrize("answered", [False, True])
def test_what_contradicts_a_calls_place_changes_nothing(hall: Hall, answered: bool) -> None:
    if answered:
        hall.ready(ANNA)
    hall.enter(FIRST)
    if answered:
        hall.told.answered(FIRST, hall.later())
    place = hall.placement(FIRST).place
    assert hall.told.returned(FIRST, hall.later()) == []
    assert hall.told.answered(FIRST, hall.later()) == []
    assert hall.placement(FIRST).place is place


def test_an_overflowed_call_is_forgotten(hall: Hall) -> None:
    hall.enter(FIRST)
    assert overflows(hall.tick_at(hall.now + 600.0)) == [Overflow(FIRST, "sales", Why.WAITED)]
    for later in (hall.told.over, hall.told.returned, hall.told.answered, hall.told.leave):
        assert later(FIRST, hall.later()) == []


def test_what_is_due_is_done_with_the_next_step_however_late_the_tick(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.present(ANNA, Presence.AFTER_CALL_WORK, seconds=10.0)
    ends = hall.now + 10.0
    hall.now += 60.0
    assert offers(hall.enter(FIRST)) == [(FIRST, ANNA)]
    assert hall.agent(ANNA).since == ends


def test_all_agents_are_listed(hall: Hall) -> None:
    assert [agent.name for agent in hall.told.agents()] == [ANNA, BEN, CARA]
