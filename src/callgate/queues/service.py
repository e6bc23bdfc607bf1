"""The contact centre: queues and agents of the directory, brought to life."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from callgate.core.calls import CallId
from callgate.core.control import CallControl
from callgate.core.events import CallEvent, Event, PhoneEvent, Synced
from callgate.core.queues.model import Presence
from callgate.directory.changes import Changes
from callgate.directory.model import Directory
from callgate.directory.service import DirectoryService
from callgate.queues.announcements import Announcements
from callgate.queues.commands import Commands
from callgate.queues.events import CallEvents
from callgate.queues.floor import Floor
from callgate.queues.operations import Operations
from callgate.queues.port import AgentCall, AgentStatus, Notice, Outcome, QueueStatus, WaitingCall
from callgate.queues.restoring import restore_calls, restore_presences
from callgate.queues.sending import Sending
from callgate.queues.statuses import statuses
from callgate.queues.store import Saved, Store
from callgate.queues.tasks import Alarm, Later
from callgate.settings import QueueSettings


class ContactCentreService:
    """A :class:`callgate.queues.port.ContactCentre` over the calls of ``control``.

    It is to be started before the link to the edge is made, and stopped when that is gone. Calls are not touched before
    the edge has told all that it has, so that what an earlier controller knew of them can be brought back.

    Args:
        control: the calls and the phones.
        directory: the queues, the agents, and the routes that lead to queues and phones.
        settings: see :class:`~callgate.settings.QueueSettings`.
        store: what outlives this controller.
        later: how timers are set; the event loop's own, if not given.
    """

    def __init__(
        self,
        control: CallControl,
        directory: DirectoryService,
        settings: QueueSettings,
        store: Store,
        *,
        later: Later | None = None,
    ) -> None:
        later = later or asyncio.get_running_loop().call_later
        self._control = control
        self._directory = directory
        self._store = store
        self._floor = floor = Floor(control, directory, settings, store)
        commands = Commands(floor)
        sending = Sending(floor, commands)
        self._announcements = Announcements(floor, later)
        self._events = CallEvents(floor, commands, sending, self._announcements)
        self._operations = Operations(floor, sending)
        self._alarm = Alarm(self._tick, control.now, later)
        floor.carry_out = commands.carry_out
        floor.stepped = lambda: self._alarm.set(floor.distributor.next_due())
        #: What an earlier controller left, until the edge has told of all calls.
        self._saved: Saved | None = None
        self._synced = False
        self._unlisten: list[Callable[[], None]] = []

    # --- life --------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Read what an earlier controller left, and begin to listen.

        Raises:
            DatabaseUnavailableError: SQL does not answer.
        """
        self._saved = await self._store.load()
        await self._store.start()
        self._floor.configure()
        restore_presences(self._floor, self._saved)
        self._unlisten = [
            self._control.listen(self._hear),
            self._directory.listen(self._directory_changed),
        ]

    async def stop(self) -> None:
        """Stop, and leave no task behind. Where agents and calls are is kept."""
        for unlisten in self._unlisten:
            unlisten()
        self._unlisten = []
        self._floor.stepped = lambda: None
        self._alarm.set(None)
        self._announcements.stop()
        await self._floor.tasks.stop()
        await self._store.stop()

    # --- what happens ------------------------------------------------------------------------------------------------

    def _hear(self, event: Event) -> None:
        match event:
            case CallEvent() if self._synced:
                self._events.hear(event)
            case PhoneEvent(login):
                agent = self._floor.staff.with_phone(login)
                if agent is not None:
                    self._floor.reach(agent.name)
            case Synced() if not self._synced:
                self._restore()

    def _restore(self) -> None:
        self._synced = True
        saved, self._saved = self._saved or Saved(), None
        restore_calls(self._floor, saved, self._events)
        self._store.forget_all_but(call.id for call in self._control.live())
        self._tick()

    def _directory_changed(self, directory: Directory, changes: Changes) -> None:
        if changes.queues or changes.agents or changes.phones or changes.routes:
            self._floor.configure()

    def _tick(self) -> None:
        self._floor.step(self._floor.distributor.tick(self._control.now()))

    # --- looking -----------------------------------------------------------------------------------------------------

    def agents(self) -> Iterable[AgentStatus]:
        return [status for name in self._floor.directory.agents if (status := self.agent(name)) is not None]

    def agent(self, name: str) -> AgentStatus | None:
        agent = self._floor.directory.agents.get(name)
        if agent is None:
            return None
        view = self._floor.distributor.agent(name)
        presence, since = (Presence.LOGGED_OUT, 0.0) if view is None else (view.presence, view.since)
        return AgentStatus(agent, presence, since, self._floor.registered(name), len(self._floor.calls.of(name)))

    def calls(self, agent: str) -> list[AgentCall]:
        return self._floor.calls.of(agent)

    def call(self, agent: str, call: CallId) -> AgentCall | None:
        return self._floor.calls.find(agent, call)

    def operations(self, call: AgentCall) -> tuple[str, ...]:
        return self._operations.possible(call)

    def queues(self) -> Iterable[QueueStatus]:
        return statuses(self._floor, self._floor.directory.queues.values())

    def queue(self, name: str) -> QueueStatus | None:
        queue = self._floor.directory.queues.get(name)
        return None if queue is None else statuses(self._floor, [queue])[0]

    def waiting(self, queue: str) -> list[WaitingCall]:
        calls = []
        for each in self._floor.distributor.waiting(queue):
            call = self._control.find(each.call)
            number = "" if call is None else call.caller.number
            calls.append(WaitingCall(each.call, number, each.since, each.priority, each.agent, each.offers))
        return calls

    def listen(self, listener: Callable[[Notice], None]) -> Callable[[], None]:
        return self._floor.listen(listener)

    # --- doing -------------------------------------------------------------------------------------------------------

    def present(self, agent: str, presence: Presence) -> bool:
        view = self._floor.distributor.agent(agent)
        if view is None or (view.presence is Presence.LOGGED_OUT and presence is Presence.AFTER_CALL_WORK):
            return False
        self._floor.step(self._floor.distributor.present(agent, presence, self._control.now()))
        return True

    async def answer(self, agent: str, call: CallId) -> Outcome:
        return await self._operations.answer(agent, call)

    async def reject(self, agent: str, call: CallId) -> Outcome:
        return await self._operations.reject(agent, call)

    async def hang_up(self, agent: str, call: CallId) -> Outcome:
        return await self._operations.hang_up(agent, call)

    async def transfer(self, agent: str, call: CallId, number: str) -> Outcome:
        return await self._operations.transfer(agent, call, number)
