"""What Kamailio says on its stderr, as lines of Callgate's own log.

Kamailio quotes what it cannot read, and a scanner can have it say twenty lines a packet. So what is quoted is left
out, since it may hold credentials, and only so many lines a second are passed on.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator

import structlog

log = structlog.get_logger(__name__)

#: Lines a second; more are counted only.
LINE_LIMIT = 30
#: How much of a line is kept, in characters.
_LENGTH = 300
_CHUNK = 65_536

_LINE = re.compile(rb"\s*\d+\(\d+\) ([A-Z]+): (.*)")
_METHODS = {"NOTICE": "info", "INFO": "info", "DEBUG": "info", "WARNING": "warning"}
#: The parser's lines end with a piece of the message, in these brackets.
_PARSER = re.compile(r"(<core> \[core/parser/[^\]]*\]: [^\[<]*).*")
_CREDENTIALS = re.compile(r"(authorization\s*:?).*", re.IGNORECASE)


class Lines:
    """Takes Kamailio's output in pieces and gives back what is to be logged, as method of the logger and text."""

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._limit = limit
        self._rest = b""
        self._second = 0
        self._said = 0

    def feed(self, data: bytes, now: float) -> Iterator[tuple[str, str]]:
        """The lines that ``data`` completes; ``now`` is in seconds, of any clock."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[:_CHUNK]
        for line in lines:
            match = _LINE.match(line)
            if match is None:
                continue  # the middle of something quoted
            yield from self._left_out(int(now))
            self._said += 1
            if self._said <= self._limit:
                yield _METHODS.get(match[1].decode(), "error"), clean(match[2].decode("utf-8", "backslashreplace"))

    def _left_out(self, second: int) -> Iterator[tuple[str, str]]:
        if second == self._second:
            return
        if self._said > self._limit:
            yield "warning", f"{self._said - self._limit} more lines within a second were left out"
        self._second, self._said = second, 0


def clean(text: str) -> str:
    """A line without what a stranger has put into it."""
    text = _CREDENTIALS.sub(r"\1 …", _PARSER.sub(r"\1…", text))
    return "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in text)[:_LENGTH]


async def follow(pipe: int, limit: int = LINE_LIMIT) -> None:
    """Log what comes out of a pipe until its other end is closed; the pipe is closed then."""
    lines = Lines(limit)
    loop = asyncio.get_running_loop()
    edge = log.bind(process="edge")
    stream = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(pipe, "rb"))
    try:
        while data := await stream.read(_CHUNK):
            for method, text in lines.feed(data, loop.time()):
                getattr(edge, method)(text)
    finally:
        transport.close()
