"""The address of Callgate as a request has it, for the URLs that are told, and the scopes that mean this server."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from callgate.dialects.graph.oauth_errors import malformed

#: RFC 3986 section 3.2.2, without escapes: a name or IPv4 address, or an IPv6 address in brackets; and a port.
_HOST = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
#: Microsoft Graph as the resource of a scope: its URL, and its application id.
_GRAPH = frozenset({"https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"})
_DEFAULT = "/.default"
#: This machine, which a library asks for by the name it was given.
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def base_url(setting: str, scheme: str, host: str) -> str:
    """What URLs begin with: the setting, or else what a request was sent to; no slash at the end.

    Args:
        setting: ``graph.base_url``, or "".
        scheme: "http" or "https".
        host: the ``Host`` header.

    Raises:
        OAuthError: the header is no host.
    """
    if setting:
        return setting.rstrip("/")
    if _HOST.fullmatch(host) is None:
        raise malformed("the Host header")
    return f"{scheme}://{host.lower()}"


def is_scope(scope: str, bases: tuple[str, ...]) -> bool:
    """Whether a scope means everything that a bot may do here.

    It is ``.default``, or that of Graph (``https://graph.microsoft.com/.default``, or its application id), or that of
    this server: Microsoft's SDKs make it of the scheme and host that they are given, without the port.

    Args:
        scope: one scope.
        bases: the addresses of this server.
    """
    if scope == ".default":
        return True
    if not scope.endswith(_DEFAULT):
        return False
    resource = scope.removesuffix(_DEFAULT).rstrip("/").lower()
    if resource in _GRAPH:
        return True
    host = _host_of(resource)
    return host in _LOOPBACK or (bool(host) and host in {_host_of(base) for base in bases})


def _host_of(url: str) -> str:
    try:
        parts = urlsplit(url)
        return (parts.hostname or "") if parts.scheme in ("http", "https") else ""
    except ValueError:
        return ""
