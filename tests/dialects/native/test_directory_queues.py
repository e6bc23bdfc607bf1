"""Queues and agents, and the routes that lead to them, edited over ``/v1``."""

from __future__ import annotations

from typing import Any

from tests.unit.directory.queue_entries import ANN, PHONE, SUPPORT

from .rig import Rig, problem

QUEUE = {
    "name": "support",
    "number": "9000",
    "priority": 5,
    "length": 10,
    "wait": 300.0,
    "overflow": "sip:voicemail@pbx.example.com",
    "refusal": "busy",
    "ring": 15.0,
    "after_call_work": 30.0,
    "missed": "ready",
    "reject_pause": 0.0,
}
AGENT = {"name": "ksippo", "phone": "5001", "queues": ["support"]}
DEFAULTS = {"first_name": "", "last_name": "", "address": "", "features": ["api-voice"], "enabled": True}


def verified(rig: Rig, password: str) -> bool:
    return rig.directory.hasher.verify(rig.directory.current.agents["ksippo"].secret_hash, password)


async def test_a_queue_is_created_read_replaced_changed_and_removed(rig: Rig) -> None:
    made = await rig.post("/v1/queues", QUEUE)
    assert (made.status_code, made.json()) == (201, QUEUE)
    assert (await rig.http.get("/v1/queues/support")).json() == QUEUE
    assert (await rig.http.get("/v1/queues")).json() == {"items": [QUEUE], "next": None}
    problem(await rig.post("/v1/queues", QUEUE), 409, "name-taken")
    patched = await rig.http.patch("/v1/queues/support", json={"number": "+9009", "refusal": "BUSY"})
    assert patched.json() == {**QUEUE, "number": "9009"}
    replaced = (await rig.http.put("/v1/queues/support", json={"name": "support", "number": "9000"})).json()
    assert (replaced["wait"], replaced["missed"], replaced["overflow"]) == (600.0, "not_ready", "")
    assert (await rig.http.delete("/v1/queues/support")).status_code == 204
    problem(await rig.http.get("/v1/queues/support"), 404, "unknown-entry")


async def test_what_is_wrong_with_a_queue_is_told_by_its_field(rig: Rig) -> None:
    refused = problem(await rig.post("/v1/queues", {**QUEUE, "ring": 0, "refusal": "x"}), 422, "invalid-request")
    assert [error["field"] for error in refused["errors"]] == ["$.refusal", "$.ring"]
    problem(await rig.post("/v1/queues", {**QUEUE, "length": "many"}), 422, "invalid-request")
    await rig.directory.apply([PHONE])
    refused = problem(await rig.post("/v1/queues", {**QUEUE, "number": "5001"}), 422, "invalid-request")
    assert [error["field"] for error in refused["errors"]] == ["$.number"]


async def test_an_agent_gets_a_password_that_is_told_once(rig: Rig) -> None:
    await rig.directory.apply([PHONE, SUPPORT])
    made = (await rig.post("/v1/agents", AGENT)).json()
    password, identity = made.pop("password"), made["id"]
    assert made == {**AGENT, **DEFAULTS, "id": identity}
    assert len(identity) == 32 and len(password) == 20 and verified(rig, password)
    for response in (
        await rig.http.get("/v1/agents/ksippo"),
        await rig.http.get("/v1/agents"),
        await rig.http.put("/v1/agents/ksippo", json=AGENT),
        await rig.http.patch("/v1/agents/ksippo", json={"last_name": "Sippola"}),
        await rig.http.get("/v1/directory"),
    ):
        assert response.status_code == 200
        assert password not in response.text and identity in response.text
    again = (await rig.post("/v1/agents/ksippo/password")).json()
    assert again["password"] != password and verified(rig, again["password"])
    problem(await rig.post("/v1/agents/nobody/password"), 404, "unknown-entry")


async def test_a_password_that_a_request_brings_is_not_sent_back(rig: Rig) -> None:
    await rig.directory.apply([PHONE, SUPPORT])
    made = await rig.post("/v1/agents", {**AGENT, "password": "made-by-a-person"})
    assert "made-by-a-person" not in made.text and verified(rig, "made-by-a-person")
    patched = await rig.http.patch("/v1/agents/ksippo", json={"password": "another-persons"})
    assert "another-persons" not in patched.text and verified(rig, "another-persons")
    refused = await rig.http.patch("/v1/agents/ksippo", json={"password": "short"})
    assert problem(refused, 422, "invalid-request")["errors"][0]["field"] == "$.password"


async def test_an_agents_phone_is_changed_for_an_address_and_back(rig: Rig) -> None:
    await rig.directory.apply([PHONE, SUPPORT])
    await rig.post("/v1/agents", AGENT)
    address = "sip:5002@192.0.2.40"
    outside = (await rig.http.patch("/v1/agents/ksippo", json={"address": address})).json()
    assert (outside["phone"], outside["address"]) == ("", address)
    inside = (await rig.http.patch("/v1/agents/ksippo", json={"phone": "5001"})).json()
    assert (inside["phone"], inside["address"]) == ("5001", "")
    both = await rig.http.put("/v1/agents/ksippo", json={**AGENT, "address": address})
    assert problem(both, 422, "invalid-request")["errors"][0]["field"] == "$.address"


async def test_an_agent_may_be_called_by_a_mail_address(rig: Rig) -> None:
    await rig.directory.apply([SUPPORT])
    await rig.post("/v1/agents", {"name": ANN.name, "address": ANN.address})
    assert (await rig.http.get("/v1/agents/ann%40example.com")).json()["name"] == ANN.name
    assert (await rig.http.delete("/v1/agents/ann@example.com")).status_code == 204


async def test_who_is_named_is_not_removed(rig: Rig) -> None:
    await rig.directory.apply([PHONE, SUPPORT])
    await rig.post("/v1/agents", AGENT)
    for path in ("/v1/phones/5001", "/v1/queues/support"):
        assert 'agent "ksippo"' in problem(await rig.http.delete(path), 409, "entry-in-use")["detail"]


async def test_only_an_admin_sees_agents_and_edits_queues(rig: Rig) -> None:
    await rig.directory.apply([SUPPORT])
    async with rig.as_("decide") as http:
        problem(await http.get("/v1/agents"), 403, "forbidden")
        problem(await http.delete("/v1/queues/support"), 403, "forbidden")
    async with rig.as_("read") as http:
        assert (await http.get("/v1/queues/support")).status_code == 200


async def test_a_route_leads_to_a_queue_or_a_phone(rig: Rig) -> None:
    await rig.directory.apply([PHONE, SUPPORT])
    route: dict[str, Any] = {"name": "hotline", "did": "7*", "trunks": ["main", "phones"], "queue": "support"}
    made = (await rig.post("/v1/routes", route)).json()
    assert (made["queue"], made["phone"], made["destination"]) == ("support", "", "")
    assert (made["window"], made["lapse"], made["trunks"]) == (60.0, None, ["main", "phones"])
    both = await rig.http.patch("/v1/routes/hotline", json={"phone": "5001"})
    assert problem(both, 422, "invalid-request")["errors"][0]["field"] == "$.queue"
    direct = (await rig.http.patch("/v1/routes/hotline", json={"phone": "5001", "queue": "", "window": None})).json()
    assert (direct["queue"], direct["phone"], direct["window"]) == ("", "5001", 60.0)
    plain = {"phone": "", "destination": "sip:pbx", "window": None}
    assert (await rig.http.patch("/v1/routes/hotline", json=plain)).json()["window"] == 10.0
