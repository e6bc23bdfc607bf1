"""``callgate events``: everything that happens, as it happens."""

from __future__ import annotations

from typing import Annotated

import typer

from callgate.cli import output
from callgate.cli.client import Client
from callgate.cli.connection import connected
from callgate.cli.describe import event_line
from callgate.cli.follow import follow
from callgate.cli.options import AsJson, Trunks

#: What the stream tells about itself rather than about calls.
_OWN = ("reset", "ready", "keepalive")


@connected
def events(
    client: Client,
    trunk: Trunks = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            help="Only events of this kind: held, passed, routed, refused, redirected, cancelled, ringing, answered, "
            "failed, ended, returned, verdict, delivery; may be given several times."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Follow all events: first the live calls, then what happens to them; Ctrl-C ends it."""
    for event in follow(client, trunk=trunk, kind=kind):
        if as_json:
            output.print_json_line(event)
        elif event.kind not in _OWN:
            output.say(event_line(event))
