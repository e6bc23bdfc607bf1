"""Pages of a list that is read from the newest to the oldest.

A cursor holds the key of the last entry that was given out, and the next page begins below it. Newer entries that come
meanwhile have greater keys, so that they neither shift a later page nor show twice.
"""

from __future__ import annotations

import binascii
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Generic, Literal, TypeVar

import msgspec

T = TypeVar("T")

#: The list that a cursor belongs to.
Listing = Literal["calls", "verdicts", "deliveries"]
#: The most entries that one page has.
PAGE_LIMIT = 1_000


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some entries, newest first; ``next`` is the cursor of the page after them, ``None`` on the last page."""

    items: list[T]
    next: str | None


class CursorError(ValueError):
    """The text is not a cursor of this list."""

    def __init__(self) -> None:
        super().__init__("this is not a cursor of this list: use the one of its last page, or none to begin anew")


def cursor_at(listing: Listing, key: str | int) -> str:
    """The cursor of the page below ``key``."""
    return urlsafe_b64encode(f"{listing[0]}{key}".encode()).decode().rstrip("=")


def call_key(text: str) -> str:
    """The id of the call that a cursor of calls was made of.

    Raises:
        CursorError: it is not one.
    """
    try:
        return str(uuid.UUID(_key("calls", text)))
    except ValueError as error:
        raise CursorError from error


def number_key(listing: Listing, text: str) -> int:
    """The number that a cursor of verdicts or deliveries was made of.

    Raises:
        CursorError: it is not one.
    """
    key = _key(listing, text)
    if not (key.isascii() and key.isdecimal() and len(key) < 20 and int(key) < 1 << 63):
        raise CursorError
    return int(key)


def _key(listing: Listing, text: str) -> str:
    try:
        decoded = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode("ascii")
    except (UnicodeError, binascii.Error) as error:
        raise CursorError from error
    if not decoded.startswith(listing[0]) or cursor_at(listing, decoded[1:]) != text:
        raise CursorError
    return decoded[1:]
