"""The HTTP side of one bot: one POST at a time to wherever its notifications go, and what came of it."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from callgate import __version__
from callgate.dialects.graph.callbacks import CallbackRules
from callgate.dialects.graph.lookups import Lookup, Names, system_lookup
from callgate.dialects.graph.networks import read

#: How long (seconds) an unused connection is kept: shorter than the 5 s after which Node.js, uvicorn and Apache close
#: it, for a request that meets the closing fails.
_KEEP_ALIVE = 4.0
#: So much of an answer is read, and for so long (seconds), so that its connection can be used again.
_ANSWER_BYTES, _ANSWER_SECONDS = 4_096, 0.5

_PRIVATE = "not sent: the callback's host has a private address, and the bot named the URL itself"


class NotSentError(Exception):
    """There is no answer; the text says why, without the URL. ``final``: there will be none later either."""

    def __init__(self, text: str, *, final: bool = False) -> None:
        super().__init__(text)
        self.final = final


class Answer(msgspec.Struct, frozen=True):
    """What a bot answered. ``location`` is the header of that name."""

    status: int
    location: str | None

    def __repr__(self) -> str:
        return f"Answer(status={self.status})"  # no URL with a secret in any log


class Posts:
    """Posts to one bot, over connections that are kept for its next notification. No cookies, no proxy, no redirects.

    Each bot has connections and name lookups of its own, so that it waits for nobody else's. ``trusted`` says whether
    a host is the one of the callback that the directory has for the bot, which may be anywhere. Every other must have
    an address that the rules permit: the very one that is connected to, whatever the name meant when it was checked.
    """

    def __init__(
        self,
        rules: CallbackRules,
        trusted: Callable[[str], bool],
        lookup_seconds: float,
        *,
        tls: ssl.SSLContext | None = None,
        lookup: Lookup = system_lookup,
    ) -> None:
        """Needs the running event loop. ``tls``: whom to trust; ``None`` is whom the machine trusts."""
        self._rules = rules
        self._trusted = trusted
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,  # each bot has its own bound
                keepalive_timeout=_KEEP_ALIVE,
                ssl=tls or True,
                resolver=_CheckedResolver(rules, trusted, Names(lookup), lookup_seconds),
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={
                "User-Agent": f"Callgate/{__version__}",
                "Accept-Encoding": "identity",  # a small reply must not become a large one
            },
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # the whole has one
        )

    async def close(self) -> None:
        """End all requests and close all connections."""
        await self._http.close()

    async def send(self, place: str, body: bytes, headers: dict[str, str], seconds: float) -> Answer:
        """One POST of at most ``seconds``.

        Raises:
            NotSentError: there was no answer.
        """
        try:
            url = URL(place)
        except ValueError:
            raise NotSentError("not sent: the callback is no URL", final=True) from None
        host = url.raw_host or ""
        literal = read(host)
        if literal is not None and not self._trusted(host) and not self._rules.permits(literal):
            raise NotSentError(_PRIVATE, final=True)
        end = asyncio.get_running_loop().time() + seconds
        try:
            async with asyncio.timeout_at(end):
                response = await self._http.post(url, data=body, headers=headers, allow_redirects=False)
            async with response:
                await _drained(response, end)
                return Answer(response.status, response.headers.get("Location"))
        except TimeoutError:
            raise NotSentError(f"no answer within {seconds:.1f} s") from None
        except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as error:
            raise _failure(error) from None


class _CheckedResolver(AbstractResolver):
    """Gives the HTTP client the addresses that it connects to; refuses a name that has one that is not permitted."""

    def __init__(
        self, rules: CallbackRules, trusted: Callable[[str], bool], names: Names, lookup_seconds: float
    ) -> None:
        self._rules = rules
        self._trusted = trusted
        self._names = names
        self._seconds = lookup_seconds

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._names.addresses(host, port, self._seconds)
        if not self._trusted(host):
            for one in found:
                address = read(one.address)
                if address is None or not self._rules.permits(address):
                    raise _ForbiddenAddressError
        return [
            ResolveResult(
                hostname=host,
                host=one.address,
                port=port,
                family=one.family,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for one in found
        ]

    async def close(self) -> None:
        """Nothing to release: what is still being looked up ends by itself."""


class _ForbiddenAddressError(OSError):
    """The name leads into a private network."""


async def _drained(response: aiohttp.ClientResponse, end: float) -> None:
    """Read what there is to read of a short body; that it breaks off or does not come is no news beside the status."""
    soon = asyncio.get_running_loop().time() + _ANSWER_SECONDS
    left = _ANSWER_BYTES
    try:
        async with asyncio.timeout_at(min(soon, end)):
            while left > 0 and (chunk := await response.content.read(left)):
                left -= len(chunk)
    except (TimeoutError, aiohttp.ClientError, OSError):
        response.close()


def _failure(error: Exception) -> NotSentError:
    """What an error of the HTTP client means."""
    match error:
        case aiohttp.ClientConnectorCertificateError(certificate_error=cause):
            why = getattr(cause, "verify_message", "")
            return NotSentError(f"the bot's TLS certificate is not trusted{why and f': {why}'}")
        case aiohttp.ClientSSLError():
            return NotSentError("no TLS connection: the bot does not speak TLS there, or none of our versions")
        case aiohttp.ClientConnectorDNSError(os_error=_ForbiddenAddressError()):
            return NotSentError(_PRIVATE, final=True)
        case aiohttp.ClientConnectorDNSError():
            return NotSentError("the callback's host name was not found")
        case aiohttp.ClientConnectorError(os_error=cause):
            return NotSentError(f"no connection: {_reason(cause)}")
        case aiohttp.InvalidURL():
            return NotSentError("not sent: the callback's URL cannot be requested", final=True)
        case aiohttp.ServerDisconnectedError():
            return NotSentError("the bot closed the connection without an answer")
        case aiohttp.ClientResponseError():
            return NotSentError("the answer is not HTTP, or its headers are too long")
        case OSError():
            return NotSentError(f"the connection broke: {_reason(error)}")
        case _:
            return NotSentError(f"the request failed: {type(error).__name__}")


def _reason(error: OSError) -> str:
    """The system's own words, for those of the event loop have the address in them."""
    return os.strerror(error.errno) if error.errno else type(error).__name__
