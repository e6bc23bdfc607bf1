"""What each key of each kind of entry may be: one table, that checks, errors and documentation are made from."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from callgate.core.reasons import REASONS
from callgate.directory.errors import NOT_SHOWN, shown
from callgate.directory.model import WEBHOOK_LIMIT, WINDOW_MAX, WINDOW_MIN, Kind
from callgate.directory.secrets import is_secret_hash

#: The bounds of a client's webhook settings: seconds, and how often.
WEBHOOK_TIMEOUT_MIN, WEBHOOK_TIMEOUT_MAX, WEBHOOK_RETRIES_MAX = 1.0, 30.0, 10
#: The bounds of a secret, in characters.
SECRET_MIN, SECRET_MAX = 8, 128
URI_LIMIT, URL_LIMIT = 255, 1024

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DID = re.compile(r"\+?(?=.{1,32}\Z)[A-Za-z0-9#._-]*\*?")
_CIDR = re.compile(r"[0-9A-Fa-f.:]+(/\d{1,3})?")
_SECRET = re.compile(rf"[!-~]{{{SECRET_MIN},{SECRET_MAX}}}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_KEY = re.compile(r"cg_[A-Za-z0-9_-]{43}")
# RFC 3261 section 25.1, without headers (a request URI has none), quotes and passwords.
_SIP_URI = re.compile(
    r"sips?:([A-Za-z0-9_.!~*()%&=+$,;?/-]+@)?"
    r"(?P<host>[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
    r"(:(?P<port>[0-9]{1,5}))?"
    r"(;[A-Za-z0-9_.!~*()%\[\]/:&+$=-]+)*",
    re.IGNORECASE,
)


class Rule(msgspec.Struct, frozen=True):
    """What one key may be: ``holds`` is asked of the value, or with ``each`` of every item of it (none twice).

    ``expected`` follows the word "expected" in errors. ``least`` and ``most`` are how many items there may be.
    """

    expected: str
    holds: Callable[[Any], bool]
    each: bool = False
    least: int = 0
    most: int = 1000


def is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def is_did(text: str) -> bool:
    return _DID.fullmatch(text) is not None


def is_source(text: str) -> bool:
    """Whether this is an IP address, or a network in CIDR form whose host bits are zero."""
    if _CIDR.fullmatch(text) is None:
        return False
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)
def is_sip_uri(text: str) -> bool:
    """Whether this is a ``sip:`` or ``sips:`` URI that can stand in a request line, with or without a user part."""
    found = _SIP_URI.fullmatch(text)
    if found is None or len(text) > URI_LIMIT or not 1 <= int(found["port"] or 5060) <= 65535:
        return False
    host = found["host"]
    try:
        if host.startswith("["):
            ipaddress.IPv6Address(host[1:-1])
        elif re.fullmatch(r"[0-9.]+", host):
            ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return ".." not in host


def is_url(text: str) -> bool:
    """Whether this is an ``http:`` or ``https:`` URL with a host and without user, password and fragment."""
    if len(text) > URL_LIMIT or re.fullmatch(r"[!-~]+", text) is None or re.search(r"[\"'<>\\^`{|}#]", text):
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc and port != 0


def is_secret(text: str) -> bool:
    return _SECRET.fullmatch(text) is not None


def is_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None


def _is_reason(text: str) -> bool:
    return text.lower() in REASONS


def _is_lapse(text: str) -> bool:
    return text.lower() == "accept" or _is_reason(text)


def _one_of(*values: str) -> Rule:
    return Rule(" or ".join(f'"{value}"' for value in values), lambda value: value in values)


_REASONS = ", ".join(f'"{name}"' for name in REASONS)
_NAME_RULE = Rule('1 to 64 letters, digits, "-" and "_"', is_name)
_SCOPE_RULE = Rule('names of trunks, or ["*"] for every trunk', lambda name: name == "*" or is_name(name), True)
_SECRET_RULE = Rule(f"{SECRET_MIN} to {SECRET_MAX} printable ASCII characters without spaces", is_secret)
_NUMBER_RULE = Rule("a number that Callgate gave, 0 for a new entry", lambda number: 0 <= number < 2**31)

#: A rule for each key of each kind of entry, and of a client's webhook.
RULES: Mapping[Kind | Literal["webhook"], Mapping[str, Rule]] = {
    "trunk": {
        "name": _NAME_RULE,
        "sources": Rule(
            'IP addresses and networks, like ["192.0.2.10", "198.51.100.0/24", "2001:db8::/32"]',
            is_source,
            each=True,
            least=1,
        ),
        "control": Rule("true or false", lambda control: isinstance(control, bool)),
        "refuse": Rule(f"a reason: {_REASONS}", _is_reason),
        "lapse": Rule(f'"accept" or a reason: {_REASONS}', _is_lapse),
        "number": _NUMBER_RULE,
    },
    "route": {
        "name": _NAME_RULE,
        "destination": Rule('a SIP URI, like "sip:192.0.2.10:5060" or "sip:2002@pbx.example.com"', is_sip_uri),
        "did": Rule(
            'a number like "2002" or "+442079460000", a prefix like "55*", or "*": '
            'letters, digits, "#", "-", ".", "_", at most 32 characters',
            is_did,
        ),
        "trunks": Rule('names of trunks, like ["carrier"]; leave it out for every trunk', is_name, each=True),
        "window": Rule(f"{WINDOW_MIN:g} to {WINDOW_MAX:g} seconds", lambda window: WINDOW_MIN <= window <= WINDOW_MAX),
        "lapse": Rule(
            f'"accept" or a reason: {_REASONS}; leave it out for the trunk\'s',
            lambda lapse: lapse is None or _is_lapse(lapse),
        ),
        "number": _NUMBER_RULE,
    },
    "client": {
        "name": _NAME_RULE,
        "client_id": _NAME_RULE,
        "secret_hash": Rule("an Argon2id hash as `callgate export` writes it, or give secret instead", is_secret_hash),
        "dialect": _one_of("yeastar"),
        "see": _SCOPE_RULE,
        "decide": _SCOPE_RULE,
        "webhooks": Rule(f"at most {WEBHOOK_LIMIT} webhooks, each of a URL of its own", lambda _: True),
        "webhook_timeout": Rule(
            f"{WEBHOOK_TIMEOUT_MIN:g} to {WEBHOOK_TIMEOUT_MAX:g} seconds",
            lambda seconds: WEBHOOK_TIMEOUT_MIN <= seconds <= WEBHOOK_TIMEOUT_MAX,
        ),
        "webhook_retries": Rule(
            f"a whole number, 0 to {WEBHOOK_RETRIES_MAX}", lambda retries: 0 <= retries <= WEBHOOK_RETRIES_MAX
        ),
    },
    "webhook": {
        "url": Rule(
            f'an http or https URL, like "https://example.com/events", at most {URL_LIMIT} characters, '
            "without user and password",
            is_url,
        ),
        "secret": _SECRET_RULE,
        "method": _one_of("POST", "GET"),
        "events": Rule(
            "event ids, like [30011, 30016]; leave it out for all",
            lambda event: 30000 <= event <= 39999,
            each=True,
        ),
    },
    "key": {
        "name": _NAME_RULE,
        "digest": Rule(
            "the SHA-256 of a key: 64 characters 0-9, a-f", lambda text: _DIGEST.fullmatch(text) is not None
        ),
        "scope": _one_of("read", "decide", "admin"),
    },
}

#: The keys of a directory file that hold secrets in clear, by kind.
SECRET_RULES: Mapping[str, Rule] = {
    "secret": _SECRET_RULE,
    "key": Rule('"cg_" and 43 letters, digits, "-" and "_", as `callgate key add` makes it', is_key),
}

#: Keys whose values are never shown: a secret, or a table with one in it.
SECRET_KEYS = frozenset({"secret", "secret_hash", "key", "digest", "webhook", "webhooks"})


def shown_at(key: str, value: object) -> str:
    """A value for an error text, unless it is or may hold a secret."""
    hidden = key in SECRET_KEYS or (key == "url" and "@" in str(value))  # user:password@
    return NOT_SHOWN if hidden else shown(value)
