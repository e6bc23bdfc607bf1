"""The link between a controller and the edge.

Events come over TCP from Kamailio's evapi, in netstrings; commands leave as datagrams, one each, and are acknowledged
by an event. Why two ways: docs/decisions/0002-the-link.md. A command that is not acknowledged in time is sent once
more, then it counts as unanswered; the edge repeats the acknowledgement of a command it has carried out already.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections import deque
from typing import Protocol, cast

import msgspec
import structlog

from callgate.core.calls import Call, Sequence
from callgate.core.reports import Ack, AckResult, Incoming, Report
from callgate.core.verdicts import Verdict
from callgate.edge.configuration import LinkAddress
from callgate.edge.errors import LinkRefusedError
from callgate.edge.frames import FrameError, FrameReader
from callgate.edge.rows import Rows, digest_of, drops, networks, puts
from callgate.edge.wire import (
    PROGRESS,
    AckFrame,
    CallFrame,
    CountersFrame,
    EdgeFrame,
    OutcomeFrame,
    PhoneFrame,
    ProgressFrame,
    ResumedFrame,
    SyncedFrame,
    WelcomeFrame,
    decision_words,
    decode,
    hold_words,
    incoming_of,
    ringing_words,
    sequence_of,
    transfer_words,
)

log = structlog.get_logger(__name__)

#: How often the controller tells the edge that it is alive and how far it has read, in seconds.
BEAT = 0.2
#: It does so sooner when it has read that much since: kilobytes of events, each counted as one at least.
BEAT_AFTER = 500
#: How many commands may wait for their acknowledgement; more wait here, so that no datagram is lost in a burst.
IN_FLIGHT = 128
#: How long a command may be: what UDP carries over IPv4 (RFC 768), in bytes.
DATAGRAM_BYTES = 65_507
_SWEEP = 0.05
#: More changed rows than this are sent as a whole new generation.
_PATCH_LIMIT = 2_000
_WELCOME_TIMEOUT = 5.0
#: The edge hears of the joining port by another way than of the connection; it has so long (seconds) to notice.
_JOIN_PAUSE = 0.02


class LinkEvents(Protocol):
    """Who hears the edge. All are called on the event loop and must return at once."""

    def on_connecting(self) -> None:
        """A connection begins, on which the edge tells all calls and phones it has; :meth:`on_synced` is their end."""
        ...

    def on_incoming(self, incoming: Incoming) -> None: ...

    def on_report(self, report: Report) -> None: ...

    def on_resumed(self, sequence: Sequence, answered: bool, attempt: int) -> None:
        """A call that the edge told at connect was let go before, and maybe answered; ``attempt``: or it is dialled."""
        ...

    def on_phone(self, login: str, contacts: int, source: str) -> None:
        """A phone has registered or is gone (no ``contacts``); ``source`` is "address:port", where it spoke from."""
        ...

    def on_synced(self) -> None:
        """The edge has told all calls and phones it had when the controller connected."""
        ...

    def on_lost(self) -> None:
        """The link is gone."""
        ...


class _Command(msgspec.Struct):
    words: bytes
    answer: asyncio.Future[Ack]
    due: float
    again: bool


class EdgeLink(asyncio.Protocol):
    """One connection to one edge.

    Args:
        events: who hears what the edge tells.
        command_timeout: seconds a command waits for its acknowledgement before it is sent again, and then once more.
    """

    def __init__(self, address: LinkAddress, events: LinkEvents, *, command_timeout: float = 1.0) -> None:
        self._loop = asyncio.get_running_loop()
        self._address = address
        self._events = events
        self._command_timeout = command_timeout
        self._reader = FrameReader()
        self._stream: asyncio.Transport | None = None
        self._datagrams: asyncio.DatagramTransport | None = None
        self._prefix = address.secret.encode() + b" "
        self._welcomed: asyncio.Future[WelcomeFrame] | None = None
        self._read = 0
        self._told = 0
        # Not from 1 on: what an earlier link's commands did must never pass for what this one's did.
        self._last_id = secrets.randbelow(1_000_000_000)
        self._in_flight: dict[int, _Command] = {}
        self._waiting: deque[tuple[int, _Command]] = deque()
        self._outcomes: dict[int, asyncio.Future[Ack]] = {}
        self._ticker: asyncio.TimerHandle | None = None
        self._next_beat = 0.0
        self._edge = 0
        self._rows: Rows = {}
        self._generation = 0
        self._digest = ""
        #: The generation that rows were last sent for, and their digest: it may hold some of them.
        self._begun = (secrets.randbelow(1_000_000), "")
        self.version = ""
        self.counters: dict[str, int] = {}
        self.entries: dict[str, int] = {}

    @property
    def connected(self) -> bool:
        return self._stream is not None

    async def connect(self) -> None:
        """Connect, and return when the edge has welcomed this controller.

        Raises:
            OSError: nobody listens there.
            LinkRefusedError: the edge closed the connection or stayed silent for five seconds.
        """
        loop = asyncio.get_running_loop()
        self._events.on_connecting()
        self._welcomed = loop.create_future()
        self._datagrams, _ = await loop.create_datagram_endpoint(
            lambda: _Acknowledgements(self), remote_addr=("127.0.0.1", self._address.control_port)
        )
        try:
            await self._join()
            welcome = await asyncio.wait_for(self._welcomed, _WELCOME_TIMEOUT)
        except TimeoutError:
            self.close()
            raise LinkRefusedError(f"no welcome within {_WELCOME_TIMEOUT:g} s") from None
        except BaseException:
            self.close()
            raise
        self._edge = welcome.edge
        self.version = welcome.version

    async def _join(self) -> None:
        """Connect from a port that the edge was told before: it takes no other connection."""
        loop = asyncio.get_running_loop()
        stream = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            stream.setblocking(False)
            stream.bind(("127.0.0.1", 0))
            assert self._datagrams is not None
            self._datagrams.sendto(self._prefix + b"join %d" % stream.getsockname()[1])
            await asyncio.sleep(_JOIN_PAUSE)
            await loop.sock_connect(stream, ("127.0.0.1", self._address.link_port))
        except BaseException:
            stream.close()
            raise
        await loop.create_connection(lambda: self, sock=stream)

    def close(self) -> None:
        """Close the link; commands that wait are unanswered."""
        if self._stream is not None:
            self._stream.close()
        self._cleanup()

    # --- asyncio.Protocol --------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._stream = cast(asyncio.Transport, transport)  # uvloop's is one in all but its class
        self._socket = transport.get_extra_info("socket")
        self._tick()

    def data_received(self, data: bytes) -> None:
        # Kamailio sends its next piece when this one is acknowledged (RFC 896), which the kernel puts off for 40 ms.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        try:
            frames = self._reader.feed(data)
        except FrameError:
            log.exception("the link is closed, the edge sent what is no frame")
            if self._stream is not None:
                self._stream.abort()
            return
        self._read += sum(1 + len(each) // 1024 for each in frames)
        if self._read - self._told >= BEAT_AFTER:
            self._beat()
        for each in frames:
            self.hear(each)

    def hear(self, frame: bytes) -> None:
        """What the edge tells, whichever way it came."""
        try:
            self._hear(decode(frame))
        except msgspec.DecodeError as error:
            log.error("a frame of the edge could not be read", error=str(error), frame=frame[:200])
        except Exception:  # one event must not cost the link: it would be told again at each new one
            log.exception("an event of the edge could not be taken in", frame=frame[:200])

    def connection_lost(self, exc: Exception | None) -> None:
        was_open = self._stream is not None
        self._cleanup()
        if self._welcomed is not None and not self._welcomed.done():
            self._welcomed.set_exception(LinkRefusedError("the connection was closed"))
        if was_open:
            self._events.on_lost()

    def _cleanup(self) -> None:
        self._stream = None
        if self._ticker is not None:
            self._ticker.cancel()
        if self._datagrams is not None:
            self._datagrams.close()
        commands = [*self._in_flight.values(), *(command for _, command in self._waiting)]
        self._in_flight.clear()
        self._waiting.clear()
        for command in commands:
            _answer(command, Ack(AckResult.UNANSWERED))
        for outcome in self._outcomes.values():
            if not outcome.done():
                outcome.set_result(Ack(AckResult.UNANSWERED))

    # --- events ------------------------------------------------------------------------------------------------

    def _hear(self, event: EdgeFrame) -> None:
        match event:
            case AckFrame():
                self._acknowledged(event)
            case CallFrame():
                self._events.on_incoming(incoming_of(event, self._edge))
            case ProgressFrame():
                self._events.on_report(
                    Report(
                        sequence_of(event.k),
                        PROGRESS[type(event)],
                        event.status,
                        event.phrase.decode("utf-8", "backslashreplace"),
                        event.by,
                        event.n,
                        event.t,
                    )
                )
            case CountersFrame():
                self.counters = event.counters()
                self.entries = event.entries()
            case OutcomeFrame():
                outcome = self._outcomes.get(event.id)
                if outcome is not None and not outcome.done():
                    took = 200 <= event.status < 300
                    outcome.set_result(Ack(AckResult.DONE if took else AckResult.FAILED, event.status))
            case ResumedFrame():
                self._events.on_resumed(sequence_of(event.k), event.state == "answered", event.n)
            case PhoneFrame():
                self._events.on_phone(event.login.decode("utf-8", "backslashreplace"), event.contacts, event.source)
            case WelcomeFrame():
                self._edge = event.edge
                self._generation = event.generation
                self._digest = event.digest
                if self._welcomed is not None and not self._welcomed.done():
                    self._welcomed.set_result(event)
            case SyncedFrame():
                self._events.on_synced()

    # --- commands ----------------------------------------------------------------------------------------------

    def decide(self, call: Call, verdict: Verdict, hold: float) -> asyncio.Future[Ack]:
        """Have a verdict carried out on a held call.

        ``hold`` is for how long (seconds) the edge holds the call again if nobody who is dialled answers.
        """
        word, rest = decision_words(call, verdict, hold)
        return self._command(word, rest)

    def hold_on(self, call: Call, seconds: float, status: int, phrase: str) -> asyncio.Future[Ack]:
        """Hold a held call for so long from now on; with a ``status``, the caller gets that provisional response."""
        return self._command("hold", hold_words(call, seconds, status, phrase))

    def withdraw(self, call: Call) -> asyncio.Future[Ack]:
        """Cancel what was dialled, so that the call is held again; the last word is the number of the dialling."""
        return self._command("withdraw", f"{ringing_words(call)} {call.attempt}")

    def hang_up(self, call: Call) -> asyncio.Future[Ack]:
        """End a call that was let go: BYE both ways, or CANCEL and 603 if the destination has not answered yet."""
        return self._command("hangup", ringing_words(call))

    async def talk(self, call: Call, patience: float) -> Ack:
        """Have the phone that rings answer, and learn what it replied; see :meth:`_ask`."""
        return await self._ask("talk", f"{ringing_words(call)} {call.attempt}", patience)

    async def transfer(self, call: Call, uri: str, patience: float) -> Ack:
        """Have the caller of an established call call that URI instead, and learn what it replied."""
        return await self._ask("transfer", transfer_words(call, uri), patience)

    async def _ask(self, word: str, rest: str, patience: float) -> Ack:
        """A command that has the edge send a request: done if that got a 2xx, else failed with its status.

        What is replied is told behind the command's acknowledgement; after ``patience`` seconds it is 408.
        """
        sent = self._command(word, rest)
        if sent.done():
            return sent.result()
        number = self._last_id
        outcome: asyncio.Future[Ack] = self._loop.create_future()
        self._outcomes[number] = outcome
        try:
            ack = await sent
            if ack.result is not AckResult.DONE:
                return ack
            async with asyncio.timeout(patience):
                return await outcome
        except TimeoutError:
            return Ack(AckResult.FAILED, 408)
        finally:
            del self._outcomes[number]

    async def tables(self, rows: Rows) -> bool:
        """Bring the edge's tables to ``rows``: nothing if it has them, what changed if that is little, else all.

        Returns whether the edge acknowledged all of it.
        """
        digest = digest_of(rows)
        if digest == self._digest:
            self._rows = rows
            return True
        known, self._rows, self._digest = self._rows, {}, ""  # until all of it is acknowledged
        changed = {key: value for key, value in rows.items() if known.get(key) != value}
        gone = [key for key in known if key not in rows]
        # Networks are looked up one after the other by index: moved one by one, some would not be found meanwhile.
        if known and networks(known) == networks(rows) and len(changed) + len(gone) <= _PATCH_LIMIT:
            generation = self._generation
            # The old digest is void from the first changed row on, whatever becomes of this link.
            if not await self._all_done([("commit", f"{generation} -")]):
                return False
            commands = [("put", f"now {batch}") for batch in puts(changed)]
            commands += [("drop", batch) for batch in drops(gone)]
        else:
            generation = self._new_generation(digest)
            commands = [("put", f"{generation} {batch}") for batch in puts(rows)]
        if not await self._all_done(commands) or not await self._all_done([("commit", f"{generation} {digest}")]):
            return False
        self._rows, self._generation, self._digest = rows, generation, digest
        return True

    def _new_generation(self, digest: str) -> int:
        """A generation that holds no rows, or only some of the same."""
        number, begun = self._begun
        if begun != digest or number == self._generation:
            number = number % 1_000_000_000 + 1
            if number == self._generation:
                number += 1
        self._begun = (number, digest)
        return number

    async def _all_done(self, commands: list[tuple[str, str]]) -> bool:
        """Have commands about the tables done, a few at a time: they must never crowd out the commands of calls."""
        for start in range(0, len(commands), 8):
            acks = await asyncio.gather(*(self._command(*each) for each in commands[start : start + 8]))
            if any(ack.result is not AckResult.DONE for ack in acks):
                return False
        return True

    def _command(self, word: str, rest: str) -> asyncio.Future[Ack]:
        answer: asyncio.Future[Ack] = self._loop.create_future()
        if self._stream is None:
            answer.set_result(Ack(AckResult.UNANSWERED))
            return answer
        self._last_id = number = self._last_id % 1_000_000_000 + 1
        command = _Command(self._prefix + f"{word} {number} {rest}".encode(), answer, 0.0, False)
        if len(command.words) > DATAGRAM_BYTES:
            log.error("a command is too long for one datagram", word=word, bytes=len(command.words))
            answer.set_result(Ack(AckResult.UNANSWERED))
            return answer
        if len(self._in_flight) < IN_FLIGHT:
            self._send(number, command)
        else:
            self._waiting.append((number, command))
        return answer

    def _send(self, number: int, command: _Command) -> None:
        command.due = self._loop.time() + self._command_timeout
        self._in_flight[number] = command
        if self._datagrams is not None:
            self._datagrams.sendto(command.words)

    def _acknowledged(self, event: AckFrame) -> None:
        command = self._in_flight.pop(event.id, None)
        if command is None:
            return  # answered to the first sending and to the second
        _answer(command, Ack(event.result, event.status))
        self._send_waiting()

    def _send_waiting(self) -> None:
        while self._waiting and len(self._in_flight) < IN_FLIGHT:
            self._send(*self._waiting.popleft())

    def _tick(self) -> None:
        """Beat, and see which commands are overdue: they stand in the order they were sent in."""
        now = self._loop.time()
        self._ticker = self._loop.call_later(_SWEEP, self._tick)
        if now >= self._next_beat:
            self._next_beat = now + BEAT
            self._beat()
        while self._in_flight:
            number = next(iter(self._in_flight))
            command = self._in_flight[number]
            if command.due > now:
                break
            del self._in_flight[number]
            if command.again:
                log.warning("the edge did not acknowledge a command that was sent twice", id=number)
                _answer(command, Ack(AckResult.UNANSWERED))
            else:
                command.again = True
                self._send(number, command)
        self._send_waiting()

    def _beat(self) -> None:
        self._told = self._read
        if self._datagrams is not None:
            self._datagrams.sendto(self._prefix + b"beat %d" % self._read)


class _Acknowledgements(asyncio.DatagramProtocol):
    """They come back the way the commands went."""

    def __init__(self, link: EdgeLink) -> None:
        self._link = link

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._link.hear(data)


def _answer(command: _Command, ack: Ack) -> None:
    with contextlib.suppress(asyncio.InvalidStateError):  # its waiter was cancelled
        command.answer.set_result(ack)
