"""The link that stands: made again whenever it is lost, with every change of the directory brought over it."""

from __future__ import annotations

import asyncio

import structlog

from callgate.directory.changes import Changes
from callgate.directory.model import Directory
from callgate.directory.service import DirectoryService
from callgate.edge.configuration import LinkAddress
from callgate.edge.errors import LinkRefusedError
from callgate.edge.link import EdgeLink, LinkEvents
from callgate.edge.rows import rows_of

log = structlog.get_logger(__name__)

#: How long after a link was lost, or a table not taken, it is tried again, in seconds.
_AGAIN = 0.2


class StandingLink:
    """The links to one edge, one after the other, for as long as :meth:`keep` runs.

    Args:
        events: who hears what the edge tells, over all of them; :meth:`lost` is to be called from its ``on_lost``.
        command_timeout: seconds, as of :class:`EdgeLink`.
    """

    def __init__(self, events: LinkEvents, directory: DirectoryService, *, command_timeout: float) -> None:
        self._events = events
        self._directory = directory
        self._command_timeout = command_timeout
        self._lost = asyncio.Event()
        self._changed = asyncio.Event()
        #: The newest link, which may be lost; ``None`` before the first.
        self.link: EdgeLink | None = None
        #: Set while there is a link and the edge has the directory.
        self.up = asyncio.Event()
        #: What the edge took last over the newest link.
        self._taken: Directory | None = None

    @property
    def has_directory(self) -> bool:
        """Whether the edge has the directory as it is now: what was changed holds for the next INVITE."""
        return self.up.is_set() and self._taken is self._directory.current

    async def keep(self, address: LinkAddress) -> None:
        """Until this is cancelled."""
        self._directory.listen(self._directory_changed)
        refused = False
        while True:
            self._lost.clear()
            self.link = link = EdgeLink(address, self._events, command_timeout=self._command_timeout)
            try:
                await link.connect()
                refused = False
                log.info("linked to the edge", kamailio=link.version)
                await self._bring_directory(link)
            except (OSError, LinkRefusedError) as error:
                if not refused:
                    log.warning("no link to the edge", error=str(error))
                refused = True
            finally:
                self.up.clear()
                link.close()
            await asyncio.sleep(_AGAIN)

    def lost(self) -> None:
        """The newest link is gone."""
        log.warning("the link to the edge is lost")
        self._lost.set()

    async def _bring_directory(self, link: EdgeLink) -> None:
        """The directory, and every change of it, until the link is lost."""
        while not self._lost.is_set():
            self._changed.clear()
            directory = self._directory.current
            rows = await asyncio.to_thread(rows_of, directory)
            if await link.tables(rows):
                self._taken = directory
                self.up.set()
            else:
                log.warning("the edge did not take the directory, it is sent again")
                self._changed.set()
                await asyncio.sleep(_AGAIN)
            waits = [asyncio.create_task(self._lost.wait()), asyncio.create_task(self._changed.wait())]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()

    def _directory_changed(self, directory: Directory, changes: Changes) -> None:
        self._changed.set()
