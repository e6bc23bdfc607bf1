"""Applications that a test plays: a raw HTTP server that can also be slow, dead, endless and wrong.

It speaks HTTP/1.1 with kept connections, by plain HTTP or TLS. What a path does is set with ``on``; everything that
comes in is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qsl

import msgspec

REJECT = '<?xml version="1.0" encoding="UTF-8"?><Response><Reject/></Response>'


class Asked(msgspec.Struct):
    """A request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    scheme: str
    connection: int

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(self.target.partition("?")[2], keep_blank_values=True)

    @property
    def form(self) -> list[tuple[str, str]]:
        return parse_qsl(self.body.decode("ascii"), keep_blank_values=True)

    @property
    def url(self) -> str:
        """The URL as a web framework puts it together."""
        return f"{self.scheme}://{self.headers['host']}{self.target}"


#: What a path does with a request; the connection is kept if it returns true.
Behaviour = Callable[[Asked, asyncio.StreamWriter], Awaitable[bool]]


class Reader(asyncio.StreamReader):
    """``gone`` is set when the other side has gone."""

    def __init__(self) -> None:
        super().__init__()
        self.gone = asyncio.Event()

    def feed_eof(self) -> None:
        super().feed_eof()
        self.gone.set()

    def set_exception(self, exc: Exception) -> None:
        super().set_exception(exc)
        self.gone.set()


class Applications:
    """The server. ``asked`` are all requests; ``open`` counts the connections of now, ``peak`` the most there were at
    once, ``accepted`` all."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.open = self.peak = self.accepted = 0
        self.base = ""
        self._behaviours: dict[str, Behaviour] = {}
        self._scheme = "http"
        self._stop = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()

    def on(self, path: str, behaviour: Behaviour) -> str:
        """Have a path do that; gives its URL."""
        self._behaviours[path] = behaviour
        return self.base + path

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    @contextlib.asynccontextmanager
    async def serving(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: asyncio.StreamReaderProtocol(Reader(), self._serve), "127.0.0.1", 0, ssl=tls, backlog=2048
        )
        self._scheme = "http" if tls is None else "https"
        self.base = f"{self._scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield
        finally:
            server.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None and isinstance(reader, Reader)
        self._connections.add(task)
        self.open += 1
        self.accepted += 1
        self.peak = max(self.peak, self.open)
        number = self.accepted
        try:
            while (asked := await self._read(reader, number)) is not None:
                self.asked.append(asked)
                behaviour = self._behaviours.get(asked.path, status(404))
                if not await self._until_gone(behaviour(asked, writer), reader):
                    return
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has gone, which some tests are about, or the test is over
        finally:
            self.open -= 1
            self._connections.discard(task)
            writer.close()

    async def _until_gone(self, answering: Awaitable[bool], reader: Reader) -> bool:
        """An answer goes on only as long as there is somebody to get it."""
        answer = asyncio.ensure_future(answering)
        gone = asyncio.ensure_future(reader.gone.wait())
        try:
            await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
            return answer.done() and await answer
        finally:
            for task in (answer, gone):
                task.cancel()
            await asyncio.gather(answer, gone, return_exceptions=True)

    async def _read(self, reader: asyncio.StreamReader, connection: int) -> Asked | None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ssl.SSLError):
            return None
        first, *lines = head.decode("ascii").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Asked(method, target, headers, body, self._scheme, connection)


# --- what a path may do ----------------------------------------------------------------------------------------------


def document(text: str | bytes = REJECT, content_type: str | None = "text/xml", *, headers: str = "") -> Behaviour:
    """A document; ``headers`` are more lines of the head, each with its line break."""
    body = text if isinstance(text, bytes) else text.encode()
    named = "" if content_type is None else f"Content-Type: {content_type}\r\n"
    return raw(f"HTTP/1.1 200 OK\r\n{named}{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body)


def status(code: int, body: str = "", *, headers: str = "") -> Behaviour:
    """Another status."""
    sent = body.encode()
    length = "" if code == 204 else f"Content-Length: {len(sent)}\r\n"
    return raw(f"HTTP/1.1 {code} {HTTPStatus(code).phrase}\r\n{headers}{length}\r\n".encode() + sent)


def redirect(location: str, code: int = 302) -> Behaviour:
    return status(code, headers=f"Location: {location}\r\n")


def raw(sent: bytes, *, keep: bool = True) -> Behaviour:
    """These bytes, and the connection kept or ended."""

    async def behaviour(asked: Asked, writer: asyncio.StreamWriter) -> bool:
        writer.write(sent)
        await writer.drain()
        return keep

    return behaviour


async def silence(asked: Asked, writer: asyncio.StreamWriter) -> bool:
    """Never an answer."""
    await asyncio.Event().wait()
    return False


async def reset(asked: Asked, writer: asyncio.StreamWriter) -> bool:
    """The connection is torn down instead of an answer."""
    plain: socket.socket = writer.get_extra_info("socket")
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return False


def after(hold: asyncio.Event, then: Behaviour) -> Behaviour:
    """An answer that waits until the test lets it go."""

    async def behaviour(asked: Asked, writer: asyncio.StreamWriter) -> bool:
        await hold.wait()
        return await then(asked, writer)

    return behaviour


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """One after the other, and then the last one again and again."""
    left = list(behaviours)

    async def behaviour(asked: Asked, writer: asyncio.StreamWriter) -> bool:
        return await (left.pop(0) if len(left) > 1 else left[0])(asked, writer)

    return behaviour


def endless(head: bytes, piece: bytes, pause: float = 0.0) -> Behaviour:
    """A head and then this piece again and again, as long as somebody takes it; ``pause`` seconds between two."""

    async def behaviour(asked: Asked, writer: asyncio.StreamWriter) -> bool:
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return behaviour


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n"


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A TLS server's context for 127.0.0.1, and that of a client that trusts it."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", "/CN=application", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    subprocess.run([*command, "-out", cert, "-keyout", key], check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    return server, ssl.create_default_context(cafile=str(cert))
