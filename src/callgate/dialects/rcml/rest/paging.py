"""Pages: which one is asked for, and what a list tells of itself.

Source: the open-source product's CallDetailRecordListConverter, and the paging examples of the published
documentation. Pages are counted from 0; the number of pages is the whole part of total / size, so that the last page is
number ``num_pages``; "null" is a text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlencode

import msgspec

from callgate.dialects.rcml.rest.errors import wrong
from callgate.dialects.rcml.rest.requests import Request
from callgate.dialects.rcml.rest.resources import Envelope
from callgate.settings import RcmlSettings

_NUMBER = re.compile(r"[0-9]{1,12}")
_NONE = "null"


class Paging(msgspec.Struct, frozen=True):
    """Which page of which list; ``filters`` are the list's, as they were asked for."""

    page: int
    size: int
    uri: str
    filters: Mapping[str, str]

    @classmethod
    def of(cls, request: Request, settings: RcmlSettings) -> Paging:
        """The page that a request asks for.

        Raises:
            RestError: 400, Page or PageSize is wrong.
        """
        size = _number(request, "PageSize", settings.page_size)
        if not 1 <= size <= settings.page_limit:
            raise wrong(f"PageSize is {size}: use 1 to {settings.page_limit}")
        uri = request.path + (".json" if request.json else "")
        filters = {name: value for name, value in request.query.items() if name not in ("Page", "PageSize", "AfterSid")}
        return cls(_number(request, "Page", 0), size, uri, filters)

    @property
    def offset(self) -> int:
        return self.page * self.size

    def check(self, total: int) -> None:
        """That there is such a page.

        Raises:
            RestError: 400.
        """
        if self.page > total // self.size:
            raise wrong(f"Page is {self.page}: the last one is {total // self.size}")

    def envelope(self, total: int, count: int, last_sid: str) -> Envelope:
        """What a list of ``total`` entries tells with this page of ``count``, that ends with ``last_sid``."""
        pages = total // self.size
        at_end = self.page >= pages
        end = self.offset + count if at_end else self.offset + self.size - 1
        return Envelope(
            {
                "page": self.page,
                "num_pages": pages,
                "page_size": self.size,
                "total": total,
                "start": str(self.offset),
                "end": str(end),
                "uri": self.uri,
                "first_page_uri": self._uri(0),
                "previous_page_uri": self._uri(self.page - 1) if self.page else _NONE,
                "next_page_uri": _NONE if at_end else self._uri(self.page + 1, last_sid),
                "last_page_uri": self._uri(pages),
            }
        )

    def _uri(self, page: int, after: str = "") -> str:
        parameters = {"Page": str(page), "PageSize": str(self.size), **self.filters}
        if after:
            parameters["AfterSid"] = after
        return f"{self.uri}?{urlencode(parameters)}"


def _number(request: Request, name: Literal["Page", "PageSize"], default: int) -> int:
    text = request.wanted(name)
    if text is None:
        return default
    if _NUMBER.fullmatch(text) is None:
        raise wrong(f"{name} is {text[:64]!r}: use a whole number")
    return int(text)
