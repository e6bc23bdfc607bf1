"""The little that caller and destination need of SIP and UDP."""

from __future__ import annotations

import socket

#: What a socket may hold that has not been read yet, in bytes; the kernel gives what it allows.
_BUFFER = 16_000_000


def open_socket(ip: str) -> socket.socket:
    """A UDP socket at that loopback address that never waits and holds a whole burst."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        opened.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
    opened.bind((ip, 0))
    opened.setblocking(False)
    return opened


def header(message: bytes, name: bytes) -> bytes:
    """The first value of a header as it stands there, after the colon; empty if there is none."""
    at = message.find(b"\r\n" + name + b":")
    if at < 0:
        return b""
    at += len(name) + 3
    return message[at : message.find(b"\r\n", at)]
