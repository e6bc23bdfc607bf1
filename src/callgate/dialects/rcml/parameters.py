"""What a request to an application tells of its call.

Source: the parameters and their order are those of the open-source product (VoiceInterpreter.parameters), which the
published tables of the hosted one agree with.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from callgate.core.calls import Call
from callgate.dialects.rcml.model import API_VERSION, Parameters, Status
from callgate.dialects.rcml.sids import call_sid
from callgate.directory.model import Account

#: What stands for an unknown name or number: this word, and not an empty value.
UNKNOWN = "null"
#: The number of a caller who has withheld his.
ANONYMOUS = "anonymous"

_USER = re.compile(r"(?:sips?:([^@]*)@|tel:([^;]+))", re.IGNORECASE)
_DIVERTED = re.compile(r"sips?:([^@<>]+)@", re.IGNORECASE)
#: Values of a Privacy header by which a caller withholds who he is (RFC 3323 section 4.2, RFC 3325 section 9.3).
_WITHHELD = frozenset({"id", "user"})


def instance_id(state: Path) -> str:
    """The InstanceId of this installation: "ID" and 32 hex digits, the same for the same machine and state folder."""
    return "ID" + sha256(f"{socket.gethostname()} {state.absolute()}".encode()).hexdigest()[:32]


def of_call(
    call: Call,
    account: Account,
    status: Status,
    *,
    instance: str,
    outbound: str | None = None,
    extra: Sequence[tuple[str, str]] = (),
) -> Parameters:
    """The parameters of a request about a call, in the documented order.

    ``instance`` is :func:`instance_id`'s, ``outbound`` the sid of what the call has dialled, if it has; ``extra`` comes
    last (what the action of a Dial is told).
    """
    diverted = forwarded_from(call)
    told = [("CallSid", call_sid(call.id)), ("InstanceId", instance)]
    if outbound is not None:
        told.append(("OutboundCallSid", outbound))
    told += [
        ("AccountSid", account.sid),
        ("From", from_number(call)),
        ("To", call.dialled),
        ("CallStatus", status),
        ("ApiVersion", API_VERSION),
        ("Direction", "inbound"),
        ("CallerName", caller_name(call) or UNKNOWN),
    ]
    if diverted is None:
        told.append(("ForwardedFrom", UNKNOWN))
    told.append(("CallTimestamp", timestamp(call.received)))
    told += [(f"SipHeader_{name}", value) for name, value in call.caller.headers]
    if call.caller.diversion:
        told.append(("SipHeader_Diversion", call.caller.diversion))
    if diverted is not None:  # it is found while the headers are added, and stands after them
        told.append(("ForwardedFrom", diverted))
    return [*told, *extra]


def from_number(call: Call) -> str:
    """The caller's number, or the user part of his URI: "anonymous" if he has withheld it, or if there is none.

    An application cannot see the Privacy header, so it could not respect it itself.
    """
    if _withheld(call):
        return ANONYMOUS
    if call.caller.number:
        return call.caller.number
    found = _USER.match(call.caller.uri)
    return (found and (found[1] or found[2])) or ANONYMOUS


def caller_name(call: Call) -> str | None:
    """The caller's display name, ``None`` if it is unknown or withheld."""
    return None if _withheld(call) else call.caller.name or None


def forwarded_from(call: Call) -> str | None:
    """Who diverted the call last: of the first Diversion header (RFC 5806) what stands between ``sip:`` and ``@``."""
    found = _DIVERTED.search(call.caller.diversion)
    return found and found[1]


def timestamp(at: float) -> str:
    """A time (Unix seconds) as CallTimestamp has it: ``2020-05-26T17:59:16.555Z``."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _withheld(call: Call) -> bool:
    values = re.split(r"[;,]", call.caller.privacy.lower())
    return not _WITHHELD.isdisjoint(value.strip() for value in values)
