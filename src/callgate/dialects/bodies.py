"""Reading a request's body within a bound; each dialect has its own words for one that is too large."""

from __future__ import annotations

from callgate.dialects.asgi import Receive


async def read_within(receive: Receive, limit: int, announced: str = "") -> bytes | None:
    """The whole body, also one that comes in chunks; ``None`` if it has more than ``limit`` bytes.

    ``announced`` is the value of Content-Length, "" for none: what is announced as too large is not read at all.

    Raises:
        ConnectionResetError: the client went away before its request was whole.
    """
    if announced.isascii() and announced.isdigit() and int(announced[:18]) > limit:
        return None
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ConnectionResetError
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            return None
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)
