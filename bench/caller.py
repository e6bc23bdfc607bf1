"""A caller that places calls at a steady rate and times every one of them.

A plain loop around one UDP socket: SIPp costs as much for a call and reads a clock of 4 ms. INVITEs and BYEs that stay
unanswered are sent again as a real phone does (RFC 3261, Timers A and E), and counted.
"""

from __future__ import annotations

import select
import time
from collections import deque
from collections.abc import Callable, Mapping

import msgspec

from bench.sip import header, open_socket

#: An answered call is hung up after that many seconds.
TALK = 0.2
#: After how many seconds without any response a request is sent again, and again.
_RESEND = (0.5, 1.0, 2.0, 4.0)
#: No more INVITEs than this leave before what has come is read.
_BURST = 16

_INVITE = (
    "INVITE sip:%b@{edge} SIP/2.0\r\n"
    "Via: SIP/2.0/UDP {own};branch=z9hG4bKi%d\r\n"
    "From: <sip:%d@{own}>;tag=c%d\r\n"
    "To: <sip:%b@{edge}>\r\n"
    "Call-ID: %d@bench\r\n"
    "CSeq: 1 INVITE\r\n"
    "Contact: <sip:bench@{own}>\r\n"
    "Max-Forwards: 70\r\n"
    "Content-Type: application/sdp\r\n"
    "Content-Length: {length}\r\n"
    "\r\n"
    "{sdp}"
)
_ACK_OF_REFUSAL = (
    "ACK sip:%b@{edge} SIP/2.0\r\n"
    "Via: SIP/2.0/UDP {own};branch=z9hG4bKi%d\r\n"
    "From: <sip:%d@{own}>;tag=c%d\r\n"
    "To:%b\r\n"
    "Call-ID: %d@bench\r\n"
    "CSeq: 1 ACK\r\n"
    "Max-Forwards: 70\r\n"
    "Content-Length: 0\r\n\r\n"
)
_WITHIN_DIALOG = (
    "%b %b SIP/2.0\r\n"
    "Via: SIP/2.0/UDP {own};branch=z9hG4bK%b%d\r\n"
    "Route:%b\r\n"
    "From: <sip:%d@{own}>;tag=c%d\r\n"
    "To:%b\r\n"
    "Call-ID: %d@bench\r\n"
    "CSeq: %d %b\r\n"
    "Max-Forwards: 70\r\n"
    "Content-Length: 0\r\n\r\n"
)
Reader = Callable[[], None]

_SDP = (
    "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)


class Plan(msgspec.Struct, frozen=True):
    """So many calls at that rate (calls/s) to that number.

    ``patience``: so long (seconds) the last of them may take to end.
    """

    rate: float
    calls: int
    patience: float = 10.0
    dialled: str = "2002"


class Calls(msgspec.Struct):
    """What became of the calls of one plan, by index from ``first`` on; times are monotonic seconds, 0.0: never.

    ``numbers`` of the callers are the indexes. ``again`` counts requests that were sent again, ``repeats`` final
    responses that were received again. ``seconds`` is how long the sending took.
    """

    first: int
    invited: list[float]
    ended: list[float]
    statuses: list[int]
    hung_up: int = 0
    again: int = 0
    repeats: int = 0
    seconds: float = 0.0


class Caller:
    """Places calls from one address to the edge."""

    def __init__(self, edge: tuple[str, int], ip: str) -> None:
        self.socket = open_socket(ip)
        self.socket.connect(edge)
        own = f"{ip}:{self.socket.getsockname()[1]}"
        sdp = _SDP.format(ip=ip)
        names = {"edge": f"{edge[0]}:{edge[1]}", "own": own, "sdp": sdp, "length": len(sdp)}
        self._invite = _INVITE.format(**names).encode()
        self._ack_of_refusal = _ACK_OF_REFUSAL.format(**names).encode()
        self._within_dialog = _WITHIN_DIALOG.format(**names).encode()
        self._dialled = b""
        self._next = 1_000_000
        self._calls = Calls(0, [], [], [])
        self._begun = 0
        self._finished = 0
        self._provisional: list[bool] = []
        self._unanswered: list[deque[tuple[float, int, bytes]]] = [deque() for _ in _RESEND]
        self._talking: deque[tuple[float, int, bytes]] = deque()

    def place(self, plan: Plan, readers: Mapping[int, Reader]) -> Calls:
        """Place the calls, and return when all have ended or patience is over.

        ``readers`` read what comes meanwhile, by file number: this caller's :meth:`read`, and others'.
        """
        self._calls = calls = Calls(self._next, [0.0] * plan.calls, [0.0] * plan.calls, [0] * plan.calls)
        self._provisional = [False] * plan.calls
        self._dialled = plan.dialled.encode()
        self._next += plan.calls
        self._begun = self._finished = 0
        began = now = time.monotonic()
        give_up = began + plan.calls / plan.rate + plan.patience
        while self._finished < plan.calls and now < give_up:
            due = min(plan.calls, int((now - began) * plan.rate) + 1, self._begun + _BURST)
            while self._begun < due:
                self._send_invite(self._begun)
                self._begun += 1
                if self._begun == plan.calls:
                    calls.seconds = time.monotonic() - began
            wait = 0.005
            if self._begun < plan.calls:
                wait = min(wait, max(0.0, began + self._begun / plan.rate - time.monotonic()))
            for readable in select.select(readers, (), (), wait)[0]:
                readers[readable]()
            now = time.monotonic()
            self._hang_up(now)
            self._send_again(now)
        for queue in (*self._unanswered, self._talking):
            queue.clear()
        return calls

    # --- sending -----------------------------------------------------------------------------------------------

    def _send_invite(self, index: int) -> None:
        number = self._calls.first + index
        dialled = self._dialled
        request = self._invite % (dialled, number, number, number, dialled, number)
        now = self._calls.invited[index] = time.monotonic()
        self._send(request)
        self._unanswered[0].append((now + _RESEND[0], index, request))

    def _hang_up(self, now: float) -> None:
        while self._talking and self._talking[0][0] <= now:
            _, index, request = self._talking.popleft()
            self._provisional[index] = False
            self._send(request)
            self._unanswered[0].append((now + _RESEND[0], index, request))

    def _send_again(self, now: float) -> None:
        for level, queue in enumerate(self._unanswered):
            while queue and queue[0][0] <= now:
                _, index, request = queue.popleft()
                if self._provisional[index]:
                    continue
                self._calls.again += 1
                self._send(request)
                if level + 1 < len(_RESEND):
                    self._unanswered[level + 1].append((now + _RESEND[level + 1], index, request))

    def _send(self, request: bytes) -> None:
        try:
            self.socket.send(request)
        except BlockingIOError:
            self._calls.again += 1  # the buffer is full: it is lost, as on a wire

    # --- receiving ---------------------------------------------------------------------------------------------

    def read(self) -> None:
        """Read what has come."""
        receive = self.socket.recv
        for _ in range(64):
            try:
                response = receive(65_536)
            except BlockingIOError:
                return
            if response.startswith(b"SIP/2.0 "):
                self._received(response)

    def _received(self, response: bytes) -> None:
        calls = self._calls
        at = response.find(b"\r\nCall-ID: ") + 11
        number = int(response[at : response.find(b"@", at)])
        index = number - calls.first
        if not 0 <= index < len(calls.invited):
            self._stray(response, number)
            return
        self._provisional[index] = True
        status = int(response[8:11])
        if status < 200:
            return
        if header(response, b"CSeq") == b" 2 BYE":
            calls.hung_up += 1
            self._finished += 1
        elif calls.ended[index]:
            calls.repeats += 1
            self._acknowledge(response, number, status)
        else:
            calls.ended[index] = time.monotonic()
            calls.statuses[index] = status
            self._acknowledge(response, number, status)
            if status >= 300:
                self._finished += 1
            else:
                bye = self._within(b"BYE", 2, response, number)
                self._talking.append((calls.ended[index] + TALK, index, bye))

    def _acknowledge(self, response: bytes, number: int, status: int) -> None:
        if status < 300:
            self._send(self._within(b"ACK", 1, response, number))
        else:
            to = header(response, b"To")
            self._send(self._ack_of_refusal % (self._dialled, number, number, number, to, number))

    def _within(self, method: bytes, sequence: int, response: bytes, number: int) -> bytes:
        target = header(response, b"Contact").strip(b" <>")
        route, to = header(response, b"Record-Route"), header(response, b"To")
        return self._within_dialog % (
            *(method, target, method, number, route),
            *(number, number, to, number, sequence, method),
        )

    def _stray(self, response: bytes, number: int) -> None:
        """A call of an earlier plan: it is acknowledged, so that the edge forgets it, and does not count."""
        if b" INVITE\r\n" in response and response[8:9] >= b"2":
            self._acknowledge(response, number, int(response[8:11]))
            if response[8:9] == b"2":
                self._send(self._within(b"BYE", 2, response, number))
