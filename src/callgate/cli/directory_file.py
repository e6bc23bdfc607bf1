"""``callgate apply`` and ``callgate export``: the whole directory as a file."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from callgate.cli import output
from callgate.cli.client import Client, ProblemError
from callgate.cli.connection import connected
from callgate.cli.exits import CommandError, ExitCode
from callgate.cli.options import AsJson
from callgate.dialects.native.paths import DIRECTORY
from callgate.dialects.native.wire_directory import DirectoryChange

#: How the server names the file that it was sent, before each line number.
_SERVER_NAME = re.compile(r"^directory(?=:\d+: )", re.MULTILINE)


@connected
def apply(
    client: Client,
    file: Annotated[Path, typer.Argument(help="A directory file (docs/directory-file.md); - reads standard input.")],
    prune: Annotated[
        bool, typer.Option("--prune", help="Also remove every entry that the file does not have.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing, and tell what would change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Apply a directory file: all of it, or nothing if something is wrong with it."""
    try:
        change = client.send_toml(DIRECTORY, _read(file), DirectoryChange, prune=prune, dry_run=dry_run)
    except ProblemError as error:
        raise CommandError(_SERVER_NAME.sub(str(file), str(error)), error.code) from error
    if as_json:
        output.print_json(change)
        return
    for sign, entries in (("+", change.added), ("~", change.changed), ("-", change.removed)):
        for entry in entries:
            output.say(f"{sign} {entry}")
    done = "would be" if dry_run else "were"
    output.say(
        f"{len(change.added)} added, {len(change.changed)} changed, {len(change.removed)} removed {done}; "
        f"{change.unchanged} stay as they are"
    )


@connected
def export(
    client: Client,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write it to this file.", show_default="standard output")
    ] = None,
    include_secrets: Annotated[
        bool,
        typer.Option(
            "--include-secrets", help="With secrets that are kept as they are: of webhooks, accounts and phones."
        ),
    ] = False,
) -> None:
    """Print the directory as a directory file."""
    text = client.text(DIRECTORY, include_secrets=include_secrets)
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.touch(mode=0o600)
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"cannot write {out}: {error.strerror}", ExitCode.USAGE) from error


def _read(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise CommandError(f"cannot read {file}: {error.strerror}", ExitCode.USAGE) from error
