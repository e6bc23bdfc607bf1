"""What Microsoft Graph's dialect finds in the directory: bots by app id, and those that a call is told to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from callgate.directory.model import Bot, Directory, InboundRoute


class BotIndex:
    """The index of one directory; made once for each, because that takes as long as it has entries."""

    #: The last directory that was asked for with its index; there is one directory at a time.
    _last: ClassVar[tuple[Directory, BotIndex] | None] = None

    def __init__(self, directory: Directory) -> None:
        self._bots = directory.bots
        self._by_app_id = {bot.app_id: bot for bot in directory.bots.values()}

    @classmethod
    def of(cls, directory: Directory) -> BotIndex:
        """The index of that directory, made only if it is another one than the last time."""
        last = cls._last
        if last is None or last[0] is not directory:
            last = cls._last = (directory, cls(directory))
        return last[1]

    def bot(self, app_id: str) -> Bot | None:
        """The bot with that app id (a UUID, in either letter case), whether it is enabled or not."""
        return self._by_app_id.get(app_id.lower())

    def bots_of(self, route: InboundRoute, dialled: str) -> Sequence[Bot]:
        """The bots that are told of a call on that route to that number, in the route's order: enabled ones only."""
        found = (self._bots.get(name) for name in route.bots)
        return tuple(bot for bot in found if bot is not None and bot.enabled and covers(bot.numbers, dialled))


def covers(patterns: Iterable[str], text: str) -> bool:
    """Whether a number or a SIP host is among a bot's ``numbers`` or ``redirects``.

    Each pattern is exact, a beginning with "*" after it, or "*". A leading "+" of a number is left aside, and so is
    letter case, which hosts have none of (RFC 3261 section 19.1.4).
    """
    text = text.removeprefix("+").lower()
    return any(
        text.startswith(pattern[:-1].lower()) if pattern.endswith("*") else text == pattern.lower()
        for pattern in patterns
    )
