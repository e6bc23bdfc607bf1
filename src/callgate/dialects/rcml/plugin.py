"""The RCML dialect, put together: documents decide held calls, and the REST API beside them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from callgate.dialects.asgi import Application
from callgate.dialects.port import Surroundings
from callgate.dialects.rcml.callbacks import StatusCallbacks
from callgate.dialects.rcml.fetch import HttpFetcher
from callgate.dialects.rcml.live import Live
from callgate.dialects.rcml.model import DIALECT
from callgate.dialects.rcml.parameters import instance_id
from callgate.dialects.rcml.parts import Parts
from callgate.dialects.rcml.rest.routes import MOUNT, Api
from callgate.dialects.rcml.store import Store


class Rcml:
    """The dialect, as :class:`callgate.dialects.port.Dialect` asks for."""

    name = DIALECT
    mounts: Mapping[str, Application]

    def __init__(self, surroundings: Surroundings) -> None:
        control, settings = surroundings.control, surroundings.settings
        self._control = control
        self._store = Store(surroundings.engine, settings, clock=control.now)
        surroundings.measures.add(self._store.measures)
        self._fetcher = HttpFetcher(settings.rcml)
        self._callbacks = StatusCallbacks(surroundings, self._fetcher)
        self._live = Live(
            Parts(
                control=control,
                directory=surroundings.directory,
                settings=settings.rcml,
                fetcher=self._fetcher,
                callbacks=self._callbacks,
                log=self._store,
                instance=instance_id(settings.state),
                sleep=asyncio.sleep,
            )
        )
        self.mounts = {MOUNT: Api(surroundings, self._store, self._live)}
        self._unlisten: Callable[[], None] | None = None

    async def start(self) -> None:
        """Begin to listen to events."""
        await self._store.start()
        self._fetcher.open()
        self._callbacks.start()
        self._unlisten = self._control.listen(self._live.hear)

    async def stop(self) -> None:
        """Let go what is held, tell what there is to tell, and leave no task behind."""
        await self._live.stop()
        if self._unlisten is not None:
            self._unlisten()
            self._unlisten = None
        await self._callbacks.stop()
        await self._fetcher.close()
        await self._store.stop()
