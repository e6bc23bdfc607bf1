"""Which URLs a bot may name for its notifications, and which addresses a notification may go to.

The reference only says "the URI must be https". A bot that names a URL has Callgate send requests to it, so without
settings that allow it no URL leads into the network that Callgate itself stands in. The URL that the directory has for
the bot is the administrator's own, and may lead anywhere.
"""

from __future__ import annotations

import re

from yarl import URL

from callgate.dialects.graph.lookups import Lookup, Names, system_lookup
from callgate.dialects.graph.model import Refused
from callgate.dialects.graph.networks import Address, is_loopback, is_public, read
from callgate.settings import GraphSettings

#: How long a callback URL may be, in characters.
URL_LIMIT = 2_048

#: Lookups at once for all bots' requests; each is short, or waits for a name server that does not answer.
_LOOKUPS = 32
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,253}")
#: A last label that makes a name a number to some resolvers: "127.1", "0x7f.1", "2130706433" are all 127.0.0.1.
_NUMERIC = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?")


class CallbackRules:
    """Checks the URLs that bots name; implements :class:`callgate.dialects.graph.model.Callbacks`."""

    def __init__(self, settings: GraphSettings, *, lookup: Lookup = system_lookup) -> None:
        """``lookup`` is how names come to addresses."""
        self._settings = settings
        self._names = Names(lookup, at_once=_LOOKUPS)

    async def checked(self, text: str) -> str:
        """The URL, normalized, if it is allowed: https (http to this machine by ``http_callbacks``), and all addresses
        of its host public (this machine's by ``http_callbacks``, all by ``private_callbacks``).

        Raises:
            Refused: 400 BadRequest; the message says what is allowed, without the URL.
        """
        url = parsed(text)
        host = url.raw_host or ""
        literal = read(host)
        if url.scheme != "https" and not (self._settings.http_callbacks and _is_here(host, literal)):
            raise _refused(
                "must be https; http is only for bots on Callgate's own machine, with the setting graph.http_callbacks"
            )
        if self._settings.private_callbacks:
            return str(url)
        addresses = [literal] if literal is not None else await self._addresses(host, url.port or 0)
        if not all(self.permits(address) for address in addresses):
            raise _refused(
                "leads into a private network, which the setting graph.private_callbacks would allow;"
                " the callback that the directory has for the bot may always be there"
            )
        return str(url)

    def permits(self, address: Address) -> bool:
        """Whether a notification may go to that address if it was a bot that named the URL."""
        if self._settings.private_callbacks or is_public(address):
            return True
        return self._settings.http_callbacks and is_loopback(address)

    async def _addresses(self, host: str, port: int) -> list[Address]:
        try:
            found = await self._names.addresses(host, port, self._settings.notification_timeout)
        except OSError as error:
            raise _refused(f"cannot be used: {error}") from None
        addresses = [read(one.address) for one in found]
        if None in addresses:
            raise _refused("cannot be used: its host has an address that is neither IPv4 nor IPv6")
        return [address for address in addresses if address is not None]


def parsed(text: str) -> URL:
    """An http or https URL that a notification can be sent to, wherever that is.

    Raises:
        Refused: 400 BadRequest.
    """
    if len(text) > URL_LIMIT:
        raise _refused(f"is longer than {URL_LIMIT} characters")
    if _UNPRINTABLE.search(text) is not None:
        raise _refused("has spaces or control characters in it")
    try:
        url = URL(text)
    except ValueError:
        raise _refused("is no URL") from None
    if url.scheme not in ("http", "https") or not url.raw_host:
        raise _refused("must be an absolute https URL")
    if "@" in url.raw_authority or "@" in text.split("://", 1)[-1].partition("/")[0].partition("?")[0]:
        raise _refused("must not have a user or password in it")
    if "#" in text:
        raise _refused("must not have a fragment (#)")
    if url.explicit_port == 0 or not _is_host(url.raw_host):
        raise _refused(
            "has a host or port that cannot be: an IP address or a name of letters, digits, dots and hyphens"
        )
    return url


def _is_host(host: str) -> bool:
    if read(host) is not None:
        return "%" not in host
    return _NAME.fullmatch(host) is not None and _NUMERIC.fullmatch(host) is None


def _is_here(host: str, literal: Address | None) -> bool:
    return host == "localhost" or (literal is not None and is_loopback(literal))


def _refused(what: str) -> Refused:
    return Refused(400, "BadRequest", f"The callbackUri {what}.")
