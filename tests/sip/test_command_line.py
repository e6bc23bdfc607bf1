"""The command line on a running Callgate: real calls placed and decided by hand."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import msgspec
import pytest

from callgate.cli.exits import ExitCode
from tests.sip.rig import Rig, number

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]


class Ran(msgspec.Struct):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


async def callgate(rig: Rig, *arguments: str) -> Ran:
    """A command as people type it, on the machine that Callgate runs on."""
    environ = {**os.environ, "CALLGATE_SETTINGS": str(rig.system.folder / "settings.toml")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "callgate.cli", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environ,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return Ran(process.returncode, out.decode(), err.decode())


async def ringing(rig: Rig, did: str, *options: str) -> tuple[asyncio.Task[Ran], str]:
    """A call that is being placed, and its id once it is held."""
    ring = asyncio.create_task(callgate(rig, "ring", "--to", did, "--json", *options))
    for _ in range(600):
        calls = await callgate(rig, "calls", "--dialled", did, "--state", "held", "--json")
        if calls.json:
            return ring, str(calls.json[0]["id"])
        await asyncio.sleep(0.05)
    raise AssertionError("the call was never held")


async def test_a_call_is_rung_and_refused_by_hand(rig: Rig) -> None:
    ring, identity = await ringing(rig, number("3"))
    refused = await callgate(
        rig, "refuse", identity, "--status", "480", "--phrase", "Closed today", "--header", "X-Why: late"
    )
    assert (refused.code, refused.out) == (ExitCode.OK, f"{identity} refused: the caller got 480 Closed today\n")
    rang = await ring
    assert (rang.code, rang.json["ending"], rang.json["phrase"]) == (ExitCode.REFUSED, "refused", "Closed today")
    received = [step for step in rang.json["steps"] if not step["sent"]]
    assert [step["text"] for step in received] == ["100 Trying", "480 Closed today"]
    assert ["Reason", "Q.850;cause=18"] in received[1]["details"]
    assert ["X-Why", "late"] in received[1]["details"]

    late = await callgate(rig, "accept", identity)
    assert late.code == ExitCode.TOO_LATE
    assert late.err.endswith(": refused with 480 Closed today by native/admin\n")


async def test_a_call_is_rung_and_accepted_by_hand(rig: Rig) -> None:
    ring, identity = await ringing(rig, number("3"), "--talk", "0.2")
    assert (await callgate(rig, "accept", identity)).code == ExitCode.OK
    rang = await ring
    assert (rang.code, rang.json["ending"], rang.json["hung_up_by"]) == (ExitCode.OK, "answered", "caller")


async def test_a_call_is_rung_and_sent_elsewhere_by_hand(rig: Rig) -> None:
    ring, identity = await ringing(rig, number("3"))
    assert (await callgate(rig, "redirect", identity, "--to", "sip:2003@192.0.2.9", "--mode", "contact")).code == 0
    rang = await ring
    assert (rang.code, rang.json["status"]) == (ExitCode.REDIRECTED, 302)
    assert any("sip:2003@192.0.2.9" in value for step in rang.json["steps"] for _, value in step["details"])


async def test_an_answered_call_is_hung_up_by_hand(rig: Rig) -> None:
    ring, identity = await ringing(rig, number("3"), "--talk", "30")
    assert (await callgate(rig, "accept", identity)).code == ExitCode.OK
    for _ in range(100):
        hung_up = await callgate(rig, "hangup", identity)
        if hung_up.code != ExitCode.FAILED:  # it can be hung up as soon as it is answered
            break
    rang = await ring
    assert (hung_up.code, rang.json["hung_up_by"]) == (ExitCode.OK, "other side")


async def test_a_cancelled_call_and_its_late_decision_are_in_the_log(rig: Rig) -> None:
    ring, identity = await ringing(rig, number("3"), "--cancel-after", "5")
    rang = await ring
    assert (rang.code, rang.json["status"]) == (ExitCode.CANCELLED, 487)
    assert (await callgate(rig, "refuse", identity)).code == ExitCode.TOO_LATE
    entry = await rig.native.journal(identity, lambda entry: bool(entry["verdicts"]))
    told = await callgate(rig, "log", identity, "--json")
    assert told.json["call"] == entry["call"]
    assert [(one["result"], one["application"]) for one in told.json["verdicts"]] == [("cancelled", "admin")]
    shown = await callgate(rig, "log", identity)
    assert "native/admin" in shown.out
    listed = await callgate(rig, "log", "--dialled", entry["call"]["dialled"], "--since", "10m", "--json")
    assert [call["id"] for call in listed.json] == [identity]


async def test_a_call_from_an_unknown_address_gets_403_from_the_edge_alone(rig: Rig) -> None:
    rang = await callgate(rig, "ring", "--to", number("3"), "--source", "127.0.0.77", "--json")
    assert (rang.code, rang.json["status"]) == (ExitCode.REFUSED, 403)


async def test_a_call_over_tcp_is_held_and_refused_too(rig: Rig) -> None:
    ring, identity = await ringing(rig, number("3"), "--transport", "tcp")
    assert (await callgate(rig, "refuse", identity)).code == ExitCode.OK
    assert (await ring).json["status"] == 603


async def test_check_finds_the_running_callgate_ready(rig: Rig) -> None:
    checked = await callgate(rig, "check", "--json")
    assert checked.code == ExitCode.OK
    grades = {finding["subject"]: finding["grade"] for finding in checked.json}
    assert grades["running instance"] == "ok"
    assert grades["database"] == "ok"
    assert {grade for subject, grade in grades.items() if subject.startswith("port ")} == {"ok"}
