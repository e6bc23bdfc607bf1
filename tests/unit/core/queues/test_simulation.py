"""A long day in a few milliseconds: 50 agents, 500 callers, and all that can go wrong, from a fixed seed."""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Callable
from functools import partial
from random import Random

import pytest

from callgate.core.calls import CallId
from callgate.core.queues.distribution import Distributor
from callgate.core.queues.model import (
    AgentTerms,
    Effect,
    Offer,
    Overflow,
    Presence,
    QueueTerms,
    Rejected,
    Withdraw,
)

AGENTS = [f"agent-{number:02}" for number in range(50)]
CALLS = [CallId(f"call-{number:03}") for number in range(500)]
TERMS = QueueTerms("sales", length=500, wait=7_200.0, after_call_work=10.0)


class Day:
    """The distributor, with callers and agents who do as the dice say."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.told = Distributor()
        self.now = 0.0
        self._to_come: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self.offered: list[CallId] = []
        self.answered: Counter[CallId] = Counter()
        self.returned: set[CallId] = set()
        self.hung_up: set[CallId] = set()
        self.rejected = 0
        #: Whose phone rings for the call.
        self.ringing: dict[CallId, str] = {}
        self.heed(self.told.configure({"sales": TERMS}, {name: AgentTerms(name, ("sales",)) for name in AGENTS}, 0.0))

    def after(self, seconds: float, happens: Callable[[], None]) -> None:
        heapq.heappush(self._to_come, (self.now + seconds, next(self._numbers), happens))

    def run(self) -> None:
        for number, call in enumerate(CALLS):
            self.after(0.125 * number, partial(self.comes, call))
        for name in AGENTS:
            self.after(self.dice.uniform(0.0, 120.0), partial(self.is_ready, name))
        while self._to_come or self.told.next_due() is not None:
            due = self.told.next_due()
            if due is not None and (not self._to_come or due <= self._to_come[0][0]):
                self.now = due
                self.heed(self.told.tick(due))
            else:
                self.now, _, happens = heapq.heappop(self._to_come)
                happens()

    # --- what people do ----------------------------------------------------------------------------------------------

    def comes(self, call: CallId) -> None:
        self.heed(self.told.enter(call, "sales", self.now, self.now))
        if self.dice.random() < 0.1:
            self.after(self.dice.uniform(0.0, 600.0), lambda: self.hangs_up(call))

    def is_ready(self, agent: str) -> None:
        self.heed(self.told.reachable(agent, True, self.now))
        self.heed(self.told.present(agent, Presence.READY, self.now))

    def hangs_up(self, call: CallId) -> None:
        if not self.answered[call]:
            self.hung_up.add(call)
            self.ringing.pop(call, None)
            self.heed(self.told.over(call, self.now))

    def rejects(self, agent: str, call: CallId) -> None:
        if self.ringing.get(call) == agent:
            rejected, effects = self.told.reject(agent, call, self.now)
            assert rejected is Rejected.WITHDRAWING
            self.rejected += 1
            self.heed(effects)

    def misses(self, agent: str, call: CallId) -> None:
        self.stops(agent, call)
        self.after(60.0, lambda: self.is_ready(agent))

    def stops(self, agent: str, call: CallId) -> None:
        if self.ringing.get(call) == agent:
            del self.ringing[call]
            self.returned.add(call)
            self.heed(self.told.returned(call, self.now))

    def answers(self, agent: str, call: CallId) -> None:
        if self.ringing.get(call) == agent:
            del self.ringing[call]
            self.answered[call] += 1
            self.heed(self.told.answered(call, self.now))
            self.after(self.dice.uniform(20.0, 180.0), lambda: self.heed(self.told.over(call, self.now)))

    def heed(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Offer(call, agent, ring):
                    assert agent not in self.ringing.values()
                    assert call not in self.ringing
                    self.offered.append(call)
                    self.ringing[call] = agent
                    self.throw(agent, call, ring)
                case Withdraw(call):
                    stops = self.answers if self.dice.random() < 0.05 else self.stops
                    self.after(0.25, partial(stops, self.ringing[call], call))
                case Overflow():
                    pytest.fail(f"nobody leaves this queue: {effect}")

    def throw(self, agent: str, call: CallId, ring: float) -> None:
        lot, seconds = self.dice.random(), self.dice.uniform(1.0, ring)
        if lot < 0.15:
            self.after(seconds, lambda: self.rejects(agent, call))
        elif lot < 0.25:
            self.after(ring, lambda: self.misses(agent, call))
        else:
            self.after(seconds, lambda: self.answers(agent, call))


@pytest.fixture(scope="module")
def day() -> Day:
    day = Day(seed=9_000)
    day.run()
    return day


def test_enough_went_wrong(day: Day) -> None:
    assert day.rejected > 50
    assert len(day.returned) > 100
    assert len(day.hung_up) > 20


def test_every_caller_who_stayed_was_served_once(day: Day) -> None:
    assert set(day.answered) - day.hung_up == set(CALLS) - day.hung_up
    assert {times for call, times in day.answered.items() if call not in day.hung_up} == {1}


def test_the_order_was_kept_among_those_whom_nobody_rejected_or_missed(day: Day) -> None:
    undisturbed = [call for call in day.offered if call not in day.returned]
    assert len(undisturbed) > 200
    assert undisturbed == sorted(undisturbed)


def test_nobody_was_offered_for_the_first_time_before_somebody_who_came_earlier(day: Day) -> None:
    assert (first := list(dict.fromkeys(day.offered))) == sorted(first)


def test_nothing_is_left(day: Day) -> None:
    assert day.told.waiting("sales") == []
    assert day.told.next_due() is None
    assert all(view.presence is Presence.READY and not view.calls for view in day.told.agents())
