"""Calls that an earlier controller knew."""

from __future__ import annotations

import pytest

from callgate.core.calls import CallId
from callgate.core.queues.model import (
    AgentChanged,
    Overflow,
    Place,
    Placement,
    Presence,
    QueueTerms,
    Why,
    Withdraw,
)

from .hall import ANNA, BEN, CARA, FIRST, SECOND, THIRD, Hall, offers


def waiting(call: CallId, since: float, **more: object) -> Placement:
    return Placement(call, "sales", since, **more)  # type: ignore[arg-type]  # fields by name


def offered(call: CallId, agent: str, place: Place = Place.OFFERED) -> Placement:
    return Placement(call, "sales", 990.0, place=place, agent=agent, offers=1)


def test_what_waited_waits_at_its_place_with_its_history(hall: Hall) -> None:
    hall.enter(SECOND)
    assert hall.told.restore(waiting(FIRST, 900.0, offers=3), hall.later()) == []
    assert hall.line() == [FIRST, SECOND]
    assert hall.placement(FIRST).offers == 3
    assert hall.told.tick(hall.later()) == []
    assert offers(hall.ready(ANNA)) == [(FIRST, ANNA)]
    assert hall.placement(FIRST).offers == 4


def test_all_is_restored_before_anything_is_offered(hall: Hall) -> None:
    hall.ready(ANNA, BEN)
    for call, since in ((SECOND, 950.0), (FIRST, 900.0)):
        assert hall.told.restore(waiting(call, since), hall.later()) == []
    assert hall.told.restore(offered(THIRD, ANNA), hall.now) == [AgentChanged(ANNA)]
    assert hall.told.next_due() == hall.now
    assert offers(hall.told.tick(hall.now)) == [(FIRST, BEN)]
    assert hall.told.next_due() == 950.0 + 600.0


def test_whatever_happens_while_calls_are_restored_offers_nothing_before_the_tick(hall: Hall) -> None:
    hall.ready(ANNA, BEN, CARA)
    hall.told.restore(waiting(FIRST, 900.0), hall.later())
    assert hall.told.busy(BEN, CallId("direct"), hall.now) == [AgentChanged(BEN)]
    assert hall.told.present(CARA, Presence.NOT_READY, hall.now) == [AgentChanged(CARA)]
    assert hall.enter(SECOND) == []
    assert hall.told.restore(offered(THIRD, ANNA), hall.now) == [AgentChanged(ANNA)]
    assert hall.placement(THIRD).place is Place.OFFERED
    assert offers(hall.told.tick(hall.now)) == []
    assert offers(hall.told.over(THIRD, hall.now)) == [(FIRST, ANNA)]


def test_a_call_that_rings_is_not_offered_again(hall: Hall) -> None:
    hall.ready(ANNA, BEN)
    assert hall.told.restore(offered(FIRST, ANNA), hall.later()) == [AgentChanged(ANNA)]
    assert hall.told.tick(hall.later()) == []
    assert hall.agent(ANNA).calls == {FIRST}
    assert offers(hall.told.returned(FIRST, hall.later())) == [(FIRST, BEN)]
    assert hall.agent(ANNA).presence is Presence.NOT_READY


def test_a_call_that_was_answered_occupies_its_agent_until_it_is_over(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.told.restore(offered(FIRST, ANNA, Place.CONNECTED), hall.later())
    assert hall.enter(SECOND) == []
    assert offers(hall.told.over(FIRST, hall.later())) == [(SECOND, ANNA)]


@pytest.mark.parametrize("place", [Place.REJECTED, Place.WITHDRAWN])
def test_what_was_to_stop_ringing_is_told_so_again(hall: Hall, place: Place) -> None:
    hall.ready(ANNA, BEN)
    assert Withdraw(FIRST) in hall.told.restore(offered(FIRST, ANNA, place), hall.later())
    assert hall.placement(FIRST).place is place
    assert offers(hall.told.returned(FIRST, hall.later())) == [(FIRST, BEN)]
    assert hall.agent(ANNA).presence is Presence.READY


def test_what_rings_at_somebody_who_is_gone_is_to_stop(hall: Hall) -> None:
    assert hall.told.restore(offered(FIRST, "nobody"), hall.later()) == [Withdraw(FIRST)]
    hall.told.returned(FIRST, hall.later())
    assert hall.line() == [FIRST]


def test_two_calls_never_ring_at_one_agent(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.told.restore(offered(FIRST, ANNA), hall.later())
    assert hall.told.restore(offered(SECOND, ANNA), hall.later()) == [Withdraw(SECOND)]
    assert hall.placement(FIRST).place is Place.OFFERED
    assert hall.placement(SECOND).place is Place.WITHDRAWN


def test_a_call_is_restored_once(hall: Hall) -> None:
    hall.ready(ANNA)
    hall.enter(FIRST)
    assert hall.told.restore(waiting(FIRST, 900.0), hall.later()) == []
    assert hall.placement(FIRST).place is Place.OFFERED


def test_what_waits_for_a_queue_that_is_gone_overflows(hall: Hall) -> None:
    gone = Placement(FIRST, "nothing", 900.0)
    assert hall.told.restore(gone, hall.later()) == [Overflow(FIRST, "nothing", Why.GONE)]


def test_what_rings_or_talks_for_a_queue_that_is_gone_goes_on(hall: Hall) -> None:
    hall.ready(ANNA, BEN)
    hall.told.restore(Placement(FIRST, "nothing", 900.0, place=Place.OFFERED, agent=ANNA), hall.later())
    hall.told.restore(Placement(SECOND, "nothing", 900.0, place=Place.CONNECTED, agent=BEN), hall.later())
    assert hall.told.over(SECOND, hall.later()) == [AgentChanged(BEN)]
    assert Overflow(FIRST, "nothing", Why.GONE) in hall.told.returned(FIRST, hall.later())


def test_who_has_waited_too_long_meanwhile_leaves(hall: Hall) -> None:
    hall.told.restore(waiting(FIRST, 100.0), hall.later())
    assert hall.told.tick(hall.now) == [Overflow(FIRST, "sales", Why.WAITED)]


def test_who_was_offered_often_enough_leaves(hall: Hall) -> None:
    assert hall.told.restore(waiting(FIRST, 900.0, offers=12), hall.later()) == [Overflow(FIRST, "sales", Why.OFFERS)]


def test_pauses_go_on() -> None:
    hall = Hall(QueueTerms("sales", again=2.0))
    hall.ready(ANNA, BEN)
    hall.told.busy(BEN, SECOND, hall.later())
    hall.told.restore(waiting(FIRST, 900.0, paused={ANNA: 1_030.0}), hall.later())
    assert hall.told.tick(hall.now) == []
    assert hall.tick_at(1_029.875) == []
    assert offers(hall.tick_at(1_030.0)) == [(FIRST, ANNA)]


def test_a_lone_agent_who_rejected_it_before_is_asked_again_soon() -> None:
    hall = Hall(QueueTerms("sales", again=2.0))
    hall.ready(ANNA)
    restored = hall.later()
    hall.told.restore(waiting(FIRST, 900.0, paused={ANNA: 1_030.0}), restored)
    assert hall.told.tick(hall.now) == []
    assert offers(hall.tick_at(restored + 2.0)) == [(FIRST, ANNA)]


def test_the_placement_that_was_told_stays_as_it_was(hall: Hall) -> None:
    told = offered(FIRST, ANNA)
    hall.told.restore(told, hall.later())
    hall.told.returned(FIRST, hall.later())
    assert told == offered(FIRST, ANNA)
