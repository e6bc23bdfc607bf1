"""Reject: the call is not picked up, and the caller gets the response of a reason.

Source: the hosted product's page of Reject, with its eight reasons. Letter case and space around a reason make no
difference, as in the open-source product, which takes every unknown reason for "rejected".
"""

from __future__ import annotations

from typing import Self

from callgate.core.verdicts import refusal
from callgate.dialects.rcml.binding import Source
from callgate.dialects.rcml.document import Element
from callgate.dialects.rcml.failures import Code
from callgate.dialects.rcml.model import Status
from callgate.dialects.rcml.notices import Notices
from callgate.dialects.rcml.verbs.verb import Stage, Step, Verb, When, check_attributes, check_childless

#: The reasons, and what the call's status is afterwards. The page names 'busy', 'no-answer' "or other": our choice.
REASONS: dict[str, Status] = {
    "rejected": "no-answer",
    "busy": "busy",
    "forbidden": "failed",
    "anonymity_disallowed": "failed",
    "address_incomplete": "failed",
    "no_route": "failed",
    "service_unavailable": "failed",
    "unwanted": "failed",
}
_DEFAULT = "rejected"


class Reject(Verb):
    """Refuse the call with ``reason``."""

    tag = "Reject"
    when = When.UNANSWERED
    known = frozenset({"reason"})

    def __init__(self, reason: str, line: int) -> None:
        self.reason = reason
        self.line = line

    @classmethod
    def read(cls, element: Element, notices: Notices) -> Self:
        check_attributes(element, cls.known, cls.later, notices)
        check_childless(element, notices)
        given = element.attributes.get("reason", "")
        reason = given.lower() or _DEFAULT
        if reason not in REASONS:
            notices.warn(
                Code.SCHEMA,
                f"Reject's reason {given[:40]!r} is not known, the call is rejected: use one of {', '.join(REASONS)}",
                element.line,
            )
            reason = _DEFAULT
        return cls(reason, element.line)

    async def run(self, stage: Stage) -> Step | Source:
        if stage.begun:
            stage.notices.warn(
                Code.STATE, "Reject is skipped: only Pause and Redirect may go before it, let it come first", self.line
            )
            return Step.NEXT
        await stage.decide(refusal(self.reason), REASONS[self.reason])
        return Step.FINISHED
