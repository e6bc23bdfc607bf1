"""Verdicts by hand, against the real API with a played edge: what is said, and every exit code."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callgate.cli.exits import ExitCode
from callgate.core.calls import Call
from callgate.core.reports import AckResult, Progress
from callgate.core.states import State
from callgate.core.verdicts import Accept, Decider
from tests.dialects.native.rig import KEYS, Rig, serving
from tests.unit.cli.console import run, run_beside


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    async with serving(tmp_path) as made:
        monkeypatch.setenv("CALLGATE_URL", f"http://{made.address}")
        monkeypatch.setenv("CALLGATE_KEY", KEYS["decide"])
        yield made


def state(call: Call) -> State:
    """The state as it is now; a call of its own, so that mypy does not remember the last comparison."""
    return call.state


async def test_accept_lets_the_one_held_call_through(rig: Rig) -> None:
    call = rig.control.ring()
    ran = await run_beside("accept")
    assert (ran.code, ran.out) == (ExitCode.OK, f"{call.id} accepted: the call goes to sip:pbx.example.com\n")
    assert state(call) is State.ROUTED


async def test_refuse_says_what_the_caller_got(rig: Rig) -> None:
    call = rig.control.ring()
    ran = await run_beside("refuse", "--reason", "busy")
    assert (ran.code, ran.out) == (ExitCode.OK, f"{call.id} refused: the caller got 486 Busy Here\n")


async def test_refuse_takes_a_status_a_phrase_and_headers(rig: Rig) -> None:
    rig.control.ring()
    options = ("--status", "480", "--phrase", "Closed today", "--header", "Retry-After: 60", "--header", "X-Why: late")
    ran = await run_beside("refuse", *options, "--json")
    verdict = ran.json["call"]["decision"]["verdict"]
    assert (verdict["status"], verdict["phrase"]) == (480, "Closed today")
    assert verdict["headers"] == [{"name": "Retry-After", "value": "60"}, {"name": "X-Why", "value": "late"}]


@pytest.mark.parametrize("mode", ["relay", "contact"])
async def test_redirect_sends_the_call_elsewhere(rig: Rig, mode: str) -> None:
    call = rig.control.ring()
    ran = await run_beside("redirect", "--to", "sip:2003@192.0.2.9", "--mode", mode)
    assert (ran.code, ran.out) == (ExitCode.OK, f"{call.id} redirected to sip:2003@192.0.2.9\n")
    assert state(call) is (State.ROUTED if mode == "relay" else State.REDIRECTED)


async def test_hangup_ends_the_one_live_call(rig: Rig) -> None:
    call = rig.control.ring(controlled=False)
    rig.control.report(call, Progress.ANSWERED, 200)
    ran = await run_beside("hangup")
    assert (ran.code, ran.out) == (ExitCode.OK, f"{call.id} hung up\n")
    assert state(call) is State.COMPLETED


async def test_a_call_is_named_by_its_whole_id_its_beginning_or_its_end(rig: Rig) -> None:
    calls = [rig.control.ring() for _ in range(3)]
    for call, name in zip(calls, (calls[0].id, calls[1].id[-4:], calls[2].id), strict=True):
        assert (await run_beside("accept", name)).code == ExitCode.OK
        assert state(call) is State.ROUTED


async def test_without_a_held_call_nothing_is_decided(rig: Rig) -> None:
    ran = await run_beside("accept")
    assert (ran.code, ran.err) == (
        ExitCode.NOT_FOUND,
        "callgate: there is no held call: see `callgate calls`\n",
    )


async def test_among_several_held_calls_one_has_to_be_named(rig: Rig) -> None:
    first, second = rig.control.ring(), rig.control.ring()
    ran = await run_beside("refuse")
    assert ran.code == ExitCode.USAGE
    assert ran.err == f"callgate: 2 held calls are meant, name one: {second.id}, {first.id}\n"
    assert (state(first), state(second)) == (State.HELD, State.HELD)


async def test_an_unknown_call_is_told(rig: Rig) -> None:
    ran = await run_beside("accept", "01990000-0000-7000-8000-000000000000")
    assert ran.code == ExitCode.NOT_FOUND
    ran = await run_beside("accept", "abcd")
    assert (ran.code, ran.err) == (
        ExitCode.NOT_FOUND,
        "callgate: there is no held call whose id begins or ends with abcd: see `callgate calls`\n",
    )


async def test_a_decision_that_is_second_is_told_whose_was_first(rig: Rig) -> None:
    call = rig.control.ring()
    await rig.control.decide(call.id, Accept(), Decider("yeastar", "desk"))
    ran = await run_beside("refuse", call.id)
    assert ran.code == ExitCode.TOO_LATE
    assert ran.err.endswith(": accepted by yeastar/desk\n")


async def test_a_decision_after_the_window_is_too_late(rig: Rig) -> None:
    call = rig.control.ring()
    await rig.control.pass_window(call)
    ran = await run_beside("refuse", call.id)
    assert ran.code == ExitCode.TOO_LATE
    assert ran.err.endswith(": accepted by callgate/window\n")


async def test_a_decision_after_the_caller_has_cancelled_is_too_late(rig: Rig) -> None:
    call = rig.control.ring()
    rig.control.report(call, Progress.CANCELLED, 487)
    ran = await run_beside("accept", call.id)
    assert (ran.code, "caller" in ran.err) == (ExitCode.TOO_LATE, True)


async def test_a_call_that_was_never_held_cannot_be_decided(rig: Rig) -> None:
    call = rig.control.ring(controlled=False)
    assert (await run_beside("accept", call.id)).code == ExitCode.TOO_LATE


async def test_an_ended_call_cannot_be_hung_up(rig: Rig) -> None:
    call = rig.control.ring(controlled=False)
    rig.control.report(call, Progress.FAILED, 486)
    assert (await run_beside("hangup", call.id)).code == ExitCode.TOO_LATE


@pytest.mark.parametrize("result", [AckResult.FAILED, AckResult.UNANSWERED])
async def test_an_edge_that_did_not_do_it_is_a_failure(rig: Rig, result: AckResult) -> None:
    call = rig.control.ring()
    rig.control.acknowledge(result, 503 if result is AckResult.FAILED else 0)
    ran = await run_beside("accept", call.id)
    assert ran.code == ExitCode.FAILED
    assert ("the caller got 503" in ran.err) is (result is AckResult.FAILED)


@pytest.mark.parametrize(
    "arguments",
    [
        ("refuse", "--reason", "nonsense"),
        ("refuse", "--status", "200"),
        ("refuse", "--reason", "busy", "--status", "480"),
        ("refuse", "--header", "Via: x"),
        ("refuse", "--header", "no colon"),
        ("redirect", "--to", "http://example.com"),
        ("redirect",),
    ],
)
async def test_a_verdict_that_cannot_be_is_a_mistake_of_usage(rig: Rig, arguments: tuple[str, ...]) -> None:
    call = rig.control.ring()
    assert (await run_beside(*arguments)).code == ExitCode.USAGE
    assert state(call) is State.HELD


async def test_a_key_that_may_only_read_is_denied(rig: Rig) -> None:
    call = rig.control.ring()
    ran = await run_beside("accept", "--key", KEYS["read"])
    assert ran.code == ExitCode.DENIED
    assert state(call) is State.HELD


@pytest.mark.parametrize("key", ["cg_wrong", "not even a key"])
async def test_a_wrong_key_is_denied_and_not_repeated(rig: Rig, key: str) -> None:
    ran = await run_beside("calls", "--key", key)
    assert ran.code == ExitCode.DENIED
    assert key not in ran.err


async def test_without_any_key_the_remedy_is_told(rig: Rig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CALLGATE_KEY", "")
    monkeypatch.setenv("CALLGATE_STATE", str(tmp_path / "nothing"))
    ran = await run_beside("calls")
    assert (ran.code, "CALLGATE_KEY" in ran.err) == (ExitCode.DENIED, True)


async def test_the_admin_key_of_the_state_folder_is_used_where_none_is_given(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "admin.key").write_text(f"{KEYS['admin']}\n")
    monkeypatch.delenv("CALLGATE_KEY")
    monkeypatch.delenv("CALLGATE_URL")
    monkeypatch.setenv("CALLGATE_STATE", str(tmp_path))
    monkeypatch.setenv("CALLGATE_HTTP__LISTENERS", f'[{{bind = "{rig.address}"}}]')
    assert (await run_beside("key", "list")).code == ExitCode.OK


def test_nobody_there_is_one_sentence_with_the_remedy() -> None:
    ran = run("accept", "--url", "http://127.0.0.1:9", "--key", "cg_x")
    assert ran.code == ExitCode.UNREACHABLE
    assert ran.err.startswith("callgate: no Callgate answers at http://127.0.0.1:9 (")
    assert "callgate serve" in ran.err
    assert ran.err.count("\n") == 1
