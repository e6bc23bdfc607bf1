"""Is it alive, can it decide a call, how is it."""

from __future__ import annotations

from typing import Any

from callgate import __version__
from callgate.core.control import CallControl
from callgate.dialects.native import paths
from callgate.dialects.native.metrics import Metrics
from callgate.dialects.native.operations import NoQuery, Operation, Reply, Request, json_reply
from callgate.dialects.native.wire import Scope, Status

TEXT = "text/plain; charset=utf-8"


class Health:
    """Health for people, load balancers and Prometheus.

    Args:
        open_: whether the monitoring paths need no key.
    """

    def __init__(self, control: CallControl, metrics: Metrics, *, open_: bool) -> None:
        self._control = control
        self._metrics = metrics
        self._open = open_
        self._started = control.now()

    async def healthy(self, request: Request[NoQuery, None]) -> Reply:
        return Reply(200, b"alive\n", TEXT)

    async def ready(self, request: Request[NoQuery, None]) -> Reply:
        why = self._why()
        return Reply(200, b"ready\n", TEXT) if why is None else Reply(503, f"not ready: {why}\n".encode(), TEXT)

    async def status(self, request: Request[NoQuery, None]) -> Reply:
        health = self._control.health()
        return json_reply(
            Status(
                __version__,
                self._control.now() - self._started,
                health.linked,
                self._why(),
                health.directory_in_edge,
                health.edge_version,
                health.held,
                health.live,
                health.counters,
                health.backlog,
                health.dropped,
            )
        )

    async def metrics(self, request: Request[NoQuery, None]) -> Reply:
        return Reply(200, await self._metrics.text(), self._metrics.media_type)

    def _why(self) -> str | None:
        if self._control.health().linked:
            return None
        return "the edge is not linked, so no call can be held or decided; `callgate check` tells what is wrong"

    def operations(self) -> list[Operation[Any, Any]]:
        """Those of /v1."""
        return [
            Operation("GET", paths.STATUS, self.status, "Health", "See how Callgate is", reply=Status),
        ]

    def monitoring(self) -> list[Operation[Any, Any]]:
        """Those beside /v1."""
        scope: Scope | None = None if self._open else "read"
        return [
            Operation("GET", paths.HEALTHY, self.healthy, "Health", "Is the process alive", scope=scope),
            Operation("GET", paths.READY, self.ready, "Health", "Can a call be held and decided", scope=scope),
            Operation("GET", paths.METRICS, self.metrics, "Health", "Metrics for Prometheus", scope=scope),
        ]
