"""The states of a call as one bot is told them: what moves them, and what is told then. It is data.

Source: Microsoft Graph's pages of callState and of the actions, whose examples show the notifications; what they do not
show is our choice (docs/graph.md).
"""

from __future__ import annotations

from enum import Enum, StrEnum

import msgspec

from callgate.dialects.graph.model import CallState, ChangeType


class Happening(StrEnum):
    """What happens to a call, seen from one bot."""

    REJECTED = "rejected"  #: by this bot
    ANSWERING = "answering"  #: this bot's media is sent the call
    REDIRECTING = "redirecting"  #: this bot's targets ring
    CONNECTED = "connected"  #: the bot's media, or a target, has answered
    HANGING_UP = "hanging_up"  #: this bot has asked for the end
    DECIDED_ELSEWHERE = "decided_elsewhere"  #: by another bot or application
    LAPSED = "lapsed"  #: nobody decided in time
    OVER = "over"  #: cancelled, failed, refused after a redirect that nobody took, or hung up


class Form(Enum):
    """How much of the call a notification tells."""

    MINIMAL = "the type and the id alone, as the page of reject shows"
    STATE = "the state as well"
    RESULT = "the state and why"
    WHOLE = "the whole call, as the page of redirect shows"


class Step(msgspec.Struct, frozen=True):
    """The state that follows, and the notification of it; a step without ``change`` is not told."""

    state: CallState
    change: ChangeType | None = None
    form: Form = Form.STATE


_OVER = Step("terminated", "deleted", Form.RESULT)
_TERMINATING = Step("terminating", "updated")

STEPS: dict[CallState, dict[Happening, Step]] = {
    "incoming": {
        Happening.REJECTED: Step("terminated", "deleted", Form.MINIMAL),
        Happening.ANSWERING: Step("establishing", "updated"),
        Happening.REDIRECTING: Step("redirecting", "updated"),
        Happening.HANGING_UP: _TERMINATING,
        Happening.DECIDED_ELSEWHERE: _OVER,
        Happening.LAPSED: _OVER,
        Happening.OVER: _OVER,
    },
    "establishing": {
        Happening.CONNECTED: Step("established", "updated"),
        Happening.HANGING_UP: _TERMINATING,
        Happening.OVER: _OVER,
    },
    "established": {
        Happening.HANGING_UP: _TERMINATING,
        Happening.OVER: _OVER,
    },
    "redirecting": {
        Happening.CONNECTED: Step("terminated", "deleted", Form.WHOLE),
        Happening.HANGING_UP: _TERMINATING,
        Happening.DECIDED_ELSEWHERE: _OVER,
        Happening.LAPSED: _OVER,
        Happening.OVER: _OVER,
    },
    "terminating": {
        Happening.DECIDED_ELSEWHERE: _OVER,
        Happening.LAPSED: _OVER,
        Happening.OVER: _OVER,
    },
    "terminated": {},
}


def after(state: CallState, happening: Happening) -> Step | None:
    """The step from ``state``; ``None``: it changes nothing there, and nothing is told."""
    return STEPS[state].get(happening)
