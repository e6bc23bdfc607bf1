"""Following the event stream: reconnects with the last cursor, so that nothing is missed."""

from __future__ import annotations

import time
from collections.abc import Generator

from callgate.cli import output
from callgate.cli.client import Client, UnreachableError
from callgate.dialects.native.wire import Event

#: How long (seconds) to wait before the next try: short at first, for a controller that is being restarted.
_PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)


def follow(
    client: Client, *, trunk: list[str] | None = None, kind: list[str] | None = None
) -> Generator[Event, None, None]:
    """All events from now on, after the live calls; it ends never by itself.

    Raises:
        CommandError: the stream could not be opened for the first time, or Callgate said no.
    """
    cursor, opened, failures = "", False, 0
    while True:
        try:
            for event in client.events(cursor, trunk=trunk, kind=kind):
                cursor = event.cursor or cursor
                if failures:
                    output.note("connected again")
                opened, failures = True, 0
                yield event
        except UnreachableError as error:
            if not opened:
                raise
            if not failures:
                output.note(f"{error}; trying again")
        time.sleep(_PAUSES[min(failures, len(_PAUSES) - 1)])
        failures += 1
