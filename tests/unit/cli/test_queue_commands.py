"""Queues, agents and routes to them from the command line, against the real API and directory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callgate.cli.exits import ExitCode
from callgate.core.calls import CallId
from callgate.queues.port import AgentCall, CallState, WaitingCall
from tests.dialects.native.rig import KEYS, Rig, serving
from tests.unit.cli.console import run_beside
from tests.unit.directory.queue_entries import ANN, KRISTI, PHONE, SALES, SUPPORT

CALL = CallId("019b76da-a8fa-7000-8000-000000000001")


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    async with serving(tmp_path) as made:
        monkeypatch.setenv("CALLGATE_URL", f"http://{made.address}")
        monkeypatch.setenv("CALLGATE_KEY", KEYS["admin"])
        yield made


async def test_a_queue_is_added_shown_changed_and_removed(rig: Rig) -> None:
    options = ("--wait", "300", "--overflow", "sip:voicemail@pbx", "--missed", "ready", "--priority", "-3")
    added = await run_beside("queue", "add", "support", "--number", "9000", *options, "--json")
    assert (added.code, added.json["number"], added.json["wait"], added.json["length"]) == (0, "9000", 300.0, 100)
    queue = rig.directory.current.queues["support"]
    assert (queue.overflow, queue.missed, queue.priority) == ("sip:voicemail@pbx", "ready", -3)
    await run_beside("queue", "set", "support", "--overflow", "", "--refusal", "busy", "--after-call-work", "30")
    queue = rig.directory.current.queues["support"]
    assert (queue.overflow, queue.refusal, queue.after_call_work, queue.wait) == ("", "busy", 30.0, 300.0)
    shown = await run_beside("queue", "show", "support")
    assert [line.split() for line in shown.lines if line.startswith(("number", "overflow", "agents"))] == [
        ["number", "9000"],
        ["overflow", "refused:", "busy"],
        ["agents", "0", "logged", "in,", "0", "ready"],
    ]
    assert (await run_beside("queue", "remove", "support")).out == "queue support removed\n"
    assert (await run_beside("queue", "show", "support")).code == ExitCode.NOT_FOUND


async def test_the_list_of_queues_tells_how_they_are_now(rig: Rig) -> None:
    assert "no queues" in (await run_beside("queue", "list")).err
    await rig.directory.apply([PHONE, SUPPORT, SALES, KRISTI, ANN])
    since = rig.control.time - 42
    rig.centre.line["support"] = [WaitingCall(CALL, "5005", since, 0, "ksippo", 1)]
    await run_beside("agent", "ready", "ksippo")
    listed = await run_beside("queue", "list")
    assert [line.split() for line in listed.lines[1:]] == [
        ["sales", "9001", "0", "0", "-", "0", "0", "0"],
        ["support", "9000", "1", "1", "42", "s", "0", "1", "1"],
    ]
    found = (await run_beside("queue", "list", "--json")).json
    assert (found[1]["name"], found[1]["ring"], found[1]["status"]["ringing"]) == ("support", 20.0, 1)


async def test_the_calls_that_wait_are_listed(rig: Rig) -> None:
    await rig.directory.apply([SUPPORT])
    assert "no calls wait" in (await run_beside("queue", "calls", "support")).err
    rig.centre.line["support"] = [
        WaitingCall(CALL, "5005", 5.0, 2, "ksippo", 1),
        WaitingCall(CallId(f"{CALL[:-1]}2"), "5006", 6.0, 0, "", 0),
    ]
    (first, second) = (await run_beside("queue", "calls", "support")).lines[1:]
    assert (first.split()[:3], first.split()[-3:]) == (["1", CALL, "5005"], ["2", "ksippo", "1"])
    assert second.split()[-3:] == ["0", "-", "0"]
    (one,) = (await run_beside("queue", "calls", "support", "--limit", "1", "--json")).json
    assert one["number"] == "5005"
    assert (await run_beside("queue", "calls", "none")).code == ExitCode.NOT_FOUND


async def test_the_password_of_an_agent_is_printed_once(rig: Rig) -> None:
    await rig.directory.apply([PHONE, SUPPORT])
    added = await run_beside(
        "agent", "add", "ksippo", "--phone", "5001", "--queue", "support", "--first-name", "Kristi"
    )
    (password,) = [line.split()[1] for line in added.lines if line.split()[0] == "password"]
    agent = rig.directory.current.agents["ksippo"]
    assert rig.directory.hasher.verify(agent.secret_hash, password)
    assert (agent.phone, agent.queues, agent.first_name) == ("5001", ("support",), "Kristi")
    assert "shown only now" in added.err
    for command in (("show", "ksippo"), ("list",), ("set", "ksippo", "--disabled", "--no-queues")):
        ran = await run_beside("agent", *command)
        assert (ran.code, "ksippo" in ran.out, password in ran.out) == (ExitCode.OK, True, False)
    agent = rig.directory.current.agents["ksippo"]
    assert (agent.enabled, agent.queues, agent.phone) == (False, (), "5001")
    again = (await run_beside("agent", "password", "ksippo", "--json")).json["password"]
    assert again != password
    given = await run_beside("agent", "password", "ksippo", "--password-stdin", stdin=b"made-by-a-person\n")
    assert "made-by-a-person" not in given.out + given.err
    assert rig.directory.hasher.verify(rig.directory.current.agents["ksippo"].secret_hash, "made-by-a-person")
    assert (await run_beside("agent", "remove", "ksippo")).out == "agent ksippo removed\n"


async def test_an_agent_is_made_ready_and_not_and_logged_out(rig: Rig) -> None:
    await rig.directory.apply([SUPPORT, SALES, ANN])
    name = ANN.name
    assert (await run_beside("agent", "ready", name)).out == f"agent {name} is ready\n"
    rig.centre.phones[name] = [
        AgentCall(CALL, name, CallState.RINGING, "5005", "9000", "support", "inbound", rig.control.time)
    ]
    shown = await run_beside("agent", "show", name)
    assert "ringing with 5005, queue support" in shown.out
    (row,) = (await run_beside("agent", "list")).lines[1:]
    assert row.split()[:3] == [name, "5002", "ready"]
    assert (await run_beside("agent", "not-ready", name, "--json")).json["state"] == "not_ready"
    assert (await run_beside("agent", "logout", name)).out == f"agent {name} is logged_out\n"
    await run_beside("agent", "set", name, "--disabled")
    refused = await run_beside("agent", "ready", name)
    assert (refused.code, "disabled" in refused.err) == (ExitCode.FAILED, True)
    assert (await run_beside("agent", "ready", "nobody")).code == ExitCode.NOT_FOUND


async def test_a_route_leads_to_a_queue_and_then_to_a_phone(rig: Rig) -> None:
    await rig.directory.apply([PHONE, SUPPORT])
    added = await run_beside("route", "add", "hotline", "--did", "7*", "--queue", "support", "--trunk", "phones")
    lines = [tuple(line.split()) for line in added.lines]
    assert ("queue", "support") in lines and ("window", "60", "s") in lines
    assert ("lapse", "temporarily_unavailable") in lines and ("trunks", "phones") in lines
    assert "queue support" in (await run_beside("route", "list")).out
    used = await run_beside("queue", "remove", "support")
    assert (used.code, 'route "hotline"' in used.err) == (ExitCode.FAILED, True)
    changed = (await run_beside("route", "set", "hotline", "--phone", "5001", "--json")).json
    assert (changed["queue"], changed["phone"]) == ("", "5001")
    plain = (await run_beside("route", "set", "hotline", "--phone", "", "--to", "sip:192.0.2.1", "--json")).json
    assert (plain["phone"], plain["destination"]) == ("", "sip:192.0.2.1")


@pytest.mark.parametrize(
    "arguments",
    [
        ("queue", "add", "x"),
        ("queue", "add", "x", "--number", "90*"),
        ("queue", "add", "x", "--number", "9", "--ring", "0"),
        ("queue", "add", "x", "--number", "9", "--missed", "lunch"),
        ("queue", "add", "x", "--number", "9", "--overflow", "9000"),
        ("agent", "add", "x"),
        ("agent", "add", "x", "--phone", "1", "--address", "sip:1@a"),
        ("agent", "add", "x", "--phone", "nobody"),
        ("agent", "add", "x", "--address", "sip:192.0.2.1"),
        ("agent", "add", "x", "--address", "sip:1@a", "--queue", "nowhere"),
        ("agent", "add", "x", "--address", "sip:1@a", "--password-stdin"),
        ("agent", "set", "x", "--queue", "a", "--no-queues"),
        ("agent", "set", "x", "--phone", "1", "--address", "sip:1@a"),
        ("route", "add", "x", "--queue", "nowhere"),
        ("route", "add", "x", "--phone", "nobody"),
        ("route", "set", "sales", "--queue", "nowhere"),
    ],
)
async def test_a_wrong_value_changes_nothing(rig: Rig, arguments: tuple[str, ...]) -> None:
    before = rig.directory.current
    ran = await run_beside(*arguments)
    assert ran.code == ExitCode.USAGE
    assert ran.err
    assert rig.directory.current == before
