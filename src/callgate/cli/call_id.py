"""Naming a call on the command line: by its whole id, by a part of it, or not at all where only one is meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import typer

from callgate.cli.client import Client
from callgate.cli.exits import CommandError, ExitCode
from callgate.dialects.native.paths import CALLS
from callgate.dialects.native.wire import Call, Page

HELD = ("held",)
LIVE = ("held", "decided", "routed", "ringing", "answered")

CallArgument = Annotated[
    str,
    typer.Argument(
        metavar="[CALL]",
        show_default=False,
        help="The call's id, or its unambiguous beginning or end. Left out: the only one there is.",
    ),
]


def find(client: Client, text: str, states: Sequence[str]) -> str:
    """The id of the call meant by ``text``, a whole id or a part of that of a call in one of ``states``.

    Raises:
        CommandError: no call is meant, or several are.
    """
    try:
        return str(UUID(text))
    except ValueError:
        pass
    calls = list(client.pages(CALLS, Page[Call], state=list(states)))
    wanted = text.lower()
    matching = [call for call in calls if call.id.startswith(wanted) or call.id.endswith(wanted)]
    kind = "held" if tuple(states) == HELD else "live"
    if len(matching) == 1:
        return matching[0].id
    if matching:
        listed = ", ".join(call.id for call in matching[:5]) + (" …" if len(matching) > 5 else "")
        raise CommandError(f"{len(matching)} {kind} calls are meant, name one: {listed}", ExitCode.USAGE)
    which = f" whose id begins or ends with {text}" if text else ""
    raise CommandError(f"there is no {kind} call{which}: see `callgate calls`", ExitCode.NOT_FOUND)
