"""Pause: the call stays held, and the caller's network hears that it goes on."""

from __future__ import annotations

from typing import Self

from callgate.dialects.rcml.binding import Source
from callgate.dialects.rcml.document import Element
from callgate.dialects.rcml.failures import Code
from callgate.dialects.rcml.notices import Notices
from callgate.dialects.rcml.verbs.verb import (
    Bounds,
    Stage,
    Step,
    Verb,
    When,
    check_attributes,
    check_childless,
    whole,
)

_LENGTH = Bounds(1, 0, 86_400, Code.PAUSE_LENGTH)


class Pause(Verb):
    """Wait for ``length`` seconds."""

    tag = "Pause"
    when = When.BOTH
    precedes_reject = True
    known = frozenset({"length"})

    def __init__(self, length: int, line: int) -> None:
        self.length = length
        self.line = line

    @classmethod
    def read(cls, element: Element, notices: Notices) -> Self:
        check_attributes(element, cls.known, cls.later, notices)
        check_childless(element, notices)
        return cls(whole(element, "length", _LENGTH, notices), element.line)

    async def run(self, stage: Stage) -> Step | Source:
        await stage.hold(self.length, self.line)
        return Step.NEXT
