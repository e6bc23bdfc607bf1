"""Reads SIPp's message trace (``-trace_msg``) while SIPp writes it.

An entry is a line of dashes with the local time, a line that says which way the message went, an empty line and the
message::

    ----------------------------------------------- 2026-11-21 10:00:00.123456
    UDP message sent (487 bytes):

    INVITE sip:2002@127.0.0.1:5060 SIP/2.0

The size makes it safe: whatever stands in a message is never taken for an entry. A message that the scenario did not
expect is traced a second time, without a size, and that second time is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

_RULE = rb"-{20,} (\d{4}-\d\d-\d\d)\s+(\d\d:\d\d:\d\d\.\d{6})[^\n]*\n"
_ENTRY = re.compile(_RULE + rb"\w+ message (sent|received) [\[(](\d+)(?: bytes)?[\])][^\n]*\n\r?\n")


class Message(msgspec.Struct, frozen=True):
    """One SIP message: when (Unix seconds), which way, and what it says.

    ``start`` is its first line; ``headers`` are in their order, names as written, folded lines joined.
    """

    at: float
    sent: bool
    start: str
    headers: tuple[tuple[str, str], ...]

    @property
    def status(self) -> int | None:
        """The status of a response; ``None``: this is a request."""
        return int(self.start.split(" ", 2)[1]) if self.start.startswith("SIP/2.0 ") else None

    @property
    def phrase(self) -> str:
        return " ".join(self.start.split(" ")[2:])

    @property
    def method(self) -> str:
        """The method of a request, or of the request that a response answers."""
        return self.start.partition(" ")[0] if self.status is None else self.header("CSeq").rpartition(" ")[2]

    def header(self, name: str) -> str:
        """The first header of that name (letter case does not matter), "" if there is none."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), "")


class Trace:
    """The messages of a trace file that grows; :meth:`new` gives those that have come since the last time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._rest = b""
        self._read = 0

    def new(self) -> Iterator[Message]:
        """The messages that are complete by now."""
        if not self._file.exists():
            return
        with self._file.open("rb") as stream:
            stream.seek(self._read)
            fresh = stream.read()
        self._read += len(fresh)
        self._rest += fresh
        while entry := _ENTRY.search(self._rest):
            end = entry.end() + int(entry[4])
            if len(self._rest) < end:
                return
            text = self._rest[entry.end() : end]
            self._rest = self._rest[end:]
            yield _message(_unix(entry[1], entry[2]), entry[3] == b"sent", text)


def _unix(day: bytes, time: bytes) -> float:
    return datetime.fromisoformat(f"{day.decode()} {time.decode()}").astimezone().timestamp()


def _message(at: float, sent: bool, raw: bytes) -> Message:
    head = raw.decode("utf-8", errors="replace").replace("\r\n", "\n").partition("\n\n")[0]
    start, *lines = re.sub(r"\n[ \t]+", " ", head).split("\n")
    headers = tuple((name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines))
    return Message(at, sent, start, headers)
