"""The command line as tests call it: in this process, with what it prints and its exit code."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import sys
from typing import Any

import msgspec

from callgate.cli import main


class Ran(msgspec.Struct, frozen=True):
    """One command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


def run(*arguments: str, stdin: bytes = b"") -> Ran:
    """Run a command; only one at a time, because standard output is the process's."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    former, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(stdin))
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main(arguments)
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.stdin = former
    assert "Traceback" not in err.getvalue()
    return Ran(code, out.getvalue(), err.getvalue())


async def run_beside(*arguments: str, stdin: bytes = b"") -> Ran:
    """The same in a thread, while a server of the test runs on the event loop."""
    return await asyncio.to_thread(run, *arguments, stdin=stdin)
