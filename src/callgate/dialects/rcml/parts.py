"""What the calls of the dialect have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from callgate.core.control import CallControl
from callgate.dialects.rcml.model import Callbacks, Fetcher, Log
from callgate.directory.service import DirectoryService
from callgate.settings import RcmlSettings


class Parts(msgspec.Struct, frozen=True):
    """``instance`` is the InstanceId that applications are told, ``sleep`` waits for so many seconds."""

    control: CallControl
    directory: DirectoryService
    settings: RcmlSettings
    fetcher: Fetcher
    callbacks: Callbacks
    log: Log
    instance: str
    sleep: Callable[[float], Awaitable[None]]
