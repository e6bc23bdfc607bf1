"""The endpoints below ``/api``, and the rules that hold for all of them.

One handler without a framework: also what is wrong with a path, a method or a body is answered in the vendor's form.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import structlog

from callgate.dialects.asgi import Application, Receive, Scope, Send
from callgate.dialects.genesys.calls import Calls
from callgate.dialects.genesys.channels import Channels
from callgate.dialects.genesys.csrf import HEADER, Csrf
from callgate.dialects.genesys.devices import device, devices, dial, voice_environment
from callgate.dialects.genesys.errors import GenesysError, access_denied, failed, no_csrf_token, not_allowed, not_found
from callgate.dialects.genesys.logins import COOKIE, Logins
from callgate.dialects.genesys.me import Me
from callgate.dialects.genesys.model import NOTIFICATIONS, Login
from callgate.dialects.genesys.queues import Queues
from callgate.dialects.genesys.requests import Reply, Request, header, names, read_body, segments, success
from callgate.dialects.port import Surroundings
from callgate.queues.port import ContactCentre

Endpoint = Callable[[Request], Awaitable[Reply]]

#: Stands for any id in a path.
_ID = "*"
_VERSION = ("diagnostics", "version")
#: The methods that change nothing, so that no token is demanded.
_SAFE = frozenset(("GET", "HEAD", "OPTIONS"))

log = structlog.get_logger(__name__)


class Api:
    """The dialect's ASGI application, which gets the whole path.

    Args:
        surroundings: the settings, the clock, and the agents' queues.
        centre: agents, calls, and what can be done with them.
        logins: knows who asks.
        notifications: the CometD server, as an ASGI application.
    """

    def __init__(
        self, surroundings: Surroundings, centre: ContactCentre, logins: Logins, notifications: Application
    ) -> None:
        settings = surroundings.settings
        self._body_limit = settings.http.body_limit
        self._version = settings.genesys.version
        self._csrf = Csrf() if settings.genesys.csrf else None
        self._centre = centre
        self._logins = logins
        self._notifications = notifications
        calls = Calls(centre, surroundings.control.now)
        channels, queues = Channels(centre), Queues(surroundings.directory)
        me = Me(centre, logins, calls, queues)
        #: What each method does, by the path.
        self._table: Mapping[tuple[str, ...], Mapping[str, Endpoint]] = {
            ("me",): {"GET": me.get, "POST": me.operate},
            ("me", "calls"): {"GET": calls.list},
            ("me", "calls", _ID): {"GET": calls.get, "POST": calls.operate},
            ("me", "channels"): {"GET": channels.list},
            ("me", "channels", _ID): {"GET": channels.get, "POST": channels.operate},
            ("me", "devices"): {"GET": devices},
            ("me", "devices", _ID): {"GET": device},
            ("me", "devices", _ID, "calls"): {"POST": dial},
            ("me", "features"): {"GET": me.features},
            ("me", "queues"): {"GET": queues.list},
            ("me", "settings"): {"GET": me.settings},
            ("devices", _ID): {"GET": device},
            ("features", _ID): {"GET": me.feature},
            ("queues", _ID): {"GET": queues.get},
            ("users", _ID): {"GET": me.user},
            ("voice-environments", _ID): {"GET": voice_environment},
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            path = segments(scope)
        except GenesysError as error:
            await self._send(scope, send, _told(error))
            return
        if path[:1] == (NOTIFICATIONS.strip("/"),):
            await self._notifications(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        try:
            reply = await self._answer(scope, receive, path)
        except ConnectionResetError:  # the client was gone before its request was whole
            return
        except GenesysError as error:
            reply = _told(error)
        except Exception:
            log.exception("a request failed unexpectedly", method=scope["method"], path=scope["path"][:64])
            reply = _told(failed())
        await self._send(scope, send, reply)

    async def _answer(self, scope: Scope, receive: Receive, path: tuple[str, ...]) -> Reply:
        method = scope["method"]
        if path == _VERSION:
            if method != "GET":
                raise not_allowed(method, ("GET",))
            return success(version=self._version)
        login = await self._login(scope)
        try:
            reply = await self._of_login(scope, receive, path, login)
        except GenesysError as error:  # who has logged in gets his cookie also with an error
            reply = _told(error)
        return _with_headers(reply, self._session_headers(method, login))

    async def _login(self, scope: Scope) -> Login:
        if self._csrf is None or scope["method"] in _SAFE:
            return await self._logins.admit(scope)
        login = self._logins.recognise(scope)
        if login is None and _cookie(scope) and not header(scope, b"authorization"):
            raise access_denied()  # the session is over
        if login is None or not self._csrf.right(login.session, header(scope, HEADER.lower().encode())):
            raise no_csrf_token()
        return login

    async def _of_login(self, scope: Scope, receive: Receive, path: tuple[str, ...], login: Login) -> Reply:
        methods, identity = self._found(path)
        method = scope["method"]
        endpoint = methods.get(method)
        if endpoint is None:
            raise not_allowed(method, tuple(methods))
        body = await read_body(scope, receive, self._body_limit) if method == "POST" else b""
        status = self._centre.agent(login.agent)
        if status is None:
            raise not_found("The user")
        request = Request(
            login=login,
            status=status,
            base=self._logins.base(login.agent),
            id=identity,
            fields=names(scope, "fields"),
            subresources=names(scope, "subresources"),
            body=body,
        )
        return await endpoint(request)

    def _found(self, path: tuple[str, ...]) -> tuple[Mapping[str, Endpoint], str]:
        """What the methods of a path do, and the id in it."""
        methods = self._table.get(path) if _ID not in path else None
        if methods is not None:
            return methods, ""
        for place in range(1, len(path)):
            methods = self._table.get((*path[:place], _ID, *path[place + 1 :]))
            if methods is not None:
                return methods, path[place]
        raise not_found("The resource")

    def _session_headers(self, method: str, login: Login) -> tuple[tuple[bytes, bytes], ...]:
        cookie = ((b"set-cookie", login.set_cookie.encode()),) if login.set_cookie else ()
        tokens = self._csrf.headers(login.session) if self._csrf is not None and method == "GET" else ()
        return (*cookie, *tokens)

    async def _send(self, scope: Scope, send: Send, reply: Reply) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        headers = [
            (b"content-type", b"application/json;charset=UTF-8"),
            (b"content-length", b"%d" % len(reply.body)),
            (b"cache-control", b"no-store"),
            *reply.headers,
        ]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else reply.body})


def _told(error: GenesysError) -> Reply:
    return Reply(error.body, error.http, error.headers)


def _with_headers(reply: Reply, headers: tuple[tuple[bytes, bytes], ...]) -> Reply:
    if any(name == b"set-cookie" for name, _ in reply.headers):  # the session was ended: its cookie is not given again
        headers = tuple(each for each in headers if each[0] != b"set-cookie")
    return Reply(reply.body, reply.status, (*reply.headers, *headers))


def _cookie(scope: Scope) -> bool:
    return f"{COOKIE}=" in header(scope, b"cookie")
