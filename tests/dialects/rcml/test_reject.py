"""Reject, Hangup and the end of a document: what a caller gets who is not connected."""

from __future__ import annotations

import pytest

from callgate.core.reasons import REASONS
from callgate.core.states import State
from callgate.core.verdicts import Decider, refusal
from callgate.dialects.rcml.failures import Code

from .calls import VOICE, Rig, sessions, settle

#: The documented table: reason, SIP status; and the call's status that we report.
TABLE = [
    ("rejected", 603, "no-answer"),
    ("busy", 486, "busy"),
    ("forbidden", 403, "failed"),
    ("anonymity_disallowed", 433, "failed"),
    ("address_incomplete", 484, "failed"),
    ("no_route", 404, "failed"),
    ("service_unavailable", 503, "failed"),
    ("unwanted", 607, "failed"),
]


@pytest.mark.parametrize(("reason", "sip", "status"), TABLE)
@pytest.mark.parametrize("spelling", [str.lower, str.upper, str.title, "  {}\t".format])
async def test_each_reason_has_its_response_and_status(reason: str, sip: int, status: str, spelling: object) -> None:
    rig = Rig()
    call = await rig.ring(f'<Reject reason="{spelling(reason)}"/>')  # type: ignore[operator]  # str methods and format
    assert (call.state, call.status, call.phrase) == (State.REFUSED, sip, REASONS[reason].phrase)
    assert rig.control.decisions == [(call.id, refusal(reason), Decider("rcml", "acme"))]
    assert rig.told.statuses == ["ringing", status]
    assert rig.told.notifications == []
    assert (sessions(rig), len(rig.live)) == ([], 0)


@pytest.mark.parametrize("reject", ["<Reject/>", '<Reject reason=""/>', '<Reject reason="  "/>', "<Reject></Reject>"])
async def test_without_a_reason_it_is_rejected(reject: str) -> None:
    rig = Rig()
    await rig.ring(reject)
    assert rig.control.commands == [refusal("rejected")]
    assert rig.told.statuses == ["ringing", "no-answer"]
    assert rig.told.notifications == []


@pytest.mark.parametrize("reason", ["closed", "rejected!", "603", "temporarily_unavailable", "é" * 500])
async def test_an_unknown_reason_rejects_with_a_warning(reason: str) -> None:
    rig = Rig()
    await rig.ring(f'\n<Reject reason="{reason}"/>')
    assert rig.control.commands == [refusal("rejected")]
    [warning] = rig.told.notifications
    assert (warning.log, warning.code) == (1, Code.SCHEMA)
    assert warning.text.startswith(f"line 2: Reject's reason {reason[:10]!r}"[:34])
    assert "use one of rejected, busy, forbidden" in warning.text
    assert (warning.request_url, warning.request_method) == (VOICE, "POST")
    assert len(warning.text) < 500


async def test_children_are_ignored_with_a_warning() -> None:
    rig = Rig()
    await rig.ring('<Reject reason="busy"><Say>Good-bye</Say><Play>x</Play></Reject>')
    assert rig.control.commands == [refusal("busy")]
    [warning] = rig.told.warnings
    assert warning.text == "line 1: Reject cannot have others nested in it: <Say>, <Play> is ignored"


@pytest.mark.parametrize(
    "after", ["<Dial>1234</Dial>", "<Say>Hello</Say>", "<Hangup/>", "<Redirect>/x</Redirect>", "<X/>"]
)
async def test_nothing_after_it_runs(after: str) -> None:
    rig = Rig()
    await rig.ring(f'<Reject reason="busy"/>{after}')
    assert rig.control.commands == [refusal("busy")]
    assert rig.documents.urls == [VOICE]
    assert rig.told.notifications == []


async def test_a_reason_in_another_letter_case_is_no_attribute() -> None:
    rig = Rig()
    await rig.ring('<Reject Reason="busy"/>')
    assert rig.control.commands == [refusal("rejected")]
    [warning] = rig.told.warnings
    assert "did you mean reason?" in warning.text


async def test_reject_in_another_letter_case_is_no_verb() -> None:
    rig = Rig()
    await rig.ring('<reject reason="busy"/>')
    assert rig.control.commands == [refusal("rejected")]  # the end of a document that does nothing
    [warning] = rig.told.warnings
    assert warning.text.startswith("line 1: <reject> is not a verb of RCML and is skipped: did you mean Reject?")


async def test_an_unknown_verb_does_not_stand_in_its_way() -> None:
    rig = Rig()
    await rig.ring('<Bogus/><Reject reason="busy"/>')
    assert rig.control.commands == [refusal("busy")]
    assert [warning.text for warning in rig.told.warnings] == ["line 1: <Bogus> is not a verb of RCML and is skipped"]


async def test_after_a_dial_that_failed_it_is_skipped_with_a_warning() -> None:
    rig = Rig()
    call = await rig.ring('<Dial>1234</Dial><Reject reason="unwanted"/>')
    rig.control.returns(call, 486)
    await settle()
    assert call.status == 486
    assert rig.told.statuses == ["ringing", "busy"]
    [warning] = rig.told.warnings
    assert (warning.code, "Reject is skipped" in warning.text) == (Code.STATE, True)


async def test_after_a_dial_it_is_skipped_in_the_actions_document_too() -> None:
    rig = Rig()
    rig.documents.says("https://app.example.com/after", '<Reject reason="unwanted"/>')
    call = await rig.ring('<Dial action="/after">1234</Dial>')
    rig.control.returns(call, 486)
    await settle()
    assert (call.status, len(rig.told.warnings)) == (486, 1)


@pytest.mark.parametrize("document", ["", "<Hangup/>", "<Hangup/><Reject reason='busy'/>", "<!-- nothing -->", "text"])
async def test_a_hangup_or_the_end_before_an_answer_is_a_603(document: str) -> None:
    rig = Rig()
    call = await rig.ring(document)
    assert (call.status, rig.told.statuses) == (603, ["ringing", "no-answer"])
    assert rig.told.notifications == []


async def test_a_flood_of_warnings_is_cut() -> None:
    rig = Rig()
    await rig.ring("<Bogus/>" * 200)
    assert len(rig.told.warnings) == 20
    assert "further warnings of this document are not told" in rig.told.warnings[-1].text
