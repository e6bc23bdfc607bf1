"""A phone: a SIP user that registers at the edge, and is then called there."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import re

from tests.sip.user_agent import Destination, Message, OverTcp

_numbers = itertools.count(1)


class Phone(Destination):
    """Registers with digest authentication (RFC 3261 section 22.4) and takes calls; make it with :func:`phone`.

    ``inside`` is the address and port that it believes to have, for one behind NAT.
    """

    def __init__(self) -> None:
        super().__init__()
        self.replies: list[Message] = []
        self.inside = ""
        self._heard = asyncio.Event()

    @property
    def contact(self) -> str:
        transport = ";transport=tcp" if self.via == "TCP" else ""
        return f"sip:{self.inside or f'{self.host}:{self.port}'}{transport}"

    def received(self, message: Message) -> None:
        if message.status and message.method == "REGISTER":
            self.replies.append(message)
            self._heard.set()
            return
        super().received(message)

    async def register(
        self, edge: tuple[str, int], login: str, password: str, *, expires: int | None = 300, to: str = ""
    ) -> Message:
        """Register, or with ``expires`` 0 leave; the final response. ``to`` registers somebody else."""
        challenge = await self._ask(edge, login, to or login, expires, "")
        if challenge.status != 401:
            return challenge
        fields = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge.header("WWW-Authenticate")))
        uri = f"sip:{edge[0]}:{edge[1]}"
        ha1 = _md5(f"{login}:{fields['realm']}:{password}")
        response = _md5(f"{ha1}:{fields['nonce']}:00000001:cnonce:auth:{_md5(f'REGISTER:{uri}')}")
        credentials = (
            f'Authorization: Digest username="{login}", realm="{fields["realm"]}", nonce="{fields["nonce"]}", '
            f'uri="{uri}", qop=auth, nc=00000001, cnonce="cnonce", response="{response}"\r\n'
        )
        return await self._ask(edge, login, to or login, expires, credentials)

    async def _ask(self, edge: tuple[str, int], login: str, to: str, expires: int | None, credentials: str) -> Message:
        unique = next(_numbers)
        before = len(self.replies)
        self._heard.clear()
        wanted = "" if expires is None else f"Expires: {expires}\r\n"
        self.send(
            f"REGISTER sip:{edge[0]}:{edge[1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/{self.via} {self.inside or f'{self.host}:{self.port}'};branch=z9hG4bK-register-{unique}\r\n"
            f"From: <sip:{login}@{edge[0]}>;tag=r{unique}\r\n"
            f"To: <sip:{to}@{edge[0]}>\r\n"
            f"Call-ID: register-{login}-{self.port}\r\n"
            f"CSeq: {unique} REGISTER\r\n"
            f"Contact: <{self.contact.replace('sip:', f'sip:{login}@')}>\r\n"
            f"Max-Forwards: 70\r\n{credentials}{wanted}Content-Length: 0\r\n\r\n",
            edge,
        )
        async with asyncio.timeout(10):
            while len(self.replies) == before:
                await self._heard.wait()
                self._heard.clear()
        return self.replies[-1]


class TcpPhone(OverTcp, Phone):
    """A phone that registers over one TCP connection and is called on it; make it with :func:`tcp_phone`."""


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
