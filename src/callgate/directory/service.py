"""The directory while Callgate runs: one current value in memory, changed one edit at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from callgate.directory import edits, file
from callgate.directory.changes import Changes, difference
from callgate.directory.model import Directory, Entry, Kind, Trunk
from callgate.directory.secrets import SecretHasher
from callgate.directory.store import DirectoryStore
from callgate.settings import DirectorySettings

log = structlog.get_logger(__name__)


#: Told after each change: the directory as it is now, and what is different.
Listener = Callable[[Directory, Changes], None]

Edit = Callable[[Directory], Directory]
#: The directory after an edit, and what the edit changed.
Edited = tuple[Directory, Changes]


class DirectoryService:
    """Holds the current directory and changes it.

    A change is all or nothing: it is checked, then stored in SQL, then it becomes the current directory, then the
    listeners are told; changes never overlap. Who reads :attr:`current` never waits. Each method that changes
    something raises a :class:`callgate.directory.errors.DirectoryError` if it did not. ``clock`` gives Unix seconds:
    when entries were made and changed.
    """

    def __init__(
        self, engine: AsyncEngine, settings: DirectorySettings | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.hasher = SecretHasher(settings or DirectorySettings())
        self._store = DirectoryStore(engine)
        self._clock = clock
        self._current = Directory()
        self._lock = asyncio.Lock()
        self._listeners: list[Listener] = []
        self._edits: set[asyncio.Task[Edited]] = set()

    @property
    def current(self) -> Directory:
        """The directory as it is now: a value that never changes, ask again for the next one."""
        return self._current

    async def start(self) -> None:
        """Load the directory from SQL.

        Raises:
            DirectoryUnavailableError: the database does not answer.
        """
        async with self._lock:
            self._current = await self._store.load()

    async def stop(self) -> None:
        """Wait for the changes that are under way."""
        while self._edits:
            await asyncio.wait(self._edits)

    async def apply(self, entries: Iterable[Entry], *, prune: bool = False, dry_run: bool = False) -> Changes:
        """Put these entries in place of those of the same kind and name; with ``prune``, remove all others.

        With ``dry_run`` nothing is changed, and what would be changed is told (new entries without their numbers).

        Raises:
            InvalidEntryError: an entry is wrong, or the directory would not be right as a whole.
            DirectoryUnavailableError: SQL did not take it.
        """
        given, now = tuple(entries), self._clock()
        _, changes = await self._edit(
            lambda current: edits.merged(current, given, prune=prune, now=now), dry_run=dry_run
        )
        return changes

    async def apply_file(self, data: bytes, name: str, *, prune: bool = False, dry_run: bool = False) -> Changes:
        """Apply a directory file (TOML); ``name`` is what errors call it. Otherwise like :meth:`apply`.

        Raises:
            DirectoryFileError: something is wrong with the file; every problem is told with its line.
            DirectoryUnavailableError: SQL did not take it.
        """
        now = self._clock()
        _, changes = await self._edit(
            lambda current: file.applied(current, data, name, self.hasher, prune=prune, now=now), dry_run=dry_run
        )
        return changes

    async def put(self, entry: Entry) -> Changes:
        """Add one entry, or put it in place of the one of the same kind and name.

        Raises:
            InvalidEntryError: it is wrong, or does not fit the others.
            DirectoryUnavailableError: SQL did not take it.
        """
        return await self.apply([entry])

    async def remove(self, kind: Kind, name: str) -> Changes:
        """Remove one entry.

        Raises:
            UnknownEntryError: there is none of that kind and name.
            EntryInUseError: others still name it.
            DirectoryUnavailableError: SQL did not take it.
        """
        _, changes = await self._edit(lambda current: edits.without(current, kind, name))
        return changes

    async def set_control(self, trunk: str, on: bool) -> Trunk:
        """Switch *Control Inbound Call* of one trunk; gives the trunk as it is now.

        Raises:
            UnknownEntryError: there is no such trunk.
            DirectoryUnavailableError: SQL did not take it.
        """
        after, _ = await self._edit(lambda current: edits.controlled(current, trunk, on))
        return after.trunks[trunk]

    def listen(self, callback: Listener) -> Callable[[], None]:
        """Have ``callback`` called after each change, on the event loop; it must return at once.

        Gives the function that ends this.
        """
        self._listeners.append(callback)

        def unlisten() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)

        return unlisten

    async def _edit(self, edit: Edit, *, dry_run: bool = False) -> Edited:
        # In a task of its own: if the caller is cancelled, SQL and memory must still end up the same.
        task = asyncio.create_task(self._commit(edit, dry_run))
        self._edits.add(task)
        task.add_done_callback(self._finished)
        return await asyncio.shield(task)

    def _finished(self, task: asyncio.Task[Edited]) -> None:
        self._edits.discard(task)
        if not task.cancelled():
            task.exception()  # the caller has it, or has gone away

    async def _commit(self, edit: Edit, dry_run: bool) -> Edited:
        async with self._lock:
            # In a thread, because a large directory takes a second to check, and calls do not wait for that.
            after, changes = await asyncio.to_thread(_planned, edit, self._current)
            if dry_run or not changes:
                return after, changes
            changes = await self._store.save(changes)
            after = _with_numbers(after, changes)
            self._current = after
            for listener in tuple(self._listeners):
                try:
                    listener(after, changes)
                except Exception:
                    log.exception("a listener to the directory failed")
            log.info(
                "directory changed",
                added=len(changes.added),
                changed=len(changes.changed),
                removed=len(changes.removed),
            )
            return after, changes


def _planned(edit: Edit, current: Directory) -> Edited:
    after = edit(current)
    return after, difference(current, after)


def _with_numbers(directory: Directory, changes: Changes) -> Directory:
    """The directory with its new trunks and routes as the store gave them back."""
    after = directory.with_changes()
    after.trunks.update({trunk.name: trunk for trunk in changes.trunks.added})
    after.routes.update({route.name: route for route in changes.routes.added})
    return after
