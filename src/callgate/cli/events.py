"""``callgate events``: everything that happens, as it happens."""

from __future__ import annotations

from typing import Annotated

import typer

from callgate.cli import output
from callgate.cli.calls import decided_by
from callgate.cli.client import Client
from callgate.cli.connection import connected
from callgate.cli.follow import follow
from callgate.cli.options import AsJson, Trunks
from callgate.dialects.native.wire import Decision, Event

#: What the stream tells about itself rather than about calls.
_OWN = ("reset", "ready", "keepalive")


@connected
def events(
    client: Client,
    trunk: Trunks = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            help="Only events of this kind: held, passed, routed, refused, redirected, cancelled, ringing, answered, "
            "failed, ended, verdict, delivery; may be given several times."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Follow all events: first the live calls, then what happens to them; Ctrl-C ends it."""
    for event in follow(client, trunk=trunk, kind=kind):
        if as_json:
            output.print_json_line(event)
        elif event.kind not in _OWN:
            output.say(line(event))


def line(event: Event) -> str:
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
