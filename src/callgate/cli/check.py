"""``callgate check``: what is wrong with an installation, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterator

import typer
from rich.table import Table
from rich.text import Text

from callgate.cli import output
from callgate.cli.checks import instance, machine, programs
from callgate.cli.checks.database import database
from callgate.cli.checks.finding import Finding, ok
from callgate.cli.connection import settings_of
from callgate.cli.exits import ExitCode
from callgate.cli.options import AsJson, SettingsFile
from callgate.settings import Settings

_SIGNS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "error": ("✗", "bold red")}


def check(*, settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """Look at the whole installation, and say what is wrong and how to mend it; exit 1 if anything stops Callgate."""
    found = list(findings(settings_of(settings)))
    if as_json:
        output.print_json(found)
    else:
        output.console().print(_table(found))
        errors = sum(finding.grade == "error" for finding in found)
        warnings = sum(finding.grade == "warning" for finding in found)
        output.say(f"{errors} errors, {warnings} warnings" if errors or warnings else "Everything is in order.")
    if any(finding.grade == "error" for finding in found):
        raise typer.Exit(ExitCode.FAILED)


def findings(settings: Settings) -> Iterator[Finding]:
    """Everything that can be said of an installation with these settings."""
    running = instance.runs(settings)
    yield ok("settings", "can be read")
    yield from programs.kamailio(settings)
    yield from programs.sipp(settings)
    yield from machine.ports(settings, running=running)
    yield from machine.user(settings)
    yield from machine.folders(settings)
    yield from machine.certificates(settings)
    yield from database(settings)
    yield from instance.instance(settings)


def _table(found: list[Finding]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for finding in found:
        sign, style = _SIGNS[finding.grade]
        text = Text(finding.text)
        if finding.remedy:
            text.append(f"\n→ {finding.remedy}", style="dim")
        grid.add_row(Text(sign, style=style), Text(finding.subject, style="bold"), text)
    return grid
