"""URLs of applications: read strictly, resolved, and shown without user and password."""

from __future__ import annotations

import re

from yarl import URL

from callgate.dialects.rcml.model import FetchError

#: The notification's code for a URL that cannot be requested.
INVALID_URL = 11100
#: How long a URL may be, in characters.
URL_LIMIT = 8_000

_CREDENTIALS = re.compile(r"//[^/?#]*@")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")


def parse(text: str) -> URL:
    """An http or https URL with a host; space around it is left aside, and the fragment, which no server ever sees.

    Raises:
        FetchError: it is no such URL (code 11100).
    """
    return _checked(_read(text), text)


def resolve(base: str, text: str) -> str:
    """What a document from ``base`` (``Fetched.url``) means by ``text``: an absolute URL.

    A relative one keeps the user and password of ``base``, so it is no text for a log (RFC 3986 section 5.2). Empty
    text is ``base`` itself.

    Raises:
        FetchError: it comes to no http or https URL (code 11100).
    """
    reference = _read(text)
    joined = reference if reference.scheme or not base else parse(base).join(reference)
    return str(_checked(joined, text))


def without_credentials(text: str) -> str:
    """A URL as it may be shown: without user and password, also if it is malformed, and no longer than a URL may be."""
    return _CREDENTIALS.sub("//", text.strip().replace("\\", "/"))[:URL_LIMIT]


def _read(text: str) -> URL:
    text = text.strip()
    if len(text) > URL_LIMIT:
        raise FetchError(INVALID_URL, f"the URL is longer than {URL_LIMIT} characters", url=without_credentials(text))
    if _CONTROL.search(text) is not None:
        raise FetchError(INVALID_URL, "the URL has line breaks or control characters in it", url=_shown(text))
    try:
        return URL(text).with_fragment(None)
    except ValueError:
        raise FetchError(INVALID_URL, "the URL is malformed", url=_shown(text)) from None


def _checked(url: URL, text: str) -> URL:
    if url.scheme not in ("http", "https") or not url.raw_host:
        raise FetchError(INVALID_URL, "the URL is not an http or https URL with a host", url=_shown(text))
    if _HOST.fullmatch(url.raw_host) is None:
        raise FetchError(INVALID_URL, "the URL's host is no host name and no IP address", url=_shown(text))
    return url


def _shown(text: str) -> str:
    return _CONTROL.sub(" ", without_credentials(text))
