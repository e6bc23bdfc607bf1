"""Changing a live call: ending it, or having it begin another document."""

from __future__ import annotations

from pathlib import Path

import pytest

from callgate.dialects.rcml.model import NotConfirmed, Unsupported
from callgate.dialects.rcml.sids import leg_sid
from callgate.settings import RcmlSettings

from .rig import Rig, call_number, serving, xml

URL = "https://app.example.com/other?x=1"


@pytest.mark.parametrize(
    ("asked", "told"), [("canceled", "canceled"), ("completed", "completed"), ("Canceled", "canceled")]
)
async def test_a_status_ends_the_call_and_the_reply_is_the_call_before(rig: Rig, asked: str, told: str) -> None:
    record = rig.log_call(status="ringing")
    reply = await rig.http.post(f"Calls/{record.sid}.json", data={"Status": asked})
    assert (reply.status_code, reply.json()["sid"], reply.json()["status"]) == (200, record.sid, "ringing")
    assert rig.live.ended == [(call_number(1), told)]


async def test_the_call_may_be_named_by_its_long_sid_and_json_stand_at_the_list(rig: Rig) -> None:
    record = rig.log_call()
    reply = await rig.http.post(f"Calls.json/ID{'7' * 32}-{record.sid}", data={"Status": "completed"})
    assert reply.json()["sid"] == record.sid
    assert len(rig.live.ended) == 1


async def test_a_url_has_the_call_begin_that_document(rig: Rig) -> None:
    record = rig.log_call()
    reply = await rig.http.post(
        f"Calls/{record.sid}",
        data={"Url": URL, "Method": "get", "FallbackUrl": "http://b.example", "FallbackMethod": "GET"},
    )
    assert xml(reply).findtext("Sid") == record.sid
    assert rig.live.runs == [(call_number(1), URL, "GET", "http://b.example", "GET")]
    await rig.http.post(f"Calls/{record.sid}", data={"Url": URL})
    assert rig.live.runs[1:] == [(call_number(1), URL, "POST", "", "POST")]


async def test_a_status_goes_before_a_url(rig: Rig) -> None:
    record = rig.log_call()
    await rig.http.post(f"Calls/{record.sid}", data={"Url": URL, "Status": "completed"})
    assert (len(rig.live.ended), rig.live.runs) == (1, [])


async def test_an_unknown_call_is_not_acceptable(rig: Rig) -> None:
    reply = await rig.http.post(f"Calls/CA{'9' * 32}.json", data={"Status": "completed"})
    assert (reply.status_code, reply.content) == (406, b"")


@pytest.mark.parametrize("sid", ["x", "CA1", "CA" + "9" * 33])
async def test_a_malformed_sid_is_a_bad_request(rig: Rig, sid: str) -> None:
    reply = await rig.http.post(f"Calls/{sid}.json", data={"Status": "completed"})
    assert (reply.status_code, reply.content) == (400, b"")


async def test_a_call_that_is_over_is_gone(rig: Rig) -> None:
    record = rig.log_call(status="busy")
    reply = await rig.http.post(f"Calls/{record.sid}.json", data={"Status": "completed"})
    assert (reply.status_code, reply.text) == (410, "Call is already completed.")


async def test_a_call_that_ends_in_this_moment_is_gone(rig: Rig) -> None:
    record = rig.log_call()
    rig.live.over_meanwhile = True
    reply = await rig.http.post(f"Calls/{record.sid}.json", data={"Status": "completed"})
    assert reply.status_code == 410


async def test_who_asks_for_nothing_is_told_what_can_be_asked_for(rig: Rig) -> None:
    record = rig.log_call()
    reply = await rig.http.post(f"Calls/{record.sid}.json", data={"Mute": "true"})
    assert reply.status_code == 409
    assert '"Url"' in reply.text


async def test_any_other_status_changes_nothing(rig: Rig) -> None:
    record = rig.log_call()
    reply = await rig.http.post(f"Calls/{record.sid}.json", data={"Status": "paused"})
    assert reply.status_code == 200
    assert (rig.live.ended, rig.live.runs) == ([], [])


BAD_FORMS = [
        {"Url": ""}, {"Url": "ftp://a.example"}, {"Url": "/relative"}, {"Url": "http://"}, {"Url": "http://a b"},
        {"Url": URL, "Method": "DELETE"}, {"Url": URL, "FallbackUrl": "x"}, {"Url": URL, "FallbackMethod": "x"},
        {"Url": "http://" + "a" * 9_000},
    ]  # fmt: skip


async def test_a_bad_url_or_method_is_told_and_the_call_left_alone(rig: Rig) -> None:
    for form in BAD_FORMS:
        record = rig.log_call()
        reply = await rig.http.post(f"Calls/{record.sid}.json", data=form)
        assert reply.status_code == 400
        assert reply.json()["message"]
        assert rig.live.runs == []


async def test_plain_http_is_refused_where_it_is_forbidden(tmp_path: Path) -> None:
    async with serving(tmp_path, rcml=RcmlSettings(http=False)) as rig:
        record = rig.log_call()
        reply = await rig.http.post(f"Calls/{record.sid}.json", data={"Url": "HTTP://a.example"})
        assert (reply.status_code, reply.json()["message"]) == (400, "Url must be an https URL")
        assert (await rig.http.post(f"Calls/{record.sid}.json", data={"Url": URL})).status_code == 200


async def test_what_cannot_be_done_in_the_calls_state_is_a_conflict(rig: Rig) -> None:
    record = rig.log_call()
    rig.live.error = Unsupported("the call was answered")
    reply = await rig.http.post(f"Calls/{record.sid}.json", data={"Url": URL})
    assert (reply.status_code, reply.json()) == (409, {"message": "the call was answered"})


async def test_what_the_edge_has_not_confirmed_is_not_called_done(rig: Rig) -> None:
    record = rig.log_call()
    rig.live.error = NotConfirmed("the edge has not confirmed it")
    reply = await rig.http.post(f"Calls/{record.sid}.json", data={"Status": "completed"})
    assert (reply.status_code, reply.json()) == (503, {"message": "the edge has not confirmed it"})


async def test_a_dialled_call_names_the_one_that_can_be_changed(rig: Rig) -> None:
    parent = rig.log_call(1)
    leg = rig.log_call(2, sid=leg_sid(call_number(1), 1, 0), parent_sid=parent.sid)
    reply = await rig.http.post(f"Calls/{leg.sid}.json", data={"Status": "completed"})
    assert reply.status_code == 501
    assert parent.sid in reply.json()["message"]
    rig.log_call(2, sid=leg.sid, parent_sid=parent.sid, status="busy")
    reply = await rig.http.post(f"Calls/{leg.sid}.json", data={"Status": "completed"})
    assert reply.status_code == 410
