"""A phone: a SIP user that registers at the edge, is called there, and places calls."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import re
from collections.abc import Callable

from tests.sip.user_agent import Caller, Destination, Dialed, Message, OverTcp, host, reply

_numbers = itertools.count(1)


class Phone(Destination, Caller):
    """Registers with digest authentication (RFC 3261 section 22.4), takes and places calls; make it with :func:`phone`.

    ``inside`` is the address and port that it believes to have, for one behind NAT. ``talk`` is what it does when it is
    told to answer (NOTIFY with Event: talk); without, it does not know that event. ``registered`` are the responses to
    its registrations.
    """

    def __init__(self) -> None:
        super().__init__()
        self.registered: list[Message] = []
        self.inside = ""
        self.talk: Callable[[Message], None] | None = None
        self._password = ""
        self._heard = asyncio.Event()

    @property
    def address(self) -> str:
        return self.inside or f"{self.host}:{self.port}"

    @property
    def contact(self) -> str:
        transport = ";transport=tcp" if self.via == "TCP" else ""
        return f"sip:{self.address}{transport}"

    def received(self, message: Message) -> None:
        if message.status and message.method == "REGISTER":
            self.registered.append(message)
            self._heard.set()
        elif message.header("Call-ID") in self.calls:
            Caller.received(self, message)
        elif message.method == "NOTIFY" and not message.status:
            self.others.append(message)
            status, phrase = self.replies.get("NOTIFY", (200, "OK") if self.talk else (489, "Bad Event"))
            if status:
                self.send(reply(message, status, phrase), message.source)
            if self.talk and status == 200:
                self.talk(message)
        else:
            Destination.received(self, message)

    async def call(
        self,
        edge: tuple[str, int],
        login: str,
        number: str,
        *,
        password: str = "",
        from_header: str | None = None,
        headers: tuple[str, ...] = (),
    ) -> Dialed:
        """Call a number, and log in if that is asked for (RFC 3261 section 22.3).

        The password is that of the registration unless told otherwise. What is returned is the last INVITE's.
        """
        identity = from_header or f"<sip:{login}@{host(edge[0])}>"
        first = self.invite(edge, number, from_header=identity, headers=headers)
        await first.until(lambda call: bool(call.responses))
        if first.statuses[0] != 407:
            return first
        uri = f"sip:{number}@{host(edge[0])}:{edge[1]}"
        credentials = digest(first.final.header("Proxy-Authenticate"), "INVITE", uri, login, password or self._password)
        tag = first.request.partition(";tag=")[2].partition("\r\n")[0]
        again = (*headers, f"Proxy-Authorization: {credentials}")
        return self.invite(
            edge, number, from_header=identity, headers=again, call_id=first.call_id, tag=tag, cseq=first.cseq + 1
        )

    async def register(
        self, edge: tuple[str, int], login: str, password: str, *, expires: int | None = 300, to: str = ""
    ) -> Message:
        """Register, or with ``expires`` 0 leave; the final response. ``to`` registers somebody else."""
        self._password = password
        challenge = await self._ask(edge, login, to or login, expires, "")
        if challenge.status != 401:
            return challenge
        uri = f"sip:{host(edge[0])}:{edge[1]}"
        credentials = digest(challenge.header("WWW-Authenticate"), "REGISTER", uri, login, password)
        return await self._ask(edge, login, to or login, expires, f"Authorization: {credentials}\r\n")

    async def _ask(self, edge: tuple[str, int], login: str, to: str, expires: int | None, credentials: str) -> Message:
        unique = next(_numbers)
        before = len(self.registered)
        self._heard.clear()
        wanted = "" if expires is None else f"Expires: {expires}\r\n"
        self.send(
            f"REGISTER sip:{host(edge[0])}:{edge[1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/{self.via} {self.address};branch=z9hG4bK-register-{unique}\r\n"
            f"From: <sip:{login}@{host(edge[0])}>;tag=r{unique}\r\n"
            f"To: <sip:{to}@{host(edge[0])}>\r\n"
            f"Call-ID: register-{login}-{self.port}\r\n"
            f"CSeq: {unique} REGISTER\r\n"
            f"Contact: <{self.contact.replace('sip:', f'sip:{login}@')}>\r\n"
            f"Max-Forwards: 70\r\n{credentials}{wanted}Content-Length: 0\r\n\r\n",
            edge,
        )
        async with asyncio.timeout(10):
            while len(self.registered) == before:
                await self._heard.wait()
                self._heard.clear()
        return self.registered[-1]


class TcpPhone(OverTcp, Phone):
    """A phone that registers over one TCP connection and is called on it; make it with :func:`tcp_phone`."""


def digest(challenge: str, method: str, uri: str, login: str, password: str) -> str:
    """Credentials for a challenge (RFC 2617 section 3.2.2, with quality of protection "auth")."""
    fields = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
    ha1 = _md5(f"{login}:{fields['realm']}:{password}")
    response = _md5(f"{ha1}:{fields['nonce']}:00000001:cnonce:auth:{_md5(f'{method}:{uri}')}")
    return (
        f'Digest username="{login}", realm="{fields["realm"]}", nonce="{fields["nonce"]}", '
        f'uri="{uri}", qop=auth, nc=00000001, cnonce="cnonce", response="{response}"'
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


async def unregistered(ip: str = "127.0.0.1") -> Phone:
    """A phone that has not registered yet."""
    _, endpoint = await asyncio.get_running_loop().create_datagram_endpoint(Phone, local_addr=(ip, 0))
    return endpoint


async def phone(edge: tuple[str, int], login: str, password: str, ip: str = "127.0.0.1") -> Phone:
    """A phone that is registered."""
    endpoint = await unregistered(ip)
    reply = await endpoint.register(edge, login, password)
    assert reply.status == 200, reply.text
    return endpoint


async def tcp_phone(edge: tuple[str, int], login: str, password: str) -> TcpPhone:
    """A phone that is registered over TCP."""
    _, endpoint = await asyncio.get_running_loop().create_connection(TcpPhone, *edge)
    reply = await endpoint.register(edge, login, password)
    assert reply.status == 200, reply.text
    return endpoint
