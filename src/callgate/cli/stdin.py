"""Secrets that are read from standard input, so that they stand in no list of processes and no history of a shell."""

from __future__ import annotations

import sys

from callgate.cli.exits import CommandError, ExitCode


def secret_line(what: str) -> str:
    """The first line of the standard input, which is a ``what``: "password", "secret".

    Raises:
        CommandError: there is none.
    """
    found = sys.stdin.readline().rstrip("\r\n")
    if not found:
        raise CommandError(f"standard input holds no {what}: give it on the first line", ExitCode.USAGE)
    return found
