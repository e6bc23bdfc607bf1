"""Asks applications over HTTP: for documents, and to tell them the statuses of calls.

Source: the request, and what becomes of a query string and of redirects, are those of the open-source product
(HttpRequestDescriptor, Downloader); docs/rcml.md lists where we differ.
"""

from __future__ import annotations

import asyncio
import ssl
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode
from weakref import WeakValueDictionary

import aiohttp

from callgate import __version__
from callgate.dialects.rcml import signature
from callgate.dialects.rcml.hops import Hop
from callgate.dialects.rcml.model import DocumentRequest, Fetched, FetchError
from callgate.dialects.rcml.replies import (
    INPUT_OUTPUT,
    NOT_FOUND,
    PROTOCOL,
    STATUS,
    Reply,
    failure_of,
    read,
    status_text,
)
from callgate.settings import RcmlSettings

#: How long (seconds) an unused connection is kept: shorter than the 5 s after which Node.js, uvicorn and Apache close
#: it, for a request that meets the closing fails.
_KEEP_ALIVE = 4.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FORM = "application/x-www-form-urlencoded; charset=UTF-8"


class HttpFetcher:
    """Fetches documents, for each account so many at once as the settings say; the others wait for their turn in order.

    Connections are kept for the next call. No cookies, no proxy, nothing from the environment.
    """

    def __init__(self, settings: RcmlSettings, *, tls: ssl.SSLContext | None = None) -> None:
        """``tls``: whom to trust; ``None`` is whom the machine trusts."""
        self._settings = settings
        self._tls = tls
        self._http: aiohttp.ClientSession | None = None
        #: An account's entry lives as long as one of its requests.
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def open(self) -> None:
        """Begin; needs the running event loop."""
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,  # each account has its own bound
                keepalive_timeout=_KEEP_ALIVE,
                ssl=self._tls or True,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={
                "User-Agent": f"Callgate/{__version__}",
                "Accept-Encoding": "identity",  # a small reply must not become a large one
            },
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # the whole has one
            trace_configs=[_reuse_noted()],
        )

    async def close(self) -> None:
        """End all requests and close all connections."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def fetch(self, account: str, request: DocumentRequest, seconds: float) -> Fetched:
        """As :class:`callgate.dialects.rcml.model.Fetcher`. Once it is its turn it also ends after the timeout.

        Raises:
            FetchError: anything but a reply of 200 of allowed size.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        hop = self._first(request)
        turn = self._turns.setdefault(account, asyncio.Semaphore(self._settings.requests))
        try:
            async with asyncio.timeout_at(deadline):
                await turn.acquire()
        except TimeoutError:
            text = (
                f"not asked: for {seconds:.1f} s {self._settings.requests} other requests of the account were under way"
            )
            raise FetchError(INPUT_OUTPUT, text, url=hop.shown) from None
        try:
            deadline = min(deadline, loop.time() + self._settings.timeout)
            hop, reply = await self._follow(hop, request, deadline, self._settings.document_limit)
        finally:
            turn.release()
        return self._document(hop, reply)

    async def notify(self, request: DocumentRequest, seconds: float) -> int:
        """The status that an application answers; what else it answers is not looked at.

        It waits for nobody: whoever tells applications of statuses has a bound of its own.

        Raises:
            FetchError: there was no reply.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        _, reply = await self._follow(self._first(request), request, deadline, limit=0)
        return reply.status

    def _first(self, request: DocumentRequest) -> Hop:
        return Hop.first(request, https_only=not self._settings.http)

    def _document(self, hop: Hop, reply: Reply) -> Fetched:
        if reply.status == 404:
            text = "the server answered 404 Not Found"
            raise reply.failure(text, code=NOT_FOUND, url=hop.shown, status=404)
        if reply.status != 200:
            text = f"the server answered {status_text(reply.status)}, and only 200 brings a document"
            raise reply.failure(text, code=STATUS, url=hop.shown, status=reply.status)
        if not reply.whole:
            text = f"the reply is longer than {self._settings.document_limit} bytes"
            raise reply.failure(text, code=INPUT_OUTPUT, url=hop.shown)
        if reply.encoding not in ("identity", ""):
            text = "the reply is compressed, which the request did not allow (Accept-Encoding: identity)"
            raise reply.failure(text, code=PROTOCOL, url=hop.shown)
        return Fetched(reply.url, reply.content_type, reply.charset, reply.headers, reply.body)

    async def _follow(self, hop: Hop, request: DocumentRequest, deadline: float, limit: int) -> tuple[Hop, Reply]:
        """The reply at the end of the redirects, and where that is."""
        began = asyncio.get_running_loop().time()
        for _ in range(self._settings.redirects + 1):
            try:
                async with asyncio.timeout_at(deadline):
                    answer = await self._ask(hop, request, deadline, limit)
            except TimeoutError:
                text = f"no whole reply within {max(deadline - began, 0):.1f} s"
                raise FetchError(INPUT_OUTPUT, text, url=hop.shown) from None
            except (aiohttp.ClientError, OSError, ValueError) as error:
                raise failure_of(error, hop.shown) from None
            if isinstance(answer, Reply):
                return hop, answer
            hop = hop.redirected(answer)
        raise FetchError(
            PROTOCOL, f"more than {self._settings.redirects} redirects, one after the other", url=hop.shown
        )

    async def _ask(self, hop: Hop, request: DocumentRequest, deadline: float, limit: int) -> Reply | str:
        """One request: the reply, or where a redirect leads.

        A kept connection that ends without any reply was closed by the server in the very moment of the request: that
        is asked again, once (RFC 9112 section 9.3.1). The HTTP client does the same for a GET.
        """
        kept = SimpleNamespace(used=False)
        try:
            return await self._exchange(hop, request, deadline, limit, kept)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            if hop.method == "GET" or not kept.used:
                raise
        return await self._exchange(hop, request, deadline, limit, kept)

    async def _exchange(
        self, hop: Hop, request: DocumentRequest, deadline: float, limit: int, kept: SimpleNamespace
    ) -> Reply | str:
        if self._http is None:
            raise FetchError(INPUT_OUTPUT, "not asked: callgate is stopping", url=hop.shown)
        headers = {}
        data = None
        if hop.method == "POST":
            headers["Content-Type"] = _FORM
            data = urlencode(hop.form).encode()
        if hop.authorization is not None:
            headers["Authorization"] = hop.authorization
        if request.token is not None:
            headers[signature.HEADER] = signature.sign(request.token, hop.seen, hop.form)
        async with self._http.request(
            hop.method, hop.target, data=data, headers=headers, allow_redirects=False, trace_request_ctx=kept
        ) as response:
            location = response.headers.get("Location") if response.status in _REDIRECTS else None
            reply = await read(response, hop.url, limit, deadline)
            return reply if location is None else location


def _reuse_noted() -> aiohttp.TraceConfig:
    """Has a request's own context told that it goes over a kept connection."""

    async def reused(session: aiohttp.ClientSession, context: Any, params: object) -> None:
        context.trace_request_ctx.used = True

    tracing = aiohttp.TraceConfig()
    tracing.on_connection_reuseconn.append(reused)
    return tracing
