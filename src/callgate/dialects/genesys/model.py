"""What the dialect's parts tell each other."""

from __future__ import annotations

from typing import Protocol

import msgspec

from callgate.dialects.asgi import Scope

#: The dialect's name, in verdicts and in the call log.
DIALECT = "genesys"
#: Everything of the API is below this path.
BASE = "/api/v2"
#: The CometD server's path below :data:`BASE`; clients also append "/handshake", "/connect", "/disconnect", "/".
NOTIFICATIONS = "/notifications"
#: The channels that an agent is told on.
CALLS, DEVICES, CHANNELS = "/v2/me/calls", "/v2/me/devices", "/v2/me/channels"


class Login(msgspec.Struct, frozen=True):
    """Who sends a request: the agent's name, and the HTTP session that it belongs to.

    ``session`` names the HTTP session and is no secret. ``set_cookie`` is the value of a Set-Cookie header that the
    reply has to carry, "" for none.
    """

    agent: str
    session: str
    set_cookie: str = ""

    def __repr__(self) -> str:
        return f"Login(agent={self.agent!r}, session={self.session!r})"  # no cookie in any log


class Doorkeeper(Protocol):
    """Knows who sends a request."""

    async def admit(self, scope: Scope) -> Login:
        """The login of a request or WebSocket, by its JSESSIONID cookie or its Basic credentials (in its headers).

        Raises:
            GenesysError: neither is right (``errors.py``; it has what the API replies: HTTP status, headers, body).
        """
        ...

    def alive(self, session: str) -> bool:
        """Whether that HTTP session still lives; asking does not prolong it."""
        ...


class Publisher(Protocol):
    """Brings events to the CometD sessions of an agent."""

    def publish(self, agent: str, channel: str, data: msgspec.Raw) -> None:
        """Queue an event for every CometD session of that agent that has subscribed to the channel. Returns at once."""
        ...

    def end(self, session: str) -> None:
        """The HTTP session is over: so are the CometD sessions that were made with it."""
        ...
