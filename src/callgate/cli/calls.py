"""``callgate calls``: the calls there are, once or as a live table."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer
from rich.live import Live
from rich.table import Table
from rich.text import Text

from callgate.cli import output
from callgate.cli.client import Client
from callgate.cli.connection import connected
from callgate.cli.describe import decided_by, event_line
from callgate.cli.follow import follow
from callgate.cli.options import AsJson
from callgate.dialects.native.paths import CALLS
from callgate.dialects.native.wire import Call, Event, Page

_COLUMNS = ("CALL", "STATE", "FROM", "DIALLED", "TRUNK", "RECEIVED", "LEFT", "DECIDED BY", "CALLER GOT")
_STYLES = {
    "held": "bold yellow", "decided": "yellow", "ringing": "cyan", "routed": "cyan", "answered": "green",
    "refused": "red", "failed": "red",
}  # fmt: skip
#: How many ended calls stay in the live table.
_ENDED_SHOWN = 10
#: How often (seconds) the live table counts down.
_TICK = 0.25


@connected
def calls(
    client: Client,
    *,
    trunk: Annotated[str | None, typer.Option(help="Only calls of this trunk.")] = None,
    route: Annotated[str | None, typer.Option(help="Only calls of this inbound route.")] = None,
    state: Annotated[
        list[str] | None,
        typer.Option(
            help="Only calls in this state: held, decided, routed, ringing, answered, refused, redirected, cancelled, "
            "failed, completed; may be given several times."
        ),
    ] = None,
    caller: Annotated[str | None, typer.Option(help="Only this caller's number, or a prefix and *.")] = None,
    dialled: Annotated[str | None, typer.Option(help="Only this dialled number, or a prefix and *.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many calls.")] = 100,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="A live table; Ctrl-C ends it.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the live calls and those that ended not long ago, newest first."""
    query = {"trunk": trunk, "route": route, "state": state, "caller": caller, "dialled": dialled}
    if not watch:
        found = list(client.pages(CALLS, Page[Call], limit=limit, **query))
        if as_json:
            output.print_json(found)
        else:
            output.print_table(_COLUMNS, map(_row, found), "no calls")
        return
    wanted = _Wanted(query)
    if as_json:
        for event in follow(client, trunk=[trunk] if trunk else None):
            if event.call is not None and wanted(event.call):
                output.print_json_line(event.call)
    elif sys.stdout.isatty():
        _watch(client, wanted, limit)
    else:  # no terminal to draw on: a line for each change
        for event in follow(client, trunk=[trunk] if trunk else None):
            if event.call is not None and wanted(event.call):
                output.say(event_line(event))


class _Wanted:
    """The filters of the list, for calls that come by event."""

    def __init__(self, query: dict[str, str | list[str] | None]) -> None:
        self._query = {name: value for name, value in query.items() if value}

    def __call__(self, call: Call) -> bool:
        values = {
            "trunk": call.trunk, "route": call.route, "state": call.state, "caller": call.caller.number,
            "dialled": call.dialled,
        }  # fmt: skip
        return all(_fits(values[name], wanted) for name, wanted in self._query.items())


def _fits(value: str, wanted: str | list[str]) -> bool:
    if isinstance(wanted, list):
        return value in wanted
    return value.startswith(wanted[:-1]) if wanted.endswith("*") else value == wanted


class LiveCalls:
    """The calls as the event stream tells them: all live ones, and the last that ended."""

    def __init__(self) -> None:
        self._calls: dict[str, Call] = {}

    def take(self, event: Event) -> None:
        if event.kind == "reset":
            self._calls.clear()
        if event.call is not None:
            self._calls[event.call.id] = event.call
        ended = [call for call in self._calls.values() if call.ended is not None]
        for call in sorted(ended, key=lambda call: call.ended or 0.0)[:-_ENDED_SHOWN]:
            del self._calls[call.id]

    def newest_first(self) -> Iterator[Call]:
        return iter(sorted(self._calls.values(), key=lambda call: call.received, reverse=True))


def _watch(client: Client, wanted: _Wanted, limit: int) -> None:
    known = LiveCalls()

    def picture() -> Table:
        shown = [call for call in known.newest_first() if wanted(call)][:limit]
        made = output.table(_COLUMNS, map(_row, shown))
        made.caption = f"{len(shown)} calls at {client.url} · Ctrl-C ends"
        made.caption_justify = "left"
        return made

    # Rich asks for the picture from a thread of its own, so that the windows count down between events.
    with Live(get_renderable=picture, console=output.console(), refresh_per_second=1 / _TICK, screen=False):
        for event in follow(client):
            known.take(event)


def _row(call: Call) -> Sequence[str | Text]:
    left = max(0.0, call.deadline - time.time()) if call.state == "held" else None
    return (
        call.id,
        Text(call.state, style=_STYLES.get(call.state, "")),
        f"{call.caller.name} {call.caller.number}".strip(),
        call.dialled,
        call.trunk,
        output.clock(call.received),
        "-" if left is None else f"{left:.1f} s",
        decided_by(call.decision),
        f"{call.status} {call.phrase or ''}".strip() if call.status else "-",
    )
