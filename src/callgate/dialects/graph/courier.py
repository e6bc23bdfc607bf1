"""One notification on its way to its bot: the tries, the pauses between them, and where it moves on.

The tries are a plain loop and not stamina's: no try may begin after the call's window by Callgate's own clock, each
try's time shrinks towards it, and each is reported to the journal.

Sources: Microsoft Teams' page "Incoming call notifications" (the bot answers 202, or 302 when another deployment of it
takes the call); the headers are those that were seen of the service. Counts and pauses are nowhere documented.
"""

from __future__ import annotations

import asyncio
from uuid import uuid4

from yarl import URL

from callgate.core.events import Delivery
from callgate.dialects.graph.callbacks import CallbackRules, parsed
from callgate.dialects.graph.model import DIALECT, Notification, Refused, Tokens
from callgate.dialects.graph.posts import Answer, NotSentError, Posts
from callgate.dialects.port import Surroundings
from callgate.directory.model import Bot, Directory

CHANNEL = "notification"
DELIVERED = "delivered"
MOVED = "answered 302: moved"
#: How often one try is sent on to where a 302 leads.
MOVES = 3

#: The first pause between two tries, and the longest, in seconds; each is twice as long as the one before.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0

#: Where the notifications of one call go now, by the callback that they were made with.
Places = dict[str, str]


class Courier:
    """Delivers notifications to one bot; whoever calls it sees to their order."""

    def __init__(self, bot: str, surroundings: Surroundings, tokens: Tokens, rules: CallbackRules) -> None:
        """``bot`` is its name in the directory."""
        self._bot = bot
        self._control = surroundings.control
        self._directory = surroundings.directory
        self._settings = surroundings.settings.graph
        self._tokens = tokens
        self._rules = rules

    def trusts(self, host: str) -> bool:
        """Whether that is the host of the callback that the directory has for the bot now."""
        bot = self._directory.current.bots.get(self._bot)
        return bot is not None and _host(bot) == host

    async def deliver(self, notification: Notification, places: Places, posts: Posts) -> None:
        """Try until the bot accepts it, its window is over, or it was tried as often as the settings say.

        ``places`` is asked and kept up to date.
        """
        tries = 0
        while await self._fails(notification, places, posts, again=tries > 0):
            tries += 1
            if notification.deadline is None and tries > self._settings.notification_retries:
                return
            pause = min(_FIRST_PAUSE * 2 ** min(tries - 1, 10), _LONGEST_PAUSE)
            if notification.deadline is not None and self._control.now() + pause >= notification.deadline:
                return
            await asyncio.sleep(pause)

    def report(self, notification: Notification, result: str, began: float | None = None) -> None:
        """Have the journal note what came of it."""
        now = self._control.now()
        seconds = 0.0 if began is None else now - began
        self._control.delivered(
            Delivery(notification.call, DIALECT, self._bot, CHANNEL, notification.change, result, now, seconds)
        )

    async def _fails(self, notification: Notification, places: Places, posts: Posts, *, again: bool) -> bool:
        """One try, with the redirects that the bot answers; true if it may be tried again."""
        message = str(uuid4()) if again else notification.message
        place = places.setdefault(notification.callback, notification.callback)
        been = {place}
        while True:
            began = self._control.now()
            bot = entitled(self._directory.current, notification)
            if bot is None:
                self.report(notification, "not sent: the bot has been removed or disabled", began)
                return False
            seconds = self._settings.notification_timeout
            if notification.deadline is not None:
                seconds = min(seconds, notification.deadline - began)
                if seconds <= 0:
                    self.report(notification, "not sent: the call's window was over", began)
                    return False
            headers = self._headers(notification, bot, message)
            try:
                answer = await posts.send(place, notification.body, headers, seconds)
            except NotSentError as error:
                self.report(notification, str(error), began)
                return not error.final
            if answer.status != 302:
                accepted = 200 <= answer.status <= 299
                self.report(notification, DELIVERED if accepted else f"answered {answer.status}", began)
                return not accepted
            try:
                place = await self._next(place, answer, bot)
                if place in been:
                    raise _NoWayError("it leads in a circle")
                if len(been) > MOVES:
                    raise _NoWayError(f"more than {MOVES} of them, one after the other")
            except _NoWayError as error:
                self.report(notification, f"answered 302, but {error}", began)
                return True
            self.report(notification, MOVED, began)
            been.add(place)
            places[notification.callback] = place
            notification.moved(place)

    def _headers(self, notification: Notification, bot: Bot, message: str) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Accept": "application/json",
            "Authorization": f"Bearer {self._tokens.notification(bot)}",
            "X-Microsoft-Skype-Chain-ID": notification.scenario,
            "X-Microsoft-Skype-Message-ID": message,
            "Scenario-Id": notification.scenario,
        }
        if message != notification.message:
            headers["X-Microsoft-Skype-Original-Message-ID"] = notification.message
        return headers

    async def _next(self, place: str, answer: Answer, bot: Bot) -> str:
        """Where a 302 leads.

        Raises:
            _NoWayError: nowhere that a notification may go.
        """
        if answer.location is None:
            raise _NoWayError("without a Location")
        try:
            url = parsed(str(URL(place).join(URL(answer.location))))
            # At home all is the administrator's, but the token must not leave TLS there either.
            if url.raw_host == _host(bot) and url.scheme in ("https", URL(bot.callback).scheme):
                return str(url)
            return await self._rules.checked(str(url))
        except Refused as refused:
            raise _NoWayError(f"to a URL that is not allowed: {refused.message}") from None
        except ValueError:
            raise _NoWayError("its Location is no URL") from None


class _NoWayError(Exception):
    """A redirect that is not followed; the text says why."""


def entitled(directory: Directory, notification: Notification) -> Bot | None:
    """The notification's bot as the directory has it now; ``None``: it is not, or no longer, to be told of calls."""
    bot = directory.bots.get(notification.bot.name)
    if bot is None or not bot.enabled or bot.app_id != notification.bot.app_id:
        return None
    return bot


def _host(bot: Bot) -> str | None:
    try:
        return URL(bot.callback).raw_host
    except ValueError:
        return None
