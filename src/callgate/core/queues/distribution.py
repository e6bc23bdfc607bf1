"""The distributor: which call is offered to which agent, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import merge

import msgspec

from callgate.core.calls import CallId
from callgate.core.queues.agenda import Agenda, Due
from callgate.core.queues.agents import SAID, Agent, Turn
from callgate.core.queues.line import Entry, Line
from callgate.core.queues.model import (
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
from callgate.core.queues.roster import Roster
from callgate.core.queues.waiting import AT_A_PHONE, LEFT, Move, after


class Distributor:
    """All queues and agents of one controller. Each method takes the time (Unix seconds) and gives back what is to be
    done, in order; nothing is done here. Unknown calls and agents, and what cannot be, change nothing and never raise.

    Calls and agents are matched greedily, in the order of the calls (priority, then age), each with the agent who is
    idle for longest of those he can be offered to. After each step there is no call in line that could be offered to
    somebody, so that a step has only to look at the queues that it has touched.
    """

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}
        self._entries: dict[CallId, Entry] = {}
        self._agenda = Agenda()
        #: Queues of which calls and agents may match, since the last step.
        self._touched: set[str] = set()
        self._roster = Roster(self._lines, self._agenda, self._touched)
        self._effects: list[Effect] = []
        #: Calls are being restored: nobody is offered one before all are there, which the next tick says.
        self._restoring = False

    # --- looking -----------------------------------------------------------------------------------------------------

    def agent(self, name: str) -> AgentView | None:
        """The agent of that name, if the directory has him."""
        known = self._roster.get(name)
        return None if known is None else known.view

    def agents(self) -> Iterable[AgentView]:
        """All agents of the directory."""
        return [known.view for known in self._roster]

    def placement(self, call: CallId) -> Placement | None:
        """Where the call of a queue is; ``None``: it is in none."""
        entry = self._entries.get(call)
        return None if entry is None else entry.placement

    def waiting(self, queue: str) -> list[Placement]:
        """The calls of that queue that nobody has answered, in their order (also those that ring at an agent)."""
        line = self._lines.get(queue)
        if line is None:
            return []
        at_phones = [line.order(self._entries[call].placement) for call in line.at_phones]
        return [self._entries[call].placement for _, _, call in sorted(line.waiting + at_phones)]

    def next_due(self) -> float | None:
        """When :meth:`tick` has something to do next (Unix seconds), ``None``: nothing is due."""
        return self._agenda.first()

    # --- queues and agents -------------------------------------------------------------------------------------------

    def configure(self, queues: Mapping[str, QueueTerms], agents: Mapping[str, AgentTerms], now: float) -> list[Effect]:
        """What the directory says from now on.

        The calls that wait in a queue that is gone overflow; those that ring go on and overflow when they return. An
        agent who is gone is logged out, and then forgotten; one who is new is logged out, and his phone is not known.
        """
        for known in self._roster:
            if known.view.name not in agents:
                self._withdraw(known)
                if known.make(Turn.LOG_OUT, now):
                    self._roster.stir(known)
        self._roster.dissolve()
        for name in [name for name in self._lines if name not in queues]:
            self._close(name)
        for name, queue_terms in queues.items():
            self._open(name, queue_terms, now)
        self._roster.engage(agents, now)
        return self._settle(now)

    def _open(self, name: str, terms: QueueTerms, now: float) -> None:
        line = self._lines.setdefault(name, Line(terms))
        line.gone = False
        if line.terms != terms:
            entries = [self._entries[call] for _, _, call in line.waiting]
            line.terms = terms
            line.waiting.clear()
            for entry in entries:
                line.put(entry.placement)
                self._wait(entry, now)

    def _close(self, name: str) -> None:
        line = self._lines[name]
        line.gone = True
        for _, _, call in list(line.waiting):
            self._overflow(self._entries[call], Why.GONE)
        if line.empty:
            del self._lines[name]

    # --- agents ------------------------------------------------------------------------------------------------------

    def present(self, agent: str, presence: Presence, now: float, *, seconds: float = 0.0) -> list[Effect]:
        """The agent logs in or out, or says what he is. ``seconds`` bounds after-call work (0: until he says).

        While he talks that changes nothing for the call, and the bound counts from its end.
        """
        known = self._roster.get(agent)
        if known is None or not known.make(SAID[presence], now):
            return []
        if presence is Presence.LOGGED_OUT:
            self._withdraw(known)
        elif presence is Presence.AFTER_CALL_WORK and seconds > 0.0:
            if self._talks(known):
                known.work = seconds
            else:
                known.view.until = now + seconds
        self._roster.stir(known)
        return self._settle(now)

    def reachable(self, agent: str, reachable: bool, now: float) -> list[Effect]:
        """The agent's phone has registered, or is gone."""
        known = self._roster.get(agent)
        if known is None or known.view.reachable is reachable:
            return []
        known.view.reachable = reachable
        if not reachable:
            self._withdraw(known)
        self._roster.stir(known)
        return self._settle(now)

    def busy(self, agent: str, call: CallId, now: float) -> list[Effect]:
        """A call that no queue offered is at the agent's phone: a direct one, or one that it placed."""
        if self._roster.get(agent) is None:
            return []
        self._roster.occupy(agent, call)
        return self._settle(now)

    def free(self, agent: str, call: CallId, now: float) -> list[Effect]:
        """A call that no queue offered is not at the agent's phone any more, though it may go on elsewhere."""
        entry = self._entries.get(call)
        if entry is not None and entry.placement.agent == agent:
            return []
        known = self._roster.get(agent)
        if known is not None and call in known.view.calls:
            self._hung_up(known, call, None, now)
        self._roster.vacate(agent, call)
        return self._settle(now)

    def _talks(self, known: Agent) -> bool:
        """Whether a call is at his phone that no queue offers just now."""
        return any(not self._offered(known, call) for call in known.view.calls)

    def _offered(self, known: Agent, call: CallId) -> bool:
        entry = self._entries.get(call)
        return entry is not None and entry.placement.agent == known.view.name and entry.placement.place in AT_A_PHONE

    def _withdraw(self, known: Agent) -> None:
        """He is not there any more: what rings at his phone is to stop."""
        for call in sorted(known.view.calls):
            if self._offered(known, call) and self._move(self._entries[call], Move.WITHDRAW):
                self._effects.append(Withdraw(call))

    # --- calls -------------------------------------------------------------------------------------------------------

    def enter(self, call: CallId, queue: str, since: float, now: float, *, priority: int = 0) -> list[Effect]:
        """A call comes into a queue; ``priority`` is added to the queue's own.

        It overflows at once if it would have to wait and the queue is full, or if there is no such queue.
        """
        if call in self._entries:
            return []
        effects = self._settle(now)
        line = self._lines.get(queue)
        if line is None or line.gone:
            return [*effects, Overflow(call, queue, Why.GONE)]
        if len(line) >= line.terms.length and not line.ready:  # nobody has rejected it yet
            return [*effects, Overflow(call, queue, Why.FULL)]
        self._place(Entry(Placement(call, queue, since, priority)), now)
        return effects + self._settle(now)

    def restore(self, placement: Placement, now: float) -> list[Effect]:
        """A call that an earlier controller knew, with its place, its agent and its history.

        To be told after :meth:`configure`. Once something waits, nobody is offered anything before the next
        :meth:`tick`, which is due at once: what is older, or rings already, can be restored behind it. A phone that
        rings for nobody, or for two calls, is told to stop.
        """
        if placement.call in self._entries:
            return []
        placement = msgspec.structs.replace(placement, paused=dict(placement.paused))
        line = self._lines.get(placement.queue)
        if line is None:
            line = self._lines[placement.queue] = Line(QueueTerms(placement.queue), gone=True)
        not_before = now + line.terms.again
        entry = Entry(placement, {name: min(until, not_before) for name, until in placement.paused.items()})
        if placement.place is Place.REJECTED and placement.agent not in placement.paused:
            entry.pause(placement.agent, now + line.terms.reject_pause, not_before)
        if placement.place is Place.WAITING:
            placement.agent = ""
            self._restoring = True
            self._agenda.set((Due.RESTORED, ""), now)
        known = self._roster.get(placement.agent)
        rings_on = (
            placement.place is Place.OFFERED
            and known is not None
            and not any(self._offered(known, call) for call in known.view.calls)
        )
        self._place(entry, now)
        if placement.place in AT_A_PHONE and not rings_on:
            self._move(entry, Move.WITHDRAW)
            self._effects.append(Withdraw(placement.call))
        return self._tell()

    def returned(self, call: CallId, now: float, *, crowded: bool = False) -> list[Effect]:
        """The phone did not answer, was busy, could not be reached, or was withdrawn: the call is held again.

        ``crowded``: the edge had no room to dial any more, so the agent did not miss it.
        """
        entry = self._entries.get(call)
        if entry is None or entry.placement.place not in AT_A_PHONE:
            return []
        placement = entry.placement
        terms = self._lines[placement.queue].terms
        if placement.place is not Place.REJECTED:
            entry.pause(placement.agent, now + terms.again, now + terms.again)
        if placement.place is Place.OFFERED and not crowded:
            self._missed(placement.agent, terms, now)
        self._roster.vacate(placement.agent, call)
        self._move(entry, Move.RETURN)
        placement.agent = ""
        if crowded:
            self._overflow(entry, Why.OFFERS)
        elif self._wait(entry, now) and placement.since + terms.wait <= now:
            self._overflow(entry, Why.WAITED)
        return self._settle(now)

    def answered(self, call: CallId, now: float) -> list[Effect]:
        """The agent has answered, maybe while he was told to stop."""
        entry = self._entries.get(call)
        if entry is None or not self._move(entry, Move.ANSWER):
            return []
        return self._settle(now)

    def over(self, call: CallId, now: float) -> list[Effect]:
        """The call has ended, whatever it was: it is at nobody's phone and in no queue any more."""
        entry = self._entries.get(call)
        for known in self._roster.at(call):
            if not self._offered(known, call):
                self._hung_up(known, call, entry, now)
        self._roster.vacate_all(call)
        if entry is not None:
            self._move(entry, Move.END)
        return self._settle(now)

    def leave(self, call: CallId, now: float) -> list[Effect]:
        """The call goes elsewhere (an agent redirected it): it is not the queue's any more.

        One that was answered stays his who talks to the caller, until it is over.
        """
        entry = self._entries.get(call)
        if entry is None or not self._move(entry, Move.LEAVE):
            return []
        self._roster.vacate(entry.placement.agent, call)
        return self._settle(now)

    def reject(self, agent: str, call: CallId, now: float) -> tuple[Rejected, list[Effect]]:
        """The agent does not want the call that rings at his phone."""
        entry = self._entries.get(call)
        if entry is None or entry.placement.agent != agent:
            known = self._roster.get(agent)
            direct = known is not None and call in known.view.calls
            return (Rejected.NOT_QUEUED if direct else Rejected.NOT_RINGING), []
        if not self._move(entry, Move.REJECT):
            return Rejected.NOT_RINGING, []
        terms = self._lines[entry.placement.queue].terms
        entry.pause(agent, now + terms.reject_pause, now + terms.again)
        self._effects.append(Withdraw(call))
        return Rejected.WITHDRAWING, self._settle(now)

    def _missed(self, agent: str, terms: QueueTerms, now: float) -> None:
        known = self._roster.get(agent)
        if known is not None:
            if terms.missed == "not_ready":
                known.make(Turn.MISS, now)
            else:
                known.view.idle_since = now  # else a dead phone would be the first for every call

    def _hung_up(self, known: Agent, call: CallId, entry: Entry | None, now: float) -> None:
        """He has talked, and maybe has something to do about it now."""
        view = known.view
        view.idle_since = now
        if entry is not None and entry.placement.agent == view.name:
            work = self._lines[entry.placement.queue].terms.after_call_work
            if work > 0.0 and known.make(Turn.WRAP_UP, now):
                view.until = now + work
        if known.work and all(other == call or self._offered(known, other) for other in view.calls):
            view.until, known.work = now + known.work, 0.0

    # --- places ------------------------------------------------------------------------------------------------------

    def _place(self, entry: Entry, now: float) -> None:
        """A call that was in no queue is in one."""
        placement = entry.placement
        self._entries[placement.call] = entry
        self._lines[placement.queue].put(placement)
        if placement.agent:
            self._roster.occupy(placement.agent, placement.call)
        if placement.place is Place.WAITING:
            self._wait(entry, now)

    def _move(self, entry: Entry, move: Move) -> bool:
        """Move the call as the table says; false if it cannot be moved so."""
        placement = entry.placement
        following = after(placement.place, move)
        if following is None:
            return False
        line = self._lines[placement.queue]
        line.take(placement)
        if placement.place is Place.WAITING:
            self._agenda.cancel((Due.WAIT, placement.call))
            self._agenda.cancel((Due.PAUSE, placement.call))
        if following == LEFT:
            del self._entries[placement.call]
        else:
            placement.place = following
            line.put(placement)
        return True

    def _wait(self, entry: Entry, now: float) -> bool:
        """Have the call wait to be offered to somebody; false: it cannot be, and has overflowed."""
        placement = entry.placement
        line = self._lines[placement.queue]
        if line.gone or placement.offers >= line.terms.offers:
            self._overflow(entry, Why.GONE if line.gone else Why.OFFERS)
            return False
        self._agenda.set((Due.WAIT, placement.call), placement.since + line.terms.wait)
        self._await_pause(entry, now)
        self._touched.add(placement.queue)
        return True

    def _await_pause(self, entry: Entry, now: float) -> None:
        ends = entry.pause_ends(now)
        if ends is not None:
            self._agenda.set((Due.PAUSE, entry.placement.call), ends)

    def _overflow(self, entry: Entry, why: Why) -> None:
        if self._move(entry, Move.OVERFLOW):
            self._effects.append(Overflow(entry.placement.call, entry.placement.queue, why))

    # --- steps -------------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> list[Effect]:
        """What is due: after-call work that is over, calls that have waited too long, pauses that are over."""
        self._restoring = False
        return self._settle(now)

    def _settle(self, now: float) -> list[Effect]:
        """Do what is due, then match calls and agents; only who is not offered to anybody then has waited too long."""
        if self._restoring:
            return self._tell()
        late = []
        for due, name in self._agenda.take(now):
            match due:
                case Due.WORK:
                    known = self._roster.get(name)
                    if known is not None and known.make(Turn.DONE, known.view.until):
                        self._roster.stir(known)
                case Due.PAUSE:
                    entry = self._entries[CallId(name)]
                    self._touched.add(entry.placement.queue)
                    self._await_pause(entry, now)
                case Due.WAIT:
                    late.append(self._entries[CallId(name)])
        self._match(now)
        for entry in late:
            self._overflow(entry, Why.WAITED)
        return self._tell()

    def _match(self, now: float) -> None:
        lines = {name: self._lines[name] for name in self._touched if name in self._lines}
        self._touched.clear()
        found = []
        for _, _, call in merge(*(line.waiting for line in lines.values() if line.ready)):
            entry = self._entries[call]
            agent = lines[entry.placement.queue].choose(entry, now)
            if agent is not None:
                self._roster.occupy(agent, call)
                found.append((entry, agent))
                if not any(line.ready for line in lines.values()):
                    break
        for entry, agent in found:  # not before, as the lines are being walked
            placement = entry.placement
            self._move(entry, Move.OFFER)
            placement.agent = agent
            placement.offers += 1
            self._effects.append(Offer(placement.call, agent, lines[placement.queue].terms.ring))

    def _tell(self) -> list[Effect]:
        """What has been found to do, and of which agents there is something to tell."""
        self._effects += self._roster.news()
        effects, self._effects = self._effects, []
        return effects
