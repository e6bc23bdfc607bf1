"""The distributor, walked through every order of calls, agents, rejections, misses, and changes of the directory.

Beside it runs a plain model: what was entered, what rings where, who is paused for what. It looks at all calls and all
agents after each step, which the distributor never does.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from callgate.core.calls import CallId
from callgate.core.queues.distribution import Distributor
from callgate.core.queues.model import (
    AgentChanged,
    AgentTerms,
    AgentView,
    Effect,
    Offer,
    Overflow,
    Place,
    Placement,
    Presence,
    QueueTerms,
    Rejected,
    Why,
    Withdraw,
)
from callgate.core.queues.waiting import AT_A_PHONE

SALES = QueueTerms("sales", length=4, wait=60.0, after_call_work=5.0, reject_pause=20.0, offers=5)
HELP = QueueTerms("help", priority=1, wait=40.0, missed="ready", reject_pause=10.0, offers=4)
CHANGED = [(SALES, HELP), (SALES,), (replace(SALES, priority=2), HELP), (replace(SALES, wait=20.0, offers=2), HELP)]
AGENTS = [AgentTerms("anna", ("sales",)), AgentTerms("ben", ("help", "sales")), AgentTerms("cara", ("help",))]
ON_DUTY = (Presence.READY, Presence.AFTER_CALL_WORK)


@dataclass
class Known:
    """A call that was entered, as effects and the machine's own doing say."""

    queue: str
    since: float
    priority: int
    place: Place = Place.WAITING
    agent: str = ""
    offers: int = 0
    #: Until when an agent is paused, and from when on that does not count if nobody else is there.
    paused: dict[str, tuple[float, float]] = field(default_factory=dict)


class DistributorMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.now = 1_000.0
        self.told = Distributor()
        self.numbers = itertools.count()
        self.queues = {terms.name: terms for terms in (SALES, HELP)}
        self.agents = {terms.name: terms for terms in AGENTS}
        self.calls: dict[CallId, Known] = {}
        #: Calls that have left, by how.
        self.gone: dict[CallId, str] = {}
        #: Calls that no queue offered, with the agents at whose phones they are.
        self.direct: dict[CallId, set[str]] = {}
        self.looks: dict[str, tuple[Presence, bool]] = {}
        self._heed(self._configure())

    # --- callers -------------------------------------------------------------------------------------------------

    @rule(queue=st.sampled_from(["sales", "help"]), priority=st.sampled_from([0, 0, 0, 3]))
    def a_caller_comes(self, queue: str, priority: int) -> None:
        call = CallId(f"call-{next(self.numbers):03}")
        since = self._later()
        self._tick()
        effects = self.told.enter(call, queue, since, since, priority=priority)
        self.calls[call] = Known(queue, since, priority)
        for effect in effects:
            if isinstance(effect, Overflow) and effect.call == call and effect.why is Why.FULL:
                assert len(self._unanswered(queue)) > self.queues[queue].length
        self._heed(effects)

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def a_caller_hangs_up(self, data: st.DataObject) -> None:
        call = data.draw(st.sampled_from(sorted(self.calls)), "call")
        self._leave(call, "over")
        self._heed(self.told.over(call, self._later()))

    # --- phones --------------------------------------------------------------------------------------------------

    @precondition(lambda self: self._in(*AT_A_PHONE))
    @rule(data=st.data(), how=st.sampled_from(["returned", "returned", "crowded", "answered", "answered"]))
    def a_phone_stops_or_answers(self, data: st.DataObject, how: str) -> None:
        call = self._pick(data, *AT_A_PHONE)
        known, now = self.calls[call], self._later()
        if how == "answered":
            known.place = Place.CONNECTED
            self._heed(self.told.answered(call, now))
            return
        agent, place = known.agent, known.place
        before = self._presence(agent)
        if place is not Place.REJECTED:
            self._pause(known, now, 0.0)
        known.place, known.agent = Place.WAITING, ""
        self._heed(self.told.returned(call, now, crowded=how == "crowded"), crowded=how == "crowded")
        if how == "crowded":
            assert self.gone[call] == Why.OFFERS
        if how == "crowded" or place is not Place.OFFERED or known.queue == "help":
            assert before is Presence.AFTER_CALL_WORK or self._presence(agent) is before
        elif before in ON_DUTY:
            assert self._presence(agent) is Presence.NOT_READY

    @rule(data=st.data())
    def an_agent_rejects(self, data: st.DataObject) -> None:
        agent = data.draw(st.sampled_from(sorted(self.agents)), "agent")
        call = data.draw(st.sampled_from([*sorted(self.calls), *sorted(self.direct), CallId("nothing")]), "call")
        known, now = self.calls.get(call), self._later()
        mine = known is not None and known.agent == agent
        rejected, effects = self.told.reject(agent, call, now)
        if known is not None and mine and known.place is Place.OFFERED:
            assert rejected is Rejected.WITHDRAWING
            assert Withdraw(call) in effects
            known.place = Place.REJECTED
            self._pause(known, now, self._terms(known).reject_pause)
            self._heed(effects)
        else:
            direct = not mine and agent in self.direct.get(call, ())
            assert rejected is (Rejected.NOT_QUEUED if direct else Rejected.NOT_RINGING)
            assert effects == []

    @precondition(lambda self: self._in(*AT_A_PHONE, Place.WAITING))
    @rule(data=st.data())
    def a_call_goes_elsewhere(self, data: st.DataObject) -> None:
        call = self._pick(data, *AT_A_PHONE, Place.WAITING)
        self._leave(call, "left")
        self._heed(self.told.leave(call, self._later()))

    @rule(agents=st.sets(st.sampled_from(["anna", "ben", "cara"]), min_size=1))
    def a_direct_call_comes(self, agents: set[str]) -> None:
        call = CallId(f"direct-{next(self.numbers):03}")
        there = agents & self.agents.keys()
        if there:
            self.direct[call] = there
        for agent in sorted(there):
            self._heed(self.told.busy(agent, call, self._later()))

    @precondition(lambda self: self.direct)
    @rule(data=st.data())
    def a_direct_call_ends(self, data: st.DataObject) -> None:
        call = data.draw(st.sampled_from(sorted(self.direct)), "call")
        agent = data.draw(st.sampled_from(["", *sorted(self.direct[call])]), "only at")
        self.direct[call] -= {agent} if agent else self.direct[call]
        if not self.direct[call]:
            del self.direct[call]
        now = self._later()
        self._heed(self.told.free(agent, call, now) if agent else self.told.over(call, now))

    # --- agents --------------------------------------------------------------------------------------------------

    @rule(
        agent=st.sampled_from(["anna", "ben", "cara"]),
        presence=st.sampled_from([*Presence, Presence.READY, Presence.READY]),
        seconds=st.sampled_from([0.0, 7.0]),
    )
    def an_agent_says_what_he_is(self, agent: str, presence: Presence, seconds: float) -> None:
        before = self._presence(agent)
        effects = self.told.present(agent, presence, self._later(), seconds=seconds)
        if agent in self.agents:
            logged_in = before is not Presence.LOGGED_OUT or presence is not Presence.AFTER_CALL_WORK
            assert self._presence(agent) is (presence if logged_in else before)
            if presence is Presence.LOGGED_OUT:
                self._withdrawn(agent, effects)
        self._heed(effects)

    @rule(agent=st.sampled_from(["anna", "ben", "cara"]), reachable=st.sampled_from([True, True, False]))
    def a_phone_comes_or_goes(self, agent: str, reachable: bool) -> None:
        was = agent in self.agents and self._view(agent).reachable
        effects = self.told.reachable(agent, reachable, self._later())
        if was and not reachable:
            self._withdrawn(agent, effects)
        self._heed(effects)

    @precondition(lambda self: not self._in(Place.WAITING) or len(self.agents) < len(AGENTS))
    @rule()
    def everybody_is_ready(self) -> None:
        """What could happen by other rules too, but seldom would."""
        for agent in self.agents:
            self.a_phone_comes_or_goes(agent, True)
            self.an_agent_says_what_he_is(agent, Presence.READY, 0.0)

    # --- the clock, the directory, the controller ----------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.5, 2.0, 15.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self._tick()

    @precondition(lambda self: self.told.next_due() is not None)
    @rule()
    def what_is_due_comes(self) -> None:
        due = self.told.next_due()
        assert due is not None
        before = self._snapshot()
        if due - 0.001 > self.now:
            assert self.told.tick(due - 0.001) == []
            assert self._snapshot() == before
        self.now = max(self.now, due)
        self._tick()

    @rule(queues=st.sampled_from(CHANGED), without=st.sampled_from(["", "", "anna", "ben"]))
    def the_directory_changes(self, queues: tuple[QueueTerms, ...], without: str) -> None:
        self.queues = {terms.name: terms for terms in queues}
        self.agents = {terms.name: terms for terms in AGENTS if terms.name != without}
        self._later()
        effects = self._configure()
        if without:
            self._withdrawn(without, effects)
            self.looks.pop(without, None)
        self._heed(effects)

    @precondition(lambda self: len(self.queues) == len(CHANGED[0]))  # terms of others are lost with it
    @rule(data=st.data())
    def the_controller_dies(self, data: st.DataObject) -> None:
        views = [self._view(agent) for agent in self.agents]
        placements = [placement for call in self.calls if (placement := self.told.placement(call)) is not None]
        self._later()
        self.told, self.looks = Distributor(), {}
        self._heed(self._configure())
        for view in views:
            self._heed(self.told.reachable(view.name, view.reachable, self.now))
            for presence in (Presence.NOT_READY, view.presence):
                self._heed(self.told.present(view.name, presence, self.now))
        for call in list(self.direct):
            self.direct[call] &= self.agents.keys()  # of others, nobody asks
            if not self.direct[call]:
                del self.direct[call]
        known: list[Placement | tuple[CallId, str]] = [*placements]
        known += [(call, agent) for call, agents in sorted(self.direct.items()) for agent in sorted(agents)]
        for each in data.draw(st.permutations(known), "order"):
            if isinstance(each, Placement):
                self._restore(each)
            else:
                call, agent = each
                self._heed(self.told.busy(agent, call, self.now))
        self._tick()

    def _restore(self, placement: Placement) -> None:
        known = self.calls[placement.call]
        again = self._terms(known).again
        for agent, (until, _) in known.paused.items():
            known.paused[agent] = (until, min(until, self.now + again))
        effects = self.told.restore(placement, self.now)
        assert not [effect for effect in effects if isinstance(effect, Offer)]
        for effect in effects:
            if isinstance(effect, Withdraw) and known.place is Place.OFFERED:
                known.place = Place.WITHDRAWN
        self._heed(effects)

    def _configure(self) -> list[Effect]:
        return self.told.configure(self.queues, self.agents, self.now)

    def _tick(self) -> None:
        self._heed(self.told.tick(self.now))
        due = self.told.next_due()
        assert due is None or due > self.now

    # --- what comes of it ----------------------------------------------------------------------------------------

    def _heed(self, effects: list[Effect], *, crowded: bool = False) -> None:
        """Believe the effects, if they can be believed."""
        offered = [effect for effect in effects if isinstance(effect, Offer)]
        for effect in effects:
            match effect:
                case Offer(call, agent, ring):
                    known = self.calls[call]
                    assert known.place is Place.WAITING
                    assert not self._calls_at(agent)
                    assert ring == self.queues[known.queue].ring
                    assert self._eligible(agent, call)
                    known.place, known.agent = Place.OFFERED, agent
                    known.offers += 1
                case Overflow(call, queue, why):
                    known = self.calls[call]
                    assert (known.place, known.queue) == (Place.WAITING, queue)
                    match why:
                        case Why.GONE:
                            assert queue not in self.queues
                        case Why.WAITED:
                            assert self.now >= known.since + self.queues[queue].wait
                        case Why.OFFERS:
                            assert crowded or known.offers >= self.queues[queue].offers
                    self._leave(call, why)
                case Withdraw(call):
                    assert self.calls[call].place in (Place.REJECTED, Place.WITHDRAWN)
        self._in_order(offered)
        self._changes_told([effect.agent for effect in effects if isinstance(effect, AgentChanged)])

    def _in_order(self, offered: list[Offer]) -> None:
        """An offered call is the first for its agent, and the agent the first for his call."""
        for effect in offered:
            for call, known in self.calls.items():
                if known.place is Place.WAITING and self._order(call) < self._order(effect.call):
                    assert not self._could_take(effect.agent, call)
            idle = self._view(effect.agent).idle_since
            for agent in self.agents:
                if self._free(agent) and self._view(agent).idle_since < idle:
                    assert not self._eligible(agent, effect.call)

    def _changes_told(self, told: list[str]) -> None:
        assert len(told) == len(set(told))
        for view in self.told.agents():
            look = (view.presence, bool(view.calls))
            if self.looks.setdefault(view.name, (Presence.LOGGED_OUT, bool(view.calls))) != look:
                assert view.name in told
            self.looks[view.name] = look

    def _withdrawn(self, agent: str, effects: list[Effect]) -> None:
        """The agent has gone: what rang there is to stop, and nothing else."""
        ringing = {call for call, known in self.calls.items() if (known.place, known.agent) == (Place.OFFERED, agent)}
        assert {effect.call for effect in effects if isinstance(effect, Withdraw)} == ringing
        for call in ringing:
            self.calls[call].place = Place.WITHDRAWN

    def _leave(self, call: CallId, how: str) -> None:
        assert call not in self.gone
        del self.calls[call]
        self.gone[call] = how

    def _pause(self, known: Known, now: float, seconds: float) -> None:
        again = now + self._terms(known).again
        until, _ = known.paused.get(known.agent, (0.0, 0.0))
        known.paused[known.agent] = (max(until, again, now + seconds), again)

    # --- what must hold ------------------------------------------------------------------------------------------

    @invariant()
    def no_call_is_lost_and_each_is_where_it_is_said_to_be(self) -> None:
        for call, known in self.calls.items():
            placement = self.told.placement(call)
            assert placement is not None
            assert (placement.place, placement.agent, placement.offers) == (known.place, known.agent, known.offers)
        assert all(self.told.placement(call) is None for call in self.gone)

    @invariant()
    def each_agent_has_the_calls_that_are_at_his_phone(self) -> None:
        for view in self.told.agents():
            assert view.calls == self._calls_at(view.name)
            ringing = [call for call in view.calls if call in self.calls and self.calls[call].place is Place.OFFERED]
            assert len(ringing) <= 1

    @invariant()
    def the_lines_are_in_order(self) -> None:
        for queue in self.queues:
            line = [placement.call for placement in self.told.waiting(queue)]
            assert line == sorted(self._unanswered(queue), key=self._order)

    @invariant()
    def nobody_waits_who_could_be_offered_to_somebody(self) -> None:
        due = self.told.next_due()
        if due is not None and due <= self.now:
            return  # what is due has not been done yet: the clock went on with what changes nothing
        for call, known in self.calls.items():
            if known.place is Place.WAITING:
                assert not [agent for agent in self.agents if self._free(agent) and self._eligible(agent, call)]

    def teardown(self) -> None:
        """With enough agents and time, every call is served."""
        self.queues = {terms.name: replace(terms, wait=86_400.0, offers=1_000) for terms in (SALES, HELP)}
        self.agents = {terms.name: terms for terms in [*AGENTS, AgentTerms("dora", ("sales", "help"))]}
        self._later()
        self._heed(self._configure())
        for agent in ("anna", "ben", "cara"):
            self.an_agent_says_what_he_is(agent, Presence.LOGGED_OUT, 0.0)
        self._heed(self.told.reachable("dora", True, self.now))
        self._heed(self.told.present("dora", Presence.READY, self.now))
        for _ in range(10 * len(self.calls)):
            for call in [call for call, known in self.calls.items() if known.place is not Place.WAITING]:
                self.calls[call].place = Place.CONNECTED
                self._heed(self.told.answered(call, self._later()))
                self._leave(call, "served")
                self._heed(self.told.over(call, self._later(5.0)))
            self._later(5.0)
            self._tick()
        assert not self.calls

    # --- looking -------------------------------------------------------------------------------------------------

    def _later(self, seconds: float = 0.125) -> float:
        self.now += seconds
        return self.now

    def _in(self, *places: Place) -> list[Known]:
        return [known for known in self.calls.values() if known.place in places]

    def _unanswered(self, queue: str) -> list[CallId]:
        return [
            call for call, known in self.calls.items() if known.queue == queue and known.place is not Place.CONNECTED
        ]

    def _pick(self, data: st.DataObject, *places: Place) -> CallId:
        return data.draw(st.sampled_from([call for call, known in self.calls.items() if known.place in places]), "call")

    def _terms(self, known: Known) -> QueueTerms:
        return self.queues.get(known.queue) or {"sales": SALES, "help": HELP}[known.queue]

    def _view(self, agent: str) -> AgentView:
        view = self.told.agent(agent)
        assert view is not None
        return view

    def _presence(self, agent: str) -> Presence | None:
        view = self.told.agent(agent)
        return None if view is None else view.presence

    def _calls_at(self, agent: str) -> set[CallId]:
        return {call for call, known in self.calls.items() if known.agent == agent} | {
            call for call, agents in self.direct.items() if agent in agents
        }

    def _order(self, call: CallId) -> tuple[int, float, CallId]:
        known = self.calls[call]
        return (-(self._terms(known).priority + known.priority), known.since, call)

    def _free(self, agent: str) -> bool:
        view = self._view(agent)
        return view.reachable and view.presence is Presence.READY and not self._calls_at(agent)

    def _eligible(self, agent: str, call: CallId) -> bool:
        view = self._view(agent)
        return view.reachable and view.presence is Presence.READY and self._could_take(agent, call)

    def _could_take(self, agent: str, call: CallId) -> bool:
        """Whether the agent serves the call's queue and is not paused for it, or nobody else is there."""
        known = self.calls[call]
        if known.queue not in self.queues or known.queue not in self.agents[agent].queues:
            return False
        until, again = known.paused.get(agent, (0.0, 0.0))
        if until <= self.now:
            return True
        there = [
            view.name
            for view in self.told.agents()
            if known.queue in view.queues and view.reachable and view.presence in ON_DUTY
        ]
        return again <= self.now and all(known.paused.get(name, (0.0, 0.0))[0] > self.now for name in there)

    def _snapshot(self) -> list[tuple[Placement | None, ...]]:
        return [(replace(placement),) for call in self.calls if (placement := self.told.placement(call)) is not None]


TestDistributor = DistributorMachine.TestCase
TestDistributor.settings = settings(max_examples=100, stateful_step_count=60, deadline=None)
