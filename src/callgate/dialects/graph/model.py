"""What the parts of the Graph dialect hand each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

from callgate.core.calls import CallId
from callgate.directory.model import Bot

DIALECT = "graph"

#: The states of a call as a bot is told them, in the letter case of the reference.
CallState = Literal["incoming", "establishing", "established", "redirecting", "terminating", "terminated"]
ChangeType = Literal["created", "updated", "deleted"]


class Caller(msgspec.Struct, frozen=True):
    """Who asks: a bot whose access token was good, with the roles (application permissions) in it."""

    bot: Bot
    roles: frozenset[str]


class Refused(Exception):
    """A request that is answered with an error of Graph's: HTTP ``status``, ``code``, and the message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class Notification(msgspec.Struct, frozen=True):
    """One notification for one bot.

    ``callback`` is where it goes, a checked URL. ``body`` is the whole JSON. ``deadline`` (Unix seconds): no try begins
    after it; ``None``: as often as the settings say. ``scenario`` and ``message`` are the ids of its headers.
    ``moved`` is called with the new URL when the bot answers 302: the call's later notifications go there.
    """

    bot: Bot
    call: CallId
    change: ChangeType
    callback: str
    body: bytes
    scenario: str
    message: str
    deadline: float | None
    moved: Callable[[str], None]

    def __repr__(self) -> str:
        return f"Notification(bot={self.bot.name!r}, call={self.call!r}, change={self.change!r})"


class Notifier(Protocol):
    """Sends notifications: those of one call to one bot in order, others beside them; never waits."""

    def tell(self, notification: Notification) -> None: ...


class Tokens(Protocol):
    """Knows access tokens."""

    def caller(self, authorization: str) -> Caller:
        """Whose token an ``Authorization`` header carries.

        Raises:
            Refused: 401 InvalidAuthenticationToken, with the vendor's message for what is wrong; 403 for a bot that is
                not enabled, or another tenant's.
        """
        ...

    def notification(self, bot: Bot) -> str:
        """A token for a notification to that bot: ``aud`` its app id, ``tid`` its tenant."""
        ...


class Callbacks(Protocol):
    """Says which URLs a bot may name for its notifications."""

    async def checked(self, text: str) -> str:
        """The URL, if it is allowed by the settings.

        Raises:
            Refused: 400 BadRequest; the message says what is allowed.
        """
        ...
