"""The calls of the demo, each with what has to be true of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import msgspec

from callgate.cli.client import Client
from callgate.cli.demo.application import Application, Reply
from callgate.cli.demo.desktop import Desktop
from callgate.cli.demo.documents import Documents
from callgate.cli.demo.scene import DOCUMENT_NUMBER, NUMBER, QUEUE_NUMBER
from callgate.cli.sipp.caller import Ending, Result, Step, place
from callgate.cli.sipp.destination import Destination
from callgate.cli.sipp.spec import Spec
from callgate.core.reasons import REASONS
from callgate.dialects.native.paths import JOURNAL_CALLS
from callgate.dialects.native.wire import JournalCall, Page

#: How far from its window's end (seconds) a call may lapse.
LAPSE_TOLERANCE = 0.3
#: How long (seconds) the demo's application may take to hear of a call.
_TELL_PATIENCE = 5.0
#: How long (seconds) the call log may take to have an ended call.
_LOG_PATIENCE = 5.0
#: When (seconds after the 100 Trying) the caller of the fourth call hangs up.
_CANCEL_AFTER = 1.0


class Check(msgspec.Struct, frozen=True):
    """One thing that has to be true."""

    text: str
    right: bool


class Told(msgspec.Struct, frozen=True):
    """What came of one call of the demo; ``reply`` is what the API said to the application."""

    title: str
    result: Result
    checks: tuple[Check, ...]
    reply: Reply | None = None

    @property
    def right(self) -> bool:
        return all(check.right for check in self.checks)


class Stage(msgspec.Struct, frozen=True):
    """Where the calls take place. ``window`` in seconds; ``on_step`` hears what a caller gets, as it happens.

    ``desktops`` are those of the agents, ``phone`` is the first one's: it rings, and nobody picks it up. The second
    one's is ``destination``.
    """

    edge: str
    window: float
    application: Application
    documents: Documents
    destination: Destination
    phone: Destination
    desktops: tuple[Desktop, ...]
    callgate: Client
    on_step: Callable[[Step], None]


def refused(stage: Stage) -> Told:
    """Held, then refused by the application: the caller gets 603, and the destination never rings."""
    result, reply = _call(stage, "5503301", "refuse")
    reason = next((value for step in result.steps for name, value in step.details if name == "Reason"), "")
    return Told(
        "refused through the Yeastar API",
        result,
        (
            *_reached(stage, result, calls=0),
            Check("the API said SUCCESS", reply is not None and reply.errcode == 0),
            Check(
                f"the caller got 603 Decline, {result.seconds or 0:.3f} s after its INVITE",
                (result.ending, result.status, result.phrase) == (Ending.REFUSED, 603, REASONS["rejected"].phrase),
            ),
            Check(f"with the header Reason: {reason}", reason.startswith("Q.850;cause=21")),
            *_logged(stage, result, "refused", "demo"),
        ),
        reply,
    )


def accepted(stage: Stage) -> Told:
    """Held, then let through by the application before its window ends."""
    result, reply = _call(stage, "5503302", "accept")
    return Told(
        "accepted through the Yeastar API",
        result,
        (
            *_reached(stage, result, calls=1),
            Check("the API said SUCCESS", reply is not None and reply.errcode == 0),
            Check("the caller got 200 OK before the window was over", _answered(result) and _at(result) < stage.window),
            *_logged(stage, result, "completed", "demo"),
        ),
        reply,
    )


def lapsed(stage: Stage) -> Told:
    """Held and not decided by anybody: at the end of the window the route's default applies, and it is let through."""
    result, _ = _call(stage, "5503303", None)
    ringing = next((step.seconds for step in result.steps if step.status == 180), 0.0)
    return Told(
        "left to lapse",
        result,
        (
            *_reached(stage, result, calls=1),
            Check(
                f"it rang {ringing:.3f} s after the INVITE, as {stage.window:g} ± {LAPSE_TOLERANCE} s is right",
                abs(ringing - stage.window) <= LAPSE_TOLERANCE,
            ),
            Check("the caller got 200 OK", _answered(result)),
            *_logged(stage, result, "completed", "window"),
        ),
    )


def cancelled(stage: Stage) -> Told:
    """Held, and the caller hangs up before anybody decides; a decision that comes then has no effect, and says so."""
    spec = _spec(stage, "5503304", cancel_after=min(_CANCEL_AFTER, stage.window / 2))
    result = place(spec, stage.on_step)
    told = stage.application.wait(_TELL_PATIENCE)
    reply = None if told is None else stage.application.decide("refuse", told.channel_id)
    return Told(
        "cancelled by the caller",
        result,
        (
            *_reached(stage, result, calls=0),
            Check("the caller got 487 for its CANCEL", (result.ending, result.status) == (Ending.CANCELLED, 487)),
            Check("a refusal after that was told that it has no effect", reply is not None and reply.errcode != 0),
            *_logged(stage, result, "cancelled", None),
        ),
        reply,
    )


def refused_by_document(stage: Stage) -> Told:
    """An RCML document decides: <Reject reason="busy"/>. The call is not picked up, and the caller gets 486."""
    result = place(_spec(stage, "5503305", DOCUMENT_NUMBER), stage.on_step)
    return Told(
        "refused by an RCML document",
        result,
        (
            *_reached(stage, result, calls=0),
            _asked(stage, "5503305", "/voice.xml"),
            Check("the caller got 486 Busy Here", (result.ending, result.status) == (Ending.REFUSED, 486)),
            *_logged(stage, result, "refused", "demo"),
        ),
    )


def dialled_by_document(stage: Stage) -> Told:
    """An RCML document dials a number: <Dial><Number>2002</Number></Dial>, and the destination answers."""
    result = place(_spec(stage, "5503306", DOCUMENT_NUMBER), stage.on_step)
    return Told(
        "dialled by an RCML document",
        result,
        (
            *_reached(stage, result, calls=1),
            _asked(stage, "5503306", "/voice.xml"),
            Check("the caller got 200 OK", _answered(result)),
            *_logged(stage, result, "completed", "demo"),
        ),
    )


def refused_by_fallback(stage: Stage) -> Told:
    """The document is not there (404): the fallback URL is told so, and its document rejects the call."""
    result = place(_spec(stage, "5503307", DOCUMENT_NUMBER), stage.on_step)
    codes = [asked.error_code for asked in stage.documents.asked_for("5503307")]
    return Told(
        "refused by the fallback's RCML document",
        result,
        (
            *_reached(stage, result, calls=0),
            _asked(stage, "5503307", "/voice.xml", "/fallback.xml"),
            Check(f"the fallback was told the code of the failure: {codes[-1:]}", codes[-1:] == ["21402"]),
            Check("the caller got 403 Forbidden", (result.ending, result.status) == (Ending.REFUSED, 403)),
            *_logged(stage, result, "refused", "demo"),
        ),
    )


def rejected_by_agent(stage: Stage) -> Told:
    """Queued: it rings at an agent, whose desktop rejects it; it goes back to the queue, and the next agent answers."""
    caller, desktop = "5503308", stage.desktops[0]

    def reject() -> int | None:
        ringing = desktop.wait("Ringing", caller, _TELL_PATIENCE)
        return None if ringing is None else desktop.operate(ringing.call, "Reject")

    with ThreadPoolExecutor(1) as pool:
        rejecting = pool.submit(reject)
        result = place(_spec(stage, caller, QUEUE_NUMBER), stage.on_step)
        code = rejecting.result()
    released = desktop.wait("Released", caller, _TELL_PATIENCE)
    established = stage.desktops[1].wait("Established", caller, _TELL_PATIENCE)
    return Told(
        "rejected by an agent, answered by the next",
        result,
        (
            *_reached(stage, result, calls=1),
            Check("the first agent's phone rang once", stage.phone.invites(result.sip_call_id) == 1),
            Check(f"his desktop rejected the call: statusCode {code}", code == 0),
            Check("and was told that it is Released there", released is not None),
            Check("the second agent's desktop was told that it is Established", established is not None),
            Check("the caller got 200 OK, and nothing else that is final", _answered(result)),
            *_logged(stage, result, "completed", "paul"),
        ),
    )


CALLS = (
    refused,
    accepted,
    lapsed,
    cancelled,
    refused_by_document,
    dialled_by_document,
    refused_by_fallback,
    rejected_by_agent,
)

#: What the documents of the demo say, by path and caller.
DOCUMENTS = {
    ("/voice.xml", "5503305"): '<Reject reason="busy"/>',
    ("/voice.xml", "5503306"): f"<Dial><Number>{NUMBER}</Number></Dial>",
    ("/fallback.xml", "5503307"): '<Reject reason="forbidden"/>',
}


def _call(stage: Stage, caller: str, verb: Literal["accept", "refuse"] | None) -> tuple[Result, Reply | None]:
    """Place a call, and have the application decide as soon as it hears of it."""

    def decide() -> Reply | None:
        told = stage.application.wait(_TELL_PATIENCE)
        return None if told is None or verb is None else stage.application.decide(verb, told.channel_id)

    with ThreadPoolExecutor(1) as pool:
        reply = pool.submit(decide)
        result = place(_spec(stage, caller), stage.on_step)
        return result, reply.result()


def _asked(stage: Stage, caller: str, *paths: str) -> Check:
    asked = tuple(each.path for each in stage.documents.asked_for(caller))
    return Check(f"the application was asked for {' and '.join(paths)}", asked == paths)


def _spec(stage: Stage, caller: str, number: str = NUMBER, *, cancel_after: float | None = None) -> Spec:
    return Spec(edge=stage.edge, dialled=number, caller=caller, name="Demo", cancel_after=cancel_after, talk=0.5)


def _reached(stage: Stage, result: Result, *, calls: int) -> tuple[Check, Check]:
    text = "the destination never saw an INVITE" if calls == 0 else "the destination got the call, once"
    return (
        Check("the caller got 100 Trying at once", result.count(100) == 1 and result.steps[1].seconds < 0.5),
        Check(text, stage.destination.invites(result.sip_call_id) == calls),
    )


def _logged(stage: Stage, result: Result, state: str, application: str | None) -> tuple[Check]:
    """The call log says the same; it is written a moment behind."""
    entry = _log_entry(stage.callgate, result.sip_call_id)
    right = entry is not None and (entry.state, entry.application) == (state, application)
    by = f" by {application}" if application else ""
    return (Check(f"the call log says {state}{by}", right),)


def _log_entry(callgate: Client, sip_call_id: str) -> JournalCall | None:
    """The ended call of that Call-ID in the call log, as soon as it is there."""
    give_up = time.monotonic() + _LOG_PATIENCE
    while time.monotonic() < give_up:
        for entry in callgate.pages(JOURNAL_CALLS, Page[JournalCall], limit=20):
            if entry.sip_call_id == sip_call_id and entry.ended is not None:
                return entry
        time.sleep(0.1)
    return None


def _answered(result: Result) -> bool:
    return (result.ending, result.status) == (Ending.ANSWERED, 200)


def _at(result: Result) -> float:
    return float("inf") if result.seconds is None else result.seconds
