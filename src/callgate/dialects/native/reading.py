"""Reading a request: its body within a bound, its query and its JSON into typed values, each fault a problem."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import cache
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl

import msgspec

from callgate.dialects.asgi import Receive
from callgate.dialects.bodies import read_within
from callgate.dialects.native.errors import MALFORMED_JSON, TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, ProblemError, invalid

T = TypeVar("T")
#: How many query parameters are read.
_QUERY_LIMIT = 100


class Headers:
    """The headers of a request; of one that is given twice, the first counts."""

    def __init__(self, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self._headers = headers

    def get(self, name: bytes) -> str | None:
        """The value, of the name in lower case."""
        for key, value in self._headers:
            if key == name:
                return value.decode("latin-1")
        return None


async def read_body(receive: Receive, headers: Headers, limit: int) -> bytes:
    """The whole body.

    Raises:
        ProblemError: 413, it has more than ``limit`` bytes (known before it is read where Content-Length tells).
        ConnectionResetError: the client went away.
    """
    body = await read_within(receive, limit, headers.get(b"content-length") or "")
    if body is None:
        raise _too_large(limit)
    return body


def check_media_type(headers: Headers, expected: str) -> None:
    """That the Content-Type is the expected one; none at all is taken for it.

    Raises:
        ProblemError: 415.
    """
    given = headers.get(b"content-type")
    if given is not None and given.partition(";")[0].strip().lower() != expected:
        raise ProblemError(UNSUPPORTED_MEDIA_TYPE, f"Content-Type is {given[:80]}, this reads {expected}")


def read_json(body: bytes, type_: type[T]) -> T:
    """The body as a typed value.

    Raises:
        ProblemError: 400 if it is not JSON, 422 if it is not of that shape.
    """
    try:
        return msgspec.json.decode(body, type=type_)
    except msgspec.ValidationError as error:
        raise _of(error, "$") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProblemError(MALFORMED_JSON, str(error)) from None


def read_query(query_string: bytes, type_: type[T]) -> T:
    """The query parameters as a typed value; one that holds a list may be given several times.

    Raises:
        ProblemError: 422, a parameter is unknown, wrong, or given twice.
    """
    if not query_string:
        return type_()
    values: dict[str, str | list[str]] = {}
    lists = _list_fields(cast(Hashable, type_))
    try:
        pairs = parse_qsl(query_string.decode(errors="replace"), keep_blank_values=True, max_num_fields=_QUERY_LIMIT)
    except ValueError:
        raise invalid("query", f"more than {_QUERY_LIMIT} parameters") from None
    for name, value in pairs:
        if name in lists:
            values.setdefault(name, []).append(value)  # type: ignore[union-attr]  # lists hold nothing but lists
        elif name in values:
            raise invalid(name[:80], "given twice")
        else:
            values[name] = value
    try:
        return msgspec.convert(values, type_, strict=False)
    except msgspec.ValidationError as error:
        raise _of(error, "query") from None


@cache
def _list_fields(type_: Any) -> frozenset[str]:
    """The fields that hold lists: an empty list is what they are by default."""
    return frozenset(field.name for field in msgspec.structs.fields(type_) if field.default_factory is list)


def _of(error: msgspec.ValidationError, whole: str) -> ProblemError:
    """The problem of a validation error, whose text ends with " - at `$.path`" where it is about a part."""
    message, _, place = str(error).partition(" - at `")
    field = place.removesuffix("`") or whole
    return invalid(field if whole == "$" else field.removeprefix("$."), message)


def _too_large(limit: int) -> ProblemError:
    return ProblemError(TOO_LARGE, f"the body may have at most {limit} bytes")
