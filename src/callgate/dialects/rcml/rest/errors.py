"""What is wrong with a request, as the product says it: a status, and a text or nothing."""

from __future__ import annotations

from collections.abc import Mapping

#: The body of a number that cannot be had.
NUMBER_NOT_AVAILABLE = "21452"


class RestError(Exception):
    """A request that is answered with an error.

    ``text`` is sent as a message in the form that was asked for, with ``plain`` as it is: so the product sends its own
    texts. Without a text the body is empty.
    """

    def __init__(
        self, status: int, text: str = "", *, plain: bool = False, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{status} {text}".strip())
        self.status = status
        self.text = text
        self.plain = plain
        self.headers = dict(headers or {})


def not_found() -> RestError:
    """There is no such resource, or it is another account's."""
    return RestError(404)


def wrong(text: str) -> RestError:
    """A parameter is wrong: the text says which, and what it may be."""
    return RestError(400, text)


def missing(parameter: str) -> RestError:
    """A parameter that is required is not there."""
    return RestError(400, f"{parameter} can not be null.", plain=True)


def not_done(text: str) -> RestError:
    """The product has it and Callgate does not: the text says what there is instead."""
    return RestError(501, text)


def unavailable(text: str) -> RestError:
    """It cannot be done right now."""
    return RestError(503, text, headers={"Retry-After": "5"})
