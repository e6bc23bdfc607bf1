"""A phone: a SIP user that registers at the edge, and is then called there."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import re

from tests.sip.user_agent import Destination, Message

_numbers = itertools.count(1)


class Phone(Destination):
    """Registers with digest authentication (RFC 3261 section 22.4) and takes calls; make it with :func:`phone`."""

    def __init__(self) -> None:
        super().__init__()
        self.replies: list[Message] = []
        self._heard = asyncio.Event()

    def received(self, message: Message) -> None:
        if message.status and message.method == "REGISTER":
            self.replies.append(message)
            self._heard.set()
            return
        super().received(message)

    async def register(self, edge: tuple[str, int], login: str, password: str, *, expires: int = 300) -> Message:
        """Register, or with ``expires`` 0 leave; the final response."""
        challenge = await self._ask(edge, login, expires, 1, "")
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
        return await self._ask(edge, login, expires, 2, credentials)

    async def _ask(self, edge: tuple[str, int], login: str, expires: int, cseq: int, credentials: str) -> Message:
        unique = next(_numbers)
        address = f"{self.host}:{self.port}"
        before = len(self.replies)
        self._heard.clear()
        self.send(
            f"REGISTER sip:{edge[0]}:{edge[1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {address};branch=z9hG4bK-register-{unique}\r\n"
            f"From: <sip:{login}@{edge[0]}>;tag=r{unique}\r\n"
            f"To: <sip:{login}@{edge[0]}>\r\n"
            f"Call-ID: register-{login}-{self.port}\r\n"
            f"CSeq: {unique} REGISTER\r\n"
            f"Contact: <sip:{login}@{address}>\r\n"
            f"Max-Forwards: 70\r\n{credentials}Expires: {expires}\r\nContent-Length: 0\r\n\r\n",
            edge,
        )
        async with asyncio.timeout(10):
            while len(self.replies) == before:
                await self._heard.wait()
                self._heard.clear()
        return self.replies[-1]


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


async def phone(edge: tuple[str, int], login: str, password: str) -> Phone:
    """A phone that is registered."""
    _, endpoint = await asyncio.get_running_loop().create_datagram_endpoint(Phone, local_addr=("127.0.0.1", 0))
    reply = await endpoint.register(edge, login, password)
    assert reply.status == 200, reply.text
    return endpoint
