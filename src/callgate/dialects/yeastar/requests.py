"""A request as the endpoints see it, and the reading of its parameters."""

from __future__ import annotations

import re
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec

from callgate.dialects.yeastar.errors import ApiError, Code, invalid, missing
from callgate.dialects.yeastar.wire import InvalidParam

T = TypeVar("T")

_TOKEN = b"access_token="
_PLAIN = re.compile(rb"[A-Za-z0-9]*\Z")
_FIELD_MISSING = re.compile(r"missing required field `(\w+)`")
_FIELD_WRONG = re.compile(r"\$\.(\w+)")


class Request(msgspec.Struct, frozen=True):
    """One request.

    ``path`` is what follows ``/openapi/``, without a slash at the end: ``v1.0/call/query``. ``query`` is the query
    string as received, ``user_agent`` the header of that name or nothing, ``address`` where the request came from.
    ``body`` is ``None`` if it was longer than ``http.body_limit``.
    """

    method: str
    path: str
    query: bytes = b""
    user_agent: bytes = b""
    address: str = ""
    body: bytes | None = b""


def access_token(query: bytes) -> str:
    """The token in a query string; empty if there is none."""
    return read_query(query).get("access_token", "")


def read_query(raw: bytes) -> dict[str, str]:
    """The parameters of a query string; of one given twice, the first.

    Raises:
        ApiError: there are too many.
    """
    if raw.startswith(_TOKEN) and _PLAIN.match(raw, len(_TOKEN)):
        return {"access_token": raw[len(_TOKEN) :].decode()}  # the form of nearly every request
    try:
        pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True, max_num_fields=64)
    except ValueError:
        raise ApiError(Code.PARAMETER_SYNTAX, "the query string has more than 64 parameters") from None
    return dict(reversed(pairs))


def read_parameters(request: Request, shape: type[T]) -> T:
    """The query parameters as ``shape``.

    Raises:
        ApiError: one is missing or wrong; it is named.
    """
    query = read_query(request.query)
    try:
        return msgspec.convert(query, shape, strict=False)
    except msgspec.ValidationError as error:
        raise _explain(error, query) from None


def read_json(body: bytes | None, decoder: msgspec.json.Decoder[T]) -> T:
    """A JSON body in the decoder's shape.

    Raises:
        ApiError: it is too long, it is not JSON, or a parameter is missing or wrong.
    """
    if body is None:
        raise ApiError(Code.SIZE_EXCEEDED, "the request body is too long")
    try:
        return decoder.decode(body or b"{}")
    except msgspec.ValidationError as error:
        raise _explain(error, {}) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ApiError(Code.PARAMETER_SYNTAX, "the request body is not JSON") from None


def _explain(error: msgspec.ValidationError, given: dict[str, str]) -> ApiError:
    text = str(error)
    absent = _FIELD_MISSING.search(text)
    if absent:
        return missing(absent[1])
    wrong = _FIELD_WRONG.search(text)
    if wrong is None:
        return ApiError(Code.PARAMETER_SYNTAX, "the request body must be a JSON object")
    field, expected = wrong[1], text.partition(" - at ")[0]
    if field in given:
        return invalid(field, given[field], expected)
    return ApiError(Code.PARAMETER, expected, invalid=(InvalidParam(field, validation_type="format"),))
