"""URLs of applications that hold a password (RFC 3986 section 3.2.1): shown without it, and got back with it.

Who may look at the directory need not know it. So the API and an export show :data:`HIDDEN` in its place, and a URL
that comes back so keeps the password that the entry has.
"""

from __future__ import annotations

import re

import msgspec

from callgate.directory.model import RcmlVoice

#: Stands for a password.
HIDDEN = "***"
#: The fields of :class:`RcmlVoice` that are URLs.
URL_KEYS = ("voice_url", "voice_fallback_url", "status_callback")

_PASSWORD = re.compile(r"(?P<before>[a-z]+://[^/?@]*?:)(?P<password>[^/?@]*)(?P<after>@.*)", re.IGNORECASE)


def hidden(voice: RcmlVoice) -> RcmlVoice:
    """The same with each password hidden; the very same where there is none."""
    changes = {key: url for key in URL_KEYS if (url := _hidden(getattr(voice, key))) != getattr(voice, key)}
    return msgspec.structs.replace(voice, **changes) if changes else voice


def restored(voice: RcmlVoice, former: RcmlVoice | None) -> RcmlVoice:
    """The same with each hidden password as ``former`` has it, where all the rest of the URL is the same."""
    if former is None:
        return voice
    changes = {}
    for key in URL_KEYS:
        url, was = getattr(voice, key), getattr(former, key)
        if is_hidden(url) and url == _hidden(was):
            changes[key] = was
    return msgspec.structs.replace(voice, **changes) if changes else voice


def is_hidden(url: str) -> bool:
    """Whether :data:`HIDDEN` stands in the password's place."""
    found = _PASSWORD.fullmatch(url)
    return found is not None and found["password"] == HIDDEN


def _hidden(url: str) -> str:
    found = _PASSWORD.fullmatch(url) if "@" in url else None
    return url if found is None else f"{found['before']}{HIDDEN}{found['after']}"
