"""Callgate's own API, put together."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping

from callgate.dialects import asgi
from callgate.dialects.native import paths
from callgate.dialects.native.application import Application
from callgate.dialects.native.auth import Keys
from callgate.dialects.native.events import Events
from callgate.dialects.native.idempotency import FirstResults
from callgate.dialects.native.metrics import Metrics
from callgate.dialects.native.operations import JSON, TOML
from callgate.dialects.native.ring import EventRing
from callgate.dialects.native.routes.bots import Bots
from callgate.dialects.native.routes.calls import Calls
from callgate.dialects.native.routes.centre import Centre
from callgate.dialects.native.routes.clients import Clients
from callgate.dialects.native.routes.decisions import DIALECT, Decisions
from callgate.dialects.native.routes.directory import DirectoryFile
from callgate.dialects.native.routes.documents import Documents
from callgate.dialects.native.routes.health import Health
from callgate.dialects.native.routes.journal import Journal
from callgate.dialects.native.routes.keys import ApiKeys
from callgate.dialects.native.routes.phones import PhoneStatuses
from callgate.dialects.native.routes.queues import Agents, Queues
from callgate.dialects.native.routes.rcml import Accounts, Applications, Phones
from callgate.dialects.native.routes.trunks import Routes, Trunks
from callgate.dialects.port import Surroundings


class Native:
    """The dialect ``/v1``, with ``/healthz``, ``/readyz`` and ``/metrics`` beside it."""

    name = DIALECT
    mounts: Mapping[str, asgi.Application]

    def __init__(self, surroundings: Surroundings) -> None:
        control, directory, settings = surroundings.control, surroundings.directory, surroundings.settings
        keys = Keys(directory)
        self._control = control
        self._ring = EventRing(settings.native.event_ring, secrets.token_hex(4), control.find)
        self._metrics = Metrics(control, surroundings.measures)
        self._calls = Calls(control, settings.native.recent_calls)
        self._events = Events(self._ring, control, keys, settings)
        health = Health(control, self._metrics, open_=settings.native.open_monitoring)
        editing = asyncio.Lock()
        operations = [
            *self._calls.operations(),
            *Decisions(control).operations(),
            *self._events.operations(),
            *Trunks(directory, editing).operations(),
            *Routes(directory, editing).operations(),
            *Accounts(directory, editing).operations(),
            *Applications(directory, editing).operations(),
            *Bots(directory, editing).operations(),
            *Phones(directory, editing).operations(),
            *PhoneStatuses(control, directory).operations(),
            *Queues(directory, editing).operations(),
            *Agents(directory, editing).operations(),
            *Centre(surroundings.centre, directory).operations(),
            *Clients(directory, editing).operations(),
            *ApiKeys(directory, editing).operations(),
            *DirectoryFile(directory).operations(),
            *Journal(surroundings.journal).operations(),
            *health.operations(),
        ]
        firsts = FirstResults(settings.native.idempotency_seconds, settings.native.idempotency_limit, control.now)
        application = Application(
            [*operations, *Documents(operations).operations(), *health.monitoring()],
            keys,
            firsts,
            {JSON: settings.http.body_limit, TOML: settings.native.directory_limit},
        )
        self.mounts = dict.fromkeys((paths.BASE, paths.HEALTHY, paths.READY, paths.METRICS), application)
        self._stop_listening: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Begin to listen to events."""
        listeners = (self._ring.append, self._metrics.hear, self._calls.hear)
        self._stop_listening = [self._control.listen(listener) for listener in listeners]

    async def stop(self) -> None:
        """End the event streams."""
        for stop in self._stop_listening:
            stop()
        self._stop_listening = []
        self._events.close()
