"""What happens in queues, and what agents are, over ``/v1``."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from callgate.core.calls import CallId
from callgate.directory.model import Queue
from callgate.queues.port import AgentCall, CallState, WaitingCall
from tests.unit.directory.queue_entries import ANN, KRISTI, PHONE, SALES, SUPPORT

from .rig import Rig, problem, serving

ENTRIES = (PHONE, SUPPORT, SALES, KRISTI, ANN)


def waiting(rig: Rig, number: int, agent: str = "") -> WaitingCall:
    return WaitingCall(
        CallId(str(UUID(int=number))), f"55{number}", rig.control.time - 100 + number, 0, agent, int(bool(agent))
    )


async def test_the_status_of_a_queue_is_told(rig: Rig) -> None:
    await rig.directory.apply(ENTRIES)
    rig.centre.line["support"] = [waiting(rig, 1, "ksippo"), waiting(rig, 2)]
    await rig.post("/v1/agents/ksippo/state", {"state": "ready"})
    async with rig.as_("read") as http:
        assert (await http.get("/v1/queues/support/status")).json() == {
            "name": "support",
            "number": "9000",
            "waiting": 2,
            "ringing": 1,
            "longest": 99.0,
            "connected": 0,
            "logged_in": 1,
            "ready": 1,
            "answered": 3,
            "abandoned": 2,
            "overflowed": 1,
        }
        problem(await http.get("/v1/queues/none/status"), 404, "unknown-entry")


async def test_the_calls_of_a_queue_come_in_their_order_and_in_pages(rig: Rig) -> None:
    await rig.directory.apply(ENTRIES)
    rig.centre.line["support"] = [waiting(rig, 1, "ksippo"), waiting(rig, 2), waiting(rig, 3)]
    first = (await rig.http.get("/v1/queues/support/calls?limit=2")).json()
    assert [(call["place"], call["number"], call["agent"]) for call in first["items"]] == [
        (1, "551", "ksippo"),
        (2, "552", None),
    ]
    assert first["items"][0]["call"] == str(UUID(int=1))
    rest = (await rig.http.get(f"/v1/queues/support/calls?limit=2&cursor={first['next']}")).json()
    assert ([call["place"] for call in rest["items"]], rest["next"]) == ([3], None)
    assert (await rig.http.get("/v1/queues/sales/calls?cursor=900")).json() == {"items": [], "next": None}
    for cursor in ("x", "-1", "9" * 30, "٣"):
        problem(await rig.http.get("/v1/queues/support/calls", params={"cursor": cursor}), 422, "invalid-request")
    problem(await rig.http.get("/v1/queues/none/calls"), 404, "unknown-entry")


async def test_the_statuses_of_all_queues_are_told_by_name_and_in_pages(rig: Rig) -> None:
    await rig.directory.apply([*ENTRIES, Queue("status", "9002")])
    rig.centre.line["support"] = [waiting(rig, 1)]
    async with rig.as_("read") as http:
        first = (await http.get("/v1/status/queues?limit=2")).json()
        assert ([queue["name"] for queue in first["items"]], first["next"]) == (["sales", "status"], "status")
        rest = (await http.get("/v1/status/queues?cursor=status")).json()
        assert rest == {"items": [(await http.get("/v1/queues/support/status")).json()], "next": None}
        assert rest["items"][0]["waiting"] == 1
        assert (await http.get("/v1/queues/status")).json()["number"] == "9002"


async def test_the_statuses_of_all_agents_are_told_by_name_and_in_pages(rig: Rig) -> None:
    await rig.directory.apply(ENTRIES)
    await rig.post("/v1/agents/ksippo/state", {"state": "ready"})
    async with rig.as_("read") as http:
        first = (await http.get("/v1/status/agents?limit=1")).json()
        assert ([agent["name"] for agent in first["items"]], first["next"]) == ([ANN.name], ANN.name)
        rest = (await http.get("/v1/status/agents", params={"cursor": first["next"]})).json()
        assert rest == {"items": [(await http.get("/v1/agents/ksippo/status")).json()], "next": None}
        assert rest["items"][0]["state"] == "ready"


async def test_an_agent_logs_in_works_and_logs_out(rig: Rig) -> None:
    await rig.directory.apply(ENTRIES)
    assert (await rig.http.get("/v1/agents/ksippo/status")).json() == {
        "name": "ksippo",
        "number": "5001",
        "state": "logged_out",
        "since": 0.0,
        "registered": True,
        "calls": [],
    }
    problem(await rig.post("/v1/agents/ksippo/state", {"state": "after_call_work"}), 409, "agent-state")
    for state in ("ready", "not_ready", "after_call_work", "logged_out"):
        rig.control.time += 1
        changed = await rig.post("/v1/agents/ksippo/state", {"state": state})
        assert (changed.status_code, changed.json()["state"], changed.json()["since"]) == (200, state, rig.control.time)
    problem(await rig.post("/v1/agents/ksippo/state", {"state": "lunch"}), 422, "invalid-request")
    problem(await rig.post("/v1/agents/nobody/state", {"state": "ready"}), 404, "unknown-entry")
    problem(await rig.http.get("/v1/agents/nobody/status"), 404, "unknown-entry")


async def test_a_disabled_agent_is_logged_out_and_nothing_else(rig: Rig) -> None:
    await rig.directory.apply(ENTRIES)
    await rig.http.patch("/v1/agents/ksippo", json={"enabled": False})
    refused = problem(await rig.post("/v1/agents/ksippo/state", {"state": "ready"}), 409, "agent-state")
    assert refused["detail"] == 'agent "ksippo" is disabled'
    assert (await rig.post("/v1/agents/ksippo/state", {"state": "logged_out"})).status_code == 200


async def test_the_calls_of_an_agents_phone_are_told(rig: Rig) -> None:
    await rig.directory.apply(ENTRIES)
    call = AgentCall(CallId(str(UUID(int=1))), "ksippo", CallState.RINGING, "5005", "9000", "support", "internal", 5.0)
    rig.centre.phones["ksippo"] = [call]
    (told,) = (await rig.http.get("/v1/agents/ksippo/status")).json()["calls"]
    assert told == {
        "call": str(UUID(int=1)),
        "state": "ringing",
        "other": "5005",
        "dialled": "9000",
        "queue": "support",
        "kind": "internal",
        "began": 5.0,
        "answered": None,
    }


async def test_to_look_is_for_readers_and_to_change_an_agent_for_deciders(rig: Rig) -> None:
    await rig.directory.apply(ENTRIES)
    async with rig.as_("read") as http:
        assert (await http.get("/v1/agents/ksippo/status")).status_code == 200
        problem(await http.post("/v1/agents/ksippo/state", json={"state": "ready"}), 403, "forbidden")
    async with rig.as_("decide") as http:
        assert (await http.post("/v1/agents/ksippo/state", json={"state": "ready"})).status_code == 200


async def test_where_no_queues_run_that_is_told(tmp_path: Path) -> None:
    async with serving(tmp_path, centre=False) as rig:
        await rig.directory.apply(ENTRIES)
        for path in ("/v1/queues/support/status", "/v1/status/queues", "/v1/status/agents"):
            problem(await rig.http.get(path), 503, "unavailable")
