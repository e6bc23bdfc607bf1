"""The verbs of RCML, one class each, in one table."""

from __future__ import annotations

from callgate.dialects.rcml.verbs.dial import Dial
from callgate.dialects.rcml.verbs.hangup import Hangup
from callgate.dialects.rcml.verbs.later import LATER
from callgate.dialects.rcml.verbs.pause import Pause
from callgate.dialects.rcml.verbs.redirect import Redirect
from callgate.dialects.rcml.verbs.reject import Reject
from callgate.dialects.rcml.verbs.verb import Verb

_ALL: tuple[type[Verb], ...] = (Reject, Dial, Pause, Redirect, Hangup, *LATER)
#: Every verb by its tag; letter case matters.
VERBS: dict[str, type[Verb]] = {verb.tag: verb for verb in _ALL}

#: The tags by their lower-case form, for "did you mean …?".
_BY_LOWER = {tag.lower(): tag for tag in VERBS}


def meant(tag: str) -> str | None:
    """The verb that an unknown tag may be meant for."""
    return _BY_LOWER.get(tag.lower())
