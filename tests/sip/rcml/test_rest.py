"""The REST API beside real calls: a number gets its application, a live call is ended or given another document."""

from __future__ import annotations

import pytest

from tests.sip.rcml.application import body, document, silence
from tests.sip.rcml.rig import RcmlRig
from tests.sip.rig import number
from tests.sip.user_agent import ring

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]

BUSY = document('<Reject reason="busy"/>')
LONG = document('<Pause length="30"/><Reject/>')


async def test_a_number_gets_its_application_by_rest_and_loses_it(rcml: RcmlRig) -> None:
    did = number("78")
    created, entry = await rcml.ask(
        "POST", "IncomingPhoneNumbers.json", PhoneNumber=f"+{did}", VoiceUrl=f"{rcml.application.url}/voice"
    )
    assert (created, entry["voice_method"]) == (200, "POST"), entry
    rcml.application.says(did, BUSY)
    await rcml.sip.native.in_edge()
    call = rcml.sip.caller.invite(rcml.sip.system.edge, did)
    assert (await call.ended()).status == 486
    record = await rcml.record(await rcml.sid(did), "busy")
    assert record["phone_number_sid"] == entry["sid"]

    deleted, _ = await rcml.ask("DELETE", f"IncomingPhoneNumbers/{entry['sid']}.json")
    assert deleted == 204
    await rcml.sip.native.in_edge()
    assert (await rcml.sip.caller.invite(rcml.sip.system.edge, did).ended()).status == 404


async def test_a_number_that_an_operators_route_has_is_not_available(rcml: RcmlRig) -> None:
    status, text = await rcml.ask(
        "POST", "IncomingPhoneNumbers.json", PhoneNumber="79*", VoiceUrl=f"{rcml.application.url}/voice"
    )
    assert (status, "21452" in str(text)) == (400, True)


@pytest.mark.parametrize(("asked", "status"), [("canceled", "canceled"), ("completed", "completed")])
async def test_a_held_call_that_is_ended_is_refused_with_603(rcml: RcmlRig, asked: str, status: str) -> None:
    call, did = rcml.dial("71", LONG)
    await call.until(lambda each: 180 in each.statuses)
    sid = await rcml.sid(did)
    code, record = await rcml.ask("POST", f"Calls/{sid}.json", Status=asked)
    assert (code, record["sid"], record["status"]) == (200, sid, "ringing")
    assert (await call.ended()).status == 603
    assert await rcml.application.told(did, status) == ["ringing", status]
    await rcml.record(sid, status)
    code, _ = await rcml.ask("POST", f"Calls/{sid}.json", Status=asked)
    assert code == 410


async def test_an_answered_call_is_ended_by_bye_on_both_sides(rcml: RcmlRig) -> None:
    call, did = rcml.dial("71", document("<Dial>7101</Dial>"))
    assert (await call.ended()).status == 200
    sid = await rcml.sid(did)
    await rcml.record(sid, "in-progress")
    code, record = await rcml.ask("POST", f"Calls/{sid}.json", Status="completed")
    assert (code, record["status"]) == (200, "in-progress")
    await call.until(lambda each: any(message.method == "BYE" for message in each.requests))
    assert await rcml.application.told(did, "completed") == ["ringing", "in-progress", "completed"]
    assert len(rcml.sip.destination.saw("BYE", call)) == 1


@pytest.mark.parametrize("first", [LONG, silence, document("<Dial>7102</Dial>")])
async def test_a_call_that_waits_starts_another_document(rcml: RcmlRig, first: object) -> None:
    rcml.sip.destination.numbers["7102"] = ring
    call, did = rcml.dial("71", first)  # type: ignore[arg-type]  # a list of answers of two spellings
    rcml.application.says(did, BUSY, "/other")
    sid = await rcml.sid(did)
    if first is not silence:
        await call.until(lambda each: 180 in each.statuses)
    code, _ = await rcml.ask("POST", f"Calls/{sid}.json", Url=f"{rcml.application.url}/other")
    assert code == 200
    assert (await call.ended()).status == 486
    await rcml.record(sid, "busy")


async def test_a_call_that_nobody_knows(rcml: RcmlRig) -> None:
    assert (await rcml.ask("GET", f"Calls/CA{'0' * 32}.json"))[0] == 404
    assert (await rcml.ask("POST", f"Calls/CA{'0' * 32}.json", Status="canceled"))[0] == 406


async def test_the_list_of_calls_is_filtered(rcml: RcmlRig) -> None:
    call, did = rcml.dial("71", body("", "text/plain", 404))
    await call.ended()
    await rcml.record(await rcml.sid(did), "failed")
    _, found = await rcml.ask("GET", "Calls.json", To=did, Status="failed")
    assert [each["to"] for each in found["calls"]] == [did]
    _, found = await rcml.ask("GET", "Calls.json", To=did, Status="completed")
    assert found["calls"] == []
