"""A client that speaks to the protocol itself: what is said and answered, as Python values."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from callgate.dialects.genesys.bayeux.messages import array, read
from callgate.dialects.genesys.bayeux.protocol import Protocol
from callgate.dialects.genesys.bayeux.sessions import Line, Poll
from callgate.dialects.genesys.model import CALLS, Login
from callgate.settings import GenesysSettings

SETTINGS = GenesysSettings(poll=30.0, poll_pause=20.0, event_queue=5, cometd_limit=3, subscription_limit=4)


def values(body: bytes) -> list[dict[str, Any]]:
    """The messages of a body."""
    return cast(list[dict[str, Any]], msgspec.json.decode(body))


def data(number: int) -> msgspec.Raw:
    return msgspec.Raw(b'{"number":%d}' % number)


def numbers(messages: list[dict[str, Any]]) -> list[int]:
    """The events among messages, by the number that :func:`data` gave them."""
    return [message["data"]["number"] for message in messages if "data" in message]


class Talker:
    """One client; its clock is played by the test."""

    def __init__(
        self, protocol: Protocol, agent: str = "anna", *, ack: bool = False, login: str = "login", now: float = 0.0
    ) -> None:
        self.protocol = protocol
        self.login = Login(agent, login)
        self.now = now
        self.ack = ack
        self.batch = 0
        self.client_id = ""
        self._id = 0

    def say(self, *messages: dict[str, Any], line: Line | None = None) -> list[dict[str, Any]] | Poll:
        """What comes of messages that travel together."""
        said = self.protocol.receive(read(msgspec.json.encode(messages)), self.login, self.now, line)
        return said if isinstance(said, Poll) else values(array(said))

    def ask(self, channel: str, **fields: Any) -> dict[str, Any]:
        """The one reply to one message."""
        replies = self.say(self.message(channel, **fields))
        assert isinstance(replies, list)
        assert len(replies) == 1
        return replies[0]

    def message(self, channel: str, **fields: Any) -> dict[str, Any]:
        self._id += 1
        return {"id": str(self._id), "channel": channel, "clientId": self.client_id, **fields}

    def handshake(self) -> dict[str, Any]:
        reply = self.ask("/meta/handshake", supportedConnectionTypes=["long-polling"], ext={"ack": self.ack})
        self.client_id = reply.get("clientId", "")
        return reply

    def subscribe(self, subscription: object = CALLS) -> dict[str, Any]:
        return self.ask("/meta/subscribe", subscription=subscription)

    def connect(self, *, line: Line | None = None, **fields: Any) -> list[dict[str, Any]] | Poll:
        """Poll; acknowledges what :meth:`heard` was told of."""
        if self.ack:
            fields.setdefault("ext", {"ack": self.batch})
        return self.say(self.message("/meta/connect", connectionType="long-polling", **fields), line=line)

    def waits(self, **fields: Any) -> Poll:
        """Poll, which has to wait."""
        poll = self.connect(**fields)
        assert isinstance(poll, Poll)
        return poll

    def fetches(self, **fields: Any) -> list[dict[str, Any]]:
        """Poll, which is answered at once."""
        replies = self.connect(**fields)
        assert isinstance(replies, list)
        return self.heard(replies)

    def heard(self, replies: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The replies arrived."""
        for reply in replies:
            if reply["channel"] == "/meta/connect" and "ack" in reply.get("ext", {}):
                self.batch = reply["ext"]["ack"]
        return replies

    def answered(self, poll: Poll) -> list[dict[str, Any]]:
        """The reply to a poll that has waited arrived."""
        return self.heard(values(self.protocol.finish(poll)))


def connected(protocol: Protocol, agent: str = "anna", **fields: Any) -> Talker:
    """A client that has subscribed to its calls, and polled once."""
    talker = Talker(protocol, agent, **fields)
    talker.handshake()
    talker.fetches()
    talker.subscribe()
    return talker
