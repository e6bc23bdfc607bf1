"""The Microsoft Graph dialect, put together: bots decide held calls, and get their tokens here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from callgate.dialects.asgi import Application
from callgate.dialects.graph.actions import Actions
from callgate.dialects.graph.callbacks import CallbackRules
from callgate.dialects.graph.calls import Calls
from callgate.dialects.graph.keys import KeyRing
from callgate.dialects.graph.model import DIALECT
from callgate.dialects.graph.notifier import BotNotifier
from callgate.dialects.graph.oauth import OAuth
from callgate.dialects.graph.openid import BOTS
from callgate.dialects.graph.routes import VERSIONS, Api
from callgate.dialects.graph.tokens import Tokens
from callgate.dialects.port import Surroundings

#: What stands behind the tenant in the paths of its token endpoint, its configuration, and its keys.
_OF_TENANTS = ("/*/oauth2", "/*/v2.0", "/*/discovery")


class Graph:
    """The dialect, as :class:`callgate.dialects.port.Dialect` asks for."""

    name = DIALECT
    mounts: Mapping[str, Application]

    def __init__(self, surroundings: Surroundings) -> None:
        control, directory, settings = surroundings.control, surroundings.directory, surroundings.settings
        self._control = control
        self._keys = KeyRing(settings.state, settings.graph, control.now)
        tokens = Tokens(self._keys, directory, settings.graph, control.now)
        self._notifier = BotNotifier(surroundings, tokens)
        self._calls = Calls(control, directory, self._notifier)
        actions = Actions(control, directory, self._calls, CallbackRules(settings.graph))
        api = Api(settings, tokens, actions, control.now)
        oauth = OAuth(self._keys, tokens, directory, settings, control.now)
        self.mounts = {
            **dict.fromkeys(VERSIONS, api),
            **dict.fromkeys((f"/{BOTS}", *_OF_TENANTS), oauth),
        }
        self._unlisten: Callable[[], None] | None = None

    def __len__(self) -> int:
        """How many calls bots know of now."""
        return len(self._calls)

    async def start(self) -> None:
        """Begin to listen to events."""
        await self._keys.start()
        self._notifier.start()
        self._unlisten = self._control.listen(self._calls.hear)

    async def stop(self) -> None:
        """Let go what is held, tell the bots so, and leave no task behind."""
        await self._calls.stop()
        if self._unlisten is not None:
            self._unlisten()
            self._unlisten = None
        await self._notifier.stop()
        await self._keys.stop()
