"""The error log of an account."""

from __future__ import annotations

from typing import Any

import pytest

from .rig import ACME, BEYOND, NOW, VOICE_URL, Rig, a_call, a_notification, tags, xml

BELOW = f"/2012-04-24/Accounts/{ACME.sid}/Notifications"


async def test_a_notification_in_json(rig: Rig) -> None:
    rig.store.notification(a_notification(1, response_headers="Content-Type: text/xml", response_body="<Response>"))
    reply = (await rig.http.get(f"Notifications/{a_notification().sid}.json")).json()
    assert reply.pop("more_info").startswith("https://")
    assert list(reply.items()) == [
        ("sid", a_notification().sid),
        ("date_created", "Thu, 28 Jun 2018 13:56:34 +0000"),
        ("date_updated", "Thu, 28 Jun 2018 13:56:34 +0000"),
        ("account_sid", ACME.sid),
        ("call_sid", a_call().sid),
        ("api_version", "2012-04-24"),
        ("log", 1),
        ("error_code", 13910),
        ("message_text", "line 3: length is wrong"),
        ("message_date", "2018-06-28T13:56:34.250Z"),
        ("request_url", VOICE_URL),
        ("request_method", "POST"),
        ("request_variables", "CallSid=CA1&To=2002"),
        ("response_headers", "Content-Type: text/xml"),
        ("response_body", "<Response>"),
        ("uri", f"{BELOW}/{a_notification().sid}.json"),
    ]


async def test_a_notification_in_xml(rig: Rig) -> None:
    rig.store.notification(a_notification())
    found = xml(await rig.http.get(f"Notifications/{a_notification().sid}"))
    assert (found.tag, tags(found)) == (
        "Notification",
        [
            "Sid", "DateCreated", "DateUpdated", "AccountSid", "CallSid", "ApiVersion", "Log", "ErrorCode", "MoreInfo",
            "MessageText", "MessageDate", "RequestUrl", "RequestMethod", "RequestVariables", "ResponseHeaders",
            "ResponseBody", "Uri",
        ],
    )  # fmt: skip


async def test_what_belongs_to_no_call_names_none(rig: Rig) -> None:
    rig.store.notification(a_notification(1, call_sid=None))
    assert "call_sid" not in (await rig.http.get(f"Notifications/{a_notification().sid}.json")).json()
    assert xml(await rig.http.get(f"Notifications/{a_notification().sid}")).find("CallSid") is None


async def test_each_filter_leaves_what_it_says(rig: Rig) -> None:
    day = 86_400
    rig.store.notification(a_notification(1, code=11205, text="no answer, 100% sure"))
    rig.store.notification(a_notification(2, request_url="https://b.example/fallback"))
    rig.store.notification(a_notification(3, at=NOW + 2 * day))
    rig.store.notification(a_notification(4, account_sid=BEYOND.sid))

    async def found(**filters: Any) -> list[int]:
        reply = (await rig.http.get("Notifications.json", params=filters)).json()
        assert reply["total"] == len(reply["notifications"])
        return [int(entry["sid"][2:], 16) for entry in reply["notifications"]]

    assert await found() == [1, 2, 3]
    assert await found(ErrorCode=11205) == [1]
    assert await found(MessageText="100%") == [1]
    assert await found(RequestUrl="fallback") == [2]
    assert await found(StartTime="2018-06-29") == [3]
    assert await found(EndTime="2018-06-28") == [1, 2]
    assert await found(StartTime="2018-06-30", EndTime="2018-06-30", ErrorCode=13910) == [3]


@pytest.mark.parametrize("code", ["x", "-1", "1e3", "99999999999999999999"])
async def test_an_error_code_that_is_none_is_told(rig: Rig, code: str) -> None:
    reply = await rig.http.get("Notifications.json", params={"ErrorCode": code})
    assert reply.status_code == 400
    assert reply.json()["message"].startswith("ErrorCode is ")


async def test_the_pages_of_the_error_log_tell_where_they_stand(rig: Rig) -> None:
    for number in range(1, 35):
        rig.store.notification(a_notification(number))
    uri = f"{rig.base}/Notifications.json"
    reply = (await rig.http.get("Notifications.json", params={"PageSize": 1})).json()
    assert [entry["sid"] for entry in reply.pop("notifications")] == [a_notification(1).sid]
    assert reply == {
        "page": 0,
        "num_pages": 34,
        "page_size": 1,
        "total": 34,
        "start": "0",
        "end": "0",
        "uri": uri,
        "first_page_uri": f"{uri}?Page=0&PageSize=1",
        "previous_page_uri": "null",
        "next_page_uri": f"{uri}?Page=1&PageSize=1&AfterSid={a_notification(1).sid}",
        "last_page_uri": f"{uri}?Page=34&PageSize=1",
    }


@pytest.mark.parametrize("sid", ["NO" + "9" * 32, "x", "%00"])
async def test_a_notification_that_does_not_exist_is_not_found(rig: Rig, sid: str) -> None:
    reply = await rig.http.get(f"Notifications/{sid}.json")
    assert (reply.status_code, reply.content) == (404, b"")
