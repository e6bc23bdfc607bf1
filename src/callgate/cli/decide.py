"""``callgate accept | refuse | redirect | hangup``: verdicts by hand."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from callgate.cli import output
from callgate.cli.call_id import HELD, LIVE, CallArgument, find
from callgate.cli.client import Client, at
from callgate.cli.connection import connected
from callgate.cli.exits import CommandError, ExitCode
from callgate.cli.options import AsJson
from callgate.core.reasons import REASONS
from callgate.dialects.native.paths import ACCEPT, HANG_UP, REDIRECT, REFUSE
from callgate.dialects.native.wire import Outcome, RedirectRequest, RefuseRequest


@connected
def accept(client: Client, call: CallArgument = "", *, as_json: AsJson = False) -> None:
    """Let a held call through to its inbound route's destination, at once."""
    outcome = client.send("POST", at(ACCEPT, find(client, call, HELD)), Outcome)
    _tell(outcome, f"accepted: the call goes to {outcome.call.destination}", as_json)


@connected
def refuse(
    client: Client,
    call: CallArgument = "",
    *,
    reason: Annotated[
        str | None, typer.Option(help=f"A named reason: {', '.join(REASONS)}.", show_default="rejected")
    ] = None,
    status: Annotated[
        int | None, typer.Option(help="A SIP status of your own, 400 to 699, in place of a reason.")
    ] = None,
    phrase: Annotated[str | None, typer.Option(help="The phrase behind the status.")] = None,
    header: Annotated[
        list[str] | None,
        typer.Option(help="A header for the response, as 'X-Why: closed'; may be given several times."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Refuse a held call: the caller gets this SIP response, and the destination never rings."""
    request = RefuseRequest(reason, status, phrase, dict(headers(header)) or None)
    outcome = client.send("POST", at(REFUSE, find(client, call, HELD)), Outcome, request)
    _tell(outcome, f"refused: the caller got {outcome.status} {outcome.call.phrase or ''}".rstrip(), as_json)


@connected
def redirect(
    client: Client,
    call: CallArgument = "",
    *,
    to: Annotated[str, typer.Option(help="Where the call goes, as sip:2003@192.0.2.10:5060.", show_default=False)],
    mode: Annotated[
        Literal["relay", "contact"],
        typer.Option(
            help="relay: Callgate sends the call there; contact: the caller gets a 302 and calls there itself."
        ),
    ] = "relay",
    as_json: AsJson = False,
) -> None:
    """Send a held call to another SIP URI."""
    outcome = client.send("POST", at(REDIRECT, find(client, call, HELD)), Outcome, RedirectRequest(to, mode))
    _tell(outcome, f"redirected to {to}", as_json)


@connected
def hangup(client: Client, call: CallArgument = "", *, as_json: AsJson = False) -> None:
    """End a live call: BYE to both sides; one that is not answered yet is refused."""
    outcome = client.send("POST", at(HANG_UP, find(client, call, LIVE)), Outcome)
    _tell(outcome, "hung up", as_json)


def headers(given: list[str] | None) -> list[tuple[str, str]]:
    """Headers given as "Name: value".

    Raises:
        CommandError: one is not of that form.
    """
    pairs = []
    for text in given or []:
        name, colon, value = text.partition(":")
        if not colon or not name.strip():
            raise CommandError(f"--header {text!r} is not of the form 'X-Name: value'", ExitCode.USAGE)
        pairs.append((name.strip(), value.strip()))
    return pairs


def _tell(outcome: Outcome, text: str, as_json: bool) -> None:
    if as_json:
        output.print_json(outcome)
    else:
        output.say(f"{outcome.call.id} {text}")
