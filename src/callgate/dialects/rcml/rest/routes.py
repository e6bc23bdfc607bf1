"""The endpoints, as a table, and the rules that hold for all of them.

One handler without a framework: also what is wrong with a path, a method or a body is answered in the product's form.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from callgate.database.errors import DatabaseUnavailableError
from callgate.dialects.asgi import Receive, Scope, Send
from callgate.dialects.port import Surroundings
from callgate.dialects.rcml.model import API_VERSION, LiveCalls
from callgate.dialects.rcml.parameters import instance_id
from callgate.dialects.rcml.rest import rendering
from callgate.dialects.rcml.rest.accounts import Accounts
from callgate.dialects.rcml.rest.answers import Reply
from callgate.dialects.rcml.rest.applications import Applications
from callgate.dialects.rcml.rest.auth import Guard
from callgate.dialects.rcml.rest.calls import Calls
from callgate.dialects.rcml.rest.clients import Clients
from callgate.dialects.rcml.rest.edits import Edits
from callgate.dialects.rcml.rest.errors import RestError, unavailable
from callgate.dialects.rcml.rest.notifications import Notifications
from callgate.dialects.rcml.rest.numbers import Numbers
from callgate.dialects.rcml.rest.requests import (
    Headers,
    Request,
    Target,
    check_form,
    read_body,
    read_parameters,
    wants_json,
)
from callgate.dialects.rcml.rest.wire import ROOT
from callgate.dialects.rcml.store import Store

#: The first segment of every path.
MOUNT = "/restcomm"

Endpoint = Callable[[Request], Awaitable[Reply]]
#: What each method of one path does.
Methods = Mapping[str, Endpoint]

#: Stands for the sid in a path of the table.
_SID = "*"

log = structlog.get_logger(__name__)


class Api:
    """The REST API as an ASGI application, which gets the whole path.

    Args:
        surroundings: whose directory, settings and clock are used.
        store: the log of calls and notifications; who made it starts and stops it.
        live: the calls that RCML applications decide.
    """

    def __init__(self, surroundings: Surroundings, store: Store, live: LiveCalls) -> None:
        settings, now = surroundings.settings, surroundings.control.now
        self._body_limit = settings.http.body_limit
        self._edits = Edits(surroundings.directory)
        self._guard = Guard(settings.rcml, now)
        accounts = Accounts(self._edits, now)
        calls = Calls(store, live, settings.rcml, instance_id(settings.state))
        numbers = Numbers(self._edits, settings.rcml, now)
        applications = Applications(self._edits, settings.rcml, now)
        clients = Clients(self._edits, now)
        notifications = Notifications(store, settings.rcml)
        of_numbers = {"GET": numbers.list, "POST": numbers.create}
        self._table: dict[tuple[str, ...], Methods] = {
            (): _updated(accounts.get, accounts.update),
            ("Calls",): {"GET": calls.list, "POST": calls.create},
            ("Calls", _SID): {"GET": calls.get, "POST": calls.modify},
            ("Calls", _SID, "Notifications"): {"GET": calls.notifications},
            ("Calls", _SID, "Recordings"): {"GET": calls.recordings},
            ("IncomingPhoneNumbers",): of_numbers,
            ("IncomingPhoneNumbers", "Local"): of_numbers,
            ("IncomingPhoneNumbers", "TollFree"): of_numbers,
            ("IncomingPhoneNumbers", "Mobile"): of_numbers,
            ("IncomingPhoneNumbers", _SID): _updated(numbers.get, numbers.update, numbers.delete),
            ("Applications",): {"GET": applications.list, "POST": applications.create},
            ("Applications", _SID): _updated(applications.get, applications.update, applications.delete),
            ("Clients",): {"GET": clients.list, "POST": clients.create},
            ("Clients", _SID): _updated(clients.get, clients.update, clients.delete),
            ("Notifications",): {"GET": notifications.list},
            ("Notifications", _SID): {"GET": notifications.get},
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        target, headers = Target.of(scope["path"]), Headers(scope["headers"])
        json = target.json or wants_json(headers.get(b"accept"))
        told: Mapping[str, str] = {}
        try:
            reply = await self._answer(scope, target, json, headers, receive)
            status, media_type, body = reply.status, *await _rendered(reply, json)
        except ConnectionResetError:  # the client was gone before its request was whole
            return
        except RestError as error:
            status, told = error.status, error.headers
            media_type, body = _message(error, json)
        except DatabaseUnavailableError as error:
            unreadable = unavailable(str(error))
            status, told = unreadable.status, unreadable.headers
            media_type, body = _message(unreadable, json)
        except Exception:
            log.exception("a request failed unexpectedly", method=scope["method"], path=scope["path"][:64])
            status, (media_type, body) = 500, _message(RestError(500, "Callgate failed, see its log"), json)
        sent = [(b"content-length", str(len(body)).encode())]
        if body:
            sent.append((b"content-type", media_type.encode()))
        sent += [(name.lower().encode(), text.encode("latin-1")) for name, text in told.items()]
        await send({"type": "http.response.start", "status": status, "headers": sent if status != 204 else []})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _answer(self, scope: Scope, target: Target, json: bool, headers: Headers, receive: Receive) -> Reply:
        if target.segments[:2] != (MOUNT[1:], API_VERSION):
            raise RestError(404, f"the base of this API is {ROOT}")
        address = scope["client"][0] if scope["client"] else ""
        index = await self._edits.index()
        account = self._guard.account(headers.get(b"authorization"), address, index.account)
        segments = target.segments[2:]
        if segments[:1] != ("Accounts",) or len(segments) < 2:
            raise RestError(404, f"the resources of this account are at {ROOT}/Accounts/{account.sid}")
        if segments[1] != account.sid:
            raise RestError(403, "this is another account, or none")
        methods, sid = self._find(segments[2:])
        method = scope["method"]
        endpoint = methods.get("GET" if method == "HEAD" else method)
        if endpoint is None:
            raise RestError(405, headers={"Allow": _allowed(methods)})
        query = read_parameters(scope["query_string"], "the query string")
        form: dict[str, str] = {}
        if method in ("POST", "PUT"):
            body = await read_body(receive, headers, self._body_limit)
            if body:
                check_form(headers)
            form = read_parameters(body, "the body")
        path = f"/{'/'.join(target.segments)}"
        return await endpoint(Request(account, path, sid, json, query, form))

    def _find(self, segments: tuple[str, ...]) -> tuple[Methods, str]:
        """What can be done at a path below an account, and the sid in it."""
        exact = self._table.get(segments)
        if exact is not None and _SID not in segments:
            return exact, ""
        if len(segments) > 1:
            found = self._table.get((segments[0], _SID, *segments[2:]))
            if found is not None:
                return found, segments[1]
        raise RestError(404)


def _updated(get: Endpoint, update: Endpoint, delete: Endpoint | None = None) -> Methods:
    methods = {"GET": get, "POST": update, "PUT": update}
    return methods if delete is None else {**methods, "DELETE": delete}


def _allowed(methods: Methods) -> str:
    return ", ".join(sorted([*methods, "HEAD"]))


async def _rendered(reply: Reply, json: bool) -> tuple[str, bytes]:
    content = reply.content
    if content is None:
        return "", b""
    render = rendering.to_json if json else rendering.to_xml
    media_type = rendering.JSON if json else rendering.XML
    if rendering.is_long(content):
        return media_type, await asyncio.to_thread(render, content)
    return media_type, render(content)


def _message(error: RestError, json: bool) -> tuple[str, bytes]:
    if not error.text:
        return "", b""
    if error.plain:
        return rendering.TEXT, error.text.encode(errors="replace")
    return (rendering.JSON if json else rendering.XML), rendering.message(error.text, json=json)
