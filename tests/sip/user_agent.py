"""A caller and a destination for tests: real SIP on loopback, timed to the millisecond.

SIPp and baresip place calls too (see the tests beside this file); these two are for what they cannot do: a CANCEL at
an exact moment, a response that is lost on purpose, ten thousand calls whose every message is remembered.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

_numbers = itertools.count(1)
SDP = (
    "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)


@dataclass
class Message:
    """One SIP message as received: ``at`` is the monotonic time in seconds."""

    text: str
    at: float
    source: tuple[str, int]

    @property
    def first_line(self) -> str:
        return self.text.split("\r\n", 1)[0]

    @property
    def status(self) -> int:
        """The status of a response; 0 for a request."""
        return int(self.first_line.split()[1]) if self.first_line.startswith("SIP/2.0") else 0

    @property
    def phrase(self) -> str:
        return self.first_line.split(" ", 2)[2]

    @property
    def method(self) -> str:
        """The method of a request, or the one a response belongs to."""
        return self.first_line.split()[0] if not self.status else self.header("CSeq").split()[1]

    @property
    def body(self) -> str:
        return self.text.partition("\r\n\r\n")[2]

    def header(self, name: str) -> str:
        """The first value of a header, "" where there is none."""
        values = self.headers(name)
        return values[0] if values else ""

    def headers(self, name: str) -> list[str]:
        return re.findall(rf"^{name}:[ \t]*(.*?)\r$", self.text, re.IGNORECASE | re.MULTILINE)

    @property
    def number(self) -> str:
        """The user part of a request's URI."""
        found = re.match(r"\w+ sips?:([^@;:?> ]*)@", self.first_line)
        return found[1] if found else ""

    @property
    def branch(self) -> str:
        found = re.search(r"branch=([^;,\s]+)", self.header("Via"))
        return found[1] if found else ""


def host(ip: str) -> str:
    """An address as it stands in a URI."""
    return f"[{ip}]" if ":" in ip else ip


class _Endpoint(asyncio.DatagramProtocol):
    via = "UDP"

    def __init__(self) -> None:
        self.transport: asyncio.DatagramTransport
        self.messages: list[Message] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)
        self.ip, self.port = transport.get_extra_info("sockname")[:2]
        self.host = host(self.ip)
        # A burst of responses must not be lost: these endpoints do not repeat what they have said.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_194_304)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if not data.strip():
            return
        message = Message(data.decode("utf-8", "surrogateescape"), time.monotonic(), addr)
        self.messages.append(message)
        self.received(message)

    def received(self, message: Message) -> None:
        raise NotImplementedError

    def send(self, text: str, to: tuple[str, int]) -> None:
        self.transport.sendto(text.encode("utf-8", "surrogateescape"), to)

    def close(self) -> None:
        self.transport.close()


@dataclass
class Dialed:
    """One call of a caller: everything that came back, and what was said when."""

    caller: Caller
    call_id: str
    request: str
    branch: str
    to: tuple[str, int]
    sent_at: float
    responses: list[Message] = field(default_factory=list)
    requests: list[Message] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    acknowledge: bool = True
    cseq: int = 1

    @property
    def statuses(self) -> list[int]:
        """The statuses of all responses to the INVITE, in order, retransmissions included."""
        return [response.status for response in self.responses if response.method == "INVITE"]

    @property
    def finals(self) -> list[Message]:
        return [each for each in self.responses if each.method == "INVITE" and each.status >= 200]

    @property
    def final(self) -> Message:
        return self.finals[0]

    async def until(self, condition: Callable[[Dialed], bool], seconds: float = 15.0) -> None:
        """Wait until something holds of this call; at most for ``seconds``."""
        async with asyncio.timeout(seconds):
            while not condition(self):
                self.changed.clear()
                await self.changed.wait()

    async def ended(self, seconds: float = 15.0) -> Message:
        """The final response."""
        await self.until(lambda call: bool(call.finals), seconds)
        return self.final

    def resend(self) -> None:
        """Retransmit the INVITE as it is."""
        self.caller.send(self.request, self.to)

    def cancel(self) -> None:
        """Send CANCEL (RFC 3261 section 9.1): the INVITE's branch, CSeq number and To without a tag."""
        lines = self.request.split("\r\n\r\n")[0].split("\r\n")
        kept = [line for line in lines[1:] if re.match(r"(Via|From|To|Call-ID|Max-Forwards):", line)]
        head = lines[0].replace("INVITE", "CANCEL")
        self.caller.send("\r\n".join([head, *kept, f"CSeq: {self.cseq} CANCEL", "Content-Length: 0", "", ""]), self.to)

    def bye(self) -> str:
        """Hang up an answered call; the request, for those who want to send it again."""
        request = self.within("BYE")
        self.caller.send(request, self.to)
        return request

    async def hang_up(self) -> Message:
        """Hang up an answered call; the response to the BYE."""
        self.bye()
        await self.until(lambda call: any(each.method == "BYE" for each in call.responses))
        return next(each for each in self.responses if each.method == "BYE")

    def reinvite(self, body: str) -> None:
        """Offer new media within an answered call; its 200 is acknowledged by hand, with :meth:`ack`."""
        text = self.within("INVITE").removesuffix("Content-Length: 0\r\n\r\n")
        contact = f"Contact: <{self.caller.contact}>\r\nContent-Type: application/sdp"
        self.caller.send(f"{text}{contact}\r\nContent-Length: {len(body.encode())}\r\n\r\n{body}", self.to)

    def ack(self, response: Message, *headers: str) -> None:
        if response.status < 300:
            self.caller.send(self.within("ACK", int(response.header("CSeq").split()[0])), self.to)
            return
        lines = self.request.split("\r\n\r\n")[0].split("\r\n")
        kept = [line for line in lines[1:] if re.match(r"(Via|From|Call-ID|Max-Forwards):", line)]
        head = lines[0].replace("INVITE", "ACK")
        to = f"To: {response.header('To')}"
        ends = [f"CSeq: {self.cseq} ACK", "Content-Length: 0", "", ""]
        self.caller.send("\r\n".join([head, *kept, to, *headers, *ends]), self.to)

    def within(self, method: str, sequence: int = 0, *, of: Message | None = None) -> str:
        """A request within an answered call, or within the dialog ``of`` a provisional response.

        Its CSeq number is the INVITE's next one unless told otherwise.
        """
        answer = of or next(each for each in self.finals if each.status < 300)
        contact = re.search(r"<([^>]+)>", answer.header("Contact"))
        assert contact is not None
        routes = [f"Route: {value}" for value in reversed(answer.headers("Record-Route"))]
        own = re.search(r"^(From: .*)\r$", self.request, re.MULTILINE)
        assert own is not None
        lines = [
            f"{method} {contact[1]} SIP/2.0",
            f"Via: SIP/2.0/{self.caller.via} {self.caller.address};branch=z9hG4bK-{method}-{next(_numbers)}",
            *routes,
            own[1],
            f"To: {answer.header('To')}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {sequence or self.cseq + 1} {method}",
            "Max-Forwards: 70",
            "Content-Length: 0",
        ]
        return "\r\n".join([*lines, "", ""])


class Caller(_Endpoint):
    """Places calls from one address; make it with :func:`caller`.

    ``replies`` says what requests within a call are answered by their method, instead of 200; status 0: not at all.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calls: dict[str, Dialed] = {}
        self.replies: dict[str, tuple[int, str]] = {}

    @property
    def address(self) -> str:
        """The address and port that it believes to have."""
        return f"{self.host}:{self.port}"

    @property
    def contact(self) -> str:
        """Where requests within a call are to be sent."""
        return f"sip:caller@{self.host}:{self.port};transport={self.via.lower()}"

    def invite(
        self,
        edge: tuple[str, int],
        did: str = "2002",
        *,
        number: str = "5503301",
        from_header: str | None = None,
        headers: tuple[str, ...] = (),
        acknowledge: bool = True,
        call_id: str | None = None,
        tag: str | None = None,
        cseq: int = 1,
    ) -> Dialed:
        """Send an INVITE and remember what comes back; final responses are acknowledged unless told otherwise.

        ``call_id`` and ``tag`` are its Call-ID and From tag, for a request that comes by two ways.
        """
        unique = next(_numbers)
        call_id = call_id or f"{unique}-{time.monotonic_ns()}@{self.ip}"
        branch = f"z9hG4bK-{unique}-{time.monotonic_ns()}"
        body = SDP.format(ip=self.ip, port=40000)
        identity = from_header or f"<sip:{number}@{self.host}:{self.port}>"
        target = f"sip:{did}@{host(edge[0])}:{edge[1]}"
        lines = [
            f"INVITE {target} SIP/2.0",
            f"Via: SIP/2.0/{self.via} {self.address};branch={branch}",
            f"From: {identity};tag={tag or f't{unique}'}",
            f"To: <{target}>",
            f"Call-ID: {call_id}",
            f"CSeq: {cseq} INVITE",
            f"Contact: <{self.contact}>",
            "Max-Forwards: 70",
            *headers,
            "Content-Type: application/sdp",
            f"Content-Length: {len(body.encode())}",
        ]
        request = "\r\n".join([*lines, "", body])
        call = Dialed(self, call_id, request, branch, edge, time.monotonic(), acknowledge=acknowledge, cseq=cseq)
        self.calls[call_id] = call
        self.send(request, edge)
        return call

    async def asks(self, edge: tuple[str, int], method: str = "OPTIONS", seconds: float = 5.0) -> Message:
        """Send a request outside any call; its final response."""
        unique = f"{next(_numbers)}-{time.monotonic_ns()}"
        target = f"sip:{host(edge[0])}:{edge[1]}"
        lines = [
            f"{method} {target} SIP/2.0",
            f"Via: SIP/2.0/{self.via} {self.host}:{self.port};branch=z9hG4bK-{unique}",
            f"From: <sip:asks@{self.host}>;tag=asks",
            f"To: <{target}>",
            f"Call-ID: asks-{unique}",
            f"CSeq: 1 {method}",
            "Max-Forwards: 70",
            "Content-Length: 0",
        ]
        request = "\r\n".join([*lines, "", ""])
        asked = Dialed(self, f"asks-{unique}", request, "", edge, time.monotonic(), acknowledge=False)
        self.calls[asked.call_id] = asked
        self.send(request, edge)
        await asked.until(lambda each: any(reply.status >= 200 for reply in each.responses), seconds)
        del self.calls[asked.call_id]
        return asked.responses[-1]

    def received(self, message: Message) -> None:
        call = self.calls.get(message.header("Call-ID"))
        if call is None:
            return
        if message.status:
            call.responses.append(message)
            if message.method == "INVITE" and message.status >= 200 and call.acknowledge:
                call.ack(message)
        else:
            call.requests.append(message)
            status, phrase = self.replies.get(message.method, (200, "OK"))
            if status:
                self.send(reply(message, status, phrase), message.source)
        call.changed.set()


class OverTcp(_Endpoint, asyncio.Protocol):
    """An endpoint with one TCP connection to the edge."""

    via = "TCP"

    def __init__(self) -> None:
        super().__init__()
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._stream = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while b"\r\n\r\n" in self._unread:
            head, _, rest = self._unread.partition(b"\r\n\r\n")
            length = re.search(rb"^Content-Length:\s*(\d+)", head, re.IGNORECASE | re.MULTILINE)
            size = int(length[1]) if length else 0
            if len(rest) < size:
                return
            self._unread = rest[size:]
            self.datagram_received(head + b"\r\n\r\n" + rest[:size], self._stream.get_extra_info("peername")[:2])

    def send(self, text: str, to: tuple[str, int]) -> None:
        self._stream.write(text.encode("utf-8", "surrogateescape"))

    def close(self) -> None:
        self._stream.close()


class TcpCaller(OverTcp, Caller):
    """Places calls over one TCP connection; make it with :func:`tcp_caller`."""


class Destination(_Endpoint):
    """Takes calls: rings and answers, or does what ``behave`` says with each INVITE; make it with :func:`destination`.

    ``invites`` holds every INVITE seen, without retransmissions. ``numbers`` says what is done with calls to a number.
    An INVITE whose branch is in ``deaf_to_cancel`` is not ended by CANCEL: its final response is sent, or on the way
    (RFC 3261 section 9.2). ``slowness`` is how long (seconds) the answer to a BYE or CANCEL takes.
    """

    def __init__(self, behave: Callable[[Destination, Message], None] | None = None) -> None:
        super().__init__()
        self.behave = behave or answer
        self.numbers: dict[str, Callable[[Destination, Message], None]] = {}
        self.invites: list[Message] = []
        self.others: list[Message] = []
        self.deaf_to_cancel: set[str] = set()
        self.slowness = 0.0
        self._branches: set[str] = set()

    @property
    def contact(self) -> str:
        """Where requests within a call are to be sent, as its responses say."""
        return f"sip:{self.host}:{self.port}"

    def received(self, message: Message) -> None:
        if message.status:
            self.others.append(message)
        elif message.method == "INVITE":
            if message.branch not in self._branches:
                self._branches.add(message.branch)
                self.invites.append(message)
                self.numbers.get(message.number, self.behave)(self, message)
        else:
            self.others.append(message)
            if message.method != "ACK":
                asyncio.get_running_loop().call_later(
                    self.slowness, self.send, reply(message, 200, "OK"), message.source
                )
            if message.method == "CANCEL" and message.branch not in self.deaf_to_cancel:
                invite = next(each for each in self.invites if each.branch == message.branch)
                self.respond(invite, 487, "Request Terminated")

    def saw(self, method: str, call: Dialed | None = None) -> list[Message]:
        """The requests of that method: all of them, or those of one call."""
        return [
            each
            for each in (self.invites if method == "INVITE" else self.others)
            if not each.status and each.method == method and (call is None or each.header("Call-ID") == call.call_id)
        ]

    def respond(self, invite: Message, status: int, phrase: str, *headers: str, body: str = "") -> None:
        if status >= 200:
            self.deaf_to_cancel.add(invite.branch)
        self.send(reply(invite, status, phrase, *headers, tag="callee", contact=self, body=body), invite.source)

    def bye(self, invite: Message) -> None:
        """Hang up a call that this destination answered."""
        contact = re.search(r"<([^>]+)>", invite.header("Contact"))
        assert contact is not None
        lines = [
            f"BYE {contact[1]} SIP/2.0",
            f"Via: SIP/2.0/{self.via} {self.host}:{self.port};branch=z9hG4bK-bye-{next(_numbers)}",
            *(f"Route: {value}" for value in invite.headers("Record-Route")),
            f"From: {invite.header('To')};tag=callee",
            f"To: {invite.header('From')}",
            f"Call-ID: {invite.header('Call-ID')}",
            "CSeq: 7 BYE",
            "Max-Forwards: 70",
            "Content-Length: 0",
        ]
        self.send("\r\n".join([*lines, "", ""]), invite.source)


def answer(destination: Destination, invite: Message) -> None:
    """180, then 200 with SDP."""
    destination.respond(invite, 180, "Ringing")
    destination.respond(invite, 200, "OK", body=SDP.format(ip=destination.ip, port=50000))


def ring(destination: Destination, invite: Message) -> None:
    """180, and nothing after it."""
    destination.respond(invite, 180, "Ringing")


def reply(
    request: Message,
    status: int,
    phrase: str,
    *headers: str,
    tag: str = "",
    contact: Destination | None = None,
    body: str = "",
) -> str:
    """A response to a request, with its Via, Record-Route, From, To, Call-ID and CSeq."""
    to = request.header("To")
    lines = [
        f"SIP/2.0 {status} {phrase}",
        *(f"Via: {value}" for value in request.headers("Via")),
        *(f"Record-Route: {value}" for value in request.headers("Record-Route")),
        f"From: {request.header('From')}",
        f"To: {to}" if "tag=" in to or not tag else f"To: {to};tag={tag}",
        f"Call-ID: {request.header('Call-ID')}",
        f"CSeq: {request.header('CSeq')}",
        *headers,
    ]
    if contact is not None:
        lines.append(f"Contact: <{contact.contact}>")
    if body:
        lines.append("Content-Type: application/sdp")
    lines.append(f"Content-Length: {len(body.encode())}")
    return "\r\n".join([*lines, "", body])


async def caller(ip: str = "127.0.0.1") -> Caller:
    """A caller on a free port of that loopback address."""
    _, endpoint = await asyncio.get_running_loop().create_datagram_endpoint(Caller, local_addr=(ip, 0))
    return endpoint


async def tcp_caller(edge: tuple[str, int]) -> TcpCaller:
    """A caller with a TCP connection to the edge."""
    _, endpoint = await asyncio.get_running_loop().create_connection(TcpCaller, *edge)
    return endpoint


async def destination(
    behave: Callable[[Destination, Message], None] | None = None, ip: str = "127.0.0.1", port: int = 0
) -> Destination:
    """A destination on that loopback address, on a free port unless told otherwise."""
    _, endpoint = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Destination(behave), local_addr=(ip, port)
    )
    return endpoint
