"""Dial: ring others, and connect the caller with who answers first.

The call is not answered by Callgate itself, as the open source does unless its 200 OK is delayed: who answers is heard
by the caller directly. So when an answered call ends, the caller's has ended with it: the action is told, and its
document can do nothing any more (our choice, for a proxy has no leg of its own to go on with).
"""

from __future__ import annotations

import re
from typing import Self

from callgate.core.verdicts import RING_MAX, RING_MIN, TARGET_LIMIT, dial
from callgate.dialects.rcml.binding import Source
from callgate.dialects.rcml.dialling import Dialled
from callgate.dialects.rcml.document import Element
from callgate.dialects.rcml.failures import Code, DocumentFailure
from callgate.dialects.rcml.model import Method, Parameters
from callgate.dialects.rcml.notices import Notices
from callgate.dialects.rcml.parameters import UNKNOWN
from callgate.dialects.rcml.urls import resolve
from callgate.dialects.rcml.verbs import nouns
from callgate.dialects.rcml.verbs.nouns import Wanted
from callgate.dialects.rcml.verbs.verb import (
    Bounds,
    NeedsAnswer,
    Stage,
    Step,
    Verb,
    When,
    check_attributes,
    method,
    whole,
)

#: How many Number and Client nouns one Dial may have.
NOUN_LIMIT = 10
#: What a Dial that nobody could be dialled for has failed with, for the caller.
_NOBODY = 404

_TIMEOUT = Bounds(30, int(RING_MIN), int(RING_MAX), Code.DIAL_TIMEOUT)
_TIME_LIMIT = Bounds(14_400, 1, 86_400, Code.DIAL_TIME_LIMIT)
_CALLER_ID = re.compile(r"\+?[0-9]{1,32}")


class Dial(Verb):
    """Ring what ``content`` names for ``timeout`` seconds; an answered call lasts ``time_limit`` seconds at most."""

    tag = "Dial"
    when = When.UNANSWERED
    known = frozenset({"action", "method", "timeout", "timeLimit", "callerId"})
    later = frozenset({"record"})

    def __init__(
        self,
        *,
        content: tuple[Element, ...],
        timeout: int,
        time_limit: int,
        caller_id: str,
        action: str,
        how: Method,
        line: int,
    ) -> None:
        self.content = content
        self.timeout = timeout
        self.time_limit = time_limit
        self.caller_id = caller_id
        self.action = action
        self.method = how
        self.line = line

    @classmethod
    def read(cls, element: Element, notices: Notices) -> Self:
        check_attributes(element, cls.known, cls.later, notices)
        given = element.attributes.get("callerId", "")
        caller_id = nouns.number_of(given) or ""
        if given and _CALLER_ID.fullmatch(caller_id) is None:
            raise DocumentFailure(
                Code.DIAL_CALLER_ID,
                f"line {element.line}: Dial's callerId {given[:40]!r} is not a number: "
                "use digits, with or without a leading +, or leave it out",
            )
        return cls(
            # Plain text is a number, also between nouns.
            content=tuple(
                Element("Number", {}, (piece,), element.line) if isinstance(piece, str) else piece
                for piece in element.content
            ),
            timeout=whole(element, "timeout", _TIMEOUT, notices),
            time_limit=whole(element, "timeLimit", _TIME_LIMIT, notices),
            caller_id=caller_id,
            action=element.attributes.get("action", ""),
            how=method(element, Code.DIAL_METHOD, notices),
            line=element.line,
        )

    async def run(self, stage: Stage) -> Step | Source:
        if self.content and all(noun.tag in nouns.LATER for noun in self.content):
            raise NeedsAnswer(self.content[0].tag, self.content[0].line)
        action = resolve(stage.url, self.action) if self.action else None
        wanted = self._wanted(stage)
        if wanted:
            names = [each.name for each in wanted]
            dialled = await stage.ring(
                dial(
                    (each.target for each in wanted),
                    ring_seconds=float(self.timeout),
                    limit_seconds=self.time_limit,
                    caller_id=self.caller_id,
                ),
                names,
            )
        else:
            if not self.content:
                stage.notices.error(Code.DIAL_TARGET, "Dial names nobody: give it a number or a noun", self.line)
            dialled = Dialled("failed", _NOBODY)
        if not dialled.over:
            stage.failed(dialled)
        if action is not None:
            return Source(action, self.method, told(dialled))
        return Step.FINISHED if dialled.over else Step.NEXT

    def _wanted(self, stage: Stage) -> list[Wanted]:
        """Whom to ring: the first of them, as many as are allowed."""
        counted = 0
        within = []
        for noun in self.content:
            counted += noun.tag in nouns.COUNTED
            if noun.tag not in nouns.COUNTED or counted <= NOUN_LIMIT:
                within.append(noun)
        if counted > NOUN_LIMIT:
            stage.notices.warn(
                Code.SCHEMA,
                f"Dial has {counted} numbers and clients, {NOUN_LIMIT} at most may ring: the first are dialled",
                self.line,
            )
        wanted = [each for noun in within if (each := nouns.read(noun, stage)) is not None]
        if len(wanted) > TARGET_LIMIT:
            stage.notices.warn(
                Code.SCHEMA,
                f"Dial has {len(wanted)} nouns, the first {TARGET_LIMIT} are dialled: give {TARGET_LIMIT} at most",
                self.line,
            )
        return wanted[:TARGET_LIMIT]


def told(dialled: Dialled) -> Parameters:
    """What the action is told of a Dial."""
    return [
        ("DialCallStatus", dialled.status),
        ("DialCallSid", dialled.sid or UNKNOWN),
        ("DialCallDuration", _seconds(dialled.seconds)),
        ("DialRingDuration", _seconds(dialled.rang)),
    ]


def _seconds(value: int | None) -> str:
    return UNKNOWN if value is None else str(value)
