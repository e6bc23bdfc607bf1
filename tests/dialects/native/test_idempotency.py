"""A request that is sent again with its Idempotency-Key gets the first result, and nothing is done twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from callgate.core.calls import Call
from callgate.core.reports import Ack
from callgate.core.verdicts import Verdict
from callgate.dialects.native.idempotency import FirstResults
from callgate.dialects.native.operations import Reply
from callgate.settings import NativeSettings, Settings

from .rig import Rig, problem, serving


async def test_the_second_time_gives_the_first_result(rig: Rig) -> None:
    call = rig.control.ring()
    path = f"/v1/calls/{call.id}/refuse"
    first = await rig.post(path, {"reason": "busy"}, idempotency_key="a")
    rig.control.time += 60
    second = await rig.post(path, {"reason": "busy"}, idempotency_key="a")
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert len(rig.control.decisions) == 1
    problem(await rig.post(path, {"reason": "busy"}), 409, "already-decided")


async def test_a_no_is_a_result_too(rig: Rig) -> None:
    call = rig.control.ring(controlled=False)
    first = await rig.post(f"/v1/calls/{call.id}/accept", idempotency_key="a")
    second = await rig.post(f"/v1/calls/{call.id}/accept", idempotency_key="a")
    problem(second, 409, "not-held")
    assert first.content == second.content
    assert len(rig.control.decisions) == 1


async def test_the_same_key_with_another_request_is_a_problem(rig: Rig) -> None:
    call, other = rig.control.ring(), rig.control.ring()
    await rig.post(f"/v1/calls/{call.id}/refuse", {"reason": "busy"}, idempotency_key="a")
    for path, body in (
        (f"/v1/calls/{call.id}/refuse", {"reason": "rejected"}),
        (f"/v1/calls/{call.id}/accept", None),
        (f"/v1/calls/{other.id}/refuse", {"reason": "busy"}),
    ):
        problem(await rig.post(path, body, idempotency_key="a"), 422, "idempotency-mismatch")
    assert other.state == "held"


async def test_keys_of_one_application_are_not_those_of_another(rig: Rig) -> None:
    call = rig.control.ring()
    await rig.post(f"/v1/calls/{call.id}/accept", idempotency_key="a")
    async with rig.as_("decide") as http:
        response = await http.post(f"/v1/calls/{call.id}/accept", headers={"Idempotency-Key": "a"})
    problem(response, 409, "already-decided")


async def test_a_duplicate_that_comes_at_the_same_time_waits_for_the_first(rig: Rig) -> None:
    call = rig.control.ring()
    go, asked = asyncio.Event(), asyncio.Event()

    async def edge(call: Call, verdict: Verdict) -> Ack:
        asked.set()
        await go.wait()
        return await rig.control.obey(call, verdict)

    rig.control.edge = edge
    path = f"/v1/calls/{call.id}/accept"
    waiting = [asyncio.create_task(rig.post(path, idempotency_key="a")) for _ in range(5)]
    await asked.wait()
    assert (await rig.http.get("/v1/status")).status_code == 200  # the others have been read meanwhile
    go.set()
    responses = await asyncio.gather(*waiting)
    assert {(response.status_code, response.content) for response in responses} == {(200, responses[0].content)}
    assert len(rig.control.decisions) == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "\xe9"])
async def test_a_key_that_is_none(rig: Rig, key: str) -> None:
    call = rig.control.ring()
    headers = {b"Idempotency-Key": key.encode("latin-1")}
    response = await rig.http.post(f"/v1/calls/{call.id}/accept", headers=headers)
    assert problem(response, 422, "invalid-request")["errors"][0]["field"] == "Idempotency-Key"
    assert call.state == "held"


async def test_a_key_is_made_once_and_told_to_who_repeats_the_request(rig: Rig) -> None:
    first = await rig.post("/v1/keys", {"name": "new"}, idempotency_key="a")
    second = await rig.post("/v1/keys", {"name": "new"}, idempotency_key="a")
    assert first.status_code == second.status_code == 201
    assert first.json()["key"] == second.json()["key"]


async def test_a_result_is_forgotten_after_its_time(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(Settings(), native=NativeSettings(idempotency_seconds=60.0))
    async with serving(tmp_path, settings) as rig:
        call = rig.control.ring()
        await rig.post(f"/v1/calls/{call.id}/accept", idempotency_key="a")
        rig.control.time += 59
        assert (await rig.post(f"/v1/calls/{call.id}/accept", idempotency_key="a")).status_code == 200
        rig.control.time += 2
        problem(await rig.post(f"/v1/calls/{call.id}/accept", idempotency_key="a"), 409, "already-decided")


async def test_no_more_results_are_kept_than_the_limit() -> None:
    firsts = FirstResults(60.0, 3, lambda: 0.0)
    done: list[str] = []

    async def ask(key: str) -> Reply:
        async def perform() -> Reply:
            done.append(key)
            return Reply(200)

        return await firsts.result("app", key, ("POST", "/", b""), perform)

    for key in "abcabcdbcda":
        await ask(key)
    assert done == ["a", "b", "c", "d", "a"]


async def test_who_waits_for_a_first_that_broke_becomes_the_first() -> None:
    firsts, go = FirstResults(60.0, 10, lambda: 0.0), asyncio.Event()
    begun: list[int] = []

    async def perform() -> Reply:
        begun.append(len(begun))
        await go.wait()
        if begun[-1] == 0:
            raise RuntimeError("broken")
        return Reply(200)

    async def ask() -> Reply:
        return await firsts.result("app", "a", ("POST", "/", b""), perform)

    first, second = asyncio.create_task(ask()), asyncio.create_task(ask())
    await asyncio.sleep(0)
    go.set()
    with pytest.raises(RuntimeError):
        await first
    assert await second == Reply(200)
    assert begun == [0, 1]


async def test_a_waiting_duplicate_that_is_cancelled_leaves_the_first_alone() -> None:
    firsts, go = FirstResults(60.0, 10, lambda: 0.0), asyncio.Event()

    async def perform() -> Reply:
        await go.wait()
        return Reply(200)

    async def ask() -> Reply:
        return await firsts.result("app", "a", ("POST", "/", b""), perform)

    first, second = asyncio.create_task(ask()), asyncio.create_task(ask())
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    go.set()
    assert await first == Reply(200)
