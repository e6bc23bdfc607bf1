"""Numbers: inbound routes that are bound to RCML, seen and made by REST."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from callgate.directory.model import InboundRoute, RcmlNumber, RcmlVoice
from callgate.settings import RcmlSettings

from .rig import ACME, HOTLINE, NOW, VOICE_URL, Rig, serving, tags, texts, xml


async def test_a_number_is_made_of_a_route_that_bears_its_sid(rig: Rig) -> None:
    made = await rig.make_number(
        VoiceMethod="get",
        VoiceFallbackUrl="https://b.example/voice",
        StatusCallback="https://b.example/status",
        StatusCallbackMethod="GET",
        FriendlyName="Sales",
    )
    sid = made["sid"]
    route = rig.directory.current.routes[sid.lower()]
    assert route == InboundRoute(
        sid.lower(),
        ACME.destination,
        did="15105555001",
        number=route.number,
        outbound=ACME.outbound,
        rcml=RcmlNumber(
            "acme",
            sid,
            voice=RcmlVoice(
                VOICE_URL,
                "GET",
                "https://b.example/voice",
                status_callback="https://b.example/status",
                status_callback_method="GET",
            ),
            friendly_name="Sales",
            created=NOW,
            updated=NOW,
        ),
    )


async def test_a_number_in_json(rig: Rig) -> None:
    made = await rig.make_number(VoiceFallbackUrl="https://b.example/voice")
    sid = made["sid"]
    assert list(made.items()) == [
        ("sid", sid),
        ("account_sid", ACME.sid),
        ("friendly_name", "+15105555001"),
        ("phone_number", "+15105555001"),
        ("voice_url", VOICE_URL),
        ("voice_method", "POST"),
        ("voice_fallback_url", "https://b.example/voice"),
        ("voice_fallback_method", "POST"),
        ("status_callback", None),
        ("status_callback_method", "POST"),
        ("voice_caller_id_lookup", False),
        ("voice_application_sid", None),
        ("date_created", "Thu, 28 Jun 2018 13:56:33 +0000"),
        ("date_updated", "Thu, 28 Jun 2018 13:56:33 +0000"),
        ("sms_url", None),
        ("sms_method", "POST"),
        ("sms_fallback_url", None),
        ("sms_fallback_method", "POST"),
        ("sms_application_sid", None),
        ("ussd_url", None),
        ("ussd_method", "POST"),
        ("ussd_fallback_url", None),
        ("ussd_fallback_method", "POST"),
        ("ussd_application_sid", None),
        ("refer_url", None),
        ("refer_method", "POST"),
        ("refer_application_sid", None),
        (
            "capabilities",
            {"voice_capable": True, "sms_capable": False, "mms_capable": False, "fax_capable": False},
        ),
        ("api_version", "2012-04-24"),
        ("uri", f"{rig.base}/IncomingPhoneNumbers/{sid}.json"),
    ]
    assert (await rig.http.get(f"IncomingPhoneNumbers/{sid}.json")).json() == made


async def test_a_number_in_xml(rig: Rig) -> None:
    number = xml(await rig.http.get(f"IncomingPhoneNumbers/{HOTLINE.rcml.sid}"))  # type: ignore[union-attr]  # it has one
    assert (number.tag, tags(number)) == (
        "IncomingPhoneNumber",
        [
            "Sid", "AccountSid", "FriendlyName", "PhoneNumber", "VoiceUrl", "VoiceMethod", "VoiceFallbackMethod",
            "StatusCallbackMethod", "VoiceCallerIdLookup", "DateCreated", "DateUpdated", "SmsMethod",
            "SmsFallbackMethod", "UssdMethod", "UssdFallbackMethod", "ReferMethod", "Capabilities", "ApiVersion", "Uri",
        ],
    )  # fmt: skip
    assert number.findtext("PhoneNumber") == "+442079460000"
    assert [(child.tag, child.text) for child in number.iterfind("Capabilities/*")] == [
        ("Voice", "true"),
        ("Sms", "false"),
        ("Mms", "false"),
        ("Fax", "false"),
    ]


@pytest.mark.parametrize("below", ["", "/Local", "/TollFree", "/Mobile"])
async def test_a_number_is_made_and_listed_whatever_its_sort(rig: Rig, below: str) -> None:
    data = {"PhoneNumber": "15105555001", "VoiceUrl": VOICE_URL, "isSIP": "true"}
    made = await rig.http.post(f"IncomingPhoneNumbers{below}.json", data=data)
    assert made.json()["phone_number"] == "+15105555001"
    listed = (await rig.http.get(f"IncomingPhoneNumbers{below}.json")).json()
    assert made.json() in listed["incomingPhoneNumbers"]
    assert listed["uri"] == f"{rig.base}/IncomingPhoneNumbers{below}.json"


@pytest.mark.parametrize(
    ("typed", "did", "shown"),
    [
        ("+15105555001", "15105555001", "+15105555001"),
        (" 1 (510) 555-5001 ", "15105555001", "+15105555001"),
        ("2002", "2002", "2002"),
        ("9#abc", "9#abc", "9#abc"),
    ],
)
async def test_a_number_is_read_as_people_write_it(rig: Rig, typed: str, did: str, shown: str) -> None:
    made = await rig.make_number(typed)
    assert made["phone_number"] == shown
    assert rig.directory.current.routes[made["sid"].lower()].did == did


@pytest.mark.parametrize(
    "number",
    ["442079460000", "15105555000", "+15105550000", "2003", "442079460001", "95*", "9*", "*"],
    ids=["own", "another route's", "not allowed", "nor this", "beside its own", "several", "all of its own", "all"],
)
async def test_a_number_that_cannot_be_had_is_not_available(rig: Rig, number: str) -> None:
    before = rig.directory.current
    reply = await rig.http.post("IncomingPhoneNumbers.json", data={"PhoneNumber": number, "VoiceUrl": VOICE_URL})
    assert (reply.status_code, reply.text) == (400, "21452")
    assert rig.directory.current is before


async def test_of_two_who_want_a_number_at_once_one_gets_it(rig: Rig) -> None:
    data = {"PhoneNumber": "2002", "VoiceUrl": VOICE_URL}
    replies = await asyncio.gather(*(rig.http.post("IncomingPhoneNumbers.json", data=data) for _ in range(8)))
    assert sorted(reply.status_code for reply in replies) == [200, *[400] * 7]
    assert {reply.text for reply in replies if reply.status_code == 400} == {"21452"}


async def test_an_account_without_destination_makes_numbers_that_lapse_in_a_refusal(rig: Rig) -> None:
    await rig.directory.put(msgspec.structs.replace(ACME, destination="", outbound=""))
    made = await rig.make_number()
    route = rig.directory.current.routes[made["sid"].lower()]
    assert (route.destination, route.outbound, route.lapse) == ("", "", "temporarily_unavailable")


WRONG = [
    ({}, "PhoneNumber can not be null."),
    ({"PhoneNumber": "", "VoiceUrl": VOICE_URL}, "PhoneNumber is "),
    ({"PhoneNumber": "9" * 40, "VoiceUrl": VOICE_URL}, "PhoneNumber is "),
    ({"PhoneNumber": "9@host", "VoiceUrl": VOICE_URL}, "PhoneNumber is "),
    ({"PhoneNumber": "2002"}, "VoiceUrl or VoiceApplicationSid is required"),
    ({"PhoneNumber": "2002", "VoiceUrl": ""}, "VoiceUrl or VoiceApplicationSid is required"),
    ({"PhoneNumber": "2002", "VoiceUrl": "ftp://a.example"}, "VoiceUrl is "),
    ({"PhoneNumber": "2002", "VoiceUrl": "/demos/hello.xml"}, "VoiceUrl is "),
    ({"PhoneNumber": "2002", "VoiceUrl": VOICE_URL, "VoiceMethod": "PATCH"}, "VoiceMethod is "),
    ({"PhoneNumber": "2002", "VoiceUrl": VOICE_URL, "StatusCallback": "x"}, "StatusCallback is "),
    ({"PhoneNumber": "2002", "VoiceUrl": VOICE_URL, "FriendlyName": "x" * 999}, "FriendlyName is "),
    ({"PhoneNumber": "2002", "VoiceApplicationSid": "AP" + "9" * 32}, "VoiceApplicationSid is "),
    ({"PhoneNumber": "2002", "VoiceApplicationSid": "x"}, "VoiceApplicationSid is "),
]


async def test_what_is_wrong_with_a_number_is_told_by_its_parameter(rig: Rig) -> None:
    for form, said in WRONG:
        before = rig.directory.current
        reply = await rig.http.post("IncomingPhoneNumbers.json", data=form)
        assert reply.status_code == 400
        told = reply.text if reply.headers["content-type"].startswith("text/plain") else reply.json()["message"]
        assert told.startswith(said)
        assert rig.directory.current is before


async def test_a_password_in_a_url_is_kept_and_never_shown(rig: Rig) -> None:
    made = await rig.make_number(VoiceUrl="https://app:secret-of-mine@a.example/voice")
    path = f"IncomingPhoneNumbers/{made['sid']}.json"
    assert made["voice_url"] == "https://app:***@a.example/voice"
    wrong = await rig.http.post(path, data={"StatusCallback": "https://app:secret-of-mine@a.example:port/"})
    assert wrong.status_code == 400
    assert "secret-of-mine" not in wrong.text
    again = await rig.http.post(path, data={"VoiceUrl": made["voice_url"], "FriendlyName": "x"})
    assert again.json()["voice_url"] == made["voice_url"]
    rcml = rig.directory.current.routes[made["sid"].lower()].rcml
    assert rcml is not None
    assert rcml.voice.voice_url == "https://app:secret-of-mine@a.example/voice"


async def test_there_is_no_stock_of_numbers(rig: Rig) -> None:
    reply = await rig.http.post("IncomingPhoneNumbers.json", data={"AreaCode": "510", "VoiceUrl": VOICE_URL})
    assert reply.status_code == 501
    assert "PhoneNumber" in reply.json()["message"]


async def test_plain_http_is_refused_where_it_is_forbidden(tmp_path: Path) -> None:
    async with serving(tmp_path, rcml=RcmlSettings(http=False)) as rig:
        data = {"PhoneNumber": "2002", "VoiceUrl": "http://a.example"}
        reply = await rig.http.post("IncomingPhoneNumbers.json", data=data)
        assert (reply.status_code, reply.json()["message"]) == (400, "VoiceUrl must be an https URL")


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_what_is_given_is_changed_and_nothing_else(rig: Rig, method: str) -> None:
    made = await rig.make_number(VoiceMethod="GET", StatusCallback="https://b.example", FriendlyName="Sales")
    rig.control.time += 1
    reply = await rig.http.request(
        method,
        f"IncomingPhoneNumbers/{made['sid']}.json",
        data={"VoiceUrl": "https://c.example", "StatusCallback": "", "VoiceMethod": ""},
    )
    changed = {
        "voice_url": "https://c.example",
        "status_callback": None,
        "voice_method": "POST",
        "date_updated": "Thu, 28 Jun 2018 13:56:34 +0000",
    }
    assert reply.json() == made | changed


async def test_of_the_operators_number_only_its_rcml_part_is_changed(rig: Rig) -> None:
    assert HOTLINE.rcml is not None
    before = rig.directory.current.routes["hotline"]
    reply = await rig.http.post(
        f"IncomingPhoneNumbers/{HOTLINE.rcml.sid}.json",
        data={"VoiceUrl": "https://c.example", "PhoneNumber": "+15105555009", "FriendlyName": "Help"},
    )
    assert (reply.status_code, reply.json()["phone_number"]) == (200, "+442079460000")
    after = rig.directory.current.routes["hotline"]
    assert after.rcml is not None
    assert (after.rcml.voice.voice_url, after.rcml.friendly_name) == ("https://c.example", "Help")
    assert msgspec.structs.replace(after, rcml=before.rcml) == before


async def test_a_number_is_not_left_without_anything_to_decide_its_calls(rig: Rig) -> None:
    made = await rig.make_number()
    path = f"IncomingPhoneNumbers/{made['sid']}.json"
    assert (await rig.http.post(path, data={"VoiceUrl": ""})).status_code == 400
    application = await rig.make_application()
    with_application = {"VoiceUrl": "", "VoiceApplicationSid": application["sid"]}
    reply = (await rig.http.post(path, data=with_application)).json()
    assert (reply["voice_url"], reply["voice_application_sid"]) == (None, application["sid"])
    assert reply["voice_application_name"] == "Reception"
    assert list(reply)[11:13] == ["voice_application_sid", "voice_application_name"]
    assert (await rig.http.post(path, data={"VoiceApplicationSid": ""})).status_code == 400


async def test_what_is_not_done_is_accepted_and_shown_as_not_done(rig: Rig) -> None:
    extra = {"SmsUrl": "https://a.example", "UssdMethod": "GET", "ReferUrl": "x", "VoiceCallerIdLookup": "true"}
    made = await rig.make_number(**extra, SmsCapable="true", ApiVersion="2012-04-24", Cost="1")
    assert (made["sms_url"], made["refer_url"], made["voice_caller_id_lookup"]) == (None, None, False)
    assert made["capabilities"]["sms_capable"] is False


async def test_a_number_is_not_given_to_another_account(rig: Rig) -> None:
    made = await rig.make_number()
    path = f"IncomingPhoneNumbers/{made['sid']}.json"
    assert (await rig.http.post(path, data={"AccountSid": "AC" + "b" * 32})).status_code == 501
    assert (await rig.http.post(path, data={"AccountSid": ACME.sid})).status_code == 200


async def test_a_deleted_number_is_gone_and_can_be_had_again(rig: Rig) -> None:
    made = await rig.make_number()
    path = f"IncomingPhoneNumbers/{made['sid']}"
    reply = await rig.http.delete(path)
    assert (reply.status_code, reply.content) == (204, b"")
    assert made["sid"].lower() not in rig.directory.current.routes
    for gone in (
        await rig.http.get(path),
        await rig.http.post(path, data={"FriendlyName": "x"}),
        await rig.http.delete(path),
    ):
        assert (gone.status_code, gone.content) == (404, b"")
    await rig.make_number()


async def test_a_list_of_numbers_has_those_that_match(rig: Rig) -> None:
    for number, name in (("+15105555001", "Sales"), ("+15105555002", "Help"), ("2002", "Sales")):
        await rig.make_number(number, FriendlyName=name)

    async def found(**filters: str) -> list[str]:
        reply = (await rig.http.get("IncomingPhoneNumbers.json", params=filters)).json()
        assert reply["total"] == len(reply["incomingPhoneNumbers"])
        return sorted(number["phone_number"] for number in reply["incomingPhoneNumbers"])

    assert len(await found()) == 4
    assert await found(PhoneNumber="+1510") == ["+15105555001", "+15105555002"]
    assert await found(PhoneNumber="555500*") == ["+15105555001", "+15105555002"]
    assert await found(PhoneNumber="2**2") == ["2002"]
    assert await found(PhoneNumber="(.") == []
    assert await found(FriendlyName="Sales") == ["+15105555001", "2002"]
    assert await found(FriendlyName="Sales", PhoneNumber="5001") == ["+15105555001"]
    assert await found(FriendlyName="+442079460000") == ["+442079460000"]


async def test_a_list_of_numbers_has_pages(rig: Rig) -> None:
    for number in range(1, 5):
        await rig.make_number(f"+1510555500{number}")
    url, seen = f"{rig.base}/IncomingPhoneNumbers.json?PageSize=2", []
    while url != "null":
        reply = (await rig.http.get(f"{rig.host}{url}")).json()
        assert (reply["total"], reply["num_pages"]) == (5, 2)
        seen += [number["sid"] for number in reply["incomingPhoneNumbers"]]
        url = reply["next_page_uri"]
    assert len(set(seen)) == len(seen) == 5
    page = xml(await rig.http.get("IncomingPhoneNumbers", params={"PageSize": 2, "Page": 1}))
    assert (page.tag, page.get("pagesize"), page.get("start")) == ("IncomingPhoneNumbers", "2", "2")
    assert texts(page, "Sid") == seen[2:4]
    assert (await rig.http.get("IncomingPhoneNumbers.json", params={"Page": 1})).status_code == 400
