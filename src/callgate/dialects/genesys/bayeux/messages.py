"""Bayeux messages (The Bayeux Protocol Specification 1.0, "Common Message Field Definitions").

What clients send is read tolerantly: an array or a single object, fields that are not known are left aside. Replies are
arrays.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

HANDSHAKE, CONNECT, DISCONNECT = "/meta/handshake", "/meta/connect", "/meta/disconnect"
SUBSCRIBE, UNSUBSCRIBE = "/meta/subscribe", "/meta/unsubscribe"
META = "/meta/"
VERSION = "1.0"
LONG_POLLING, WEBSOCKET = "long-polling", "websocket"
#: The transports, best first.
TRANSPORTS = (WEBSOCKET, LONG_POLLING)


class UnreadableError(Exception):
    """What was sent is not JSON, or neither an object nor an array."""


class MalformedError(Exception):
    """A message is not one: ``reply`` says so, and nothing that came with it is carried out."""

    def __init__(self, reply: bytes) -> None:
        super().__init__("a message is malformed")
        self.reply = reply


class Message(msgspec.Struct, frozen=True, rename="camel"):
    """What a client sends.

    ``advice["timeout"]`` is in milliseconds. ``ext["ack"]`` is of the acknowledgement extension: true in a handshake,
    the number of the last batch that was received in a connect.
    """

    channel: str
    id: str | int | None = None
    client_id: str | None = None
    supported_connection_types: list[str] | None = None
    connection_type: str | None = None
    subscription: str | list[str] | None = None
    advice: dict[str, Any] | None = None
    ext: dict[str, Any] | None = None

    @property
    def timeout(self) -> float | None:
        """For how many seconds the client wants a connect to be held at most, or ``None`` if it does not say."""
        asked = (self.advice or {}).get("timeout")
        return max(asked, 0) / 1000 if isinstance(asked, int | float) and not isinstance(asked, bool) else None

    @property
    def acknowledges(self) -> bool:
        """Whether a handshake asks for the acknowledgement extension; newer clients may ask with an object."""
        asked = (self.ext or {}).get("ack")
        return bool(asked.get("enabled")) if isinstance(asked, dict) else asked is True

    @property
    def batch(self) -> int | None:
        """The last batch that a connect acknowledges, or ``None`` if it has none."""
        batch = (self.ext or {}).get("ack")
        return int(batch) if isinstance(batch, int | float) and not isinstance(batch, bool) else None

    @property
    def subscriptions(self) -> list[str]:
        """The channels to subscribe to, or to unsubscribe from."""
        asked = self.subscription
        return [asked] if isinstance(asked, str) else asked or []


class Advice(msgspec.Struct, frozen=True):
    """What the client should do next; ``interval`` before it does, and the ``timeout`` of polls, in milliseconds."""

    reconnect: Literal["retry", "handshake", "none"]
    interval: int = 0
    timeout: int = 0


class Reply(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The reply to a message. ``error`` is "code:arguments:text"."""

    channel: str
    successful: bool
    id: str | int | None = None
    client_id: str | None = None
    version: str | None = None
    minimum_version: str | None = None
    supported_connection_types: tuple[str, ...] | None = None
    subscription: str | list[str] | None = None
    error: str | None = None
    advice: Advice | None = None
    ext: dict[str, bool | int] | None = None


class _Event(msgspec.Struct, frozen=True):
    data: msgspec.Raw
    channel: str


class _Reference(msgspec.Struct, frozen=True):
    """As much of a malformed message as its reply needs."""

    channel: Any = None
    id: Any = None


_encoder = msgspec.json.Encoder()
_array = msgspec.json.Decoder(list[msgspec.Raw])
_message = msgspec.json.Decoder(Message)
_reference = msgspec.json.Decoder(_Reference)


def read(body: bytes) -> list[Message]:
    """The messages of a body or of a WebSocket's frame.

    Raises:
        UnreadableError: it holds no JSON array or object.
        MalformedError: one of them has no channel, or a field of another type than the protocol says.
    """
    try:
        raws = _array.decode(body) if body.lstrip()[:1] == b"[" else [msgspec.Raw(body)]
        return [_read_one(raw) for raw in raws]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableError(str(error)) from None


def encode(reply: Reply) -> bytes:
    """A reply as JSON, to be put into an array."""
    return _encoder.encode(reply)


def event(channel: str, data: msgspec.Raw) -> bytes:
    """An event as JSON, to be put into an array."""
    return _encoder.encode(_Event(data, channel))


def array(messages: Iterable[bytes]) -> bytes:
    """Encoded messages as the array that travels."""
    return b"[" + b",".join(messages) + b"]"


def _read_one(raw: msgspec.Raw) -> Message:
    try:
        return _message.decode(raw)
    except msgspec.ValidationError as error:
        raise MalformedError(_refusal(raw, str(error))) from None


def _refusal(raw: msgspec.Raw, why: str) -> bytes:
    try:
        given = _reference.decode(raw)
    except msgspec.ValidationError as error:
        raise UnreadableError(str(error)) from None
    channel = given.channel if isinstance(given.channel, str) else ""
    id_ = given.id if isinstance(given.id, str | int) else None
    return encode(Reply(channel, False, id_, error=f"400::{why}"))
