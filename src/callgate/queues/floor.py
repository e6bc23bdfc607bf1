"""What the parts of the contact centre share: the distributor, the agents' calls, the clock, and who is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
import structlog

from callgate.core.calls import Call, CallId
from callgate.core.control import CallControl
from callgate.core.queues import model
from callgate.core.queues.distribution import Distributor
from callgate.core.queues.model import Effect, Offer, Overflow, Presence, Withdraw
from callgate.core.verdicts import EARLIER, Decider
from callgate.directory.model import Directory
from callgate.directory.service import DirectoryService
from callgate.queues.calls import AgentCalls
from callgate.queues.numbers import Numbers
from callgate.queues.outcomes import Outcomes
from callgate.queues.port import AgentCall, AgentChanged, CallChanged, CallState, Notice
from callgate.queues.staff import Staff, queue_terms
from callgate.queues.store import SavedCall, SavedPresence, Store
from callgate.queues.tasks import Tasks
from callgate.settings import QueueSettings

log = structlog.get_logger(__name__)

#: The dialect that verdicts of the contact centre are given by.
DIALECT = "queue"


class Counts(msgspec.Struct):
    """What became of a queue's calls since the start."""

    answered: int = 0
    abandoned: int = 0
    overflowed: int = 0


class Floor:
    """All queues and agents of one controller, as they are now.

    Whatever the distributor wants done goes through :meth:`step`, and is carried out by ``carry_out``; ``stepped`` is
    called when it may want to be called at another time than before.
    """

    def __init__(
        self, control: CallControl, directory: DirectoryService, settings: QueueSettings, store: Store
    ) -> None:
        self.control = control
        self.settings = settings
        self.store = store
        self.distributor = Distributor()
        self.calls = AgentCalls(lambda call: self._tell(CallChanged(call)))
        self.tasks = Tasks()
        self.outcomes = Outcomes(settings.outcome)
        self.carry_out: Callable[[Effect], None] = lambda effect: None
        self.stepped: Callable[[], None] = lambda: None
        self.now = control.now
        self._directory = directory
        self._counts: dict[str, Counts] = {}
        self._listeners: tuple[Callable[[Notice], None], ...] = ()
        self._told: dict[str, tuple[Presence, bool]] = {}
        self._saved: dict[str, SavedPresence] = {}
        self._read(directory.current)

    def _read(self, directory: Directory) -> None:
        self.staff = Staff(directory)
        self._numbers: Numbers | None = None

    @property
    def directory(self) -> Directory:
        return self._directory.current

    @property
    def numbers(self) -> Numbers:
        """Where numbers lead, made when it is first asked for: an index of every route."""
        if self._numbers is None:
            self._numbers = Numbers(self.directory, self.staff)
        return self._numbers

    def counts(self, queue: str) -> Counts:
        return self._counts.setdefault(queue, Counts())

    # --- what changes ------------------------------------------------------------------------------------------------

    def configure(self) -> None:
        """The directory is another than before."""
        directory, now = self.directory, self.now()
        self._read(directory)
        self.step(self.distributor.configure(queue_terms(directory, self.settings), self.staff.terms(), now))
        for agent in self.staff:
            self.reach(agent.name)

    def reach(self, name: str) -> None:
        """Have the distributor know whether the agent's phone can be rung."""
        reachable = self.registered(name)
        view = self.distributor.agent(name)
        if view is not None and view.reachable is not reachable:
            self.step(self.distributor.reachable(name, reachable, self.now()))
        self._agent_changed(name)

    def registered(self, name: str) -> bool:
        """Whether the agent's phone can be rung; one at a fixed address always can."""
        agent = self.directory.agents.get(name)
        return agent is not None and (bool(agent.address) or self.control.phone(agent.phone) is not None)

    def step(self, effects: Iterable[Effect]) -> None:
        """Have done what the distributor wants done, in its order, and keep what it has decided."""
        for effect in effects:
            match effect:
                case model.AgentChanged(agent):
                    self._agent_changed(agent)
                case Offer(call) | Withdraw(call):
                    self.save(call)
                    self.carry_out(effect)
                case Overflow(call, queue):
                    self.counts(queue).overflowed += 1
                    self.save(call)
                    self.carry_out(effect)
        self.stepped()

    def release(self, call: AgentCall) -> None:
        """The call has left the agent's phone."""
        if self.calls.move(call, CallState.RELEASED, self.now()) and not call.queue:
            self.step(self.distributor.free(call.agent, call.call, self.now()))

    # --- whose calls are whose ---------------------------------------------------------------------------------------

    def is_ours(self, call: Call) -> bool:
        """Whether it is the contact centre that has decided the call (this one, or that of an earlier controller)."""
        record = call.record
        if record is None:
            return False
        if record.decider == EARLIER:
            route = self.directory.route_of(call.route)
            return route is not None and bool(route.queue or route.phone)
        return record.decider.dialect == DIALECT

    # --- keeping and telling -----------------------------------------------------------------------------------------

    def save(self, call: CallId) -> None:
        """Keep where the call is, for the controller that comes after this one."""
        self.store.call(SavedCall(call, self.distributor.placement(call), tuple(self.calls.at(call))))

    def _agent_changed(self, name: str) -> None:
        view = self.distributor.agent(name)
        if view is None:
            saved, told = SavedPresence(name, Presence.LOGGED_OUT, 0.0, 0.0), (Presence.LOGGED_OUT, False)
        else:
            saved = SavedPresence(name, view.presence, view.since, view.until)
            told = (view.presence, self.registered(name))
        known = self._saved.get(name)
        if saved != known and (known is not None or saved.presence is not Presence.LOGGED_OUT):
            self._saved[name] = saved
            self.store.presence(saved)
        if self._told.setdefault(name, (Presence.LOGGED_OUT, False)) != told:
            self._told[name] = told
            self._tell(AgentChanged(name))

    def listen(self, listener: Callable[[Notice], None]) -> Callable[[], None]:
        """As :meth:`callgate.queues.port.ContactCentre.listen`."""
        self._listeners = (*self._listeners, listener)

        def stop() -> None:
            self._listeners = tuple(each for each in self._listeners if each is not listener)

        return stop

    def _tell(self, notice: Notice) -> None:
        for listener in self._listeners:
            try:
                listener(notice)
            except Exception:  # one listener's fault must not cost the call
                log.exception("a listener to the contact centre failed")


def decider(who: str) -> Decider:
    """The contact centre, deciding for a queue, an agent or a phone."""
    return Decider(DIALECT, who)
