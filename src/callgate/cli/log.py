"""``callgate log``: the call log, as a list or one call in full."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from callgate.cli import output
from callgate.cli.client import Client, at
from callgate.cli.connection import connected
from callgate.cli.exits import CommandError, ExitCode
from callgate.cli.options import AsJson
from callgate.dialects.native.paths import JOURNAL_CALL, JOURNAL_CALLS
from callgate.dialects.native.wire import JournalCall, JournalEntry, Page

_SPAN = re.compile(r"(\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
#: Among how many of the newest calls a part of an id is looked for.
_SEARCHED = 1000


@connected
def log(
    client: Client,
    call: Annotated[
        str, typer.Argument(metavar="[CALL]", show_default=False, help="One call in full: its id, or a part of it.")
    ] = "",
    *,
    trunk: Annotated[str | None, typer.Option(help="Only calls of this trunk.")] = None,
    route: Annotated[str | None, typer.Option(help="Only calls of this inbound route.")] = None,
    state: Annotated[str | None, typer.Option(help="Only calls in this state.")] = None,
    caller: Annotated[str | None, typer.Option(help="Only this caller's number.")] = None,
    dialled: Annotated[str | None, typer.Option(help="Only this dialled number.")] = None,
    application: Annotated[str | None, typer.Option(help="Only calls that this client or key decided.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Only calls from then on: 10m, 2h, 3d, or a time as 2026-11-21T10:00.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many calls.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the call log, newest first; with a call's id, every verdict and delivery of that call."""
    if call:
        _one(client, call, as_json)
        return
    query = {
        "trunk": trunk, "route": route, "state": state, "caller": caller, "dialled": dialled,
        "application": application, "since": None if since is None else str(moment(since, time.time())),
    }  # fmt: skip
    found = list(client.pages(JOURNAL_CALLS, Page[JournalCall], limit=limit, **query))
    if as_json:
        output.print_json(found)
        return
    columns = ("CALL", "RECEIVED", "FROM", "DIALLED", "TRUNK", "STATE", "DECIDED BY", "AFTER", "CALLER GOT")
    output.print_table(columns, map(_row, found), "no calls in the log")


def moment(text: str, now: float) -> float:
    """A Unix time from "2h" (so long before ``now``) or from a date and time, local unless it says otherwise.

    Raises:
        CommandError: it is neither.
    """
    span = _SPAN.fullmatch(text)
    if span is not None:
        return now - int(span[1]) * _SECONDS[span[2]]
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError) as error:
        raise CommandError(
            f"--since {text!r} is no time: use 10m, 2h, 3d, or 2026-11-21T10:00", ExitCode.USAGE
        ) from error


def _row(call: JournalCall) -> tuple[str, ...]:
    return (
        call.id,
        output.clock(call.received),
        f"{call.caller_name} {call.caller_number}".strip(),
        call.dialled,
        call.trunk,
        call.state,
        _decider(call),
        f"{call.decided - call.received:.3f} s" if call.decided is not None else "-",
        _status(call),
    )


def _decider(call: JournalCall) -> str:
    return f"{call.dialect}/{call.application} {call.action}" if call.action else "-"


def _status(call: JournalCall) -> str:
    return f"{call.status} {call.phrase or ''}".strip() if call.status else "-"


def _one(client: Client, text: str, as_json: bool) -> None:
    entry = client.get(at(JOURNAL_CALL, _find(client, text)), JournalEntry)
    if as_json:
        output.print_json(entry)
        return
    call = entry.call
    output.print_fields(
        [
            ("call", call.id),
            ("from", f"{call.caller_name} {call.caller_number} ({call.source})".strip()),
            ("to", f"{call.dialled} on {call.trunk} by route {call.route}"),
            ("destination", call.destination),
            ("SIP Call-ID", call.sip_call_id),
            ("state", call.state + ("" if call.controlled else ", never held")),
            ("decided by", _decider(call)),
            ("caller got", _status(call)),
            *((name, _after(at_, call.received)) for name, at_ in _moments(call) if at_ is not None),
            *([("hung up by", call.hung_up_by)] if call.hung_up_by else []),
        ]
    )
    if entry.verdicts:
        output.say("\nVerdicts")
        rows = (
            (output.clock(v.at), f"{v.dialect}/{v.application}", v.result, f"{v.seconds * 1000:.1f} ms")
            for v in entry.verdicts
        )
        output.print_table(("TIME", "BY", "RESULT", "TOOK"), rows, "")
    if entry.deliveries:
        output.say("\nDeliveries")
        deliveries = (
            (
                output.clock(d.at),
                f"{d.dialect}/{d.application}",
                d.channel,
                d.event,
                d.result,
                f"{d.seconds * 1000:.1f} ms",
            )
            for d in entry.deliveries
        )
        output.print_table(("TIME", "TO", "OVER", "EVENT", "RESULT", "TOOK"), deliveries, "")


def _moments(call: JournalCall) -> tuple[tuple[str, float | None], ...]:
    return (
        ("received", call.received),
        ("told", call.told),
        ("decided", call.decided),
        ("ringing", call.ringing),
        ("answered", call.answered),
        ("ended", call.ended),
    )


def _after(at_: float, received: float) -> str:
    return output.clock(at_) if at_ == received else f"{output.clock(at_)} (+{at_ - received:.3f} s)"


def _find(client: Client, text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        pass
    newest = client.pages(JOURNAL_CALLS, Page[JournalCall], limit=_SEARCHED)
    wanted = text.lower()
    found = [call.id for call in newest if call.id.startswith(wanted) or call.id.endswith(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        raise CommandError(f"{len(found)} calls are meant, name one: {', '.join(found[:5])}", ExitCode.USAGE)
    raise CommandError(
        f"none of the newest {_SEARCHED} calls has an id that begins or ends with {text}: see `callgate log`",
        ExitCode.NOT_FOUND,
    )
