"""A client of ``/v1`` for the command line: typed, synchronous, every failure one sentence with its exit code."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from http import HTTPStatus
from types import TracebackType
from typing import Any, Literal, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from callgate.cli.exits import CommandError, ExitCode
from callgate.dialects.native import wire
from callgate.dialects.native.paths import EVENTS

T = TypeVar("T")
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
#: A value of a query parameter; a list is the parameter several times, ``None`` leaves it out.
Query = str | int | bool | list[str] | None

TOML = "application/toml"
#: Seconds for connecting and for a reply. A decision waits for the edge, a directory file may be large.
_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
#: An event stream has a sign of life every 15 s (setting native.keep_alive); after this many it is taken as broken.
_SILENCE = httpx.Timeout(60.0, connect=5.0)

#: Exit codes by HTTP status; 409 is "too late" for calls.
_CODES = {
    400: ExitCode.USAGE,
    401: ExitCode.DENIED,
    403: ExitCode.DENIED,
    404: ExitCode.NOT_FOUND,
    413: ExitCode.USAGE,
    422: ExitCode.USAGE,
}

#: What to do about it, where the problem itself does not say it in words of the command line.
_REMEDIES = {
    401: "give one with --key or CALLGATE_KEY, or run this as the user that may read admin.key in the state folder",
    403: "give another with --key or CALLGATE_KEY; callgate key list shows the scope of each",
}


class UnreachableError(CommandError):
    """Nothing answers at that address, or what does is not Callgate."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            f"no Callgate answers at {url} ({why}): start it with `callgate serve`, or name the right one with --url",
            ExitCode.UNREACHABLE,
        )


class ProblemError(CommandError):
    """Callgate said no; ``problem`` is its reply (RFC 9457)."""

    def __init__(self, problem: wire.Problem) -> None:
        self.problem = problem
        code = _CODES.get(problem.status, ExitCode.FAILED)
        if problem.status == HTTPStatus.CONFLICT and problem.call is not None:
            code = ExitCode.TOO_LATE
        remedy = _REMEDIES.get(problem.status)
        super().__init__(_sentence(problem) if remedy is None else f"{_sentence(problem)}: {remedy}", code)


class Client:
    """Talks to one Callgate; a context manager.

    Args:
        url: where its HTTP listener is, as "http://127.0.0.1:8088".
        key: an API key; empty: none is sent.
        certificate: PEM file of a certificate to trust besides those of the system, whatever host it names.
    """

    def __init__(self, url: str, key: str = "", certificate: str = "") -> None:
        self.url = url.rstrip("/")
        headers = {"User-Agent": "callgate-cli", **({"Authorization": f"Bearer {key}"} if key else {})}
        try:
            # trust_env is off: a proxy in the environment must not be asked for an address on this machine.
            self._http = httpx.Client(
                base_url=self.url, headers=headers, timeout=_TIMEOUT, trust_env=False, verify=_tls(certificate)
            )
        except (httpx.InvalidURL, OSError) as error:
            raise CommandError(f"--url {url} cannot be used: {error}", ExitCode.USAGE) from error

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, type_: type[T], **query: Query) -> T:
        """What is at ``path``."""
        return self._decoded(self._request("GET", path, query=query), type_)

    def send(self, method: Method, path: str, type_: type[T], body: msgspec.Struct | None = None) -> T:
        """The reply to ``body``, sent as JSON."""
        content = None if body is None else msgspec.json.encode(body)
        return self._decoded(self._request(method, path, content=content), type_)

    def delete(self, path: str) -> None:
        """Remove what is at ``path``."""
        self._request("DELETE", path)

    def text(self, path: str, **query: Query) -> str:
        """What is at ``path``, as text."""
        return self._request("GET", path, query=query).text

    def send_toml(self, path: str, text: bytes, type_: type[T], **query: Query) -> T:
        """The reply to a TOML text."""
        return self._decoded(self._request("POST", path, query=query, content=text, media_type=TOML), type_)

    def pages(self, path: str, page: type[wire.Page[T]], limit: int | None = None, **query: Query) -> Iterator[T]:
        """The items of all pages of a list, at most ``limit`` of them."""
        cursor: str | None = None
        while limit is None or limit > 0:
            size = 1000 if limit is None else min(limit, 1000)
            found = self.get(path, page, **query, cursor=cursor, limit=size)
            yield from found.items
            limit = None if limit is None else limit - len(found.items)
            cursor = found.next
            if cursor is None:
                return

    def events(
        self, cursor: str = "", *, trunk: list[str] | None = None, kind: list[str] | None = None
    ) -> Iterator[wire.Event]:
        """The events after ``cursor`` (empty: the live calls, then events), until the connection ends.

        Raises:
            UnreachableError: it could not be opened, or broke.
        """
        query = _parameters({"cursor": cursor or None, "trunk": trunk, "kind": kind})
        try:
            with self._http.stream("GET", EVENTS, params=query, timeout=_SILENCE) as reply:
                if reply.status_code != HTTPStatus.OK:
                    reply.read()
                    self._check(reply)
                for line in reply.iter_lines():
                    if line.startswith("data: "):
                        yield self._decode(line.removeprefix("data: ").encode(), wire.Event)
        except httpx.HTTPError as error:
            raise UnreachableError(self.url, _why(error)) from error

    # --- requests and replies ----------------------------------------------------------------------------------

    def _request(
        self,
        method: Method,
        path: str,
        *,
        query: dict[str, Query] | None = None,
        content: bytes | None = None,
        media_type: str = "application/json",
    ) -> httpx.Response:
        headers = {} if content is None else {"Content-Type": media_type}
        try:
            reply = self._http.request(method, path, params=_parameters(query or {}), content=content, headers=headers)
        except httpx.HTTPError as error:
            raise UnreachableError(self.url, _why(error)) from error
        self._check(reply)
        return reply

    def _check(self, reply: httpx.Response) -> None:
        if reply.is_success:
            return
        try:
            problem = msgspec.json.decode(reply.content, type=wire.Problem)
        except msgspec.DecodeError as error:
            raise UnreachableError(self.url, f"what answers is not Callgate: status {reply.status_code}") from error
        raise ProblemError(problem)

    def _decoded(self, reply: httpx.Response, type_: type[T]) -> T:
        return self._decode(reply.content, type_)

    def _decode(self, content: bytes, type_: type[T]) -> T:
        try:
            return msgspec.json.decode(content, type=type_)
        except msgspec.DecodeError as error:
            raise UnreachableError(self.url, f"what answers is not this version of Callgate: {error}") from error


def at(path: str, name: str) -> str:
    """A path of the table with its one parameter filled in."""
    head, _, tail = path.partition("{")
    return f"{head}{quote(name, safe='')}{tail.partition('}')[2]}"


def _tls(certificate: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if certificate:
        # The listener's own certificate, from the settings: who has its key is Callgate, whatever name it is for.
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(certificate)
    return context


def _parameters(query: dict[str, Query]) -> dict[str, Any]:
    values = {name: str(value).lower() if isinstance(value, bool) else value for name, value in query.items()}
    return {name: value for name, value in values.items() if value is not None}


def _why(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "it does not answer in time"
    return str(error) or type(error).__name__


def _sentence(problem: wire.Problem) -> str:
    """What went wrong, from a problem: its detail, and what stands where it is about a call."""
    text = problem.detail or problem.title
    decision = problem.decision
    if decision is not None:
        verdict = decision.verdict
        what = {
            wire.AcceptVerdict: "accepted",
            wire.RefuseVerdict: "refused",
            wire.RedirectVerdict: "redirected",
            wire.DialVerdict: "sent to others",
        }[type(verdict)]
        status = f" with {verdict.status} {verdict.phrase}" if isinstance(verdict, wire.RefuseVerdict) else ""
        text = f"{text.rstrip('.')}: {what}{status} by {decision.dialect}/{decision.application}"
    if problem.status_sent:
        text = f"{text.rstrip('.')}; the caller got {problem.status_sent}"
    return text
