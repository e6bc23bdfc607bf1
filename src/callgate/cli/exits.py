"""How a command ends: the exit codes, and the one error that commands raise."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every command; ``docs/cli.md`` and ``callgate --help`` list them."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    NOT_FOUND = 4
    TOO_LATE = 5
    DENIED = 6
    REFUSED = 10
    REDIRECTED = 11
    CANCELLED = 12
    NO_RESPONSE = 13
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """One line for the help text."""
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.OK: "done",
    ExitCode.FAILED: "Callgate, the edge or this machine could not do it",
    ExitCode.USAGE: "the command line, the settings or a file cannot be used",
    ExitCode.UNREACHABLE: "no Callgate answers at that address",
    ExitCode.NOT_FOUND: "no such call, or no such entry of the directory",
    ExitCode.TOO_LATE: "the call is decided, lapsed, cancelled or over already, or was never held",
    ExitCode.DENIED: "the key is missing, wrong, or may not do this",
    ExitCode.REFUSED: "ring: the caller was refused (4xx to 6xx)",
    ExitCode.REDIRECTED: "ring: the caller was sent elsewhere (3xx)",
    ExitCode.CANCELLED: "ring: the caller cancelled and got 487",
    ExitCode.NO_RESPONSE: "ring: no final response in time",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C",
}


class CommandError(Exception):
    """A command cannot go on: ``str`` is one sentence with the remedy, ``code`` the exit code."""

    def __init__(self, text: str, code: ExitCode = ExitCode.FAILED) -> None:
        self.code = code
        super().__init__(text)
