"""What the supervisor and a controller process say to each other.

The supervisor writes a :class:`Start` as JSON to the controller's standard input; the controller answers in bytes
on the pipe it names: :data:`READY` once, when the first call can be decided, and :data:`BEAT` for as long as its event
loop turns.
"""

from __future__ import annotations

import msgspec

from callgate.edge.configuration import LinkAddress
from callgate.settings import Settings

READY, BEAT = b"r", b"."
#: How often a controller beats, in seconds.
HEARTBEAT = 0.5


class Start(msgspec.Struct, frozen=True):
    """What a controller process is given: the settings, where the edge is, and the pipe to its supervisor."""

    settings: Settings
    address: LinkAddress
    pipe: int

    def encode(self) -> bytes:
        """As JSON; paths as text."""
        return msgspec.json.encode(self, enc_hook=str)

    @classmethod
    def decode(cls, text: bytes) -> Start:
        """Read what :meth:`encode` made."""
        return msgspec.json.decode(text, type=cls, dec_hook=lambda type_, value: type_(value))
