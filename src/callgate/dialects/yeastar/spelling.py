"""How a call is spelled in the vendor's ids, and found back from them.

``call_id`` is ``<unix seconds>.<counter>``; ``channel_id`` is ``PJSIP/trunk-<trunk>-endpoint-<8 hex>`` for the caller
and ``PJSIP/<number>-<8 hex>`` for the destination. Counter and hex digits are the edge's sequence number of the call,
unique for at least a day.
"""

from __future__ import annotations

import re

from callgate.core.calls import Call
from callgate.core.control import CallControl

_CHANNEL_END = re.compile(r"-([0-9a-f]{8})\Z")
_CALL_ID = re.compile(r"[0-9]{1,12}\.([0-9]{1,10})\Z")
_SIP_USER = re.compile(r"sips?:([^@:;?>]+)[^@]*@", re.IGNORECASE)


def call_id_of(call: Call) -> str:
    """The call's ``call_id``."""
    return f"{int(call.received)}.{call.sequence}"


def channel_of(call: Call) -> str:
    """The ``channel_id`` of the caller's side."""
    return f"PJSIP/trunk-{call.trunk}-endpoint-{call.sequence:08x}"


def extension_channel_of(call: Call) -> str:
    """The ``channel_id`` of the destination's side."""
    return f"PJSIP/{destination_number(call)}-{call.sequence:08x}"


def destination_number(call: Call) -> str:
    """The user part of the destination; the dialled number where the destination has none."""
    user = _SIP_USER.match(call.destination)
    return user[1] if user else call.dialled


def find_channel(control: CallControl, channel: str) -> Call | None:
    """The call whose caller's side has exactly this ``channel_id``."""
    call = _find_by_end(control, channel)
    return call if call is not None and channel_of(call) == channel else None


def find_either_channel(control: CallControl, channel: str) -> Call | None:
    """The call one of whose sides has exactly this ``channel_id``."""
    call = _find_by_end(control, channel)
    return call if call is not None and channel in (channel_of(call), extension_channel_of(call)) else None


def find_call_id(control: CallControl, text: str) -> Call | None:
    """The call of that ``call_id``."""
    match = _CALL_ID.match(text)
    call = control.find_sequence(int(match[1])) if match else None
    return call if call is not None and call_id_of(call) == text else None


def _find_by_end(control: CallControl, channel: str) -> Call | None:
    end = _CHANNEL_END.search(channel[-9:])
    return control.find_sequence(int(end[1], 16)) if end else None
