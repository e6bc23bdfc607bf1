"""What the server answers, without I/O and without a clock (The Bayeux Protocol Specification 1.0).

Events reach a client with the reply to a poll, before it, so that their order is kept; a WebSocket's client without the
acknowledgement extension gets them as they come. The protocol is told of the time (Unix seconds) with each message.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence

import msgspec
import structlog

from callgate.dialects.genesys.bayeux import channels
from callgate.dialects.genesys.bayeux.messages import (
    CONNECT,
    DISCONNECT,
    HANDSHAKE,
    META,
    SUBSCRIBE,
    TRANSPORTS,
    UNSUBSCRIBE,
    VERSION,
    Advice,
    Message,
    Reply,
    array,
    encode,
    event,
)
from callgate.dialects.genesys.bayeux.outbox import Outbox
from callgate.dialects.genesys.bayeux.roster import Roster
from callgate.dialects.genesys.bayeux.sessions import Ending, Line, Poll, Session, State
from callgate.dialects.genesys.model import Login
from callgate.settings import GenesysSettings

log = structlog.get_logger(__name__)

_UNKNOWN = "402::Unknown client"
_HANDSHAKE = Advice("handshake")
#: How long (milliseconds) a client waits before it tries a server again that has stopped.
_AFTER_STOP = 1000

#: How a session's end is told to the poll that waits: whether that was successful, the error, what to do next. With
#: "none" two polls of one session do not end each other for ever.
_ENDINGS: dict[Ending, tuple[bool, str, Advice]] = {
    Ending.REPLACED: (False, "408::Another poll of this session came", Advice("none")),
    Ending.DISCONNECTED: (True, "", Advice("none")),
    Ending.LOGGED_OUT: (False, _UNKNOWN, Advice("handshake")),
    Ending.SILENT: (False, _UNKNOWN, Advice("handshake")),
    Ending.FULL: (False, _UNKNOWN, Advice("handshake")),
    Ending.STOPPED: (False, "503::Callgate stops", Advice("handshake", _AFTER_STOP)),
}


class Counts(msgspec.Struct):
    """What happened since the start."""

    handshakes: int = 0
    refused: int = 0  #: handshakes, because of ``cometd_limit``
    events: int = 0  #: queued, for each session that wanted them
    silent: int = 0  #: sessions dropped because they did not poll
    full: int = 0  #: sessions dropped because their events were not fetched


class Protocol:
    """All sessions."""

    def __init__(self, settings: GenesysSettings) -> None:
        self.counts = Counts()
        self._settings = settings
        self._advice = Advice("retry", 0, round(settings.poll * 1000))
        self._roster = Roster()
        self._stopped = False
        self._handlers: dict[str, Callable[[Message, Session], Reply]] = {
            SUBSCRIBE: self._subscribe,
            UNSUBSCRIBE: self._unsubscribe,
            DISCONNECT: self._disconnect,
        }

    # --- what clients say --------------------------------------------------------------------------------------------

    def receive(
        self, messages: Sequence[Message], login: Login, now: float, line: Line | None = None
    ) -> list[bytes] | Poll:
        """Carry out what came together; gives the replies, or the poll if it is one that has to wait.

        Args:
            line: the WebSocket that it came over.
        """
        handshake = next((message for message in messages if message.channel == HANDSHAKE), None)
        if handshake is not None:  # whatever else came with it has to be ignored
            return [encode(self._handshake(handshake, login, now, line))]
        replies: list[bytes] = []
        for message in messages:
            session = self._find(message, login, line)
            if session is None:
                replies.append(encode(Reply(message.channel, False, message.id, error=_UNKNOWN, advice=_HANDSHAKE)))
            elif message.channel == CONNECT:
                poll = self._connect(message, session, now)
                if poll.timeout and len(messages) == 1:
                    return poll
                replies += self._answer(poll)
            else:
                handler = self._handlers.get(message.channel, _not_for_clients)
                replies.append(encode(handler(message, session)))
        return replies

    def finish(self, poll: Poll) -> bytes:
        """Answer a poll that has waited: for events, for its time, or because it is to end."""
        return array(self._answer(poll))

    def abandon(self, poll: Poll) -> None:
        """The connection broke on which a poll waited: the events stay for the next one."""
        session = poll.session
        if session.poll is poll:
            session.poll = None
            session.move(State.CONNECTED)

    def fetch(self, session: Session) -> bytes | None:
        """The events that a line was told of, if there still are some."""
        if session.state is State.GONE or not len(session.outbox):
            return None
        return array(session.outbox.take())

    def leave(self, session: Session, line: Line) -> None:
        """A line is closed: the session waits for the client to come back over another connection."""
        if session.line is line:
            session.line = None

    # --- what happens ------------------------------------------------------------------------------------------------

    def publish(self, agent: str, channel: str, data: msgspec.Raw) -> None:
        """Queue an event for every session of that agent that has subscribed to the channel."""
        encoded: bytes | None = None
        for session in self._roster.of_agent(agent):
            if not session.wants(channel):
                continue
            encoded = encoded or event(channel, data)
            if session.put(encoded):
                self.counts.events += 1
            else:
                self.counts.full += 1
                log.warning("a CometD session does not fetch its events and is dropped", agent=agent)
                self._drop(session, Ending.FULL)

    def end(self, http_session: str) -> None:
        """That login is over."""
        for session in self._roster.of_login(http_session):
            self._drop(session, Ending.LOGGED_OUT)

    def expire(self, now: float) -> None:
        """Drop the sessions that have not polled for too long."""
        patience = self._settings.poll + self._settings.poll_pause
        while (session := self._roster.oldest()) is not None and now - session.heard > patience:
            if session.poll is not None:
                self._roster.hear(session, now)
                continue
            self.counts.silent += 1
            log.info("a CometD session has not polled and is dropped", agent=session.agent)
            self._drop(session, Ending.SILENT)

    def stop(self) -> None:
        """Have every waiting poll answered, and let no other wait."""
        self._stopped = True
        for session in self._roster.all():
            self._drop(session, Ending.STOPPED)

    def logins(self) -> Iterable[str]:
        """The HTTP sessions that sessions belong to."""
        return self._roster.logins()

    @property
    def waiting(self) -> int:
        """How many polls wait."""
        return sum(session.poll is not None for session in self._roster.all())

    def __len__(self) -> int:
        return len(self._roster)

    # --- each message ------------------------------------------------------------------------------------------------

    def _find(self, message: Message, login: Login, line: Line | None) -> Session | None:
        """The session that a message is of. It belongs to the login that it was last spoken for with, and to the line
        that it last spoke over."""
        session = self._roster.find(message.client_id or "")
        if session is None or session.agent != login.agent:
            return None
        self._roster.belong(session, login.session)
        _speak_over(session, line)
        return session

    def _handshake(self, message: Message, login: Login, now: float, line: Line | None) -> Reply:
        offered = message.supported_connection_types
        problem: tuple[str, Advice] | None = None
        if offered is not None and not set(offered) & set(TRANSPORTS):
            problem = f"400::supportedConnectionTypes has none of {', '.join(TRANSPORTS)}", Advice("none")
        elif self._stopped:
            problem = _ENDINGS[Ending.STOPPED][1:]
        elif len(self._roster) >= self._settings.cometd_limit:
            self.counts.refused += 1
            log.warning("a CometD handshake is refused: too many sessions", agent=login.agent)
            problem = "503::Too many sessions", Advice("handshake", round(self._settings.poll_pause * 1000))
        if problem is not None:
            error, advice = problem
            return Reply(
                HANDSHAKE, False, message.id, error=error, advice=advice, supported_connection_types=TRANSPORTS
            )
        outbox = Outbox(self._settings.event_queue, self._settings.event_bytes, acknowledged=message.acknowledges)
        session = Session(secrets.token_hex(16), login.agent, login.session, outbox, now)
        self._roster.add(session)
        _speak_over(session, line)
        self.counts.handshakes += 1
        return Reply(
            HANDSHAKE,
            True,
            message.id,
            session.id,
            VERSION,
            VERSION,
            TRANSPORTS,
            advice=self._advice,
            ext={"ack": True} if message.acknowledges else None,
        )

    def _connect(self, message: Message, session: Session, now: float) -> Poll:
        """The poll, with 0 as its timeout if it must not wait."""
        self._roster.hear(session, now)
        if session.poll is not None:
            session.poll.end(Ending.REPLACED)
            session.poll = None
            session.move(State.CONNECTED)
        if session.outbox.acknowledged:
            session.outbox.acknowledge(message.batch)
        limit = self._settings.poll
        timeout = limit if message.timeout is None else min(message.timeout, limit)
        if session.state is State.NEW:
            session.move(State.CONNECTED)
            timeout = 0.0
        elif len(session.outbox):
            timeout = 0.0
        poll = Poll(session, message, timeout)
        if timeout:
            session.move(State.WAITING)
            session.poll = poll
        return poll

    def _answer(self, poll: Poll) -> list[bytes]:
        session, id_ = poll.session, poll.message.id
        if poll.ending is not None:
            successful, error, advice = _ENDINGS[poll.ending]
            return [encode(Reply(CONNECT, successful, id_, error=error or None, advice=advice))]
        self.abandon(poll)
        events = session.outbox.take()
        ext: dict[str, bool | int] | None = {"ack": session.outbox.batch} if session.outbox.acknowledged else None
        return [*events, encode(Reply(CONNECT, True, id_, session.id, advice=self._advice, ext=ext))]

    def _subscribe(self, message: Message, session: Session) -> Reply:
        asked = message.subscriptions
        error = self._why_not(asked, session)
        if error is None:
            session.subscriptions.update(asked)
        return _about_subscription(message, session, error)

    def _why_not(self, asked: list[str], session: Session) -> str | None:
        if not asked:
            return "400::subscription is missing"
        for subscription in asked:
            if not channels.well_formed(subscription):
                return "400::subscription is no channel: use /a/b, /a/* or /a/**"
            if not channels.allowed(subscription):
                return f"403:{subscription}:Subscription denied"
        if len(session.subscriptions.union(asked)) > self._settings.subscription_limit:
            return f"403::A session may have {self._settings.subscription_limit} subscriptions"
        return None

    def _unsubscribe(self, message: Message, session: Session) -> Reply:
        session.subscriptions.difference_update(message.subscriptions)
        return _about_subscription(message, session, None if message.subscriptions else "400::subscription is missing")

    def _disconnect(self, message: Message, session: Session) -> Reply:
        self._drop(session, Ending.DISCONNECTED)
        return Reply(DISCONNECT, True, message.id, session.id)

    def _drop(self, session: Session, ending: Ending) -> None:
        self._roster.remove(session)
        session.move(State.GONE)
        if session.poll is not None:
            session.poll.end(ending)
            session.poll = None
        if session.line is not None:
            session.line.over(session, ending)


def _speak_over(session: Session, line: Line | None) -> None:
    if session.line is line:
        return
    if session.line is not None:
        session.line.left(session)
    session.line = line
    if line is not None:
        line.joined(session)


def _about_subscription(message: Message, session: Session, error: str | None) -> Reply:
    return Reply(message.channel, error is None, message.id, session.id, subscription=message.subscription, error=error)


def _not_for_clients(message: Message, session: Session) -> Reply:
    if message.channel.startswith(META):
        error = f"404:{message.channel}:No such meta channel"
    else:
        error = f"403:{message.channel}:Clients cannot publish"
    return Reply(message.channel, False, message.id, session.id, error=error)
