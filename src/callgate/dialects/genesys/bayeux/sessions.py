"""One CometD session: from a handshake until it is disconnected, falls silent, or its login is over."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Protocol

from callgate.dialects.genesys.bayeux.channels import matches
from callgate.dialects.genesys.bayeux.messages import Message
from callgate.dialects.genesys.bayeux.outbox import Outbox


class State(Enum):
    """Where a session is."""

    NEW = "new"  #: after the handshake; its first poll is answered at once
    CONNECTED = "connected"  #: it has polled, and no poll waits
    WAITING = "waiting"  #: a poll waits for events
    GONE = "gone"


MOVES: dict[State, frozenset[State]] = {
    State.NEW: frozenset({State.CONNECTED, State.GONE}),
    State.CONNECTED: frozenset({State.WAITING, State.GONE}),
    State.WAITING: frozenset({State.CONNECTED, State.GONE}),
    State.GONE: frozenset(),
}


class Ending(Enum):
    """Why a poll ends before there are events and before its time."""

    REPLACED = "another poll of this session came"
    DISCONNECTED = "the client has disconnected"
    LOGGED_OUT = "the login is over"
    SILENT = "it did not poll"
    FULL = "events were not fetched"
    STOPPED = "the server stops"


class Poll:
    """A connect that waits for ``timeout`` seconds at most; ``wake`` is called when it may be answered before."""

    __slots__ = ("ending", "message", "session", "timeout", "wake")

    def __init__(self, session: Session, message: Message, timeout: float) -> None:
        self.session = session
        self.message = message
        self.timeout = timeout
        self.ending: Ending | None = None
        self.wake: Callable[[], None] = _nobody

    def end(self, ending: Ending) -> None:
        """Have it answered now, with the reason; the first counts."""
        if self.ending is None:
            self.ending = ending
            self.wake()


class Line(Protocol):
    """A connection over which events can be sent at any time."""

    def joined(self, session: Session) -> None:
        """The session speaks over it from now on."""
        ...

    def left(self, session: Session) -> None:
        """The session speaks over another connection from now on."""
        ...

    def due(self, session: Session) -> None:
        """There are events to fetch for that session."""
        ...

    def over(self, session: Session, ending: Ending) -> None:
        """The session is gone."""
        ...


class Session:
    """A client's session.

    Args:
        http_session: the login that it belongs to.
        heard: when it was begun (Unix seconds); then the time of its last poll.
    """

    def __init__(self, id_: str, agent: str, http_session: str, outbox: Outbox, heard: float) -> None:
        self.id = id_
        self.agent = agent
        self.http_session = http_session
        self.outbox = outbox
        self.heard = heard
        self.state = State.NEW
        self.subscriptions: set[str] = set()
        self.poll: Poll | None = None
        self.line: Line | None = None

    def move(self, state: State) -> None:
        """Become that.

        Raises:
            ValueError: the table of states has no such move.
        """
        if state not in MOVES[self.state]:
            raise ValueError(f"a session that is {self.state.value} cannot become {state.value}")
        self.state = state

    def wants(self, channel: str) -> bool:
        """Whether it has subscribed to a channel."""
        return any(matches(subscription, channel) for subscription in self.subscriptions)

    def put(self, event: bytes) -> bool:
        """Queue an event and have it fetched; false if the queue is full."""
        if not self.outbox.put(event):
            return False
        if self.line is not None and not self.outbox.acknowledged:
            self.line.due(self)
        elif self.poll is not None:
            self.poll.wake()
        return True


def _nobody() -> None:
    """What a poll wakes that nobody waits for yet."""
