"""Decisions and events, each in one line for people."""

from __future__ import annotations

from callgate.cli import output
from callgate.dialects.native.wire import Decision, DialVerdict, Event, RedirectVerdict, RefuseVerdict


def decided_by(decision: Decision | None) -> str:
    """Who decided what, as "yeastar/demo refuse 603"."""
    if decision is None:
        return "-"
    verdict = decision.verdict
    match verdict:
        case RefuseVerdict():
            what = f"refuse {verdict.status}"
        case RedirectVerdict():
            what = f"redirect {verdict.uri}"
        case DialVerdict():
            what = f"dial {', '.join(verdict.targets)}"
        case _:
            what = "accept"
    return f"{decision.dialect}/{decision.application} {what}"


def event_line(event: Event) -> str:
    """One event on one line."""
    call, verdict, delivery = event.call, event.verdict, event.delivery
    if verdict is not None:
        who = decided_by(Decision(verdict.verdict, verdict.dialect, verdict.application, verdict.at))
        about = verdict.call or "(unknown call)"
        text = f"{about} {who}: {verdict.result} in {verdict.seconds * 1000:.1f} ms"
    elif delivery is not None:
        text = (
            f"{delivery.call or '-'} {delivery.event} to {delivery.dialect}/{delivery.application} over "
            f"{delivery.channel}: {delivery.result} in {delivery.seconds * 1000:.1f} ms"
        )
    elif call is not None:
        status = f" {call.status} {call.phrase or ''}".rstrip() if call.status else ""
        text = f"{call.id} {call.caller.number} → {call.dialled} on {call.trunk}{status}"
    else:
        text = event.why or ""
    return f"{output.clock(event.at)} {event.kind:<10} {text}"
