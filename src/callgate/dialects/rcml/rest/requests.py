"""A request as the endpoints see it, and the reading of its path, its parameters and its body."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import parse_qsl

import msgspec

from callgate.dialects.asgi import Receive
from callgate.dialects.bodies import read_within
from callgate.dialects.rcml.rest.errors import RestError, wrong
from callgate.directory.model import Account

FORM = "application/x-www-form-urlencoded"
#: How many parameters are read.
_PARAMETER_LIMIT = 200
#: What no parameter holds: control characters but for tab and the ends of lines.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Target(msgspec.Struct, frozen=True):
    """What a path asks for: its segments without their ".json", and whether there was one (the reply is JSON then)."""

    segments: tuple[str, ...]
    json: bool

    @classmethod
    def of(cls, path: str) -> Target:
        segments = [segment for segment in path.split("/") if segment]
        plain = tuple(segment.removesuffix(".json") for segment in segments)
        return cls(plain, plain != tuple(segments))


class Request(msgspec.Struct, frozen=True):
    """One request of an account that has proved who it is.

    ``path`` is that of the list or resource, as it stands in its URIs: from ``/restcomm`` on and without ".json".
    ``sid`` is the one in the path, "" where there is none. Of a parameter given twice the first counts.
    """

    account: Account
    path: str
    sid: str
    json: bool
    query: Mapping[str, str]
    form: Mapping[str, str]

    def wanted(self, name: str) -> str | None:
        """A filter; one that is empty is none. A "+" that was not escaped has become a space, and is left aside."""
        return self.query.get(name, "").strip() or None


class Headers:
    """The headers of a request; of one that is given twice, the first counts."""

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self._headers = dict(reversed(list(headers)))

    def get(self, name: bytes) -> str:
        """The value, of the name in lower case; "" if there is none."""
        return self._headers.get(name, b"").decode("latin-1")


def wants_json(accept: str) -> bool:
    """Whether an Accept header asks for JSON rather than for XML, which is the default (RFC 9110 section 12.5.1)."""
    best, json = 0.0, False
    for choice in accept.split(","):
        media_type, *parameters = (part.strip().lower() for part in choice.split(";"))
        weight = next((_weight(text[2:]) for text in parameters if text.startswith("q=")), 1.0)
        if weight > best and (media_type.endswith(("/json", "/xml", "/*"))):
            best, json = weight, media_type.endswith("/json")
    return json


def read_parameters(raw: bytes, where: str) -> dict[str, str]:
    """The parameters in a query string or a form; of one given twice, the first.

    Raises:
        RestError: 400, they are not UTF-8, too many, or hold control characters.
    """
    if not raw:
        return {}
    try:
        text = raw.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_PARAMETER_LIMIT, errors="strict")
    except UnicodeDecodeError:
        raise wrong(f"{where} is not UTF-8, with all that is not ASCII escaped as %XX") from None
    except ValueError:
        raise wrong(f"{where} has more than {_PARAMETER_LIMIT} parameters") from None
    for name, value in pairs:
        if _CONTROL.search(name) or _CONTROL.search(value):
            raise wrong(f"{where} holds control characters")
    return dict(reversed(pairs))


def check_form(headers: Headers) -> None:
    """That a body is a form; one without Content-Type is taken for one.

    Raises:
        RestError: 415.
    """
    given = headers.get(b"content-type")
    if given and given.partition(";")[0].strip().lower() != FORM:
        raise RestError(415, f"the body must be {FORM}")


async def read_body(receive: Receive, headers: Headers, limit: int) -> bytes:
    """The whole body.

    Raises:
        RestError: 413, it has more than ``limit`` bytes (known before it is read where Content-Length tells).
        ConnectionResetError: the client went away.
    """
    body = await read_within(receive, limit, headers.get(b"content-length"))
    if body is None:
        raise _too_large(limit)
    return body


def one_of(name: str, value: str, choices: Sequence[str]) -> str:
    """The value, as it is spelt in ``choices``: letter case is left aside.

    Raises:
        RestError: 400, it is none of them.
    """
    for choice in choices:
        if value.lower() == choice.lower():
            return choice
    raise wrong(f"{name} is {value[:64]!r}: use {' or '.join(choices)}")


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _too_large(limit: int) -> RestError:
    return RestError(413, f"the body may have at most {limit} bytes")
