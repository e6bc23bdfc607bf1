"""Sids: how RCML names accounts, numbers, applications and clients. Two capital letters and 32 hex digits."""

from __future__ import annotations

import re
import secrets

#: The first letters of the sids of the directory's entries: account, application, client (a phone), phone number.
ACCOUNT, APPLICATION, CLIENT, NUMBER = "AC", "AP", "CL", "PN"


def new_sid(prefix: str) -> str:
    """A sid that nothing else has."""
    return prefix + secrets.token_hex(16)


def is_sid_of(prefix: str, text: str) -> bool:
    """Whether it has the form of a sid with those letters."""
    return re.fullmatch(f"{prefix}[0-9a-f]{{32}}", text) is not None
