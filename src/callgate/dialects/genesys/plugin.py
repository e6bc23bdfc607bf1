"""The Genesys Web Services dialect, put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from callgate.dialects.asgi import Application
from callgate.dialects.genesys.bayeux.server import Bayeux
from callgate.dialects.genesys.events import Events
from callgate.dialects.genesys.logins import Logins
from callgate.dialects.genesys.model import DIALECT
from callgate.dialects.genesys.routes import Api
from callgate.dialects.port import Surroundings


class Genesys:
    """The dialect, as :class:`callgate.dialects.port.Dialect` asks for. Its surroundings must have a contact centre."""

    name = DIALECT
    mounts: Mapping[str, Application]

    def __init__(self, surroundings: Surroundings) -> None:
        centre = surroundings.centre
        if centre is None:
            raise ValueError("the Genesys dialect needs a contact centre in its surroundings")
        settings, directory, now = surroundings.settings, surroundings.directory, surroundings.control.now
        self._centre, self._directory = centre, directory
        self._logins = Logins(directory, settings.genesys, now)
        self._bayeux = Bayeux(settings.genesys, self._logins, now, body_limit=settings.http.body_limit)
        surroundings.measures.add(self._bayeux.measures)
        self._logins.ended = self._bayeux.end
        self._events = Events(centre, self._bayeux, self._logins.base, now)
        self.mounts = {"/api": Api(surroundings, centre, self._logins, self._bayeux)}
        self._stop_listening: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Begin to listen to events."""
        await self._bayeux.start()
        self._stop_listening = [
            self._centre.listen(self._events.hear),
            self._directory.listen(lambda *_: self._logins.end_orphans()),
        ]

    async def stop(self) -> None:
        """End what clients wait for, and leave no task behind."""
        for stop in self._stop_listening:
            stop()
        self._stop_listening = []
        await self._bayeux.stop()
