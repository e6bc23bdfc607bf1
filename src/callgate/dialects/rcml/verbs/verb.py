"""What a verb is: read from its element, and done on a stage, which is the session of a call."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from enum import Enum
from typing import ClassVar, Protocol, Self

import msgspec

from callgate.core.verdicts import Dial, Verdict
from callgate.dialects.rcml.binding import Source
from callgate.dialects.rcml.dialling import Dialled
from callgate.dialects.rcml.document import Element
from callgate.dialects.rcml.failures import Code
from callgate.dialects.rcml.model import Method, Status
from callgate.dialects.rcml.notices import Notices
from callgate.directory.model import Account, InboundRoute, Phone


class When(Enum):
    """The calls that a verb can be done with: those that are not answered yet, those that are, or both."""

    UNANSWERED = "unanswered"
    ANSWERED = "answered"
    BOTH = "both"


class Step(Enum):
    """What follows a verb; a :class:`Source` in place of one of these: that document."""

    NEXT = "the next verb"
    FINISHED = "nothing: the call has its verdict"


class NeedsAnswer(Exception):
    """The document wants what an answered call could have and Callgate does not do; ``name`` is the verb or noun."""

    def __init__(self, name: str, line: int) -> None:
        super().__init__(name)
        self.name = name
        self.line = line


class Stage(Protocol):
    """What a verb may see and do."""

    @property
    def route(self) -> InboundRoute: ...

    @property
    def account(self) -> Account: ...

    @property
    def notices(self) -> Notices: ...

    @property
    def url(self) -> str:
        """The document's, which others are relative to."""
        ...

    @property
    def begun(self) -> bool:
        """Whether a verb has been done that a Reject cannot follow."""
        ...

    def phone(self, login: str) -> Phone | None:
        """The phone with that login, as the directory has it now."""
        ...

    async def decide(self, verdict: Verdict, status: Status | None = None) -> None:
        """Give the call's verdict; ``status`` is the call's then, if it is not what follows from the SIP status.

        Raises:
            Interrupted: it came too late, or had no effect; what is to be told of that has been told.
        """
        ...

    async def hold(self, seconds: float, line: int) -> None:
        """Hold the call for so long, and let the caller's network know that it goes on."""
        ...

    async def ring(self, dial: Dial, names: Sequence[str]) -> Dialled:
        """Ring these targets, and wait for what comes of it: an answered call's end."""
        ...

    def failed(self, dialled: Dialled) -> None:
        """A Dial has failed: if the document ends, the caller gets its failure."""
        ...


class Verb(ABC):
    """One verb. ``line`` is where it stands.

    ``precedes_reject``: a Reject may follow it. ``known`` are its attributes, ``later`` those that RCML has and
    Callgate does not do.
    """

    tag: ClassVar[str]
    when: ClassVar[When]
    precedes_reject: ClassVar[bool] = False
    known: ClassVar[frozenset[str]] = frozenset()
    later: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    @abstractmethod
    def read(cls, element: Element, notices: Notices) -> Self:
        """The verb of this element; what is wrong with it is told, and has its default instead.

        Raises:
            DocumentFailure: the document cannot go on with it.
        """
        ...

    @abstractmethod
    async def run(self, stage: Stage) -> Step | Source:
        """Do it."""
        ...


# --- reading ---------------------------------------------------------------------------------------------------------


class Bounds(msgspec.Struct, frozen=True):
    """A number of an attribute: what it is without one, the least and the most it may be, the code of a warning."""

    default: int
    least: int
    most: int
    code: Code


def whole(element: Element, name: str, bounds: Bounds, notices: Notices) -> int:
    """A whole number of seconds."""
    text = element.attributes.get(name, "")
    if not text:
        return bounds.default
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or int(text) < bounds.least:
        notices.warn(
            bounds.code,
            f"{element.tag}'s {name} {text[:40]!r} is not a number of seconds, {bounds.default} is used: "
            f"give {bounds.least} to {bounds.most}",
            element.line,
        )
        return bounds.default
    if int(text) > bounds.most:
        notices.warn(
            bounds.code,
            f"{element.tag}'s {name} of {text} seconds is too long, {bounds.most} is used: give {bounds.most} at most",
            element.line,
        )
        return bounds.most
    return int(text)


def method(element: Element, code: Code, notices: Notices) -> Method:
    """The HTTP method of an URL: POST unless GET is asked for, in any letter case."""
    text = element.attributes.get("method", "").upper()
    if text not in ("", "GET", "POST"):
        notices.warn(
            code, f"{element.tag}'s method {text[:40]!r} is not known, POST is used: use GET or POST", element.line
        )
    return "GET" if text == "GET" else "POST"


def check_attributes(element: Element, known: frozenset[str], later: frozenset[str], notices: Notices) -> None:
    """Warn of the attributes that have no effect."""
    by_lower = {name.lower(): name for name in known | later}
    for name, value in element.attributes.items():
        if name in later:
            if value.lower() not in ("", "false"):
                notices.warn(
                    Code.NOT_DONE, f"{element.tag}'s {name} is not done by Callgate and has no effect", element.line
                )
        elif name not in known:
            meant = by_lower.get(name.lower())
            hint = f": did you mean {meant}?" if meant else ""
            notices.warn(
                Code.SCHEMA, f"{element.tag} has no attribute {name[:40]!r}, it is ignored{hint}", element.line
            )


def check_childless(element: Element, notices: Notices) -> None:
    """Warn of elements in a verb that can have none."""
    if element.children:
        names = ", ".join(f"<{child.tag[:40]}>" for child in element.children[:5])
        notices.warn(Code.SCHEMA, f"{element.tag} cannot have others nested in it: {names} is ignored", element.line)
