"""An application as others write it: it speaks the Yeastar P-Series API and nothing else."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Literal

import httpx
import msgspec
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from callgate.cli.demo.scene import DemoClient
from callgate.cli.exits import CommandError
from callgate.dialects.yeastar.wire import ChannelRequest, GetToken, TokenReply, TopicList

INCOMING_CALL_REQUEST = 30016
#: Seconds for each HTTP request and for the first message of the WebSocket.
_TIMEOUT = 10.0


class Told(msgspec.Struct, frozen=True):
    """An event 30016: the channel to decide, and who calls whom."""

    channel_id: str
    caller: str
    dialled: str


class Reply(msgspec.Struct, frozen=True):
    """What the API says of a decision."""

    errcode: int
    errmsg: str


class _Event(msgspec.Struct, frozen=True):
    type: int
    msg: str


class _Inbound(msgspec.Struct, frozen=True, rename={"caller": "from", "dialled": "to"}):
    channel_id: str
    caller: str
    dialled: str


class _Member(msgspec.Struct, frozen=True):
    inbound: _Inbound


class _Message(msgspec.Struct, frozen=True):
    members: list[_Member]


class Application:
    """Logs in, subscribes to 30016, and decides when told to; a context manager.

    Events are heard in a thread of its own: :meth:`wait` gives the next one.
    """

    def __init__(self, url: str, client: DemoClient) -> None:
        base = f"{url}/openapi/v1.0/"
        self._http = httpx.Client(base_url=base, headers={"User-Agent": "OpenAPI"}, timeout=_TIMEOUT, trust_env=False)
        self._subscribe = f"{base.replace('http', 'ws', 1)}subscribe"
        self._client = client
        self._arrived = threading.Condition()
        self._told: list[Told] = []

    def __enter__(self) -> Application:
        login = GetToken(username=self._client.client_id, password=self._client.secret)
        reply = self._http.post("get_token", json=msgspec.to_builtins(login))
        try:
            self._token = msgspec.json.decode(reply.content, type=TokenReply).access_token
        except msgspec.ValidationError as error:
            raise CommandError(f"the demo's application could not log in: {reply.text}") from error
        self._socket = connect(f"{self._subscribe}?access_token={self._token}", proxy=None, open_timeout=_TIMEOUT)
        self._socket.send(msgspec.json.encode(TopicList([INCOMING_CALL_REQUEST])).decode())
        self._socket.recv(_TIMEOUT)
        self._listening = threading.Thread(target=self._listen, name="application", daemon=True)
        self._listening.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
        self._listening.join(_TIMEOUT)
        self._http.close()

    def wait(self, seconds: float) -> Told | None:
        """The next event 30016 that was not waited for yet; ``None`` if none comes within so many seconds."""
        with self._arrived:
            self._arrived.wait_for(lambda: bool(self._told), seconds)
            return self._told.pop(0) if self._told else None

    def decide(self, verb: Literal["accept", "refuse"], channel_id: str) -> Reply:
        """``call/accept_inbound`` or ``call/refuse_inbound``, as in the manual."""
        reply = self._http.post(
            f"call/{verb}_inbound",
            params={"access_token": self._token},
            json=msgspec.to_builtins(ChannelRequest(channel_id)),
        )
        return msgspec.json.decode(reply.content, type=Reply)

    def _listen(self) -> None:
        try:
            for text in self._socket:
                event = msgspec.json.decode(text, type=_Event)
                if event.type == INCOMING_CALL_REQUEST:
                    inbound = msgspec.json.decode(event.msg, type=_Message).members[0].inbound
                    with self._arrived:
                        self._told.append(Told(inbound.channel_id, inbound.caller, inbound.dialled))
                        self._arrived.notify_all()
        except WebSocketException:
            return  # closed by the other side: wait() then gives None
