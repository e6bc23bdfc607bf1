"""Netstrings, the frames of the link: ``<length>:<bytes>,``. Sans I/O: bytes in, whole frames out, cut anywhere."""

from __future__ import annotations

#: No event of the edge is longer: SIP messages are at most 64 KiB, and base 64 makes a third more of them.
FRAME_LIMIT = 262_144
_LENGTH_DIGITS = 7


class FrameError(ValueError):
    """What came is not a netstring, or one too long: the stream cannot be followed any further."""


class FrameReader:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that ``data`` completes, in order.

        Raises:
            FrameError: the stream is broken; the reader is of no more use.
        """
        if self._rest:
            data = self._rest + data
        frames = []
        at = 0
        while True:
            colon = data.find(b":", at, at + _LENGTH_DIGITS + 1)
            if colon < 0:
                if len(data) - at > _LENGTH_DIGITS or not (data[at:].isdigit() or at == len(data)):
                    raise FrameError(f"no length at the start of a frame: {data[at : at + 16]!r}")
                break
            digits = data[at:colon]
            if not digits.isdigit() or (length := int(digits)) > FRAME_LIMIT:
                raise FrameError(f"{digits!r} is not a length of at most {FRAME_LIMIT}")
            end = colon + 1 + length
            if end >= len(data):
                break
            if data[end] != 0x2C:
                raise FrameError(f"a frame of {length} bytes does not end in a comma")
            frames.append(data[colon + 1 : end])
            at = end + 1
        self._rest = data[at:]
        return frames


def frame(content: bytes) -> bytes:
    """One frame."""
    return b"%d:%b," % (len(content), content)
