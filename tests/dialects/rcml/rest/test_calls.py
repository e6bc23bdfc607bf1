"""Calls as the API tells them: one, the list with its filters and pages, and what belongs to one."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from callgate.dialects.rcml.sids import leg_sid

from .rig import ACME, NOW, Rig, a_call, a_notification, attributes, call_number, tags, texts, xml

BELOW = f"/2012-04-24/Accounts/{ACME.sid}/Calls"


async def test_a_call_in_json(rig: Rig) -> None:
    record = rig.log_call(
        1,
        status="completed",
        updated=NOW + 20,
        started=NOW + 4.2,
        ended=NOW + 12.671,
        ring_seconds=3,
        forwarded_from="77",
    )
    reply = (await rig.http.get(f"Calls/{record.sid}.json")).json()
    assert re.fullmatch(r"ID[0-9a-f]{32}", reply.pop("InstanceId"))
    assert list(reply.items()) == [
        ("sid", record.sid),
        ("date_created", "Thu, 28 Jun 2018 13:56:34 +0000"),
        ("date_updated", "Thu, 28 Jun 2018 13:56:53 +0000"),
        ("account_sid", ACME.sid),
        ("to", "442079460000"),
        ("from", "+15551234"),
        ("phone_number_sid", "PN" + "d" * 32),
        ("status", "completed"),
        ("start_time", "2018-06-28T13:56:34.250Z"),
        ("end_time", "2018-06-28T13:56:45.921Z"),
        ("duration", 8),
        ("price_unit", "USD"),
        ("direction", "inbound"),
        ("answered_by", None),
        ("api_version", "2012-04-24"),
        ("forwarded_from", "77"),
        ("caller_name", "Ann"),
        ("uri", f"{BELOW}/{record.sid}.json"),
        ("ring_duration", 3),
        (
            "subresource_uris",
            {
                "notifications": f"{BELOW}/{record.sid}/Notifications.json",
                "recordings": f"{BELOW}/{record.sid}/Recordings.json",
            },
        ),
    ]


async def test_a_call_in_xml(rig: Rig) -> None:
    record = rig.log_call()
    call = xml(await rig.http.get(f"Calls/{record.sid}"))
    assert tags(call) == [
        "Sid", "InstanceId", "DateCreated", "DateUpdated", "ParentCallSid", "AccountSid", "To", "From",
        "PhoneNumberSid", "Status", "StartTime", "EndTime", "Duration", "Price", "PriceUnit", "Direction", "AnsweredBy",
        "ApiVersion", "ForwardedFrom", "CallerName", "Uri", "SubresourceUris", "Ring_duration",
    ]  # fmt: skip
    assert call.findtext("Uri") == f"{BELOW}/{record.sid}"
    assert call.findtext("SubresourceUris/Recordings") == f"{BELOW}/{record.sid}/Recordings"
    assert [call.findtext(tag) for tag in ("ParentCallSid", "EndTime", "Duration", "AnsweredBy")] == [""] * 4


async def test_what_has_not_happened_is_left_out_or_null(rig: Rig) -> None:
    record = rig.log_call(caller_name=None, phone_number_sid=None)
    reply = (await rig.http.get(f"Calls/{record.sid}.json")).json()
    assert reply.keys().isdisjoint({"parent_call_sid", "phone_number_sid", "end_time", "price"})
    for key in ("duration", "answered_by", "forwarded_from", "caller_name", "ring_duration"):
        assert reply[key] is None


async def test_a_call_that_nobody_answered_has_no_duration(rig: Rig) -> None:
    record = rig.log_call(status="busy", ended=NOW + 9)
    assert (await rig.http.get(f"Calls/{record.sid}.json")).json()["duration"] == 0


async def test_a_live_call_is_told_as_it_is_this_moment(rig: Rig) -> None:
    record = rig.log_call(status="ringing")
    rig.live.statuses[call_number(1)] = "in-progress"
    assert (await rig.http.get(f"Calls/{record.sid}.json")).json()["status"] == "in-progress"
    assert (await rig.http.get("Calls.json")).json()["calls"][0]["status"] == "in-progress"


async def test_a_call_is_found_by_its_long_sid(rig: Rig) -> None:
    record = rig.log_call()
    reply = await rig.http.get(f"Calls/ID{'7' * 32}-{record.sid}.json")
    assert reply.json()["sid"] == record.sid


async def test_the_calls_of_a_call_are_its_children(rig: Rig) -> None:
    parent = rig.log_call(1, status="completed")
    leg = rig.log_call(
        2, sid=leg_sid(call_number(1), 1, 0), parent_sid=parent.sid, direction="outbound-dial", to="client:alice"
    )
    found = (await rig.http.get("Calls.json", params={"ParentCallSid": parent.sid})).json()["calls"]
    assert [(call["sid"], call["parent_call_sid"], call["direction"]) for call in found] == [
        (leg.sid, parent.sid, "outbound-dial")
    ]


@pytest.mark.parametrize("sid", ["CA" + "9" * 32, "PN" + "d" * 32, "CA1", "x", "%00", "CA" + "9" * 4_000])
@pytest.mark.parametrize("below", ["", "/Notifications", "/Recordings"])
async def test_a_call_that_does_not_exist_is_not_found_with_an_empty_body(rig: Rig, sid: str, below: str) -> None:
    reply = await rig.http.get(f"Calls/{sid}{below}.json")
    assert (reply.status_code, reply.content) == (404, b"")


async def listed(rig: Rig, **filters: Any) -> list[int]:
    """The numbers of the calls in a list."""
    reply = await rig.http.get("Calls.json", params=filters)
    assert reply.status_code == 200, reply.text
    numbers = {a_call(number).sid: number for number in range(1, 10)}
    return [numbers[call["sid"]] for call in reply.json()["calls"]]


async def test_each_filter_leaves_what_it_says(rig: Rig) -> None:
    day = 86_400
    rig.log_call(1, status="completed", ended=NOW + 60)
    rig.log_call(2, status="busy", from_="+4930123", ended=NOW + 60)
    rig.log_call(3, status="ringing", to="client:alice")
    rig.log_call(4, status="completed", created=NOW + 2 * day, ended=NOW + 2 * day + 60)
    assert await listed(rig) == [1, 2, 3, 4]
    assert await listed(rig, To="alice") == [3]
    assert await listed(rig, From="+4930123") == [2]
    assert await listed(rig, From="0123") == [2]
    assert await listed(rig, Status="Completed") == [1, 4]
    assert await listed(rig, StartTime="2018-06-29") == [4]
    assert await listed(rig, EndTime="2018-06-28") == [1, 2]
    assert await listed(rig, StartTime="2018-06-28", EndTime="2018-06-28") == [1, 2]
    assert await listed(rig, StartTime="2018-06-28T13:56:35Z", Status="completed") == [4]
    assert await listed(rig, ParentCallSid="CA" + "9" * 32) == []
    assert await listed(rig, ConferenceSid="CF" + "9" * 32) == []
    assert await listed(rig, To="", Status="", StartTime="") == [1, 2, 3, 4]
    assert await listed(rig, Unknown="1", localOnly="true", SubAccounts="false") == [1, 2, 3, 4]


async def test_an_unescaped_plus_in_a_filter_is_no_space(rig: Rig) -> None:
    rig.log_call()
    reply = await rig.http.get(f"{rig.host}{rig.base}/Calls.json?From=+15551234")
    assert reply.json()["total"] == 1


async def test_calls_are_sorted_as_asked(rig: Rig) -> None:
    rig.log_call(1, to="b", status="completed", started=NOW, ended=NOW + 9)
    rig.log_call(2, to="a", status="busy")
    assert await listed(rig, SortBy="DateCreated:desc") == [2, 1]
    assert await listed(rig, SortBy="To:asc") == [2, 1]
    assert await listed(rig, SortBy="Duration:desc") == [1, 2]
    assert await listed(rig, SortBy="Price") == [1, 2]
    assert await listed(rig, Reverse="true") == [2, 1]
    assert await listed(rig, Reverse="true", SortBy="DateCreated:asc") == [1, 2]


BAD_QUERIES = [
        "Status=lost", "StartTime=yesterday", "EndTime=2018-13-01", "EndTime=9999-12-31", "SortBy=Colour:asc",
        "SortBy=To:up", "SortBy=:", "Page=-1", "Page=x", "Page=1.5", "Page=9999999999999999999", "PageSize=0",
        "PageSize=1001", "PageSize=all", "Page=1", "StartTime=%FF", "StartTime=0000-00-00", "From=%00", "To=%1b",
        "&".join(f"a{number}=1" for number in range(1_000)),
    ]  # fmt: skip


async def test_a_bad_filter_or_page_is_told(rig: Rig) -> None:
    for query in BAD_QUERIES:
        for path in ("Calls", "Notifications"):
            if path == "Notifications" and query.startswith(("Status", "SortBy")):
                continue
            reply = await rig.http.get(f"{rig.host}{rig.base}/{path}.json?{query}")
            assert reply.status_code == 400, query
            assert reply.json()["message"]


async def test_the_pages_of_a_list_tell_where_they_stand(rig: Rig) -> None:
    for number in range(1, 8):
        rig.log_call(number, status="busy" if number < 7 else "completed")
    reply = (await rig.http.get("Calls.json", params={"PageSize": 2, "Page": 1, "Status": "busy"})).json()
    uri = f"{rig.base}/Calls.json"
    last = reply["calls"][-1]["sid"]
    assert [call["sid"] for call in reply.pop("calls")] == [a_call(3).sid, a_call(4).sid]
    assert list(reply.items()) == [
        ("page", 1),
        ("num_pages", 3),
        ("page_size", 2),
        ("total", 6),
        ("start", "2"),
        ("end", "3"),
        ("uri", uri),
        ("first_page_uri", f"{uri}?Page=0&PageSize=2&Status=busy"),
        ("previous_page_uri", f"{uri}?Page=0&PageSize=2&Status=busy"),
        ("next_page_uri", f"{uri}?Page=2&PageSize=2&Status=busy&AfterSid={last}"),
        ("last_page_uri", f"{uri}?Page=3&PageSize=2&Status=busy"),
    ]


async def test_an_empty_list_has_one_page(rig: Rig) -> None:
    uri = f"{rig.base}/Calls"
    assert attributes(xml(await rig.http.get("Calls"))) == {
        "page": "0",
        "numpages": "0",
        "pagesize": "50",
        "total": "0",
        "start": "0",
        "end": "0",
        "uri": uri,
        "firstpageuri": f"{uri}?Page=0&PageSize=50",
        "previouspageuri": "null",
        "nextpageuri": "null",
        "lastpageuri": f"{uri}?Page=0&PageSize=50",
    }


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6])
async def test_who_follows_the_pages_sees_every_call_once(rig: Rig, count: int) -> None:
    for number in range(1, count + 1):
        rig.log_call(number)
    url, seen = f"{rig.base}/Calls.json?PageSize=2", []
    while url != "null":
        reply = (await rig.http.get(f"{rig.host}{url}")).json()
        seen += [call["sid"] for call in reply["calls"]]
        url = reply["next_page_uri"]
    assert seen == [a_call(number).sid for number in range(1, count + 1)]


async def test_a_list_in_xml_has_the_calls_one_after_the_other(rig: Rig) -> None:
    for number in (1, 2):
        rig.log_call(number)
    calls = xml(await rig.http.get("Calls/"))
    assert (calls.tag, tags(calls)) == ("Calls", ["Call", "Call"])
    assert texts(calls, "Sid") == [a_call(1).sid, a_call(2).sid]


async def test_a_long_list_is_complete_in_both_forms(rig: Rig) -> None:
    for number in range(1, 301):
        rig.log_call(number)
    in_json = await rig.http.get("Calls.json", params={"PageSize": 1_000})
    in_xml = xml(await rig.http.get("Calls", params={"PageSize": 1_000}))
    assert len(in_json.json()["calls"]) == len(in_xml) == 300


async def test_the_notifications_of_a_call_are_its_own(rig: Rig) -> None:
    record = rig.log_call()
    rig.store.notification(a_notification(1))
    rig.store.notification(a_notification(2, call_sid=None))
    reply = (await rig.http.get(f"Calls/{record.sid}/Notifications.json")).json()
    assert [entry["sid"] for entry in reply["notifications"]] == [a_notification(1).sid]
    assert reply["uri"] == f"{rig.base}/Calls/{record.sid}/Notifications.json"


async def test_nothing_is_recorded(rig: Rig) -> None:
    record = rig.log_call()
    assert (await rig.http.get(f"Calls/{record.sid}/Recordings.json")).json() == []
    recordings = xml(await rig.http.get(f"Calls/{record.sid}/Recordings"))
    assert (recordings.tag, len(recordings)) == ("Recordings", 0)


async def test_calls_cannot_be_made(rig: Rig) -> None:
    reply = await rig.http.post("Calls.json", data={"From": "1", "To": "2", "Url": "http://a.example"})
    assert reply.status_code == 501
    assert "<Dial>" in reply.json()["message"]


async def test_hostile_names_are_told_in_either_form(rig: Rig) -> None:
    record = rig.log_call(caller_name="<b>&\0\x1b\ud800\U0001f600")
    in_xml = xml(await rig.http.get(f"Calls/{record.sid}"))
    assert in_xml.findtext("CallerName") == "<b>&\ufffd\ufffd\ufffd\U0001f600"
    in_json = (await rig.http.get(f"Calls/{record.sid}.json")).json()
    assert in_json["caller_name"].startswith("<b>&")


async def test_a_database_that_is_down_is_told_and_live_calls_are_still_found(rig: Rig, tmp_path: Any) -> None:
    engine: AsyncEngine = rig.store._engine
    live, over = rig.log_call(1), rig.log_call(2, status="busy")
    assert await listed(rig) == [1, 2]
    async with engine.begin() as connection:
        await connection.execute(text("DROP TABLE rcml_call"))
    for path in ("Calls.json", f"Calls/{over.sid}.json"):
        reply = await rig.http.get(path)
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "5")
        assert "cannot be used" in reply.json()["message"]
    assert (await rig.http.get(f"Calls/{live.sid}.json")).status_code == 200
    reply = await rig.http.post(f"Calls/{live.sid}.json", data={"Status": "completed"})
    assert reply.status_code == 200
