"""The journal's writer: what each event of a call is in the journal."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncEngine

from callgate.core.events import CallEvent, Delivery, Event, VerdictEvent
from callgate.journal.behind import WriteBehind
from callgate.journal.keys import Numbers
from callgate.journal.records import CallRecord, DeliveryEntry, Entry, VerdictEntry
from callgate.journal.retention import delete_older
from callgate.journal.statements import Statements
from callgate.settings import JournalSettings


class JournalWriter(WriteBehind[Entry]):
    """Hears every event and writes it to SQL, without ever making a call wait.

    Args:
        engine: its tables must be there (:func:`callgate.database.migrate.upgrade`).
        settings: the bounds; see :class:`~callgate.settings.JournalSettings`.
        clock: Unix seconds, to know what is too old to keep.
    """

    def __init__(
        self, engine: AsyncEngine, settings: JournalSettings, *, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(
            engine,
            settings,
            write=Statements(engine.dialect).write,
            delete_older=delete_older,
            subject="the call log",
            backlog=settings.backlog,
            clock=clock,
        )
        self._numbers = Numbers()

    def listener(self, event: Event) -> None:
        """Take up an event; a call is recorded as it is now. Returns at once."""
        match event:
            case CallEvent():
                self.take_up(CallRecord.of(event.call))
            case VerdictEvent():
                self.take_up(VerdictEntry.of(self._numbers.next(event.at), event))
            case Delivery():
                self.take_up(DeliveryEntry.of(self._numbers.next(event.at), event))
