"""What a dialect is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec
from litestar.types import ControllerRouterHandler

from callgate.core.control import CallControl
from callgate.directory.service import DirectoryService
from callgate.journal.reader import JournalReader
from callgate.settings import Settings


class Surroundings(msgspec.Struct, frozen=True):
    """All that a dialect may use."""

    control: CallControl
    directory: DirectoryService
    journal: JournalReader
    settings: Settings


class Dialect(Protocol):
    """One API. ``route_handlers`` are mounted as they are: their paths begin with the API's own base."""

    name: str
    route_handlers: Sequence[ControllerRouterHandler]

    async def start(self) -> None:
        """Begin to listen to events."""
        ...

    async def stop(self) -> None:
        """Stop, and leave no task behind."""
        ...
