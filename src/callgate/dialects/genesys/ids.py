"""The ids that clients see, made from those that Callgate has: nothing has to be remembered, and any instance agrees.

The vendor's call ids are 32 letters and digits that read as base32hex (RFC 4648 section 7), so 20 bytes: here the 16 of
the call's UUID, and 4 zeros.
"""

from __future__ import annotations

import binascii
from base64 import b32hexdecode, b32hexencode
from uuid import UUID, uuid5

from callgate.core.calls import CallId

_LENGTH, _PADDING = 32, bytes(4)
#: Below it are the ids of what has no other: UUIDs of its name (RFC 9562 section 5.5).
_NAMESPACE = UUID("5b1a7b60-3d0c-4b0e-9a52-2f8f6a0c9d11")


def call_uuid(call: CallId) -> str:
    """A call's id for clients: 32 letters and digits."""
    return b32hexencode(UUID(call).bytes + _PADDING).decode()


def call_of(identity: str) -> CallId | None:
    """The call of such an id; ``None``: it is none in exactly that spelling."""
    if len(identity) != _LENGTH or not identity.isascii():
        return None
    try:
        data = b32hexdecode(identity)
    except binascii.Error:
        return None
    return CallId(str(UUID(bytes=data[:16]))) if data.endswith(_PADDING) else None


def connection(call: CallId) -> str:
    """A call's ``connId``: the lower half of its UUID, 16 hex digits."""
    return UUID(call).hex[16:]


def device(number: str) -> str:
    """The id of the phone with that number."""
    return _made("device", number)


def queue(name: str) -> str:
    """The id of the queue of that name."""
    return _made("queue", name)


#: The id of the one voice environment that there is.
VOICE_ENVIRONMENT = str(uuid5(_NAMESPACE, "voice-environment"))


def _made(kind: str, name: str) -> str:
    return str(uuid5(_NAMESPACE, f"{kind}:{name}"))
