"""``Idempotency-Key``: a request that is sent again gets the first one's result, and is not done again."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from hashlib import sha256

import msgspec

from callgate.dialects.native.errors import IDEMPOTENCY_MISMATCH, ProblemError, invalid
from callgate.dialects.native.operations import Reply

_KEY = re.compile(r"[!-~]{1,255}")


class _First(msgspec.Struct, frozen=True):
    """The first request with a key: what it asked, when (Unix seconds), and its reply as soon as there is one."""

    request: bytes
    at: float
    reply: asyncio.Future[Reply]


class FirstResults:
    """The first results by key.

    Args:
        seconds: how long a result is kept.
        limit: how many are kept at most; when there are more, the oldest go before their time.
        now: the clock, in Unix seconds.
    """

    def __init__(self, seconds: float, limit: int, now: Callable[[], float]) -> None:
        self._seconds = seconds
        self._limit = limit
        self._now = now
        self._firsts: OrderedDict[tuple[str, str], _First] = OrderedDict()

    async def result(
        self, application: str, key: str, request: tuple[str, str, bytes], perform: Callable[[], Awaitable[Reply]]
    ) -> Reply:
        """The reply to the first request with that key of that application; ``perform`` makes it if this is the first.

        ``request`` is method, path and body. A duplicate that comes while the first is under way waits for it.

        Raises:
            ProblemError: the key is not 1 to 255 printable ASCII characters, or came with another request before.
        """
        if _KEY.fullmatch(key) is None:
            raise invalid("Idempotency-Key", "expected 1 to 255 printable ASCII characters without spaces")
        method, path, body = request
        fingerprint = sha256(b"\n".join((method.encode(), path.encode(), body))).digest()
        self._forget()
        while (first := self._firsts.get((application, key))) is not None:
            if first.request != fingerprint:
                raise ProblemError(IDEMPOTENCY_MISMATCH)
            try:
                return await asyncio.shield(first.reply)
            except asyncio.CancelledError:
                if not first.reply.cancelled():
                    raise  # this request was cancelled, not the first
        if len(self._firsts) >= self._limit:
            self._firsts.popitem(last=False)
        first = _First(fingerprint, self._now(), asyncio.get_running_loop().create_future())
        self._firsts[application, key] = first
        try:
            reply = await perform()
        except BaseException:
            # It has no result, so the next one with the key is the first; those that wait go on to be it.
            if self._firsts.get((application, key)) is first:
                del self._firsts[application, key]
            first.reply.cancel()
            raise
        first.reply.set_result(reply)
        return reply

    def _forget(self) -> None:
        too_old = self._now() - self._seconds
        while self._firsts and next(iter(self._firsts.values())).at <= too_old:
            self._firsts.popitem(last=False)
