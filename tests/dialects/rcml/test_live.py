"""Live calls: what REST clients and other applications do to them, and that nothing of a call stays when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from callgate.core.answers import CancelledByCaller, EdgeFailed, EdgeSilent
from callgate.core.calls import Call, CallId
from callgate.core.events import Delivery, VerdictEvent
from callgate.core.reports import Ack, AckResult, Progress
from callgate.core.states import State
from callgate.core.verdicts import STOP, Accept, Decider, Dial, Verdict, redirect, refusal, refuse
from callgate.dialects.rcml.failures import Code
from callgate.dialects.rcml.model import NotConfirmed, Unsupported
from callgate.directory.model import RcmlVoice

from .calls import BASE, FALLBACK, SILENCE, VOICE, WINDOW, Rig, sessions, settle

OTHER = f"{BASE}/other"
BUSY = '<Reject reason="busy"/>'
LONG = '<Pause length="60"/><Reject/>'


async def run(rig: Rig, call: Call, url: str = OTHER, fallback: str = "") -> bool:
    done = await rig.live.run(call.id, url, "GET", fallback, "POST")
    await settle()
    return done


def nothing_left(rig: Rig) -> bool:
    return (sessions(rig), len(rig.live)) == ([], 0)


# --- ended by REST ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [SILENCE, LONG])
@pytest.mark.parametrize("status", ["canceled", "completed"])
async def test_a_held_call_is_refused_with_603_and_has_the_status_asked_for(first: Any, status: Any) -> None:
    rig = Rig()
    call = await rig.ring(first)
    assert rig.live.status(call.id) == "ringing"
    assert await rig.live.end(call.id, status) is True
    await settle()
    assert (call.status, rig.told.statuses) == (603, ["ringing", status])
    assert (rig.live.status(call.id), await rig.live.end(call.id, status)) == (None, False)
    assert rig.told.notifications == []
    assert nothing_left(rig)


@pytest.mark.parametrize("status", ["canceled", "completed"])
async def test_a_call_that_rings_is_ended_with_what_it_has_dialled(status: Any) -> None:
    rig = Rig()
    call = await rig.ring('<Dial action="/after">1</Dial>')
    assert await rig.live.end(call.id, status) is True
    await settle()
    assert (rig.told.statuses, rig.told.legs()) == (["ringing", status], {"1": ["ringing", "canceled"]})
    assert rig.documents.urls == [VOICE]
    assert nothing_left(rig)


async def test_an_answered_call_is_hung_up_by_completed_alone() -> None:
    rig = Rig()
    call = await rig.ring("<Dial>1</Dial>")
    rig.control.answers(call)
    assert await rig.live.end(call.id, "canceled") is True
    assert call.state is State.ANSWERED
    assert await rig.live.end(call.id, "completed") is True
    await settle()
    assert (rig.told.statuses, call.hung_up_by) == (["ringing", "in-progress", "completed"], "controller")
    assert nothing_left(rig)


@pytest.mark.parametrize("answer", [EdgeSilent, EdgeFailed])
async def test_an_end_that_the_edge_does_not_confirm_is_told(answer: Callable[[Call], Any]) -> None:
    rig = Rig()
    call = await rig.ring(SILENCE)
    rig.control.hang_up_answer = answer
    with pytest.raises(NotConfirmed):
        await rig.live.end(call.id, "completed")


async def test_a_call_of_nobody_is_over() -> None:
    rig = Rig()
    unknown = CallId("00000000-0000-7000-8000-000000000000")
    assert rig.live.status(unknown) is None
    assert await rig.live.end(unknown, "completed") is False
    assert await rig.live.run(unknown, OTHER, "POST", "", "POST") is False


async def test_a_verdict_on_its_way_goes_before_an_end() -> None:
    rig = Rig()
    open_ = asyncio.Event()

    async def slow(call: Call, verdict: Verdict) -> Ack:
        await open_.wait()
        return Ack(AckResult.DONE, 486)

    rig.control.edge = slow
    call = await rig.ring(BUSY)
    ending = asyncio.create_task(rig.live.end(call.id, "canceled"))
    await settle()
    open_.set()
    assert await ending is False
    assert (call.status, rig.told.statuses) == (486, ["ringing", "busy"])


# --- another document by REST ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [SILENCE, LONG])
async def test_a_held_call_starts_another_document_at_once(first: Any) -> None:
    rig = Rig()
    call = await rig.ring(first)
    rig.documents.says(OTHER, BUSY)
    await rig.clock.advance(3)
    assert await run(rig, call) is True
    assert (rig.documents.asked[-1].url, rig.documents.asked[-1].method) == (OTHER, "GET")
    assert (call.status, rig.told.statuses) == (486, ["ringing", "busy"])
    assert rig.control.held_on[-1] == (call.id, WINDOW, 0, "")
    assert rig.documents.abandoned == (first is SILENCE)
    assert nothing_left(rig)


async def test_a_call_that_rings_is_withdrawn_and_starts_another_document() -> None:
    rig = Rig()
    call = await rig.ring('<Dial action="/after"><Client>alice</Client></Dial>')
    rig.documents.says(OTHER, BUSY)
    rig.control.rings(call)
    assert await run(rig, call) is True
    assert (rig.control.withdrawn, call.status) == ([call.id], 486)
    assert rig.documents.urls == [VOICE, OTHER]
    assert rig.told.legs() == {"client:alice": ["ringing", "canceled"]}
    assert nothing_left(rig)


async def test_the_other_document_has_its_own_fallback() -> None:
    rig = Rig(voice=RcmlVoice(VOICE, voice_fallback_url=f"{BASE}/unused"))
    rig.documents.says(FALLBACK, BUSY)
    call = await rig.ring(LONG)
    assert await run(rig, call, fallback=FALLBACK) is True
    assert (rig.documents.urls, call.status) == ([VOICE, OTHER, FALLBACK], 486)


async def test_an_answered_call_cannot_start_another_document() -> None:
    rig = Rig()
    call = await rig.ring('<Dial action="/after">1</Dial>')
    rig.control.answers(call)
    with pytest.raises(Unsupported, match="was answered"):
        await run(rig, call)
    rig.control.ends(call)
    await settle()
    assert rig.documents.urls == [VOICE, f"{BASE}/after"]


async def test_a_call_that_is_answered_in_that_moment_goes_on() -> None:
    rig = Rig()
    call = await rig.ring('<Dial action="/after">1</Dial>')

    async def answered_first(_: CallId) -> Any:
        rig.control.answers(call)
        return EdgeSilent(call)

    rig.control.withdraw = answered_first  # type: ignore[method-assign, assignment]  # a race that the played edge does not have
    with pytest.raises(Unsupported, match="was answered"):
        await run(rig, call)
    assert call.state is State.ANSWERED
    rig.control.ends(call)
    await settle()
    assert rig.documents.told()["DialCallStatus"] == "completed"


@pytest.mark.parametrize("answer", [EdgeSilent, EdgeFailed])
async def test_a_withdrawal_that_the_edge_does_not_confirm_is_told_and_it_rings_on(answer: Any) -> None:
    rig = Rig()
    call = await rig.ring('<Dial action="/after">1</Dial>')
    rig.control.withdraw_answer = answer
    with pytest.raises(NotConfirmed):
        await run(rig, call)
    rig.documents.says(f"{BASE}/after", BUSY)
    rig.control.returns(call, 404)
    await settle()
    assert rig.documents.told()["DialCallStatus"] == "failed"
    assert call.status == 404


async def test_a_call_that_was_let_go_cannot_start_another_document() -> None:
    rig = Rig()
    call = await rig.ring("<Say>Hello</Say>")
    with pytest.raises(Unsupported, match="let go"):
        await run(rig, call)


async def test_a_call_that_is_over_cannot_start_another_document() -> None:
    rig = Rig()
    call = await rig.ring(BUSY)
    assert await run(rig, call) is False


async def test_of_two_other_documents_the_later_runs() -> None:
    rig = Rig()
    call = await rig.ring(SILENCE)
    rig.documents.says(OTHER, "<Reject/>")
    rig.documents.says(f"{BASE}/last", BUSY)
    first = asyncio.create_task(rig.live.run(call.id, OTHER, "POST", "", "POST"))
    last = asyncio.create_task(rig.live.run(call.id, f"{BASE}/last", "POST", "", "POST"))
    await settle()
    assert (await first, await last) == (True, True)
    assert (call.status, rig.documents.urls) == (486, [VOICE, f"{BASE}/last"])


async def test_another_document_may_reject_after_a_dial() -> None:
    rig = Rig()
    call = await rig.ring("<Dial>1</Dial>" + LONG)
    rig.control.returns(call, 404)
    await settle()
    rig.documents.says(OTHER, BUSY)
    assert await run(rig, call) is True
    assert (call.status, rig.told.warnings) == (486, [])


async def test_a_rest_client_that_goes_away_has_its_document_run() -> None:
    rig = Rig()
    call = await rig.ring(SILENCE)
    rig.documents.says(OTHER, BUSY)
    asked = asyncio.create_task(rig.live.run(call.id, OTHER, "POST", "", "POST"))
    await asyncio.sleep(0)
    asked.cancel()
    await settle()
    assert call.status == 486


# --- decided by others -----------------------------------------------------------------------------------------------

OTHERS = Decider("native", "desk")


@pytest.mark.parametrize("first", [SILENCE, LONG])
@pytest.mark.parametrize(
    ("verdict", "statuses"),
    [
        (refusal("busy"), ["ringing", "busy"]),
        (refuse(status=503), ["ringing", "failed"]),
        (redirect("sip:2003@192.0.2.30", "contact"), ["ringing", "no-answer"]),
        (Accept(), ["ringing"]),
    ],
)
async def test_when_another_application_decides_the_document_stops_and_tells_who(
    first: Any, verdict: Verdict, statuses: list[str]
) -> None:
    rig = Rig()
    call = await rig.ring(first)
    await rig.control.decide(call.id, verdict, OTHERS)
    await settle()
    assert (sessions(rig), rig.told.statuses) == ([], statuses)
    [warning] = rig.told.warnings
    assert (warning.code, "by native desk" in warning.text) == (Code.STATE, True)
    await rig.clock.advance(120)
    assert rig.control.commands == [verdict]


async def test_a_call_that_another_application_accepts_is_followed_to_its_end() -> None:
    rig = Rig()
    call = await rig.ring(SILENCE)
    await rig.control.decide(call.id, Accept(), OTHERS)
    rig.control.report(call, Progress.ANSWERED, 200)
    rig.control.ends(call)
    await settle()
    assert rig.told.statuses == ["ringing", "in-progress", "completed"]
    assert nothing_left(rig)


async def test_a_verdict_that_comes_second_has_no_effect_and_tells_who_was_first() -> None:
    rig = Rig()
    open_ = asyncio.Event()

    async def slow(call: Call, verdict: Verdict) -> Ack:
        await open_.wait()
        return Ack(AckResult.DONE, 603)

    rig.control.edge = slow
    call = await rig.ring('<Pause length="5"/><Reject reason="busy"/>')
    other = asyncio.create_task(rig.control.decide(call.id, refuse(), OTHERS))
    await rig.clock.advance(5)
    open_.set()
    await other
    await settle()
    assert (call.status, rig.told.statuses) == (603, ["ringing", "no-answer"])
    assert [warning.code for warning in rig.told.warnings] == [Code.STATE]
    assert nothing_left(rig)


@pytest.mark.parametrize(("lapse", "statuses"), [("accept", ["ringing"]), ("busy", ["ringing", "busy"])])
async def test_a_window_that_is_over_before_is_told(lapse: str, statuses: list[str]) -> None:
    rig = Rig(lapse=lapse)
    call = await rig.ring(SILENCE)
    await rig.control.pass_window(call)
    await settle()
    assert (sessions(rig), rig.told.statuses) == ([], statuses)
    assert "window was over" in rig.told.warnings[0].text


@pytest.mark.parametrize("progress", [Progress.ROUTED, Progress.REFUSED])
async def test_what_the_edges_guard_did_is_told(progress: Progress) -> None:
    rig = Rig()
    call = await rig.ring(SILENCE)
    rig.control.report(call, progress, 480 if progress is Progress.REFUSED else 0)
    await settle()
    assert sessions(rig) == []
    assert "window was over" in rig.told.warnings[0].text


@pytest.mark.parametrize(
    ("result", "log", "word"),
    [(AckResult.LAPSED, 1, "window"), (AckResult.UNANSWERED, 0, "not confirm"), (AckResult.FAILED, 0, "could not do")],
)
async def test_a_verdict_without_effect_is_told(result: AckResult, log: int, word: str) -> None:
    rig = Rig()
    rig.control.acknowledge(result)
    await rig.ring(BUSY)
    [notification] = rig.told.notifications
    assert (notification.log, word in notification.text) == (log, True), notification.text
    assert sessions(rig) == []


async def test_what_was_dialled_through_an_earlier_controller_and_returns_starts_anew() -> None:
    rig = Rig()
    call = await rig.ring(SILENCE)
    rig.control.tell(*rig.control.gate.resume(call, rig.clock.now(), answered=False, attempt=1))
    await settle()
    assert sessions(rig) == []
    rig.documents.says(VOICE, BUSY)
    rig.control.returns(call, 486)
    await settle()
    assert (call.status, rig.documents.urls, rig.told.statuses) == (486, [VOICE, VOICE], ["ringing", "busy"])
    assert nothing_left(rig)


# --- nothing stays ---------------------------------------------------------------------------------------------------


async def _fetching(rig: Rig) -> Call:
    return await rig.ring(SILENCE)


async def _fetching_the_fallback(rig: Rig) -> Call:
    rig.documents.says(FALLBACK, SILENCE)
    return await rig.ring(b"nonsense")


async def _redirected(rig: Rig) -> Call:
    rig.documents.says(OTHER, SILENCE)
    return await rig.ring("<Redirect>/other</Redirect>")


async def _paused(rig: Rig) -> Call:
    call = await rig.ring(LONG)
    await rig.clock.advance(35)
    return call


async def _dialled(rig: Rig) -> Call:
    return await rig.ring('<Dial action="/other">1</Dial>')


async def _asking_the_action(rig: Rig) -> Call:
    call = await _dialled(rig)
    rig.documents.says(OTHER, SILENCE)
    rig.control.returns(call, 486)
    await settle()
    return call


async def _dialled_again(rig: Rig) -> Call:
    call = await rig.ring(f"<Dial>1</Dial><Dial>2</Dial>{LONG}")
    rig.control.returns(call, 486)
    await settle()
    return call


async def _just_arrived(rig: Rig) -> Call:
    rig.documents.says(VOICE, "<Dial>1</Dial>")
    return rig.arrive()


async def _replaced(rig: Rig) -> Call:
    call = await rig.ring(LONG)
    rig.documents.says(OTHER, SILENCE)
    assert await run(rig, call)
    return call


STEPS = [_just_arrived, _fetching, _fetching_the_fallback, _redirected, _paused, _dialled, _asking_the_action,
         _dialled_again, _replaced]  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
async def test_a_caller_may_cancel_at_every_step(step: Callable[[Rig], Awaitable[Call]]) -> None:
    rig = Rig(voice=RcmlVoice(VOICE, voice_fallback_url=FALLBACK))
    call = await step(rig)
    dialled = len(rig.control.commands)
    rig.control.cancels(call)
    await settle()
    assert rig.told.statuses == ["ringing", "canceled"]
    assert nothing_left(rig)
    await rig.clock.advance(300)
    assert len(rig.control.commands) == dialled
    assert all(status[-1] in ("canceled", "busy") for status in rig.told.legs().values())


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("turns", range(8))
async def test_a_caller_may_cancel_between_any_two_turns_of_the_loop(
    step: Callable[[Rig], Awaitable[Call]], turns: int
) -> None:
    rig = Rig(voice=RcmlVoice(VOICE, voice_fallback_url=FALLBACK))
    rig.documents.says(OTHER, "<Pause length='0'/><Dial>3</Dial>")
    call = await step(rig)
    if call.attempt:
        rig.control.returns(call, 486)
    for _ in range(turns):
        await asyncio.sleep(0)
    rig.control.cancels(call)
    await settle()
    assert rig.told.statuses == ["ringing", "canceled"]
    assert nothing_left(rig)
    assert all(status[-1] in ("canceled", "busy") for status in rig.told.legs().values())


@pytest.mark.parametrize("step", STEPS)
async def test_a_cancel_may_be_seen_by_the_edge_first(step: Callable[[Rig], Awaitable[Call]]) -> None:
    rig = Rig(voice=RcmlVoice(VOICE, voice_fallback_url=FALLBACK))
    rig.documents.says(OTHER, "<Dial>3</Dial>")
    call = await step(rig)
    rig.control.acknowledge(AckResult.CANCELLED)
    if call.attempt:
        rig.control.returns(call, 486)
    await rig.clock.advance(100)
    assert rig.told.statuses == ["ringing", "canceled"]
    assert nothing_left(rig)


@pytest.mark.parametrize("step", STEPS)
async def test_a_stop_leaves_no_task_behind(step: Callable[[Rig], Awaitable[Call]]) -> None:
    rig = Rig(voice=RcmlVoice(VOICE, voice_fallback_url=FALLBACK))
    call = await step(rig)
    let_go = call.state is State.ROUTED
    await rig.live.stop()
    assert nothing_left(rig)
    if let_go:
        assert call.ended is None
    else:
        assert call.record is not None
        assert (call.status, call.record.decider) == (480, STOP)
        assert rig.told.statuses == ["ringing", "no-answer"]
    await rig.ring()
    assert sessions(rig) == []


@pytest.mark.parametrize("step", STEPS)
async def test_a_call_may_be_lost_at_every_step(step: Callable[[Rig], Awaitable[Call]]) -> None:
    rig = Rig(voice=RcmlVoice(VOICE, voice_fallback_url=FALLBACK))
    call = await step(rig)
    rig.control.tell(*rig.control.gate.lose(call, rig.clock.now()))
    await settle()
    assert rig.told.statuses[-1] == "failed"
    assert nothing_left(rig)


async def test_calls_do_not_know_of_each_other() -> None:
    rig = Rig()
    first, second = await rig.ring(SILENCE), await rig.ring("<Dial>1</Dial>")
    rig.control.cancels(first)
    await settle()
    assert (second.state, len(rig.live)) == (State.ROUTED, 1)
    assert isinstance(rig.verdict, Dial)


# --- what seldom happens ---------------------------------------------------------------------------------------------


async def test_a_call_that_fails_open_to_nowhere_is_told_and_left_to_its_window() -> None:
    rig = Rig(destination="", on_failure="lapse", lapse="accept")
    call = await rig.ring(b"nonsense")
    assert (call.state, sessions(rig)) == (State.HELD, [])
    assert "route sales has no destination" in rig.told.errors[-1].text


async def test_a_dial_that_the_edge_never_got_ends_with_its_window() -> None:
    rig = Rig()
    rig.control.acknowledge(AckResult.UNANSWERED)
    call = await rig.ring('<Dial action="/after">1</Dial>')
    rig.control.report(call, Progress.REFUSED, 480, attempt=0)
    await settle()
    assert (call.state, rig.told.statuses, rig.told.legs()) == (State.REFUSED, ["ringing", "no-answer"], {})
    assert "window was over" in rig.told.warnings[0].text
    assert (rig.documents.urls, nothing_left(rig)) == ([VOICE], True)


async def test_a_dial_whose_silence_ends_in_the_guards_default_stops() -> None:
    rig = Rig()
    rig.control.acknowledge(AckResult.UNANSWERED)
    call = await rig.ring('<Dial action="/after">1</Dial>')
    rig.control.report(call, Progress.ROUTED, attempt=0)
    await settle()
    assert (call.state, sessions(rig), rig.documents.urls) == (State.ROUTED, [], [VOICE])


async def test_another_document_runs_even_if_the_edge_does_not_confirm_its_window() -> None:
    rig = Rig()
    call = await rig.ring(SILENCE)
    rig.documents.says(OTHER, BUSY)
    rig.control.hold_on_answer = EdgeSilent
    assert await run(rig, call) is True
    assert call.status == 486


async def test_a_call_that_ends_before_another_document_starts_is_over() -> None:
    rig = Rig()
    call = await rig.ring(SILENCE)

    def gone(found: Call) -> Any:
        rig.control.cancels(found)
        return CancelledByCaller(found)

    rig.control.hold_on_answer = gone
    assert await run(rig, call) is False
    assert (rig.documents.urls, nothing_left(rig)) == ([VOICE], True)


async def test_a_fault_that_also_stops_the_refusal_leaves_the_call_to_its_window() -> None:
    rig = Rig()

    async def broken(*_: object) -> Any:
        raise ZeroDivisionError

    rig.control.decide = broken  # type: ignore[method-assign, assignment]  # a fault that there is not
    call = await rig.ring(BUSY)
    assert (call.state, sessions(rig), rig.told.errors[0].code) == (State.HELD, [], Code.INTERNAL)


async def test_other_events_are_none_of_a_calls() -> None:
    rig = Rig()
    call = await rig.ring(SILENCE)
    rig.control.tell(VerdictEvent(call.id, Accept(), OTHERS, "unknown", rig.clock.now(), 0.1))
    rig.control.tell(Delivery(call.id, "rcml", "acme", "callback", "ringing", "delivered", rig.clock.now(), 0.1))
    assert (call.state, len(rig.live)) == (State.HELD, 1)
