"""Calls and events as lists and as they happen, against the real API with a played edge."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callgate.cli.calls import LiveCalls
from callgate.cli.exits import ExitCode
from callgate.cli.log import moment
from callgate.core.reports import Progress
from callgate.dialects.native.mapping import call_of
from callgate.dialects.native.wire import Event
from tests.dialects.native.rig import KEYS, Rig, serving
from tests.dialects.serving import PATIENCE
from tests.unit.cli.console import run_beside


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    async with serving(tmp_path) as made:
        monkeypatch.setenv("CALLGATE_URL", f"http://{made.address}")
        monkeypatch.setenv("CALLGATE_KEY", KEYS["read"])
        yield made


@contextlib.asynccontextmanager
async def following(*arguments: str) -> AsyncIterator[asyncio.StreamReader]:
    """A command that goes on until it is stopped: a process of its own, as it is for people."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "callgate.cli", *arguments), stdout=asyncio.subprocess.PIPE, env={**os.environ}
    )
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.terminate()
        await process.wait()


async def line(stream: asyncio.StreamReader) -> str:
    return (await asyncio.wait_for(stream.readline(), PATIENCE)).decode().rstrip("\n")


async def test_calls_are_listed_with_what_people_want_to_know(rig: Rig) -> None:
    call = rig.control.ring(number="+4420", dialled="2002")
    ran = await run_beside("calls")
    assert ran.code == ExitCode.OK
    columns = "CALL STATE FROM DIALLED TRUNK RECEIVED LEFT DECIDED BY CALLER GOT"
    assert ran.lines[0].split() == columns.split()
    assert ran.lines[1].split()[:6] == [call.id, "held", "Ann", "+4420", "2002", "main"]


async def test_no_call_is_said_on_stderr_and_is_an_empty_list_in_json(rig: Rig) -> None:
    ran = await run_beside("calls")
    assert (ran.code, ran.out, ran.err) == (ExitCode.OK, "", "no calls\n")
    assert (await run_beside("calls", "--json")).json == []


async def test_calls_are_filtered_by_the_server(rig: Rig) -> None:
    rig.control.ring("main", number="111")
    wanted = rig.control.ring("second", number="222")
    ran = await run_beside("calls", "--trunk", "second", "--caller", "22*", "--state", "held", "--json")
    assert [call["id"] for call in ran.json] == [wanted.id]


async def test_an_unknown_state_is_a_mistake_of_usage(rig: Rig) -> None:
    assert (await run_beside("calls", "--state", "nonsense")).code == ExitCode.USAGE


async def test_more_calls_than_a_page_holds_are_all_listed(rig: Rig) -> None:
    for _ in range(1_205):
        rig.control.ring()
    ran = await run_beside("calls", "--limit", "5000", "--json")
    assert len(ran.json) == 1_205
    assert len((await run_beside("calls", "--limit", "7", "--json")).json) == 7


async def test_events_begin_with_the_live_calls_and_go_on_as_they_happen(rig: Rig) -> None:
    call = rig.control.ring()
    async with following("events", "--json") as stream:
        kinds = []
        while "ready" not in kinds:
            kinds.append(json.loads(await line(stream))["kind"])
        assert kinds == ["reset", "snapshot", "ready"]
        rig.control.report(call, Progress.CANCELLED, 487)
        event = json.loads(await line(stream))
        assert (event["kind"], event["call"]["id"]) == ("cancelled", call.id)


async def test_events_are_one_line_each_for_people(rig: Rig) -> None:
    call = rig.control.ring()
    async with following("events") as stream:
        snapshot = await line(stream)
        assert snapshot.split()[-7:] == ["snapshot", call.id, "5503301", "→", "2002", "on", "main"]


async def test_watched_calls_are_told_as_json_lines_with_their_filter(rig: Rig) -> None:
    rig.control.ring("main")
    wanted = rig.control.ring("second")
    async with following("calls", "--watch", "--json", "--trunk", "second") as stream:
        assert json.loads(await line(stream))["id"] == wanted.id


async def test_watched_calls_are_lines_where_there_is_no_terminal(rig: Rig) -> None:
    call = rig.control.ring()
    async with following("calls", "--watch") as stream:
        assert f"snapshot   {call.id} 5503301" in await line(stream)
        rig.control.report(call, Progress.CANCELLED, 487)
        assert f"cancelled  {call.id} 5503301" in await line(stream)


async def test_watched_calls_are_a_live_table_on_a_terminal(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    call = rig.control.ring()
    terminal, end = pty.openpty()
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "callgate.cli", "calls", "--watch"), stdin=end, stdout=end, stderr=end
        )
        os.close(end)
        shown = b""
        while call.id.encode() not in shown or b"held" not in shown:
            shown += await asyncio.wait_for(asyncio.to_thread(os.read, terminal, 4096), PATIENCE)
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), PATIENCE) == ExitCode.INTERRUPTED
    finally:
        os.close(terminal)


async def test_the_live_table_forgets_what_was_known_at_a_reset_and_old_ended_calls(rig: Rig) -> None:
    known = LiveCalls()
    calls = [rig.control.ring() for _ in range(15)]
    for call in calls[:12]:
        rig.control.report(call, Progress.CANCELLED, 487)
    for call in calls:
        known.take(Event("", "snapshot", 0.0, call=call_of(call)))
    assert [call.id for call in known.newest_first()] == [call.id for call in reversed(calls[2:])]
    known.take(Event("", "reset", 0.0))
    assert list(known.newest_first()) == []


def test_a_moment_is_a_span_before_now_or_a_date() -> None:
    assert moment("90s", 1000.0) == 910.0
    assert moment("2h", 10_000.0) == 2_800.0
    assert moment("2026-11-21T10:00:00+00:00", 0.0) == 1_795_255_200.0


async def test_a_moment_that_is_none_is_a_mistake_of_usage(rig: Rig) -> None:
    ran = await run_beside("log", "--since", "yesterday")
    assert (ran.code, ran.err.count("\n")) == (ExitCode.USAGE, 1)
    assert ran.err.startswith("callgate: --since 'yesterday' is no time: use 10m, 2h, 3d")


async def test_an_empty_log_is_told(rig: Rig) -> None:
    ran = await run_beside("log")
    assert (ran.code, ran.out, ran.err) == (ExitCode.OK, "", "no calls in the log\n")
    assert (await run_beside("log", "abcd")).code == ExitCode.NOT_FOUND
    assert (await run_beside("log", "01990000-0000-7000-8000-000000000000")).code == ExitCode.NOT_FOUND
