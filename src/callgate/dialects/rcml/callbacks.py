"""Status callbacks: in the background, in order for each call, bounded, and retried.

Each account has its own queue and its own requests at once, so that a dead server of one delays nobody else's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec

from callgate.core.calls import CallId
from callgate.core.events import Delivery
from callgate.dialects.port import Surroundings
from callgate.dialects.rcml.fetch import HttpFetcher
from callgate.dialects.rcml.model import DIALECT, DocumentRequest, FetchError
from callgate.dialects.rcml.urls import INVALID_URL

CHANNEL = "status_callback"
DELIVERED = "delivered"
STOPPING = "not delivered: callgate is stopping"

#: The first pause between two tries, and the longest, in seconds; each is twice as long as the one before.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0


class Callback(msgspec.Struct, frozen=True):
    """One status of one call; ``event`` is its name."""

    call: CallId
    request: DocumentRequest
    event: str


class StatusCallbacks:
    """Sends the status callbacks of all accounts; implements :class:`callgate.dialects.rcml.model.Callbacks`."""

    def __init__(self, surroundings: Surroundings, fetcher: HttpFetcher, *, stop_seconds: float = 5.0) -> None:
        """``fetcher`` must be open from :meth:`start` until :meth:`stop` has returned.

        ``stop_seconds``: how long :meth:`stop` gives what is waiting.
        """
        self._surroundings = surroundings
        self._fetcher = fetcher
        self._stop_seconds = stop_seconds
        self._started = False
        self._accounts: dict[str, _Queue] = {}

    def start(self) -> None:
        """Begin to take callbacks; needs the running event loop."""
        self._started = True

    async def stop(self) -> None:
        """Take no more; give what is waiting its time, then give it up and report it. No task is left."""
        self._started = False
        workers = [worker for queue in self._accounts.values() for worker in queue.workers]
        if workers:
            await asyncio.wait(workers, timeout=self._stop_seconds)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        for queue in self._accounts.values():
            queue.give_up()
        self._accounts.clear()

    def tell(self, call: CallId, account: str, request: DocumentRequest, event: str) -> None:
        """Have a status told; returns at once. If too many are waiting it is dropped, and that is reported."""
        queue = self._accounts.get(account)
        if queue is None:
            queue = _Queue(account, self._surroundings, self._fetcher, self._forget)
        callback = Callback(call, request, event)
        if not self._started:
            queue.report(callback, STOPPING)
            return
        self._accounts[account] = queue
        queue.put(callback)

    def _forget(self, queue: _Queue) -> None:
        if self._accounts.get(queue.account) is queue:
            del self._accounts[queue.account]


class _Queue:
    """The callbacks of one account: those of different calls go out side by side, those of one call one by one."""

    def __init__(
        self, account: str, surroundings: Surroundings, fetcher: HttpFetcher, forget: Callable[[_Queue], None]
    ) -> None:
        self.account = account
        self.workers: set[asyncio.Task[None]] = set()
        self._control = surroundings.control
        self._settings = surroundings.settings.rcml
        self._fetcher = fetcher
        self._forget = forget
        #: What each call has still to tell, the one under way included.
        self._of: dict[CallId, deque[Callback]] = {}
        #: The calls that no worker has taken.
        self._calls: deque[CallId] = deque()
        self._waiting = 0

    def put(self, callback: Callback) -> None:
        if self._waiting >= self._settings.callback_queue:
            self.report(callback, "dropped: too many status callbacks are waiting")
            return
        self._waiting += 1
        behind = self._of.get(callback.call)
        if behind is not None:
            behind.append(callback)
            return
        self._of[callback.call] = deque((callback,))
        self._calls.append(callback.call)
        if len(self.workers) < self._settings.callback_concurrency:
            self.workers.add(asyncio.create_task(self._work()))

    def give_up(self) -> None:
        """Report what is left as not delivered."""
        for left in self._of.values():
            for callback in left:
                self.report(callback, STOPPING)
        self._of.clear()

    def report(self, callback: Callback, result: str, began: float | None = None) -> None:
        now = self._control.now()
        seconds = 0.0 if began is None else now - began
        self._control.delivered(
            Delivery(callback.call, DIALECT, self.account, CHANNEL, callback.event, result, now, seconds)
        )

    async def _work(self) -> None:
        try:
            while self._calls:
                call = self._calls.popleft()
                to_tell = self._of[call]
                while to_tell:
                    self._waiting -= 1
                    await self._deliver(to_tell[0])
                    to_tell.popleft()
                del self._of[call]
        finally:
            task = asyncio.current_task()
            if task is not None:
                self.workers.discard(task)
            if not self._of:
                self._forget(self)

    async def _deliver(self, callback: Callback) -> None:
        """Try as often as the settings say. So a later status of the call waits for this one, but not for ever."""
        for tries in range(1, self._settings.callback_retries + 2):
            began = self._control.now()
            try:
                status = await self._fetcher.notify(callback.request, self._settings.timeout)
            except FetchError as error:
                result, again = str(error), error.code != INVALID_URL
            else:
                again = not 200 <= status <= 299
                result = f"answered {status}" if again else DELIVERED
            self.report(callback, result, began)
            if not again or tries > self._settings.callback_retries:
                return
            await asyncio.sleep(min(_FIRST_PAUSE * 2 ** (tries - 1), _LONGEST_PAUSE))
