"""How commands print: tables for people, JSON for programs, one-line errors."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

#: So wide that nothing is cut where the output goes to a file or another program.
_UNBOUNDED = 10_000


def console() -> Console:
    """The terminal; where there is none, lines are as long as they need to be."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _UNBOUNDED)


def error(text: str) -> None:
    """A failure, on stderr."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text("callgate: ", style="bold red") + Text(text))


def note(text: str) -> None:
    """A remark that is not the command's output, on stderr."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(text, style="dim"))


def say(text: str) -> None:
    """One line of output, as it is."""
    print(text, flush=True)


def print_json(value: Any) -> None:
    """One value, readable."""
    print(json.dumps(msgspec.to_builtins(value), indent=2, ensure_ascii=False), flush=True)


def print_json_line(value: Any) -> None:
    """One value of a stream, on a line of its own."""
    print(msgspec.json.encode(value).decode(), flush=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> Table:
    """A table without lines, as other command line tools print it."""
    made = Table(*columns, box=None, pad_edge=False, header_style="bold", show_edge=False)
    for row in rows:
        made.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return made


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], nothing: str) -> None:
    """A table, or the text ``nothing`` where there is no row."""
    made = table(columns, rows)
    if made.row_count:
        console().print(made)
    else:
        note(nothing)


def print_fields(fields: Iterable[tuple[str, str]]) -> None:
    """One thing, a line for each of its fields."""
    made = Table.grid(padding=(0, 2))
    for name, value in fields:
        made.add_row(Text(name, style="bold"), Text(value))
    console().print(made)


def clock(at: float | None) -> str:
    """A Unix time as local time of day to the millisecond, with the day where it is not today; "-" for none."""
    if at is None:
        return "-"
    day = time.localtime(at)
    shown = time.strftime("%H:%M:%S", day) + f".{int(at % 1 * 1000):03d}"
    return shown if day[:3] == time.localtime()[:3] else time.strftime("%Y-%m-%d ", day) + shown


def yes(flag: bool) -> str:
    return "yes" if flag else "no"
