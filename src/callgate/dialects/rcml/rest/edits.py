"""Changes of the directory: one after the other, and each refusal in this API's words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from callgate.dialects.rcml.rest.errors import NUMBER_NOT_AVAILABLE, RestError, not_found, unavailable, wrong
from callgate.directory.errors import (
    DirectoryError,
    DirectoryUnavailableError,
    EntryInUseError,
    InvalidEntryError,
    Problem,
    UnknownEntryError,
)
from callgate.directory.model import Directory, Entry, Kind
from callgate.directory.rcml import RcmlIndex
from callgate.directory.service import DirectoryService

#: The parameters that the keys of entries are set by.
_PARAMETERS = {
    "voice_url": "VoiceUrl",
    "voice_method": "VoiceMethod",
    "voice_fallback_url": "VoiceFallbackUrl",
    "voice_fallback_method": "VoiceFallbackMethod",
    "status_callback": "StatusCallback",
    "status_callback_method": "StatusCallbackMethod",
    "application": "VoiceApplicationSid",
    "friendly_name": "FriendlyName",
    "did": "PhoneNumber",
}


class Edits:
    """Looks things up in the directory by their sids, and changes it."""

    def __init__(self, directory: DirectoryService) -> None:
        self._directory = directory
        self._indexed = Directory()
        self._index = RcmlIndex(self._indexed)
        self._lock = asyncio.Lock()
        self._indexing = asyncio.Lock()

    @property
    def current(self) -> Directory:
        """The directory as it is now."""
        return self._directory.current

    async def index(self) -> RcmlIndex:
        """The index of the directory as it is now."""
        if self._indexed is self._directory.current:
            return self._index
        async with self._indexing:
            directory = self._directory.current
            if self._indexed is not directory:
                index = await asyncio.to_thread(RcmlIndex.of, directory)  # a large directory takes its time
                self._indexed, self._index = directory, index
            return self._index

    async def put(self, make: Callable[[RcmlIndex], Entry], also: dict[str, str] | None = None) -> RcmlIndex:
        """Put in place what ``make`` makes of the directory as it is now; gives the index of what it is then.

        ``also`` are further keys and the parameters that they are set by.

        Raises:
            RestError: what ``make`` raises; 400, the directory does not take the entry; 503, it takes none now.
        """
        async with self._lock:
            entry = make(await self.index())
            try:
                await self._directory.put(entry)
            except DirectoryError as error:
                raise _refused(error, _PARAMETERS | (also or {})) from None
        return await self.index()

    async def remove(self, kind: Kind, find: Callable[[RcmlIndex], str]) -> None:
        """Remove the entry whose name ``find`` finds.

        Raises:
            RestError: what ``find`` raises; 400, others name the entry; 503, the directory takes no change now.
        """
        async with self._lock:
            name = find(await self.index())
            try:
                await self._directory.remove(kind, name)
            except DirectoryError as error:
                raise _refused(error, _PARAMETERS) from None


def _refused(error: DirectoryError, parameters: dict[str, str]) -> RestError:
    match error:
        case DirectoryUnavailableError():
            return unavailable(str(error))
        case UnknownEntryError():
            return not_found()
        case InvalidEntryError():
            if any(problem.path == ("did",) and problem.clash for problem in error.problems):
                return RestError(400, NUMBER_NOT_AVAILABLE, plain=True)
            return wrong("; ".join(_told(problem, parameters) for problem in error.problems))
        case EntryInUseError():
            return wrong(str(error))
    return wrong(str(error))


def _told(problem: Problem, parameters: dict[str, str]) -> str:
    """A problem by the name of the parameter that it is about, if it is about one."""
    parameter = parameters.get(str(problem.path[-1]), "") if problem.path else ""
    if not parameter:
        return str(problem)
    value = "is missing" if problem.value is None else f"is {problem.value}"
    return f"{parameter} {value}: expected {problem.expected}"
