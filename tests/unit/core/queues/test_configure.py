"""The directory changes while calls wait, ring and talk."""

from __future__ import annotations

from msgspec.structs import replace

from callgate.core.queues.model import (
    AgentChanged,
    AgentTerms,
    Overflow,
    Place,
    Presence,
    QueueTerms,
    Why,
    Withdraw,
)

from .hall import ANNA, BEN, FIRST, SALES, SECOND, THIRD, Hall, offers, overflows

HELP = QueueTerms("help")


def test_the_same_directory_again_changes_nothing(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    hall.enter(SECOND)
    due = hall.told.next_due()
    assert hall.configure() == []
    assert hall.line() == [FIRST, SECOND]
    assert hall.told.next_due() == due
    hall.told.over(FIRST, hall.later())
    assert hall.placement(SECOND).agent == ANNA


def test_what_waits_in_a_queue_that_is_gone_overflows(hall: Hall) -> None:
    hall.enter(FIRST)
    assert hall.configure([]) == [Overflow(FIRST, "sales", Why.GONE)]
    assert hall.line() == []
    assert hall.told.next_due() is None
    assert hall.enter(SECOND) == [Overflow(SECOND, "sales", Why.GONE)]


def test_what_rings_for_a_queue_that_is_gone_rings_on_and_overflows_when_it_returns(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    assert hall.configure([]) == []
    assert hall.placement(FIRST).place is Place.OFFERED
    assert overflows(hall.told.returned(FIRST, hall.later())) == [Overflow(FIRST, "sales", Why.GONE)]
    assert hall.agent(ANNA).presence is Presence.NOT_READY


def test_who_talks_for_a_queue_that_is_gone_has_its_after_call_work() -> None:
    hall = Hall(replace(SALES, after_call_work=30.0))
    hall.ready(ANNA)
    hall.enter(FIRST)
    hall.configure([])
    hall.told.answered(FIRST, hall.later())
    hall.told.over(FIRST, hall.later())
    assert hall.agent(ANNA).until == hall.now + 30.0
    hall.configure([])
    assert hall.told.waiting("sales") == []


def test_a_queue_that_comes_back_keeps_what_rings(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    hall.configure([])
    hall.configure([SALES])
    hall.told.returned(FIRST, hall.later())
    assert hall.line() == [FIRST]


def test_changed_terms_count_from_now_on(hall: Hall) -> None:
    hall.enter(FIRST)
    came = hall.now
    hall.configure([replace(SALES, wait=30.0, length=1)])
    assert hall.told.next_due() == came + 30.0
    assert hall.enter(SECOND) == [Overflow(SECOND, "sales", Why.FULL)]
    hall.now = came + 40.0
    assert hall.configure([replace(SALES, wait=35.0)]) == [Overflow(FIRST, "sales", Why.WAITED)]


def test_a_changed_priority_moves_what_waits() -> None:
    hall = Hall(SALES, HELP)
    hall.enter(FIRST)
    hall.enter(SECOND, "help")
    hall.enter(THIRD, "help", priority=-10)
    hall.configure([SALES, replace(HELP, priority=5)])
    assert hall.line("help") == [SECOND, THIRD]
    assert offers(hall.ready(ANNA, BEN)) == [(SECOND, ANNA), (FIRST, BEN)]


def test_fewer_offers_send_away_who_has_had_as_many(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    hall.told.returned(FIRST, hall.later())
    assert hall.configure([replace(SALES, offers=1)]) == [Overflow(FIRST, "sales", Why.OFFERS)]


def test_a_new_queue_is_served_by_who_serves_it_already() -> None:
    hall = Hall(SALES, agents=[AgentTerms(ANNA, ("sales", "help"))])
    hall.ready(ANNA)
    hall.configure([SALES, HELP])
    assert offers(hall.enter(FIRST, "help")) == [(FIRST, ANNA)]


def test_an_agent_who_gets_another_queue_is_offered_its_calls() -> None:
    hall = Hall(SALES, HELP, agents=[AgentTerms(ANNA, ("sales",))])
    hall.ready(ANNA)
    hall.enter(FIRST, "help")
    assert offers(hall.configure(agents=[AgentTerms(ANNA, ("help", "help"))])) == [(FIRST, ANNA)]
    assert hall.agent(ANNA).queues == ("help",)
    assert offers(hall.enter(SECOND)) == []


def test_who_loses_the_queue_while_it_rings_can_still_answer() -> None:
    hall = Hall(SALES, HELP)
    hall.ready(ANNA)
    hall.enter(FIRST)
    assert hall.configure(agents=[AgentTerms(ANNA, ("help",))]) == []
    hall.told.answered(FIRST, hall.later())
    hall.told.over(FIRST, hall.later())
    assert hall.agent(ANNA).calls == set()


def test_an_agent_who_is_gone_is_logged_out_and_forgotten(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    assert hall.configure(agents=[AgentTerms(BEN, ("sales",))]) == [Withdraw(FIRST), AgentChanged(ANNA)]
    assert hall.told.agent(ANNA) is None
    assert hall.placement(FIRST).place is Place.WITHDRAWN
    hall.told.returned(FIRST, hall.later())
    assert hall.line() == [FIRST]
    assert offers(hall.ready(BEN)) == [(FIRST, BEN)]


def test_an_agent_who_is_gone_at_after_call_work_leaves_nothing_due(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.present(ANNA, Presence.AFTER_CALL_WORK, seconds=30.0)
    hall.configure(agents=[])
    assert hall.told.next_due() is None


def test_who_talks_while_he_goes_and_comes_back_is_still_talking(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    hall.told.answered(FIRST, hall.later())
    everybody = hall.agents
    hall.configure(agents=[])
    hall.configure(agents=everybody)
    assert hall.agent(ANNA).presence is Presence.LOGGED_OUT
    assert hall.agent(ANNA).calls == {FIRST}
    hall.ready(ANNA)
    assert offers(hall.enter(SECOND)) == []
    assert offers(hall.told.over(FIRST, hall.later())) == [(SECOND, ANNA)]


def test_a_call_of_somebody_who_is_gone_ends_as_any_other(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    hall.told.answered(FIRST, hall.later())
    hall.configure(agents=[])
    assert hall.told.over(FIRST, hall.later()) == []
    assert hall.told.placement(FIRST) is None


def test_who_comes_back_while_his_call_goes_on_is_told_free_when_it_is_over(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    everybody = hall.agents
    hall.configure(agents=[])
    assert hall.configure(agents=everybody) == []
    assert hall.told.leave(FIRST, hall.later()) == [AgentChanged(ANNA)]
