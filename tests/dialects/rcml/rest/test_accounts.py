"""An account sees itself, and may change its name."""

from __future__ import annotations

import pytest

from callgate.dialects.rcml.rest.wire import ROOT

from .rig import ACME, Rig, tags, xml

BASE = f"/restcomm/2012-04-24/Accounts/{ACME.sid}"


async def test_an_account_in_json(rig: Rig) -> None:
    reply = await rig.http.get(f"{rig.host}{ROOT}/Accounts.json/{ACME.sid}")
    assert reply.json() == {
        "sid": ACME.sid,
        "friendly_name": "Acme Ltd",
        "type": "Full",
        "status": "active",
        "role": "Developer",
        "date_created": "Thu, 28 Jun 2018 13:56:33 +0000",
        "date_updated": "Thu, 28 Jun 2018 13:56:33 +0000",
        "auth_token": ACME.token,
        "uri": f"/restcomm/2012-04-24/Accounts.json/{ACME.sid}",
        "subresource_uris": {
            "calls": f"{BASE}/Calls.json",
            "incoming_phone_numbers": f"{BASE}/IncomingPhoneNumbers.json",
            "notifications": f"{BASE}/Notifications.json",
        },
    }


async def test_an_account_in_xml(rig: Rig) -> None:
    account = xml(await rig.http.get(""))
    assert account.tag == "Account"
    assert tags(account) == [
        "Sid", "FriendlyName", "EmailAddress", "Status", "Role", "Type", "DateCreated", "DateUpdated", "AuthToken",
        "Uri", "SubresourceUris",
    ]  # fmt: skip
    assert account.findtext("Uri") == BASE
    assert account.findtext("SubresourceUris/Calls") == f"{BASE}/Calls"


async def test_every_uri_that_an_account_tells_can_be_asked(rig: Rig) -> None:
    told = (await rig.http.get(f"{rig.host}{BASE}.json")).json()["subresource_uris"].values()
    for uri in told:
        assert (await rig.http.get(f"{rig.host}{uri}")).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_the_name_of_an_account_can_be_changed(rig: Rig, method: str) -> None:
    rig.control.time += 1
    reply = await rig.http.request(method, f"{rig.host}{BASE}.json", data={"FriendlyName": "Acme & Söhne"})
    assert (reply.status_code, reply.json()["friendly_name"]) == (200, "Acme & Söhne")
    assert reply.json()["date_updated"] == "Thu, 28 Jun 2018 13:56:34 +0000"
    assert rig.directory.current.accounts["acme"].friendly_name == "Acme & Söhne"
    assert rig.directory.current.accounts["acme"].token == ACME.token


@pytest.mark.parametrize("parameter", ["Status", "Password"])
async def test_what_is_the_operators_cannot_be_changed(rig: Rig, parameter: str) -> None:
    reply = await rig.http.post(f"{rig.host}{BASE}.json", data={parameter: "closed", "FriendlyName": "x"})
    assert reply.status_code == 501
    assert "operator" in reply.json()["message"]
    assert rig.directory.current.accounts["acme"] == ACME


async def test_a_name_that_is_too_long_is_refused(rig: Rig) -> None:
    reply = await rig.http.post(f"{rig.host}{BASE}.json", data={"FriendlyName": "x" * 500})
    assert reply.status_code == 400
    assert reply.json()["message"].startswith("FriendlyName is ")
