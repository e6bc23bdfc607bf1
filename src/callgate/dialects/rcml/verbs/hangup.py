"""Hangup: the end of the call. One that is not answered is refused with 603: our choice.

The open-source product answers a call that it has to hang up, and then ends it; the hosted one's pages do not say.
"""

from __future__ import annotations

from typing import Self

from callgate.core.verdicts import refusal
from callgate.dialects.rcml.binding import Source
from callgate.dialects.rcml.document import Element
from callgate.dialects.rcml.notices import Notices
from callgate.dialects.rcml.verbs.verb import Stage, Step, Verb, When, check_attributes, check_childless


class Hangup(Verb):
    tag = "Hangup"
    when = When.BOTH

    @classmethod
    def read(cls, element: Element, notices: Notices) -> Self:
        check_attributes(element, cls.known, cls.later, notices)
        check_childless(element, notices)
        return cls()

    async def run(self, stage: Stage) -> Step | Source:
        await stage.decide(refusal("rejected"), "no-answer")
        return Step.FINISHED
