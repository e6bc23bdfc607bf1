"""Applications: URLs that several numbers can share."""

from __future__ import annotations

import pytest

from callgate.directory.model import Application, RcmlVoice

from .rig import ACME, NOW, VOICE_URL, Rig, attributes, tags, texts, xml


async def test_an_application_in_json(rig: Rig) -> None:
    made = await rig.make_application(Kind="voice", VoiceCallerIdLookup="false")
    sid = made["sid"]
    assert list(made.items()) == [
        ("sid", sid),
        ("date_created", "Thu, 28 Jun 2018 13:56:33 +0000"),
        ("date_updated", "Thu, 28 Jun 2018 13:56:33 +0000"),
        ("friendly_name", "Reception"),
        ("account_sid", ACME.sid),
        ("api_version", "2012-04-24"),
        ("voice_caller_id_lookup", False),
        ("uri", f"{rig.base}/Applications/{sid}.json"),
        ("rcml_url", VOICE_URL),
        ("kind", "voice"),
    ]
    assert (await rig.http.get(f"Applications/{sid}.json")).json() == made
    assert rig.directory.current.applications[sid.lower()] == Application(
        sid.lower(), "acme", sid, "Reception", RcmlVoice(VOICE_URL), NOW, NOW
    )


async def test_an_application_in_xml(rig: Rig) -> None:
    made = await rig.make_application()
    application = xml(await rig.http.get(f"Applications/{made['sid']}"))
    assert (application.tag, tags(application)) == (
        "Application",
        [
            "Sid", "DateCreated", "DateUpdated", "FriendlyName", "AccountSid", "ApiVersion", "VoiceCallerIdLookup",
            "Uri", "RcmlUrl", "Kind",
        ],
    )  # fmt: skip


async def test_the_list_of_applications_is_a_bare_array(rig: Rig) -> None:
    made = [await rig.make_application(FriendlyName=name) for name in ("A", "B")]
    assert sorted((await rig.http.get("Applications.json")).json(), key=lambda each: str(each["friendly_name"])) == made
    listed = xml(await rig.http.get("Applications"))
    assert (listed.tag, attributes(listed)) == ("Applications", {})
    assert sorted(texts(listed, "Sid"), key=str) == sorted(each["sid"] for each in made)


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"RcmlUrl": VOICE_URL}, 400, "Friendly name can not be null."),
        ({"FriendlyName": "A", "RcmlUrl": "mailto:a@b"}, 400, "RcmlUrl is "),
        ({"FriendlyName": "x" * 999, "RcmlUrl": VOICE_URL}, 400, "FriendlyName is "),
        ({"FriendlyName": "A", "RcmlUrl": VOICE_URL, "Kind": "sms"}, 501, "Callgate has "),
    ],
)
async def test_what_is_wrong_with_an_application_is_told(
    rig: Rig, form: dict[str, str], status: int, said: str
) -> None:
    reply = await rig.http.post("Applications.json", data=form)
    assert reply.status_code == status
    told = reply.text if reply.headers["content-type"].startswith("text/plain") else reply.json()["message"]
    assert told.startswith(said)
    assert rig.directory.current.applications == {}


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_what_is_given_is_changed_and_nothing_else(rig: Rig, method: str) -> None:
    made = await rig.make_application()
    rig.control.time += 1
    path = f"Applications/{made['sid']}.json"
    reply = await rig.http.request(method, path, data={"RcmlUrl": "https://c.example"})
    changed = {"rcml_url": "https://c.example", "date_updated": "Thu, 28 Jun 2018 13:56:34 +0000"}
    assert reply.json() == made | changed
    assert (await rig.http.post(path, data={"FriendlyName": "B"})).json()["friendly_name"] == "B"


async def test_an_application_that_numbers_name_cannot_be_deleted(rig: Rig) -> None:
    made = await rig.make_application()
    number = await rig.make_number(VoiceApplicationSid=made["sid"])
    path = f"Applications/{made['sid']}.json"
    reply = await rig.http.delete(path)
    assert reply.status_code == 400
    assert number["sid"].lower() in reply.json()["message"]
    await rig.http.delete(f"IncomingPhoneNumbers/{number['sid']}")
    assert (await rig.http.delete(path)).status_code == 204
    assert (await rig.http.get(path)).status_code == 404


@pytest.mark.parametrize("sid", ["AP" + "9" * 32, "x", "PN" + "d" * 32])
async def test_an_application_that_does_not_exist_is_not_found(rig: Rig, sid: str) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        reply = await rig.http.request(method, f"Applications/{sid}.json")
        assert (reply.status_code, reply.content) == (404, b"")
