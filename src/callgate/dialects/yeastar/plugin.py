"""The Yeastar dialect, put together: one mounted ASGI handler for HTTP and WebSocket, and one listener to the gate.

One handler and not one per endpoint: a wrong method, an unknown path or a broken request must get the vendor's
envelope, and a framework's router answers those itself before any endpoint sees them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus

from callgate.core.events import CallEvent, Delivery, Event
from callgate.dialects.asgi import Application, Receive, Scope, Send
from callgate.dialects.bodies import read_within
from callgate.dialects.lockout import BlockedAddress
from callgate.dialects.port import Surroundings
from callgate.dialects.yeastar.auth import Lockout, Tokens
from callgate.dialects.yeastar.decide import DIALECT
from callgate.dialects.yeastar.errors import ApiError, Code
from callgate.dialects.yeastar.events import INCOMING_CALL_REQUEST, encode, topics
from callgate.dialects.yeastar.requests import Request, access_token
from callgate.dialects.yeastar.routes import VERSION, Api
from callgate.dialects.yeastar.subscribe import Subscriptions, refuse_upgrade
from callgate.dialects.yeastar.webhooks import Push, Webhooks
from callgate.directory.model import Client, Webhook

#: Mounted above the version, so that another version gets the vendor's answer too.
MOUNT = "/openapi"
_SUBSCRIBE = f"{VERSION}/subscribe"


class Yeastar:
    """The dialect, as :class:`callgate.dialects.port.Dialect` asks for."""

    name = DIALECT
    mounts: Mapping[str, Application]

    def __init__(self, surroundings: Surroundings) -> None:
        self._control = surroundings.control
        self._directory = surroundings.directory
        self._serial = surroundings.settings.yeastar.serial
        self._body_limit = surroundings.settings.http.body_limit
        self._tokens = Tokens(surroundings)
        self._lockout = Lockout(surroundings.settings.yeastar, surroundings.control.now)
        self._subscriptions = Subscriptions(surroundings, self._tokens)
        self._webhooks = Webhooks(surroundings)
        self._api = Api(surroundings, self._tokens, self._lockout, self._subscriptions.check_tokens)
        self._stop_listening: list[Callable[[], None]] = []

        self.mounts = {MOUNT: self._serve}

    async def start(self) -> None:
        """Begin to listen to events and to push them."""
        self._webhooks.start()
        self._stop_listening = [self._control.listen(self._hear), self._directory.listen(self._directory_changed)]

    async def stop(self) -> None:
        """Close all WebSockets, give up what webhooks are waiting for."""
        for stop in self._stop_listening:
            stop()
        self._stop_listening = []
        await self._subscriptions.close_all()
        await self._webhooks.stop()

    # --- for the command line and Callgate's own API -----------------------------------------------------------------

    def blocked(self) -> list[BlockedAddress]:
        """The addresses that are blocked for failed logins."""
        return self._lockout.blocked()

    def unblock(self, address: str) -> bool:
        """Let an address log in again; false if nothing was known of it."""
        return self._lockout.clear(address)

    async def send_test(self, client: Client, webhook: Webhook) -> Delivery:
        """Send a webhook the vendor's test message and tell how it went."""
        return await self._webhooks.send_test(client, webhook)

    # --- events out --------------------------------------------------------------------------------------------------

    def _hear(self, event: Event) -> None:
        if not isinstance(event, CallEvent):
            return
        call = event.call
        for topic in topics(event):
            subscribers = self._subscriptions.receivers(topic, call.trunk)
            pushers = self._webhooks.receivers(topic, call.trunk)
            if not subscribers and not pushers:
                continue
            text = encode(topic, call, self._serial)  # once for all of them
            asked_for = topic == INCOMING_CALL_REQUEST
            for subscriber in subscribers:
                subscriber.put(text, call.id if asked_for else None)
            if pushers:
                push = Push(text.encode(), topic, call.id, call.trunk, call.deadline if asked_for else None)
                for pusher in pushers:
                    pusher.put(push)

    def _directory_changed(self, *_: object) -> None:
        self._tokens.revoke_orphans()
        self._subscriptions.check_tokens()

    # --- requests in -------------------------------------------------------------------------------------------------

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = scope["query_string"]
        scope["query_string"] = b""  # it holds the token: the server's access log prints what is in the scope
        path = scope["path"].removeprefix(MOUNT).strip("/")
        if scope["type"] == "websocket":
            await self._serve_websocket(path, query, receive, send)
            return
        try:
            body = await read_within(receive, self._body_limit)
        except ConnectionResetError:
            return
        status, reply = await self._api.answer(
            Request(
                method=scope["method"],
                path=path,
                query=query,
                user_agent=next((value for name, value in scope["headers"] if name == b"user-agent"), b""),
                address=scope["client"][0] if scope["client"] else "",
                body=body,
            )
        )
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(reply)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": reply, "more_body": False})

    async def _serve_websocket(self, path: str, query: bytes, receive: Receive, send: Send) -> None:
        if path != _SUBSCRIBE:
            error = ApiError(Code.INTERFACE_NOT_EXISTED, f"events are at {MOUNT}/{_SUBSCRIBE}")
            await refuse_upgrade(HTTPStatus.NOT_FOUND, error, receive, send)
            return
        try:
            session, _ = self._tokens.authorise(access_token(query))
        except ApiError as error:
            await refuse_upgrade(HTTPStatus.UNAUTHORIZED, error, receive, send)
            return
        await receive()  # "websocket.connect"
        await self._subscriptions.serve(session, receive, send)
