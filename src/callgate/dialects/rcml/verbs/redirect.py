"""Redirect: another document goes on in place of this one."""

from __future__ import annotations

from typing import Self

from callgate.dialects.rcml.binding import Source
from callgate.dialects.rcml.document import Element
from callgate.dialects.rcml.failures import Code, DocumentFailure
from callgate.dialects.rcml.model import Method
from callgate.dialects.rcml.notices import Notices
from callgate.dialects.rcml.urls import resolve
from callgate.dialects.rcml.verbs.verb import Stage, Step, Verb, When, check_attributes, check_childless, method


class Redirect(Verb):
    """Fetch the document at ``url``. A call that is not answered stays so, and the other document may reject it."""

    tag = "Redirect"
    when = When.BOTH
    precedes_reject = True
    known = frozenset({"method"})

    def __init__(self, url: str, how: Method, line: int) -> None:
        self.url = url
        self.method = how
        self.line = line

    @classmethod
    def read(cls, element: Element, notices: Notices) -> Self:
        check_attributes(element, cls.known, cls.later, notices)
        check_childless(element, notices)
        if not element.text:
            raise DocumentFailure(Code.URL, f"line {element.line}: Redirect has no URL: write it between its tags")
        return cls(element.text, method(element, Code.REDIRECT_METHOD, notices), element.line)

    async def run(self, stage: Stage) -> Step | Source:
        return Source(resolve(stage.url, self.url), self.method)
