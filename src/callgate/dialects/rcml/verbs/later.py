"""The verbs that need an answered call: Callgate does not answer calls itself, so these have their room here.

A document that comes to one of them sends the call on to its route's destination, or cannot go on.
"""

from __future__ import annotations

from typing import Self

from callgate.dialects.rcml.binding import Source
from callgate.dialects.rcml.document import Element
from callgate.dialects.rcml.notices import Notices
from callgate.dialects.rcml.verbs.verb import NeedsAnswer, Stage, Step, Verb, When


class Later(Verb):
    """A verb of RCML that is not done here."""

    when = When.ANSWERED

    def __init__(self, line: int) -> None:
        self.line = line

    @classmethod
    def read(cls, element: Element, notices: Notices) -> Self:
        return cls(element.line)

    async def run(self, stage: Stage) -> Step | Source:
        raise NeedsAnswer(self.tag, self.line)


class Say(Later):
    tag = "Say"


class Play(Later):
    tag = "Play"


class Gather(Later):
    tag = "Gather"


class Record(Later):
    tag = "Record"


class Sms(Later):
    tag = "Sms"


class Email(Later):
    tag = "Email"


class Enqueue(Later):
    tag = "Enqueue"


class Leave(Later):
    tag = "Leave"


class Fax(Later):
    tag = "Fax"


class Language(Later):
    tag = "Language"


class UssdMessage(Later):
    tag = "UssdMessage"


class UssdCollect(Later):
    tag = "UssdCollect"


class Refer(Later):
    tag = "Refer"


class Hold(Later):
    tag = "Hold"


class Resume(Later):
    tag = "Resume"


#: All of them.
LATER: tuple[type[Later], ...] = (
    Say, Play, Gather, Record, Sms, Email, Enqueue, Leave, Fax, Language, UssdMessage, UssdCollect, Refer, Hold,
    Resume,
)  # fmt: skip
