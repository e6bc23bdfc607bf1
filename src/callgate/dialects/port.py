"""What a dialect is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from callgate.core.control import CallControl
from callgate.dialects.asgi import Application
from callgate.directory.service import DirectoryService
from callgate.journal.reader import JournalReader
from callgate.measures import Measures
from callgate.queues.port import ContactCentre
from callgate.settings import Settings


class Surroundings(msgspec.Struct, frozen=True):
    """All that a dialect may use. ``engine`` is for a dialect that has tables of its own.

    ``centre`` is the agents and queues; ``None`` only in tests that have none. What a dialect measures it adds to
    ``measures``, for those who watch Callgate.
    """

    control: CallControl
    directory: DirectoryService
    journal: JournalReader
    settings: Settings
    engine: AsyncEngine
    centre: ContactCentre | None = None
    measures: Measures = msgspec.field(default_factory=Measures)


class Dialect(Protocol):
    """One API. ``mounts`` are its ASGI applications by the first segment of their paths (``/v1``), or by the second
    where the first may be any that no dialect has (``/*/oauth2``).

    An application gets the whole path, and every request below its segment, so that also what is wrong with one is
    answered in the dialect's own form. One that wants a web framework can be a framework's application.
    """

    name: str
    mounts: Mapping[str, Application]

    async def start(self) -> None:
        """Begin to listen to events."""
        ...

    async def stop(self) -> None:
        """Stop, and leave no task behind."""
        ...
