"""Sids: how RCML names things (two capital letters and 32 hex digits), and the way back to a call's id."""

from __future__ import annotations

import re
from hashlib import sha256

from callgate.core.calls import CallId

_CALL = re.compile(r"(?:ID[0-9a-zA-Z]{32}-)?CA([0-9a-f]{32})")
_ANY = re.compile(r"(?:ID[0-9a-zA-Z]{32}-)?[A-Z]{2}[0-9a-zA-Z]{32}")


def call_sid(call: CallId) -> str:
    """The sid of an inbound call: its id, without the dashes."""
    return "CA" + call.replace("-", "")


def call_of(sid: str) -> CallId | None:
    """The id of the inbound call with that sid, also in its long form "ID…-CA…"; ``None``: that is no call's sid."""
    found = _CALL.fullmatch(sid)
    if found is None:
        return None
    text = found[1]
    return CallId(f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}")


def leg_sid(call: CallId, attempt: int, target: int) -> str:
    """The sid of what a call has dialled: always the same for the same call, dialling and target."""
    return "CA" + sha256(f"{call} {attempt} {target}".encode()).hexdigest()[:32]


def is_sid(text: str) -> bool:
    """Whether it has the form of a sid."""
    return _ANY.fullmatch(text) is not None
