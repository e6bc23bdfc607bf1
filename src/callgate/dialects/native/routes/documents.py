"""What the API says about itself: the OpenAPI document, a page to read it on, and what each problem means."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

import jinja2
import msgspec
from markupsafe import Markup, escape

from callgate.dialects.native import errors, paths
from callgate.dialects.native.openapi import document
from callgate.dialects.native.operations import NoQuery, Operation, Reply, Request, json_reply
from callgate.dialects.native.wire import ProblemPage

HTML = "text/html; charset=utf-8"
_POLICY = b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class Documents:
    """Documents of these operations; each is made once, when it is first asked for."""

    def __init__(self, operations: Iterable[Operation[Any, Any]]) -> None:
        self._described = list(operations)
        self._openapi: bytes | None = None
        self._page: bytes | None = None

    async def openapi(self, request: Request[NoQuery, None]) -> Reply:
        if self._openapi is None:
            self._openapi = msgspec.json.encode(document([*self._described, *self.operations()]))
        return Reply(200, self._openapi)

    async def page(self, request: Request[NoQuery, None]) -> Reply:
        if self._page is None:
            source = files("callgate.dialects.native").joinpath("openapi.html.j2").read_text()
            environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
            environment.filters.update(marked=_marked, pretty=_pretty)
            described = msgspec.to_builtins(document([*self._described, *self.operations()]))
            self._page = environment.from_string(source).render(document=described).encode()
        return Reply(200, self._page, HTML, ((b"content-security-policy", _POLICY),))

    async def problem(self, request: Request[NoQuery, None]) -> Reply:
        kind = errors.KINDS.get(request.parameters["name"])
        if kind is None:
            raise errors.ProblemError(errors.UNKNOWN_PATH, f"the problems are {', '.join(errors.KINDS)}")
        return json_reply(kind.page())

    def operations(self) -> list[Operation[Any, Any]]:
        return [
            Operation(
                "GET",
                paths.PROBLEM,
                self.problem,
                "Documents",
                "Read what a type of problem means, and what to do about it",
                scope=None,
                reply=ProblemPage,
                problems=(errors.UNKNOWN_PATH,),
            ),
            Operation(
                "GET",
                paths.OPENAPI,
                self.openapi,
                "Documents",
                "Get this description as an OpenAPI document",
                scope=None,
                reply=dict[str, Any],
            ),
            Operation(
                "GET",
                paths.DOCS,
                self.page,
                "Documents",
                "Read this description in a browser",
                scope=None,
                reply=str,
                reply_type=HTML,
            ),
        ]


def _marked(text: str) -> Markup:
    """Text with what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _pretty(example: object) -> str:
    """An example as text: JSON in lines, or what is text already."""
    return example if isinstance(example, str) else msgspec.json.format(msgspec.json.encode(example), indent=2).decode()
