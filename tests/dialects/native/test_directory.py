"""Trunks, routes, clients and keys, edited while everything runs; secrets are told once and never again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from callgate.directory.model import ApiKey
from tests.dialects.serving import PATIENCE

from .rig import Rig, client, problem

TRUNK = {"name": "new", "sources": ["198.51.100.0/24"], "control": False, "refuse": "busy", "lapse": "rejected"}
ROUTE = {"name": "support", "destination": "sip:pbx.example.com", "did": "55*", "trunks": ["main"], "window": 20.0}
ENTRIES = [("trunks", TRUNK), ("routes", ROUTE), ("clients", {"name": "crm"}), ("keys", {"name": "new"})]


@pytest.mark.parametrize(("kind", "entry"), ENTRIES)
async def test_an_entry_is_created_read_and_removed(rig: Rig, kind: str, entry: dict[str, Any]) -> None:
    created = await rig.post(f"/v1/{kind}", entry)
    assert created.status_code == 201
    shown = (await rig.http.get(f"/v1/{kind}/{entry['name']}")).json()
    assert {**shown, **entry} == shown
    assert shown in (await rig.http.get(f"/v1/{kind}")).json()["items"]
    problem(await rig.post(f"/v1/{kind}", entry), 409, "name-taken")
    assert (await rig.http.delete(f"/v1/{kind}/{entry['name']}")).status_code == 204
    problem(await rig.http.get(f"/v1/{kind}/{entry['name']}"), 404, "unknown-entry")
    problem(await rig.http.delete(f"/v1/{kind}/{entry['name']}"), 404, "unknown-entry")
    problem(await rig.http.patch(f"/v1/{kind}/{entry['name']}", json={}), 404, "unknown-entry")


@pytest.mark.parametrize(("kind", "entry"), ENTRIES)
async def test_put_creates_and_replaces(rig: Rig, kind: str, entry: dict[str, Any]) -> None:
    path = f"/v1/{kind}/{entry['name']}"
    first = await rig.http.put(path, json=entry)
    second = await rig.http.put(path, json=entry)
    assert first.status_code == second.status_code == 200
    assert second.json() == (await rig.http.get(path)).json()
    wrong = await rig.http.put(f"/v1/{kind}/other", json=entry)
    assert problem(wrong, 422, "invalid-request")["errors"][0]["field"] == "$.name"


@pytest.mark.parametrize(
    ("path", "patch"),
    [
        ("trunks/main", {"control": False}),
        ("trunks/main", {"control": False, "lapse": "busy"}),
        ("trunks/main", {"sources": ["192.0.2.11", "2001:db8::1"]}),
        ("routes/sales", {"window": 15.0, "lapse": "busy"}),
        ("routes/sales", {"lapse": None, "trunks": ["main", "second"]}),
        ("clients/crm", {"see": ["main"], "webhook_timeout": 2.5}),
        ("keys/read", {"scope": "decide"}),
        ("keys/read", {}),
    ],
)
async def test_a_patch_changes_what_it_names_and_nothing_else(rig: Rig, path: str, patch: dict[str, Any]) -> None:
    await rig.post("/v1/clients", {"name": "crm"})
    before = (await rig.http.get(f"/v1/{path}")).json()
    after = await rig.http.patch(f"/v1/{path}", json=patch)
    assert after.status_code == 200
    assert after.json() == {**before, **patch}
    assert (await rig.http.get(f"/v1/{path}")).json() == {**before, **patch}


async def test_control_is_switched_while_calls_come_in(rig: Rig) -> None:
    for on in (False, True):
        shown = (await rig.http.patch("/v1/trunks/main", json={"control": on})).json()
        assert shown["control"] is on is rig.directory.current.trunks["main"].control
    problem(await rig.http.patch("/v1/trunks/none", json={"control": False}), 404, "unknown-entry")


@pytest.mark.parametrize(
    ("path", "entry", "field"),
    [
        ("trunks", {"name": "new", "sources": []}, "$.sources"),
        ("trunks", {"name": "new", "sources": ["192.0.2.1/24"]}, "$.sources[0]"),
        ("trunks", {"name": "new", "sources": ["192.0.2.10"]}, "$.sources[0]"),
        ("trunks", {"name": "new", "sources": ["198.51.100.1"], "refuse": "tired"}, "$.refuse"),
        ("trunks", {"name": "a b", "sources": ["198.51.100.1"]}, "$.name"),
        ("trunks", {"name": "new", "sources": ["198.51.100.1"], "number": 77}, "$.number"),
        ("trunks", {"name": "new", "sources": ["198.51.100.1"], "colour": "red"}, "$"),
        ("trunks", {"name": "new"}, "$"),
        ("routes", {**ROUTE, "window": 0.5}, "$.window"),
        ("routes", {**ROUTE, "window": "long"}, "$.window"),
        ("routes", {**ROUTE, "trunks": ["none"]}, "$.trunks[0]"),
        ("routes", {**ROUTE, "destination": "pbx"}, "$.destination"),
        ("clients", {"name": "crm", "secret": "short"}, "$.secret"),
        ("clients", {"name": "crm", "decide": ["none"]}, "$.decide[0]"),
        ("clients", {"name": "crm", "webhooks": [{"url": "ftp://example.com"}]}, "$.webhooks[0].url"),
        ("clients", {"name": "crm", "webhooks": [{"url": "http://e.com", "secret": "x"}]}, "$.webhooks[0].secret"),
        ("clients", {"name": "crm", "webhooks": [{"url": f"http://e.com/{n}"} for n in range(6)]}, "$.webhooks"),
        ("keys", {"name": "new", "scope": "root"}, "$.scope"),
        ("keys", {"name": ""}, "$.name"),
    ],
)
async def test_a_wrong_entry_is_named_by_field_and_changes_nothing(
    rig: Rig, path: str, entry: dict[str, Any], field: str
) -> None:
    before = rig.directory.current
    body = problem(await rig.post(f"/v1/{path}", entry), 422, "invalid-request")
    assert body["errors"][0]["field"] == field
    assert rig.directory.current is before


async def test_a_trunk_that_others_name_is_not_removed(rig: Rig) -> None:
    await rig.post("/v1/routes", ROUTE)
    assert "route" in problem(await rig.http.delete("/v1/trunks/main"), 409, "entry-in-use")["detail"]


async def test_pages_of_entries(rig: Rig) -> None:
    for number in range(5):
        await rig.post("/v1/trunks", {"name": f"t{number}", "sources": [f"198.51.100.{number}"]})
    names: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await rig.http.get("/v1/trunks", params={"limit": 3, "cursor": cursor})).json()
        names += [entry["name"] for entry in page["items"]]
        cursor = page["next"]
    assert names == ["main", "second", "t0", "t1", "t2", "t3", "t4"]


async def test_a_client_gets_its_secret_once(rig: Rig) -> None:
    asked = {"name": "crm", "webhooks": [{"url": "https://crm.example.com/events", "events": [30016]}]}
    made = (await rig.post("/v1/clients", asked)).json()
    hasher, entry = rig.directory.hasher, rig.directory.current.clients["crm"]
    assert hasher.verify(entry.secret_hash, made["secret"])
    assert entry.client_id == made["client_id"]
    assert entry.webhooks[0].secret == made["webhooks"][0]["secret"]
    secrets = (made["secret"], entry.secret_hash, entry.webhooks[0].secret)
    for response in (
        await rig.http.get("/v1/clients"),
        await rig.http.get("/v1/clients/crm"),
        await rig.http.patch("/v1/clients/crm", json={"webhook_retries": 0}),
        await rig.http.put("/v1/clients/crm", json=asked),
        await rig.post("/v1/clients", asked),
    ):
        assert not [secret for secret in secrets if secret in response.text]
    again = rig.directory.current.clients["crm"]
    assert (again.secret_hash, again.client_id, again.webhooks) == (entry.secret_hash, entry.client_id, entry.webhooks)


async def test_a_clients_own_secret_is_never_sent_back(rig: Rig) -> None:
    asked = {
        "name": "crm",
        "client_id": "Q2tO8sUQ2zUFmDNSlLfb4Oz5bCAYh0Lr",
        "secret": "made-by-a-person",
        "webhooks": [{"url": "https://crm.example.com/events", "secret": "signs-every-event"}],
    }
    made = await rig.post("/v1/clients", asked)
    assert made.status_code == 201
    assert "made-by-a-person" not in made.text and "signs-every-event" not in made.text
    entry = rig.directory.current.clients["crm"]
    assert rig.directory.hasher.verify(entry.secret_hash, "made-by-a-person")
    assert entry.webhooks[0].secret == "signs-every-event"
    changed = await rig.http.patch("/v1/clients/crm", json={"secret": "another-of-a-person"})
    assert "another" not in changed.text
    assert rig.directory.hasher.verify(rig.directory.current.clients["crm"].secret_hash, "another-of-a-person")


async def test_rotation_of_a_clients_secret(rig: Rig) -> None:
    old = (await rig.post("/v1/clients", {"name": "crm"})).json()["secret"]
    new = (await rig.post("/v1/clients/crm/rotate")).json()["secret"]
    entry = rig.directory.current.clients["crm"]
    assert not rig.directory.hasher.verify(entry.secret_hash, old)
    assert rig.directory.hasher.verify(entry.secret_hash, new)
    problem(await rig.post("/v1/clients/none/rotate"), 404, "unknown-entry")


async def test_a_key_is_told_once_and_works_until_it_is_rotated(rig: Rig) -> None:
    made = (await rig.post("/v1/keys", {"name": "new", "scope": "read"})).json()
    assert made["key"].startswith("cg_")
    async with client(rig.address, made["key"]) as http:
        assert (await http.get("/v1/calls", timeout=PATIENCE)).status_code == 200
        rotated = (await rig.post("/v1/keys/new/rotate")).json()["key"]
        problem(await http.get("/v1/calls"), 401, "unauthorized")
    async with client(rig.address, rotated) as http:
        assert (await http.get("/v1/calls")).status_code == 200
    digest = rig.directory.current.keys["new"].digest
    for response in (await rig.http.get("/v1/keys"), await rig.http.put("/v1/keys/new", json={"name": "new"})):
        assert rotated not in response.text and digest not in response.text
    assert rig.directory.current.keys["new"] == ApiKey("new", digest, "decide")


FILE = """
[[trunk]]
name = "main"
sources = ["192.0.2.10"]
refuse = "busy"

[[route]]
name = "support"
did = "55*"
destination = "sip:pbx.example.com"
"""
TOML = {"Content-Type": "application/toml"}


async def test_a_file_is_applied_as_a_whole(rig: Rig) -> None:
    before = rig.directory.current
    planned = await rig.http.post("/v1/directory", params={"dry_run": "true"}, content=FILE, headers=TOML)
    change = {"added": ["route support"], "changed": ["trunk main"], "removed": [], "unchanged": 5}
    assert planned.json() == {**change, "dry_run": True}
    assert rig.directory.current is before
    done = await rig.http.post("/v1/directory", content=FILE, headers=TOML)
    assert done.json() == {**change, "dry_run": False}
    assert rig.directory.current.trunks["main"].refuse == "busy"
    assert rig.directory.current.trunks["main"].number == before.trunks["main"].number


async def test_prune_removes_what_the_file_does_not_have_but_the_local_key(rig: Rig) -> None:
    asked = {"prune": "true", "dry_run": "true"}
    planned = (await rig.http.post("/v1/directory", params=asked, content=FILE, headers=TOML)).json()
    assert planned["removed"] == ["trunk second", "route sales", "key read", "key decide"]


@pytest.mark.parametrize(
    ("text", "line"),
    [("[[trunk]\n", "line 1"), ('\n[[trunk]]\nname = "x"\nsources = ["nowhere"]\n', "line 4"), ("x = 1\n", "line 1")],
)
async def test_an_error_in_a_file_names_its_line_and_changes_nothing(rig: Rig, text: str, line: str) -> None:
    before = rig.directory.current
    response = await rig.http.post("/v1/directory", content=text, headers=TOML)
    assert problem(response, 422, "invalid-request")["errors"][0]["field"] == line
    assert rig.directory.current is before


async def test_an_export_applied_again_changes_nothing(rig: Rig) -> None:
    await rig.post("/v1/clients", {"name": "crm", "webhooks": [{"url": "https://crm.example.com/events"}]})
    secret = rig.directory.current.clients["crm"].webhooks[0].secret
    exported = await rig.http.get("/v1/directory")
    assert exported.headers["content-type"] == "application/toml"
    assert secret not in exported.text
    assert secret in (await rig.http.get("/v1/directory", params={"include_secrets": "true"})).text
    done = (await rig.http.post("/v1/directory", content=exported.content, headers=TOML)).json()
    assert (done["added"], done["changed"], done["removed"], done["unchanged"]) == ([], [], [], 7)


async def test_a_directory_file_may_be_larger_than_other_bodies(rig: Rig) -> None:
    text = FILE + "".join(f'[[route]]\nname = "r{n}"\ndid = "7{n}"\ndestination = "sip:a"\n' for n in range(3000))
    assert len(text) > 65_536
    assert (await rig.http.post("/v1/directory", content=text, headers=TOML)).json()["added"][-1] == "route r2999"


async def test_edits_at_the_same_time_do_not_lose_each_other(rig: Rig) -> None:
    patches: list[dict[str, Any]] = [{"window": 12.0}, {"lapse": "busy"}, {"did": "2003"}, {"trunks": ["main"]}]
    await asyncio.gather(*(rig.http.patch("/v1/routes/sales", json=patch) for patch in patches))
    shown = (await rig.http.get("/v1/routes/sales")).json()
    assert {**shown, **{key: value for patch in patches for key, value in patch.items()}} == shown


async def test_while_sql_is_down_nothing_is_said_to_have_changed(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(self: AsyncEngine) -> None:
        raise OperationalError("connect", {}, OSError("no route"))

    before = rig.directory.current
    monkeypatch.setattr(AsyncEngine, "connect", down)
    for response in (
        await rig.post("/v1/trunks", TRUNK),
        await rig.http.patch("/v1/trunks/main", json={"control": False}),
        await rig.http.delete("/v1/trunks/second"),
        await rig.http.post("/v1/directory", content=FILE, headers=TOML),
        await rig.http.get("/v1/journal/calls"),
    ):
        problem(response, 503, "unavailable")
    assert rig.directory.current is before
    call = rig.control.ring()
    assert (await rig.post(f"/v1/calls/{call.id}/refuse")).status_code == 200
