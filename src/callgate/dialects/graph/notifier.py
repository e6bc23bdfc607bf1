"""Notifications to bots: in the background, in order for each call, bounded, and each bot by itself.

Each bot has its own queue, its own requests at once, and its own connections, so that one that is slow or dead delays
no other.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque

import structlog

from callgate.core.calls import CallId
from callgate.dialects.graph.callbacks import CallbackRules
from callgate.dialects.graph.courier import Courier, Places, entitled
from callgate.dialects.graph.lookups import Lookup, system_lookup
from callgate.dialects.graph.model import Notification, Tokens
from callgate.dialects.graph.posts import Posts
from callgate.dialects.port import Surroundings
from callgate.directory.model import Directory
from callgate.settings import GraphSettings

log = structlog.get_logger(__name__)

STOPPING = "not sent: callgate is stopping"


class BotNotifier:
    """Notifies all bots; implements :class:`callgate.dialects.graph.model.Notifier`."""

    def __init__(
        self,
        surroundings: Surroundings,
        tokens: Tokens,
        *,
        tls: ssl.SSLContext | None = None,
        lookup: Lookup = system_lookup,
        stop_seconds: float = 5.0,
    ) -> None:
        """``tls``: whom to trust, ``None`` is whom the machine trusts. ``lookup`` is how names come to addresses.

        ``stop_seconds``: how long :meth:`stop` gives what is waiting.
        """
        self._surroundings = surroundings
        self._directory = surroundings.directory
        self._settings = surroundings.settings.graph
        self._tokens = tokens
        self._rules = CallbackRules(self._settings, lookup=lookup)
        self._tls = tls
        self._lookup = lookup
        self._stop_seconds = stop_seconds
        self._started = False
        self._queues: dict[str, _Queue] = {}
        #: What the queues were last compared with.
        self._queues_of: Directory | None = None
        self._closing: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to take notifications; needs the running event loop."""
        self._started = True

    async def stop(self) -> None:
        """Take no more; give what is waiting its time, then give it up and report it. No task is left."""
        self._started = False
        workers = [worker for queue in self._queues.values() for worker in queue.workers]
        if workers:
            await asyncio.wait(workers, timeout=self._stop_seconds)
        await asyncio.gather(*self._closing, *(queue.close() for queue in self._queues.values()))
        self._queues.clear()
        self._queues_of = None

    def tell(self, notification: Notification) -> None:
        """Have it sent; returns at once. If too many are waiting for the bot it is dropped, and that is reported."""
        directory = self._directory.current
        if directory is not self._queues_of:
            self._forget_bots_gone(directory)
        name = notification.bot.name
        queue = self._queues.get(name)
        if not self._started or entitled(directory, notification) is None:
            result = "not sent: the bot has been removed or disabled" if self._started else STOPPING
            self._courier(name).report(notification, result)
            return
        if queue is None:
            courier = self._courier(name)
            timeout = self._settings.notification_timeout
            posts = Posts(self._rules, courier.trusts, timeout, tls=self._tls, lookup=self._lookup)
            queue = self._queues[name] = _Queue(courier, posts, self._settings)
        queue.put(notification)

    def _courier(self, name: str) -> Courier:
        return Courier(name, self._surroundings, self._tokens, self._rules)

    def _forget_bots_gone(self, directory: Directory) -> None:
        """Close what the directory has no bot for any more, once there is nothing to send (and to report) there."""
        self._queues_of = directory
        gone = [name for name, queue in self._queues.items() if name not in directory.bots and not queue.workers]
        for name in gone:
            task = asyncio.create_task(self._queues.pop(name).close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


class _Queue:
    """The notifications of one bot: those of different calls go out side by side, those of one call one by one.

    What has a deadline goes first: a call waits for the bot to decide it, and how another one ended does not.
    """

    def __init__(self, courier: Courier, posts: Posts, settings: GraphSettings) -> None:
        self.workers: set[asyncio.Task[None]] = set()
        self._courier = courier
        self._posts = posts
        self._settings = settings
        #: What each call has still to tell, the one under way included.
        self._of: dict[CallId, deque[Notification]] = {}
        #: The calls that no worker has taken.
        self._urgent: deque[CallId] = deque()
        self._others: deque[CallId] = deque()
        self._waiting = 0

    def put(self, notification: Notification) -> None:
        if self._waiting >= self._settings.notification_queue:
            self._courier.report(notification, "dropped: too many notifications are waiting for the bot")
            return
        self._waiting += 1
        behind = self._of.get(notification.call)
        if behind is not None:
            behind.append(notification)
            return
        self._of[notification.call] = deque((notification,))
        (self._others if notification.deadline is None else self._urgent).append(notification.call)
        if len(self.workers) < self._settings.notification_concurrency:
            self.workers.add(asyncio.create_task(self._work()))

    async def close(self) -> None:
        """End what is under way, report what is left as not sent, close the connections."""
        workers = list(self.workers)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        for left in self._of.values():
            for notification in left:
                self._courier.report(notification, STOPPING)
        self._of.clear()
        await self._posts.close()

    async def _work(self) -> None:
        try:
            while calls := self._urgent or self._others:
                call = calls.popleft()
                to_tell = self._of[call]
                places: Places = {}
                while to_tell:
                    self._waiting -= 1
                    await self._deliver(to_tell[0], places)
                    to_tell.popleft()
                del self._of[call]
        finally:
            task = asyncio.current_task()
            if task is not None:
                self.workers.discard(task)

    async def _deliver(self, notification: Notification, places: Places) -> None:
        try:
            await self._courier.deliver(notification, places, self._posts)
        except Exception as error:  # one notification that goes wrong must not keep the bot's others from being sent
            log.exception("notification not sent", bot=notification.bot.name, call=notification.call)
            self._courier.report(notification, f"not sent: an error of Callgate's own ({type(error).__name__})")
