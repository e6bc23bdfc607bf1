"""The forms that values of the directory have: names, numbers, addresses, URIs, URLs, secrets."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import urlsplit

from callgate.directory import urls

#: The bounds of a secret, in characters.
SECRET_MIN, SECRET_MAX = 8, 128
#: The bounds of an account's token, in characters.
TOKEN_MIN, TOKEN_MAX = 16, 128
#: The longest SIP URI and the longest URL, in characters.
URI_LIMIT, URL_LIMIT = 255, 1024

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DID = re.compile(r"\+?(?=.{1,32}\Z)[A-Za-z0-9#._-]*\*?")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
#: What a bot may redirect to: a number, a host or a beginning of either; IPv6 addresses in brackets.
_TARGET = re.compile(r"(?=.{1,255}\Z)(\+?[A-Za-z0-9#._-]*|\[[0-9A-Fa-f:.]*\]?)\*?")
_CIDR = re.compile(r"[0-9A-Fa-f.:]+(/\d{1,3})?")
_SECRET = re.compile(rf"[!-~]{{{SECRET_MIN},{SECRET_MAX}}}")
_TOKEN = re.compile(rf"[!-~]{{{TOKEN_MIN},{TOKEN_MAX}}}")
_LOGIN = re.compile(r"[A-Za-z0-9_.+-]{1,64}")
#: What HTTP's Basic authentication takes as a user name, without its colon (RFC 7617 section 2).
_USER = re.compile(r"[A-Za-z0-9_.+@-]{1,64}")
_DIALLED = re.compile(r"\+?[A-Za-z0-9#._-]{1,32}")
_FEATURE = re.compile(r"[a-z0-9-]{1,64}")
_ID = re.compile(r"[0-9a-f]{32}")
_HA1 = re.compile(r"[0-9a-f]{32}")
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


def is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def is_did(text: str) -> bool:
    return _DID.fullmatch(text) is not None


def is_uuid(text: str) -> bool:
    """Whether this is a UUID in its usual form (RFC 9562 section 4), in either letter case."""
    return _UUID.fullmatch(text) is not None


def is_target(text: str) -> bool:
    """Whether this is a number or a SIP host, the beginning of one with "*" after it, or "*"."""
    return _TARGET.fullmatch(text) is not None


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


def is_gateway(text: str) -> bool:
    """Whether this is a SIP URI without a user part, which numbers can be dialled through."""
    return "@" not in text and is_sip_uri(text)


def is_url(text: str) -> bool:
    """Whether this is an ``http:`` or ``https:`` URL with a host and without user, password and fragment."""
    return "@" not in text.partition("//")[2].partition("/")[0].partition("?")[0] and is_application_url(text)


def is_application_url(text: str) -> bool:
    """Like :func:`is_url`, but user and password may stand in it, as RCML's users know it (sent as Basic)."""
    if len(text) > URL_LIMIT or re.fullmatch(r"[!-~]+", text) is None or re.search(r"[\"'<>\\^`{|}#]", text):
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0 and not urls.is_hidden(text)


def is_secret(text: str) -> bool:
    return _SECRET.fullmatch(text) is not None


def is_login(text: str) -> bool:
    return _LOGIN.fullmatch(text) is not None


def is_user(text: str) -> bool:
    return _USER.fullmatch(text) is not None


def is_dialled(text: str) -> bool:
    """Whether this is one whole number, as :func:`is_did` but for prefixes."""
    return _DIALLED.fullmatch(text) is not None


def is_phone_address(text: str) -> bool:
    """Whether this is a SIP URI with a phone's number or login as its user part."""
    user, at, _ = text.partition(":")[2].partition("@")
    return bool(at) and is_login(user) and is_sip_uri(text)


def is_feature(text: str) -> bool:
    return _FEATURE.fullmatch(text) is not None


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def is_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None


def is_token(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None


def is_ha1(text: str) -> bool:
    return _HA1.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    return _DIGEST.fullmatch(text) is not None
