"""Verdicts in words: whatever was decided can be told."""

from __future__ import annotations

from typing import get_args

import pytest

from callgate.cli.client import ProblemError
from callgate.cli.describe import decided_by
from callgate.dialects.native import wire

VERDICTS: list[tuple[wire.Verdict, str, str]] = [
    (wire.AcceptVerdict(), "accept", "accepted"),
    (wire.RefuseVerdict(486, "Busy Here", 17, "busy", []), "refuse 486", "refused with 486 Busy Here"),
    (wire.RedirectVerdict("sip:1@192.0.2.1", "relay"), "redirect sip:1@192.0.2.1", "redirected"),
    (
        wire.DialVerdict(["sip:1@192.0.2.1", "phone:alice"], 30.0, 0, ""),
        "dial sip:1@192.0.2.1, phone:alice",
        "sent to others",
    ),
]


@pytest.mark.parametrize(("verdict", "short", "long"), VERDICTS)
def test_each_verdict_is_told(verdict: wire.Verdict, short: str, long: str) -> None:
    decision = wire.Decision(verdict, "rcml", "acme", 0.0)
    assert decided_by(decision) == f"rcml/acme {short}"
    problem = wire.Problem("/v1/problems/already-decided", "Already decided", 409, "too late", decision=decision)
    assert str(ProblemError(problem)) == f"too late: {long} by rcml/acme"


def test_there_is_no_other_verdict() -> None:
    assert {type(verdict) for verdict, *_ in VERDICTS} == set(get_args(wire.Verdict))
