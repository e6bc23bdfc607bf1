"""What comes back from an application over HTTP: as much of it as may be taken, and the failures by their names."""

from __future__ import annotations

import asyncio
import os
import re
from http import HTTPStatus

import aiohttp
import msgspec
from aiohttp.helpers import parse_content_type

from callgate.dialects.rcml.model import FetchError
from callgate.dialects.rcml.urls import INVALID_URL

#: The notifications' codes. That of a status is Twilio's, as most numbers of RCML are: the open-source product tells
#: the account nothing of an ordinary status.
STATUS, INPUT_OUTPUT, PROTOCOL, NOT_FOUND = 11200, 11205, 11206, 21402
#: How much of the headers, and of a body that is no document, is kept for the notification (bytes).
EXCERPT = 4_096
#: How long a body is waited for that only serves the notification, in seconds.
_EXCERPT_SECONDS = 0.5
_CHUNK = 16_384
#: Headers that may hold a secret of the application.
_SECRET = frozenset({"set-cookie", "set-cookie2", "authorization", "proxy-authorization"})
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Reply(msgspec.Struct, frozen=True):
    """A reply that is no redirect. ``whole``: ``body`` is all of it, otherwise its start.

    ``url`` is what was asked, as the application named it, so with user and password if those stood there.
    """

    url: str
    status: int
    headers: str
    content_type: str
    charset: str
    encoding: str
    body: bytes
    whole: bool

    def __repr__(self) -> str:
        return f"Reply(status={self.status})"  # no URL with a password in any log

    def failure(self, text: str, *, code: int, url: str, status: int = 0) -> FetchError:
        """That this reply is of no use."""
        start = printable(self.body[:EXCERPT].decode("utf-8", "replace"))
        return FetchError(code, text, url=url, status=status, headers=self.headers, body=start)


async def read(response: aiohttp.ClientResponse, url: str, limit: int, deadline: float) -> Reply:
    """The reply, with at most ``limit`` bytes of body if its status is 200, else with an excerpt.

    With a ``limit`` of 0 no body counts, and so none is waited for long. The connection can be used again if the whole
    body was read. ``deadline`` is the event loop's time.

    Raises:
        aiohttp.ClientError: a body of status 200 broke off.
        OSError: the same.
    """
    if response.status == HTTPStatus.OK and limit:
        body, whole = await _body(response, limit)
    else:
        body, whole = await _excerpt(response, deadline)
    if not whole:
        response.close()
    raw = response.headers.get("Content-Type")
    charset = "" if raw is None else str(parse_content_type(raw)[1].get("charset") or "")
    return Reply(
        url=url,
        status=response.status,
        headers=_headers(response),
        content_type="" if raw is None else raw.partition(";")[0].strip().lower(),
        charset=charset.lower(),
        encoding=response.headers.get("Content-Encoding", "identity").strip().lower(),
        body=body,
        whole=whole,
    )


def failure_of(error: Exception, url: str) -> FetchError:
    """What an error of the HTTP client means; ``url`` is without user and password, and so is the text."""
    code, text = _named(error)
    return FetchError(code, text, url=url)


def status_text(status: int) -> str:
    """``503 Service Unavailable``: with the registered phrase, not the one that came."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def printable(text: str) -> str:
    """Text as a database and a log can take it: control characters but line breaks and tabs, and halves of characters,
    become "?"."""
    return _UNPRINTABLE.sub("?", text.encode("utf-8", "replace").decode())


async def _body(response: aiohttp.ClientResponse, limit: int) -> tuple[bytes, bool]:
    body = bytearray()
    while chunk := await response.content.read(_CHUNK):
        body += chunk
        if len(body) > limit:
            return bytes(body[:limit]), False
    return bytes(body), True


async def _excerpt(response: aiohttp.ClientResponse, deadline: float) -> tuple[bytes, bool]:
    """The start of a body; that it broke off or does not come is no news beside the status."""
    body = bytearray()
    left = deadline - asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(min(_EXCERPT_SECONDS, left / 2)):
            while chunk := await response.content.read(EXCERPT):
                body += chunk
                if len(body) > EXCERPT:
                    return bytes(body[:EXCERPT]), False
    except (TimeoutError, aiohttp.ClientError, OSError):
        return bytes(body), False
    return bytes(body), True


def _headers(response: aiohttp.ClientResponse) -> str:
    lines = (f"{name}: {value}" for name, value in response.headers.items() if name.lower() not in _SECRET)
    return printable("\n".join(lines))[:EXCERPT]


def _named(error: Exception) -> tuple[int, str]:
    match error:
        case aiohttp.ClientConnectorCertificateError(certificate_error=cause):
            why = getattr(cause, "verify_message", "")
            return INPUT_OUTPUT, f"the server's TLS certificate is not trusted{why and f': {why}'}"
        case aiohttp.ClientSSLError():
            return INPUT_OUTPUT, "no TLS connection: the server does not speak TLS there, or none of our versions"
        case aiohttp.ClientConnectorDNSError():
            return INPUT_OUTPUT, "the host name was not found"
        case aiohttp.ClientConnectorError(os_error=cause):
            return INPUT_OUTPUT, f"no connection: {_reason(cause)}"
        case aiohttp.InvalidURL():
            return INVALID_URL, "the URL cannot be requested"
        case aiohttp.ServerDisconnectedError():
            return INPUT_OUTPUT, "the server closed the connection without a reply"
        case aiohttp.ClientPayloadError():
            return INPUT_OUTPUT, "the reply broke off before its end"
        case aiohttp.ClientResponseError():
            return PROTOCOL, "the reply is not HTTP, or its headers are too long"
        case OSError():
            return INPUT_OUTPUT, f"the connection broke: {_reason(error)}"
        case _:
            return PROTOCOL, f"the request failed: {type(error).__name__}"


def _reason(error: OSError) -> str:
    """The system's own words, for those of the event loop have the address in them."""
    return os.strerror(error.errno) if error.errno else type(error).__name__
