"""One request on its way through redirects: what is asked, where, and with whose credentials.

The query string of a URL is taken off: its pairs follow the standard parameters, in the query of a GET, in the form of
a POST. So a POST is signed over its URL without a query string, which is the URL that the application sees.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

import msgspec
from aiohttp import encode_basic_auth
from yarl import URL

from callgate.dialects.rcml.model import DocumentRequest, FetchError, Method, Parameters
from callgate.dialects.rcml.replies import PROTOCOL
from callgate.dialects.rcml.urls import INVALID_URL, parse, resolve, without_credentials


class Hop(msgspec.Struct, frozen=True):
    """A request to one URL.

    ``place`` is the URL as the application named it, without user and password. ``own`` are the pairs of its query
    string, and of those that led here.
    """

    method: Method
    standard: Parameters
    own: Parameters
    place: URL
    user: str | None
    password: str | None
    https_only: bool

    def __post_init__(self) -> None:
        if self.https_only and self.place.scheme != "https":
            raise FetchError(INVALID_URL, "only https URLs are allowed here (rcml.http is false)", url=self.shown)
        if self.user is not None and ":" in self.user:
            raise FetchError(INVALID_URL, "the user in the URL has a colon, which HTTP cannot send", url=self.shown)

    def __repr__(self) -> str:
        return f"Hop(method={self.method!r})"  # neither password nor parameters in any log

    @classmethod
    def first(cls, request: DocumentRequest, *, https_only: bool) -> Hop:
        """The request itself.

        Raises:
            FetchError: its URL cannot be asked (code 11100).
        """
        url = parse(request.url)
        return cls(
            method=request.method,
            standard=[(_encodable(name), _encodable(value)) for name, value in request.parameters],
            own=_pairs(url),
            place=url.with_user(None),
            user=url.user,
            password=url.password,
            https_only=https_only,
        )

    def redirected(self, location: str) -> Hop:
        """The same request to where a redirect leads.

        Parameters that a server repeats in its Location are not sent twice, and a pair there takes the place of those
        of the same name that the URL had. Credentials stay with their host.

        Raises:
            FetchError: it leads to no URL that can be asked (code 11100), or back from https to http (11206).
        """
        try:
            url = parse(resolve(str(self.place), location))
        except FetchError as error:
            text = f"the server redirects, but {error}: {error.url[:200]!r}"
            raise FetchError(INVALID_URL, text, url=self.shown) from None
        if self.place.scheme == "https" and url.scheme == "http":
            text = "the server redirects from https to http, where everybody on the way could read the request"
            raise FetchError(PROTOCOL, text, url=self.shown)
        theirs = [pair for pair in _pairs(url) if pair not in self.standard]
        if len(theirs) != len(_pairs(url)):
            url = url.with_query(theirs)
        names = {name for name, _ in theirs}
        stays = url.raw_user is None and url.raw_password is None and self._stays_at_home(url)
        return Hop(
            method=self.method,
            standard=self.standard,
            own=[pair for pair in self.own if pair[0] not in names] + theirs,
            place=url.with_user(None),
            user=self.user if stays else url.user,
            password=self.password if stays else url.password,
            https_only=self.https_only,
        )

    @property
    def shown(self) -> str:
        """The URL, as it may be shown."""
        return without_credentials(str(self.place))

    @property
    def url(self) -> str:
        """The URL that relative ones are relative to, with user and password."""
        if self.user is None and self.password is None:
            return str(self.place)
        return str(self.place.with_user(self.user or "").with_password(self.password))

    @property
    def target(self) -> URL:
        """What is requested."""
        return self.place.with_query(self.standard + self.own if self.method == "GET" else None)

    @property
    def seen(self) -> str:
        """The target as the application sees it, with the port only if it is not the scheme's own."""
        target = self.target
        return f"{target.scheme}://{target.host_port_subcomponent}{target.raw_path_qs}"

    @property
    def form(self) -> Parameters:
        """The body of a POST, empty for a GET."""
        return self.standard + self.own if self.method == "POST" else []

    @property
    def authorization(self) -> str | None:
        """The header of Basic authentication (RFC 7617), if the URL has user and password."""
        if self.user is None and self.password is None:
            return None
        return encode_basic_auth(self.user or "", self.password or "")

    def _stays_at_home(self, url: URL) -> bool:
        """Whether it is the same server: the same origin, or the https of the same host."""
        here = self.place
        upgraded = (here.scheme, here.port, url.scheme, url.port) == ("http", 80, "https", 443)
        return url.origin() == here.origin() or (upgraded and url.raw_host == here.raw_host)


def _pairs(url: URL) -> Parameters:
    return parse_qsl(url.raw_query_string, keep_blank_values=True, errors="replace")


def _encodable(text: str) -> str:
    """Text that UTF-8 can hold: half a character becomes "?"."""
    return text.encode("utf-8", "replace").decode()
