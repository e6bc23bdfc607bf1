"""One thing that was looked at, and how it is."""

from __future__ import annotations

from typing import Literal

import msgspec

Grade = Literal["ok", "warning", "error"]


class Finding(msgspec.Struct, frozen=True):
    """How ``subject`` is. ``remedy`` says how to mend it, "" where nothing is to be mended.

    "error": Callgate does not run, or does not do its work, like this; "warning": it does, but look at it.
    """

    subject: str
    grade: Grade
    text: str
    remedy: str = ""


def ok(subject: str, text: str) -> Finding:
    return Finding(subject, "ok", text)


def warning(subject: str, text: str, remedy: str) -> Finding:
    return Finding(subject, "warning", text, remedy)


def error(subject: str, text: str, remedy: str) -> Finding:
    return Finding(subject, "error", text, remedy)
