"""``callgate queue …``: queues, and the calls that wait in them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from callgate.cli import output
from callgate.cli.client import Client, at
from callgate.cli.commands import Commands
from callgate.cli.connection import connected
from callgate.cli.exits import CommandError, ExitCode
from callgate.cli.options import AsJson
from callgate.cli.status import fields_with_status, with_statuses
from callgate.dialects.native.paths import QUEUE, QUEUE_CALLS, QUEUE_STATUS, QUEUE_STATUSES, QUEUES
from callgate.dialects.native.wire import Page
from callgate.dialects.native.wire_queues import Missed, Queue, QueuePatch, QueueStatus, WaitingCall

queue = Commands("Queues: calls wait there, and ring one ready agent's phone after the other.")

Name = Annotated[str, typer.Argument(help="The queue's name.", show_default=False)]
Number = Annotated[
    str | None, typer.Option(help="What phones dial to reach it, and agents see as dialled.", show_default=False)
]
Priority = Annotated[
    int | None,
    typer.Option(help="Calls of a higher one go first, also before those of other queues.", show_default="0"),
]
Length = Annotated[int | None, typer.Option(help="How many calls may wait.", show_default="100")]
Wait = Annotated[float | None, typer.Option(help="How long (seconds) a call may wait.", show_default="600")]
OverflowTo = Annotated[
    str | None,
    typer.Option(
        "--overflow", help='The SIP URI for calls that are too many or wait too long; "" for none.', show_default=False
    ),
]
Refusal = Annotated[
    str | None,
    typer.Option(help="The reason such a call gets without --overflow.", show_default="temporarily_unavailable"),
]
Ring = Annotated[float | None, typer.Option(help="How long (seconds) an agent's phone rings.", show_default="20")]
AfterCallWork = Annotated[
    float | None, typer.Option(help="How long (seconds) an agent is left alone after a call.", show_default="0")
]
WhenMissed = Annotated[
    Missed | None,
    typer.Option("--missed", help="What an agent is whose phone did not take a call.", show_default="not_ready"),
]
RejectPause = Annotated[
    float | None,
    typer.Option(
        help="How long (seconds) an agent is not offered a call again that he rejected, unless nobody else is there.",
        show_default="60",
    ),
]


@queue.command("list", "callgate queue list", "callgate queue list --json")
@connected
def list_(client: Client, as_json: AsJson = False) -> None:
    """List the queues, with who waits there and who could answer at this moment."""
    found = with_statuses(client.pages(QUEUES, Page[Queue]), client.pages(QUEUE_STATUSES, Page[QueueStatus]))
    if as_json:
        output.print_json([fields_with_status(one, status) for one, status in found])
        return
    columns = ("QUEUE", "NUMBER", "WAITING", "RINGING", "LONGEST", "CONNECTED", "READY", "LOGGED IN")
    rows = (
        (
            one.name,
            one.number,
            str(status.waiting),
            str(status.ringing),
            _longest(status),
            str(status.connected),
            str(status.ready),
            str(status.logged_in),
        )
        for one, status in found
    )
    output.print_table(columns, rows, "no queues")


@queue.command("show", "callgate queue show support")
@connected
def show(client: Client, name: Name, as_json: AsJson = False) -> None:
    """Show one queue: its settings, and how it is at this moment."""
    found, status = client.get(at(QUEUE, name), Queue), client.get(at(QUEUE_STATUS, name), QueueStatus)
    if as_json:
        output.print_json(fields_with_status(found, status))
        return
    _print(found)
    output.print_fields(
        [
            ("waiting", f"{status.waiting}, {status.ringing} of them ring at an agent"),
            ("longest wait", _longest(status)),
            ("connected", str(status.connected)),
            ("agents", f"{status.logged_in} logged in, {status.ready} ready"),
            (
                "since start",
                f"{status.answered} answered, {status.abandoned} abandoned, {status.overflowed} overflowed",
            ),
        ]
    )


@queue.command("calls", "callgate queue calls support")
@connected
def calls(
    client: Client,
    name: Name,
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many calls.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List the calls that wait in a queue, the next one first."""
    found = list(client.pages(at(QUEUE_CALLS, name), Page[WaitingCall], limit=limit))
    if as_json:
        output.print_json(found)
        return
    columns = ("PLACE", "CALL", "FROM", "SINCE", "PRIORITY", "RINGS AT", "OFFERS")
    rows = (
        (str(c.place), c.call, c.number, output.clock(c.since), str(c.priority), c.agent or "-", str(c.offers))
        for c in found
    )
    output.print_table(columns, rows, "no calls wait")


@queue.command(
    "add",
    "callgate queue add support --number 9000",
    "callgate queue add sales --number 9001 --wait 300 --overflow sip:voicemail@pbx.example.com --after-call-work 30",
)
@connected
def add(
    client: Client,
    name: Name,
    *,
    number: Number = None,
    priority: Priority = None,
    length: Length = None,
    wait: Wait = None,
    overflow: OverflowTo = None,
    refusal: Refusal = None,
    ring: Ring = None,
    after_call_work: AfterCallWork = None,
    missed: WhenMissed = None,
    reject_pause: RejectPause = None,
    as_json: AsJson = False,
) -> None:
    """Add a queue. An inbound route leads to it (callgate route add --queue), and phones dial its number."""
    if number is None:
        raise CommandError("a queue needs --number, which phones dial to reach it", ExitCode.USAGE)
    given = _given(
        priority=priority,
        length=length,
        wait=wait,
        overflow=overflow,
        refusal=refusal,
        ring=ring,
        after_call_work=after_call_work,
        missed=missed,
        reject_pause=reject_pause,
    )
    _print(client.send("POST", QUEUES, Queue, Queue(name, number, **given)), as_json)


@queue.command("set", "callgate queue set support --wait 300 --overflow sip:voicemail@pbx.example.com")
@connected
def set_(
    client: Client,
    name: Name,
    *,
    number: Number = None,
    priority: Priority = None,
    length: Length = None,
    wait: Wait = None,
    overflow: OverflowTo = None,
    refusal: Refusal = None,
    ring: Ring = None,
    after_call_work: AfterCallWork = None,
    missed: WhenMissed = None,
    reject_pause: RejectPause = None,
    as_json: AsJson = False,
) -> None:
    """Change a queue: what is not given stays."""
    given = _given(
        number=number,
        priority=priority,
        length=length,
        wait=wait,
        overflow=overflow,
        refusal=refusal,
        ring=ring,
        after_call_work=after_call_work,
        missed=missed,
        reject_pause=reject_pause,
    )
    _print(client.send("PATCH", at(QUEUE, name), Queue, QueuePatch(**given)), as_json)


@queue.command("remove", "callgate queue remove support")
@connected
def remove(client: Client, name: Name) -> None:
    """Remove a queue that no inbound route and no agent names."""
    client.delete(at(QUEUE, name))
    output.say(f"queue {name} removed")


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _longest(status: QueueStatus) -> str:
    return f"{status.longest:.0f} s" if status.waiting else "-"


def _print(found: Queue, as_json: bool = False) -> None:
    if as_json:
        output.print_json(found)
        return
    output.print_fields(
        [
            ("queue", found.name),
            ("number", found.number),
            ("priority", str(found.priority)),
            ("length", str(found.length)),
            ("wait", f"{found.wait:g} s"),
            ("overflow", found.overflow or f"refused: {found.refusal}"),
            ("ring", f"{found.ring:g} s"),
            ("after-call work", f"{found.after_call_work:g} s"),
            ("missed", found.missed),
            ("reject pause", f"{found.reject_pause:g} s"),
        ]
    )
