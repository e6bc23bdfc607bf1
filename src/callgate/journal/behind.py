"""Writing behind the calls: entries are taken up at once and written in batches by one task, whatever they are."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Generic, TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from callgate.database.engine import cause, writing
from callgate.database.errors import DatabaseUnavailableError
from callgate.journal.backlog import Backlog
from callgate.journal.retention import EVERY
from callgate.measures import Measure, counter, gauge
from callgate.settings import JournalSettings

T = TypeVar("T")

#: Writes entries in the transaction of that connection.
Write = Callable[[AsyncConnection, Sequence[T]], Awaitable[None]]
#: Deletes a piece of what is older than so many days at that time (Unix seconds); whether there may be more.
DeleteOlder = Callable[[AsyncConnection, int, float], Awaitable[bool]]

log = structlog.get_logger(__name__)

#: The first pause after a failed try, in seconds; it doubles with each further one.
_FIRST_PAUSE = 0.25
#: How often it is told that entries are dropped, in seconds.
_TELL_EVERY = 60.0


class WriteBehind(Generic[T]):
    """Writes entries to SQL without ever making a call wait.

    While SQL is down the entries wait in memory and are written when it is back; beyond ``backlog`` the oldest are
    dropped. An outage is logged once, and once its end with how long it was and what was lost.

    Args:
        engine: its tables must be there (:func:`callgate.database.migrate.upgrade`).
        settings: the bounds; see :class:`~callgate.settings.JournalSettings`.
        write: how entries are written; also those of a transaction whose end was not heard of, once more.
        delete_older: how old entries are deleted.
        subject: what is written, for log lines: "the call log".
        backlog: how many entries may wait.
        clock: Unix seconds, to know what is too old to keep.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        settings: JournalSettings,
        *,
        write: Write[T],
        delete_older: DeleteOlder,
        subject: str,
        backlog: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._clock = clock
        self._write_entries = write
        self._delete_older = delete_older
        self._subject = subject
        self._backlog: Backlog[T] = Backlog(backlog)
        self._taken_up = 0
        self._any = asyncio.Event()  # something waits
        self._full = asyncio.Event()  # a whole batch waits
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._readers: list[tuple[int, asyncio.Future[None]]] = []  # up to which entry each waits
        self._outage: _Outage | None = None
        self._refused = 0
        self._told_dropped = 0
        self._tell_again = 0.0
        self._next_deletion = 0.0 if settings.keep_days else float("inf")

    @property
    def backlog(self) -> int:
        """How many entries are not written yet."""
        return len(self._backlog)

    @property
    def dropped(self) -> int:
        """How many entries were lost since the start: the backlog was full, or the database refused them."""
        return self._backlog.dropped + self._refused

    def measures(self, name: str) -> Iterator[Measure]:
        """How it is, for metrics of that name."""
        yield gauge(f"callgate_{name}_backlog_entries", f"Entries that wait for SQL: {self._subject}.", self.backlog)
        yield counter(f"callgate_{name}_dropped_entries", f"Entries that were lost: {self._subject}.", self.dropped)

    def take_up(self, entry: T) -> None:
        """Have an entry written. Returns at once."""
        self._taken_up += 1
        size = self._backlog.append(entry)
        if size == 1:
            self._any.set()
        if size >= self._settings.batch:
            self._full.set()

    async def caught_up(self, within: float) -> None:
        """Wait until what has been taken up so far is written, for at most ``within`` seconds.

        While SQL is down it is not waited for.
        """
        if not len(self._backlog) or self._task is None or self._outage is not None:
            return
        written = asyncio.get_running_loop().create_future()
        self._readers.append((self._taken_up, written))
        self._full.set()
        await asyncio.wait([written], timeout=within)

    async def start(self) -> None:
        """Begin to write; events heard before wait already."""
        self._task = asyncio.create_task(self._run(), name=f"writer of {self._subject}")

    async def stop(self) -> int:
        """Write what waits, for at most ``settings.stop_timeout`` seconds; gives back how many entries were lost."""
        if self._task is None:
            return len(self._backlog)
        for event in (self._stopping, self._any, self._full):
            event.set()
        _, unfinished = await asyncio.wait([self._task], timeout=self._settings.stop_timeout)
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._task = None
        if unfinished:
            log.error(f"{self._subject} was not written to its end", lost=len(self._backlog), dropped=self.dropped)
        return len(self._backlog)

    # --- the task ----------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while not self._stopping.is_set() or len(self._backlog):
            await self._gather()
            entries = self._backlog.take(self._settings.batch)
            try:
                await self._write(entries)
                self._backlog.written()
                self._tell_readers(self._taken_up - len(self._backlog))
                await self._delete_old()
            except Exception as error:  # whatever it is, the journal goes on trying
                self._backlog.give_back()
                await self._unavailable(error)
            except asyncio.CancelledError:
                self._backlog.give_back()
                raise
            else:
                self._available()

    async def _gather(self) -> None:
        """Until a batch is there, or something has waited long enough, or old entries have to be deleted."""
        if not len(self._backlog):
            self._any.clear()
            await _wait(self._any, self._next_deletion - self._clock())
        if len(self._backlog) < self._settings.batch and not self._stopping.is_set() and not self._readers:
            self._full.clear()
            await _wait(self._full, self._settings.interval)

    async def _write(self, entries: list[T]) -> None:
        """All entries in one transaction. When they are refused, each half is tried, down to the entry that is why."""
        if not entries:
            return
        try:
            async with writing(self._engine, within=self._settings.timeout) as connection:
                await self._write_entries(connection, entries)
        except DatabaseUnavailableError:
            raise
        except Exception as error:
            if len(entries) > 1:
                await self._write(entries[: len(entries) // 2])
                await self._write(entries[len(entries) // 2 :])
            else:
                self._refused += 1
                log.error(f"{self._subject} refused an entry", entry=type(entries[0]).__name__, cause=cause(error))

    async def _delete_old(self) -> None:
        now = self._clock()
        if now >= self._next_deletion and not self._stopping.is_set():
            async with writing(self._engine, within=self._settings.timeout) as connection:
                more = await self._delete_older(connection, self._settings.keep_days, now)
            self._next_deletion = now if more else now + EVERY

    def _tell_readers(self, done: int) -> None:
        """Let those go on who wait for no more than the first ``done`` entries."""
        for upto, written in self._readers:
            if upto <= done and not written.done():
                written.set_result(None)
        self._readers = [reader for reader in self._readers if not reader[1].done()]

    # --- outages -----------------------------------------------------------------------------------------------------

    async def _unavailable(self, error: Exception) -> None:
        if self._outage is None:
            self._outage = _Outage(self._backlog.dropped)
            told = str(error) if isinstance(error, DatabaseUnavailableError) else cause(error)
            log.error(f"{self._subject} cannot be written; calls go on, and it will catch up", error=told)
            self._tell_readers(self._taken_up)
        self._tell_dropped()
        if self._stopping.is_set():
            await asyncio.sleep(_FIRST_PAUSE)
        else:
            await _wait(self._stopping, self._outage.next_pause(self._settings.retry))

    def _available(self) -> None:
        outage, self._outage = self._outage, None
        if outage is not None:
            log.warning(
                f"{self._subject} is written again",
                seconds=round(time.monotonic() - outage.since, 1),
                backlog=len(self._backlog),
                dropped=self._backlog.dropped - outage.dropped_before,
            )
            self._told_dropped = self._backlog.dropped
        self._tell_dropped()

    def _tell_dropped(self) -> None:
        """Tell of dropped entries when it begins, and once a minute while it goes on."""
        now, dropped = time.monotonic(), self._backlog.dropped
        if dropped > self._told_dropped and now >= self._tell_again:
            log.error(
                f"the oldest entries of {self._subject} are dropped: its backlog is full",
                dropped=dropped - self._told_dropped,
                backlog=len(self._backlog),
            )
            self._told_dropped, self._tell_again = dropped, now + _TELL_EVERY


class _Outage:
    """An outage of SQL: since when (monotonic seconds), and how many entries had been dropped before."""

    def __init__(self, dropped_before: int) -> None:
        self.since = time.monotonic()
        self.dropped_before = dropped_before
        self._pause = _FIRST_PAUSE / 2

    def next_pause(self, longest: float) -> float:
        """How long to wait before the next try, in seconds."""
        self._pause = min(self._pause * 2, longest)
        return self._pause


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Until the event is set, or for so long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(max(seconds, 0.0) if seconds != float("inf") else None):
            await event.wait()
