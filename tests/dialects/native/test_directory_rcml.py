"""Accounts, applications, phones and routes that RCML decides, edited over ``/v1``."""

from __future__ import annotations

from typing import Any

import pytest

from callgate.directory.secrets import ha1

from .rig import Rig, problem

VOICE = {"voice_url": "https://example.com/voice", "voice_method": "GET", "status_callback": "http://example.com/s"}
ACME = {"name": "acme"}
FULL_ACCOUNT = {
    "name": "new",
    "sid": "AC" + "1" * 32,
    "friendly_name": "New",
    "status": "suspended",
    "numbers": ["4420*"],
    "destination": "sip:192.0.2.1",
    "outbound": "sip:192.0.2.2",
    "sign": False,
}
APPLICATION = {"name": "menu", "account": "acme", "sid": "AP" + "1" * 32, "friendly_name": "Menu", **VOICE}
PHONE = {"name": "al.ice+1", "account": "acme", "sid": "CL" + "1" * 32, "friendly_name": "Alice", "enabled": False}
BINDING = {"account": "acme", "sid": "PN" + "1" * 32, "friendly_name": "Hot", "on_failure": "lapse", **VOICE}
ROUTE = {"name": "hotline", "did": "7*", "lapse": "busy", "outbound": "sip:192.0.2.2", "rcml": BINDING}
ENTRIES = [("accounts", FULL_ACCOUNT), ("applications", APPLICATION), ("phones", PHONE)]


@pytest.fixture
async def acme(rig: Rig) -> dict[str, Any]:
    made: dict[str, Any] = (await rig.post("/v1/accounts", ACME)).json()
    return made


async def get(rig: Rig, path: str) -> dict[str, Any]:
    found: dict[str, Any] = (await rig.http.get(f"/v1/{path}")).json()
    return found


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(("kind", "entry"), ENTRIES)
async def test_an_entry_is_created_read_replaced_and_removed(rig: Rig, kind: str, entry: dict[str, Any]) -> None:
    path = f"{kind}/{entry['name']}"
    assert (await rig.post(f"/v1/{kind}", entry)).status_code == 201
    shown = await get(rig, path)
    assert {**shown, **entry} == shown
    assert shown in (await get(rig, kind))["items"]
    problem(await rig.post(f"/v1/{kind}", entry), 409, "name-taken")
    again = await rig.http.put(f"/v1/{path}", json={key: entry[key] for key in ("name", "account") if key in entry})
    assert again.status_code == 200
    assert (await get(rig, path))["sid"] == entry["sid"]
    assert (await get(rig, path))["friendly_name"] == ""
    assert (await rig.http.delete(f"/v1/{path}")).status_code == 204
    problem(await rig.http.get(f"/v1/{path}"), 404, "unknown-entry")
    problem(await rig.http.patch(f"/v1/{path}", json={}), 404, "unknown-entry")


@pytest.mark.usefixtures("acme")
async def test_a_route_without_destination_is_decided_by_its_document(rig: Rig) -> None:
    assert (await rig.post("/v1/routes", ROUTE)).status_code == 201
    shown = await get(rig, "routes/hotline")
    assert (shown["destination"], shown["outbound"]) == ("", "sip:192.0.2.2")
    assert shown["rcml"] == {
        **dict.fromkeys(("application", "voice_fallback_url"), ""),
        **dict.fromkeys(("voice_fallback_method", "status_callback_method"), "POST"),
        **BINDING,
    }
    plain = await get(rig, "routes/sales")
    assert (plain["outbound"], plain["rcml"]) == ("", None)


@pytest.mark.usefixtures("acme")
async def test_a_patch_of_a_binding_changes_what_it_names(rig: Rig) -> None:
    before = (await rig.post("/v1/routes", ROUTE)).json()
    patch = {"voice_url": "https://example.com/other", "on_failure": "refuse"}
    after = (await rig.http.patch("/v1/routes/hotline", json={"rcml": patch})).json()
    assert after == {**before, "rcml": {**before["rcml"], **patch}}
    kept = (await rig.http.put("/v1/routes/hotline", json={**ROUTE, "rcml": {"account": "acme", **VOICE}})).json()
    assert kept["rcml"]["sid"] == BINDING["sid"]
    gone = {"rcml": None, "destination": "sip:192.0.2.1"}
    assert (await rig.http.patch("/v1/routes/hotline", json=gone)).json() == {**kept, **gone}


@pytest.mark.usefixtures("acme")
async def test_a_route_is_bound_by_a_patch_that_names_an_account(rig: Rig) -> None:
    nameless = await rig.http.patch("/v1/routes/sales", json={"rcml": VOICE})
    assert problem(nameless, 422, "invalid-request")["errors"][0]["field"] == "$.rcml.account"
    bound = (await rig.http.patch("/v1/routes/sales", json={"rcml": {"account": "acme", **VOICE}})).json()
    assert bound["rcml"]["sid"].startswith("PN")
    assert bound["destination"] == "sip:pbx.example.com"


async def test_an_accounts_token_is_told_once_and_can_be_made_anew(rig: Rig, acme: dict[str, Any]) -> None:
    assert acme["token"] == rig.directory.current.accounts["acme"].token
    assert "token" not in await get(rig, "accounts/acme")
    assert "token" not in (await rig.http.put("/v1/accounts/acme", json=ACME)).json()
    assert rig.directory.current.accounts["acme"].token == acme["token"]
    made = (await rig.post("/v1/accounts/acme/token")).json()
    assert made["token"] == rig.directory.current.accounts["acme"].token != acme["token"]
    assert (made["sid"], made["name"]) == (acme["sid"], "acme")
    own = await rig.http.patch("/v1/accounts/acme", json={"token": "made-by-a-person"})
    assert "token" not in own.json()
    assert rig.directory.current.accounts["acme"].token == "made-by-a-person"
    problem(await rig.post("/v1/accounts/none/token"), 404, "unknown-entry")


async def test_a_phones_password_is_told_once_and_kept_nowhere(rig: Rig) -> None:
    made = (await rig.post("/v1/phones", {"name": "bob"})).json()
    assert rig.directory.current.phones["bob"].ha1 == ha1("bob", made["password"])
    for response in (
        await rig.http.get("/v1/phones/bob"),
        await rig.http.get("/v1/phones"),
        await rig.http.put("/v1/phones/bob", json={"name": "bob"}),
        await rig.http.patch("/v1/phones/bob", json={"password": "made-by-a-person"}),
        await rig.http.get("/v1/directory"),
    ):
        assert response.status_code == 200
        assert made["password"] not in response.text and "made-by" not in response.text
        assert rig.directory.current.phones["bob"].ha1 not in response.text
    assert rig.directory.current.phones["bob"].ha1 == ha1("bob", "made-by-a-person")
    another = (await rig.post("/v1/phones/bob/password")).json()["password"]
    assert rig.directory.current.phones["bob"].ha1 == ha1("bob", another)


@pytest.mark.usefixtures("acme")
async def test_a_phone_has_a_sid_as_long_as_it_has_an_account(rig: Rig) -> None:
    assert (await rig.post("/v1/phones", {"name": "bob"})).json()["sid"] == ""
    first = (await rig.http.patch("/v1/phones/bob", json={"account": "acme"})).json()["sid"]
    assert first.startswith("CL")
    assert (await rig.http.patch("/v1/phones/bob", json={"enabled": False})).json()["sid"] == first
    assert (await rig.http.patch("/v1/phones/bob", json={"account": ""})).json()["sid"] == ""


@pytest.mark.usefixtures("acme")
async def test_a_password_in_a_url_is_shown_nowhere_and_not_lost(rig: Rig) -> None:
    url = "https://user:hunter2@example.com/voice"
    await rig.post("/v1/applications", {**APPLICATION, "voice_url": url})
    await rig.post("/v1/routes", {**ROUTE, "rcml": {**BINDING, "voice_fallback_url": url}})
    for path in ("applications", "applications/menu", "routes", "routes/hotline", "directory"):
        text = (await rig.http.get(f"/v1/{path}")).text
        assert "https://user:***@example.com/voice" in text and "hunter2" not in text
    for path in ("applications/menu", "routes/hotline"):
        shown = await get(rig, path)
        assert (await rig.http.put(f"/v1/{path}", json=shown)).json() == shown
    directory = rig.directory.current
    hotline = directory.routes["hotline"].rcml
    assert hotline is not None
    assert hotline.voice.voice_fallback_url == directory.applications["menu"].voice.voice_url == url
    moved = await rig.http.patch("/v1/applications/menu", json={"voice_url": "https://user:***@evil.example/"})
    assert problem(moved, 422, "invalid-request")["errors"][0]["field"] == "$.voice_url"


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(
    ("path", "entry", "field"),
    [
        ("accounts", {"name": "new", "token": "short"}, "$.token"),
        ("accounts", {"name": "new", "sid": "AC1"}, "$.sid"),
        ("accounts", {"name": "new", "numbers": ["a b"]}, "$.numbers[0]"),
        ("accounts", {"name": "new", "status": "closed"}, "$.status"),
        ("applications", {"name": "new", "account": "none"}, "$.account"),
        ("applications", {"name": "new", "account": "acme", "voice_url": "ftp://a"}, "$.voice_url"),
        ("phones", {"name": "a b"}, "$.name"),
        ("phones", {"name": "new", "password": "short"}, "$.password"),
        ("phones", {"name": "new", "account": "none"}, "$.account"),
        ("routes", {"name": "new", "did": "1"}, "$.destination"),
        ("routes", {**ROUTE, "lapse": "accept"}, "$.lapse"),
        ("routes", {**ROUTE, "outbound": "sip:1@a"}, "$.outbound"),
        ("routes", {**ROUTE, "rcml": {"account": "acme"}}, "$.rcml.voice_url"),
        ("routes", {**ROUTE, "rcml": {**BINDING, "account": "none"}}, "$.rcml.account"),
        ("routes", {**ROUTE, "rcml": {**BINDING, "application": "none"}}, "$.rcml.application"),
        ("routes", {**ROUTE, "rcml": {**BINDING, "voice_url": "a"}}, "$.rcml.voice_url"),
        ("routes", {**ROUTE, "rcml": {**BINDING, "colour": "red"}}, "$.rcml"),
    ],
)
async def test_a_wrong_entry_is_named_by_field_and_changes_nothing(
    rig: Rig, path: str, entry: dict[str, Any], field: str
) -> None:
    before = rig.directory.current
    body = problem(await rig.post(f"/v1/{path}", entry), 422, "invalid-request")
    assert body["errors"][0]["field"] == field
    assert rig.directory.current is before


@pytest.mark.usefixtures("acme")
async def test_who_is_named_by_others_is_not_removed(rig: Rig) -> None:
    await rig.post("/v1/applications", APPLICATION)
    await rig.post("/v1/routes", {**ROUTE, "rcml": {**BINDING, "application": "menu"}})
    used = problem(await rig.http.delete("/v1/applications/menu"), 409, "entry-in-use")["detail"]
    assert 'route "hotline"' in used
    used = problem(await rig.http.delete("/v1/accounts/acme"), 409, "entry-in-use")["detail"]
    assert 'application "menu"' in used and 'route "hotline"' in used


@pytest.mark.usefixtures("acme")
async def test_accounts_and_phones_are_for_admins(rig: Rig) -> None:
    async with rig.as_("read") as http:
        for kind in ("accounts", "phones"):
            problem(await http.get(f"/v1/{kind}"), 403, "forbidden")
        assert (await http.get("/v1/applications")).status_code == 200


@pytest.mark.usefixtures("acme")
async def test_a_directory_with_rcml_goes_out_and_in(rig: Rig) -> None:
    for kind, entry in (("applications", APPLICATION), ("phones", PHONE), ("routes", ROUTE)):
        assert (await rig.post(f"/v1/{kind}", entry)).status_code == 201
    toml = {"Content-Type": "application/toml"}
    for secrets in ("false", "true"):
        exported = await rig.http.get("/v1/directory", params={"include_secrets": secrets})
        change = (await rig.http.post("/v1/directory", content=exported.content, headers=toml)).json()
        assert (change["added"], change["changed"], change["removed"]) == ([], [], [])
