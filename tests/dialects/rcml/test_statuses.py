"""The statuses of a call: each once, in order, to the log and to the application."""

from __future__ import annotations

from typing import get_args

import pytest

from callgate.core.events import Kind
from callgate.core.verdicts import Refuse
from callgate.dialects.rcml.model import FINAL_STATUSES, Status
from callgate.dialects.rcml.sids import call_sid
from callgate.dialects.rcml.statuses import of_dialled, of_end, of_refused, refusal_of
from callgate.directory.model import RcmlVoice

from .calls import ACCOUNT, STATUS, VOICE, Rig, settle


@pytest.mark.parametrize("sip", [0, *range(300, 700)])
def test_every_sip_status_has_a_status_and_a_refusal(sip: int) -> None:
    assert of_dialled(sip) in FINAL_STATUSES
    assert of_refused(sip) in FINAL_STATUSES
    refused = refusal_of(sip)
    assert isinstance(refused, Refuse)
    assert refused.status not in (401, 407, 408, 487, 503)


@pytest.mark.parametrize("kind", [Kind.ENDED, Kind.CANCELLED, Kind.REFUSED, Kind.REDIRECTED, Kind.FAILED])
async def test_every_end_has_a_last_status(kind: Kind) -> None:
    rig = Rig()
    assert of_end(kind, rig.arrive()) in FINAL_STATUSES
    await rig.live.stop()


async def test_each_status_is_told_once_and_in_order() -> None:
    rig = Rig()
    call = await rig.ring("<Dial>1</Dial>")
    rig.control.rings(call)
    rig.control.rings(call, status=183)
    await rig.clock.advance(5)
    rig.control.answers(call)
    rig.control.answers(call)
    await rig.clock.advance(7)
    rig.control.ends(call)
    await settle()
    assert rig.told.statuses == ["ringing", "in-progress", "completed"]
    assert [event for _, _, _, event in rig.told.callbacks] == rig.told.statuses
    for id_, account, request, event in rig.told.callbacks:
        told = dict(request.parameters)
        assert (id_, account, request.url, request.token) == (call.id, ACCOUNT.name, STATUS, ACCOUNT.token)
        assert (told["CallStatus"], told["CallSid"]) == (event, call_sid(call.id))


async def test_a_record_says_when_what_happened() -> None:
    rig = Rig()
    call = await rig.ring("<Dial>1</Dial>")
    began = call.received
    await rig.clock.advance(5)
    rig.control.answers(call)
    await rig.clock.advance(7)
    rig.control.ends(call)
    first, second, last = [record for record in rig.told.records if record.parent_sid is None]
    assert (first.sid, first.account_sid, first.phone_number_sid) == (call_sid(call.id), ACCOUNT.sid, "PN" + "b" * 32)
    assert (first.from_, first.to, first.caller_name, first.direction) == ("5503301", "2002", "Ann", "inbound")
    assert (first.created, first.updated, first.started, first.ended, first.ring_seconds) == (
        began, began, None, None, None,
    )  # fmt: skip
    assert (second.updated, second.started, second.ended, second.ring_seconds) == (began + 5, began + 5, None, 5)
    assert (last.updated, last.started, last.ended, last.ring_seconds) == (began + 12, began + 5, began + 12, 5)


async def test_without_a_callback_url_the_log_alone_is_told() -> None:
    rig = Rig(voice=RcmlVoice(VOICE))
    await rig.ring("<Reject/>")
    assert (rig.told.statuses, rig.told.callbacks) == (["ringing", "no-answer"], [])


async def test_a_callback_may_be_a_get() -> None:
    rig = Rig(voice=RcmlVoice(VOICE, status_callback=STATUS, status_callback_method="GET"))
    await rig.ring("<Reject/>")
    assert {request.method for _, _, request, _ in rig.told.callbacks} == {"GET"}


def test_the_last_statuses_are_statuses() -> None:
    assert set(get_args(Status)) >= FINAL_STATUSES
