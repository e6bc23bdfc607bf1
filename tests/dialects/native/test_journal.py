"""What the journal's writer has stored is read back as it happened."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callgate.core.events import Delivery
from callgate.core.reports import Progress
from callgate.database import engine as database
from callgate.journal.writer import JournalWriter
from callgate.settings import Settings

from .rig import Rig, problem, serving


@pytest.fixture
async def written(tmp_path: Path) -> AsyncIterator[Rig]:
    """Three calls in the journal: refused twice over, cancelled, answered and ended."""
    async with serving(tmp_path) as rig:
        engine = database.create(Settings(state=tmp_path))
        writer = JournalWriter(engine, Settings().journal)
        await writer.start()
        stop = rig.control.listen(writer.listener)
        refused = rig.control.ring("main", number="5501")
        rig.control.tell(Delivery(refused.id, "yeastar", "crm", "webhook", "30016", "delivered", rig.control.time, 0.1))
        await rig.post(f"/v1/calls/{refused.id}/refuse", {"reason": "busy"})
        await rig.post(f"/v1/calls/{refused.id}/accept")
        cancelled = rig.control.ring("second", number="5502")
        rig.control.report(cancelled, Progress.CANCELLED, 487)
        answered = rig.control.ring("main", number="5503")
        await rig.post(f"/v1/calls/{answered.id}/accept")
        rig.control.report(answered, Progress.ANSWERED, 200)
        rig.control.report(answered, Progress.ENDED, by="caller")
        await rig.post("/v1/calls/none/refuse")
        stop()
        await writer.stop()
        await engine.dispose()
        yield rig


async def numbers(rig: Rig, **query: str | float) -> list[str]:
    page = await rig.http.get("/v1/journal/calls", params=query)
    assert page.status_code == 200
    return [call["caller_number"] for call in page.json()["items"]]


async def test_calls_of_the_log(written: Rig) -> None:
    assert await numbers(written) == ["5503", "5502", "5501"]
    assert await numbers(written, trunk="main") == ["5503", "5501"]
    assert await numbers(written, state="cancelled") == ["5502"]
    assert await numbers(written, caller="5501") == ["5501"]
    assert await numbers(written, application="admin") == ["5503", "5501"]
    assert await numbers(written, since=written.control.time + 60) == []
    assert await numbers(written, until=written.control.time - 60) == []


async def test_pages_of_the_log(written: Rig) -> None:
    first = (await written.http.get("/v1/journal/calls", params={"limit": 2})).json()
    assert await numbers(written, limit=2, cursor=first["next"]) == ["5501"]


async def test_one_call_with_its_verdicts_and_deliveries(written: Rig) -> None:
    (listed,) = (await written.http.get("/v1/journal/calls", params={"caller": "5501"})).json()["items"]
    entry = (await written.http.get(f"/v1/journal/calls/{listed['id'].upper()}")).json()
    assert entry["call"] == listed
    assert (listed["action"], listed["reason"], listed["status"], listed["state"]) == ("refuse", "busy", 486, "refused")
    assert [verdict["result"] for verdict in entry["verdicts"]] == ["applied", "already_decided"]
    assert entry["verdicts"][0]["verdict"]["reason"] == "busy"
    assert [delivery["channel"] for delivery in entry["deliveries"]] == ["webhook"]


async def test_verdicts_and_deliveries_of_all_calls(written: Rig) -> None:
    verdicts = (await written.http.get("/v1/journal/verdicts")).json()["items"]
    assert [verdict["result"] for verdict in verdicts] == ["unknown", "applied", "already_decided", "applied"]
    assert verdicts[0]["call"] is None
    late = (await written.http.get("/v1/journal/verdicts", params={"result": "already_decided"})).json()["items"]
    assert [verdict["verdict"]["action"] for verdict in late] == ["accept"]
    deliveries = await written.http.get("/v1/journal/deliveries", params={"call": late[0]["call"]})
    assert [delivery["application"] for delivery in deliveries.json()["items"]] == ["crm"]
    assert (await written.http.get("/v1/journal/deliveries", params={"dialect": "none"})).json()["items"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"cursor": "zzz"}, "cursor"),
        ({"since": "nan"}, "since"),
        ({"since": "1e300"}, "since"),
        ({"until": "yesterday"}, "until"),
        ({"trunk": "\x00"}, "trunk"),
        ({"trunk": "x" * 257}, "trunk"),
        ({"state": "asleep"}, "state"),
    ],
)
async def test_a_wrong_parameter_is_named(rig: Rig, query: dict[str, str], field: str) -> None:
    body = problem(await rig.http.get("/v1/journal/calls", params=query), 422, "invalid-request")
    assert body["errors"][0]["field"] == field


async def test_what_the_journal_does_not_have(rig: Rig) -> None:
    for identity in ("x", "019b76da-a8fa-7000-8000-000000000001"):
        problem(await rig.http.get(f"/v1/journal/calls/{identity}"), 404, "unknown-call")
    problem(await rig.http.get("/v1/journal/deliveries", params={"call": "x"}), 422, "invalid-request")
