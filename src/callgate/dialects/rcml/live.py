"""The calls that RCML applications decide, while they live: one session each."""

from __future__ import annotations

import asyncio
from typing import Literal

from callgate.core.calls import CallId
from callgate.core.events import CallEvent, Event, Kind
from callgate.dialects.rcml.binding import Binding, Source
from callgate.dialects.rcml.model import Method, Status
from callgate.dialects.rcml.parts import Parts
from callgate.dialects.rcml.session import Session


class Live:
    """Begins a session for each call of a route that an application decides; :class:`callgate…model.LiveCalls`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._sessions: dict[CallId, Session] = {}
        self._stopping = False

    def __len__(self) -> int:
        return len(self._sessions)

    def hear(self, event: Event) -> None:
        """Every event of the gate. One of another route's call costs a look into a dictionary."""
        if not isinstance(event, CallEvent):
            return
        session = self._sessions.get(event.call.id)
        if session is not None:
            session.hear(event)
        elif event.kind is Kind.HELD and not self._stopping:
            self._begin(event)

    def _begin(self, event: CallEvent) -> None:
        call = event.call
        directory = self._parts.directory.current
        binding = Binding.of(directory, call)
        if binding is None:
            return
        self._sessions[call.id] = session = Session(self._parts, call, binding, self._end)
        session.start()

    def _end(self, session: Session) -> None:
        self._sessions.pop(session.call.id, None)

    async def stop(self) -> None:
        """Give what is held its default, and leave no task behind; new calls are left to others."""
        self._stopping = True
        await asyncio.gather(*(session.stop() for session in list(self._sessions.values())))
        self._sessions.clear()

    # --- LiveCalls ---------------------------------------------------------------------------------------------------

    def status(self, call: CallId) -> Status | None:
        session = self._sessions.get(call)
        return None if session is None or session.call.ended is not None else session.status

    async def end(self, call: CallId, status: Literal["canceled", "completed"]) -> bool:
        session = self._sessions.get(call)
        return session is not None and await session.end(status)

    async def run(self, call: CallId, url: str, method: Method, fallback_url: str, fallback_method: Method) -> bool:
        session = self._sessions.get(call)
        if session is None:
            return False
        fallback = Source(fallback_url, fallback_method) if fallback_url else None
        return await session.replace(Source(url, method), fallback)
