"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        envvar="CALLGATE_SETTINGS",
        help="The settings file (docs/settings.md).",
        rich_help_panel="Which Callgate",
        show_default="no file: the defaults and the environment",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")]
Trunks = Annotated[list[str] | None, typer.Option("--trunk", help="Only this trunk; may be given several times.")]
