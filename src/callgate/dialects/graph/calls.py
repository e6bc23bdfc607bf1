"""The calls that bots know: a session for each bot of each call, for as long as the bot has something to hear."""

from __future__ import annotations

import asyncio
import re

from callgate.core.calls import Call, CallId
from callgate.core.control import CallControl
from callgate.core.events import CallEvent, Event, Kind
from callgate.core.states import State
from callgate.core.verdicts import STOP, Refuse, refusal, refuse
from callgate.dialects.graph.model import Notifier
from callgate.dialects.graph.session import Session
from callgate.directory.graph import BotIndex
from callgate.directory.model import Bot
from callgate.directory.service import DirectoryService

_ID = re.compile(r"[0-9a-f]{32}")
#: Nobody has answered in time, or the dialling was cancelled: that is about the target's side.
_NOBODY = frozenset({0, 408, 480, 487})


def call_id_of(text: str) -> CallId | None:
    """The id in a path: letter case and hyphens are left aside, as the vendor's own examples have them."""
    digits = text.replace("-", "").lower()
    if _ID.fullmatch(digits) is None:
        return None
    return CallId(f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}")


def refusal_of(status: int) -> Refuse:
    """What the caller gets when a redirect has found nobody, and ``status`` was the best of what the targets said.

    401 and 407 would ask him for credentials, and 503 would have his network avoid Callgate (RFC 3261 section 16.7
    step 6): they are 500.
    """
    if status in _NOBODY:
        return refusal("temporarily_unavailable")
    if not 400 <= status <= 699 or status in (401, 407, 503):
        return refuse(status=500)
    return refuse(status=status)


class Calls:
    """Hears every event of the gate. One of a call without bots costs a look into a dictionary."""

    def __init__(self, control: CallControl, directory: DirectoryService, notifier: Notifier) -> None:
        self._control = control
        self._directory = directory
        self._notifier = notifier
        self._sessions: dict[CallId, dict[str, Session]] = {}
        self._refusals: set[asyncio.Task[None]] = set()
        self._stopping = False

    def __len__(self) -> int:
        return len(self._sessions)

    def hear(self, event: Event) -> None:
        """Tell the bots of the call, if it has any."""
        if not isinstance(event, CallEvent):
            return
        sessions = self._sessions.get(event.call.id)
        if sessions is None:
            if event.kind is Kind.HELD and not self._stopping:
                self._begin(event.call)
            return
        for session in tuple(sessions.values()):
            session.hear(event)
        self._forget(event.call.id, sessions)

    def _begin(self, call: Call) -> None:
        bots = self._bots_of(call)
        if not bots:
            return
        self._sessions[call.id] = sessions = {
            bot.name: Session(call, bot, self._notifier, self._refuse) for bot in bots
        }
        for session in sessions.values():
            session.begin()

    def _bots_of(self, call: Call) -> tuple[Bot, ...]:
        directory = self._directory.current
        route = directory.routes.get(call.route)
        if route is None or not route.bots:
            return ()
        return tuple(BotIndex.of(directory).bots_of(route, call.dialled))

    def _forget(self, call: CallId, sessions: dict[str, Session]) -> None:
        for name, session in tuple(sessions.items()):
            if session.over:
                del sessions[name]
        if not sessions:
            self._sessions.pop(call, None)

    def session(self, text: str, bot: Bot) -> Session | None:
        """What the bot knows of the call of that id; ``None``: it has no such call, or no longer."""
        call = call_id_of(text)
        session = None if call is None else self._sessions.get(call, {}).get(bot.name)
        return session if session is not None and session.bot.app_id == bot.app_id else None

    def ended(self, text: str, bot: Bot) -> Call | None:
        """A call that the bot was told of and that is over for it, as long as the gate remembers it."""
        identity = call_id_of(text)
        call = None if identity is None else self._control.find(identity)
        if call is None or call.state is State.HELD:
            return None  # held: dialled by another, and free again
        return call if any(each.app_id == bot.app_id for each in self._bots_of(call)) else None

    def _refuse(self, session: Session, status: int) -> None:
        """A redirect has found nobody: the caller is told so, and does not wait for the window."""
        verdict = refuse() if session.hanging_up else refusal_of(status)
        task = asyncio.create_task(self._give(session, verdict), name=f"graph refusal {session.call.id}")
        self._refusals.add(task)
        task.add_done_callback(self._refusals.discard)

    async def _give(self, session: Session, verdict: Refuse) -> None:
        # If somebody else is first, or the edge is not there, an event or the end of the window tells it.
        await self._control.decide(session.call.id, verdict, session.decider)

    async def stop(self) -> None:
        """Give what is held its default now, so that the bots hear of it; new calls are left to others."""
        self._stopping = True
        held = [next(iter(sessions.values())).call for sessions in self._sessions.values() if sessions]
        await asyncio.gather(
            *self._refusals,
            *(self._control.decide(call.id, call.lapse, STOP) for call in held if call.state is State.HELD),
            return_exceptions=True,
        )
        self._sessions.clear()
