"""``callgate ring``: a real call through the edge, told step by step as its caller sees it."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from callgate.cli import output
from callgate.cli.connection import settings_of
from callgate.cli.decide import headers
from callgate.cli.exits import ExitCode
from callgate.cli.options import AsJson, SettingsFile
from callgate.cli.sipp.caller import SILENCE, Ending, Result, Step, place
from callgate.cli.sipp.spec import Spec
from callgate.settings import Settings

EXIT_CODES = {
    Ending.ANSWERED: ExitCode.OK,
    Ending.REFUSED: ExitCode.REFUSED,
    Ending.REDIRECTED: ExitCode.REDIRECTED,
    Ending.CANCELLED: ExitCode.CANCELLED,
    Ending.NO_RESPONSE: ExitCode.NO_RESPONSE,
}


def ring(
    *,
    to: Annotated[str, typer.Option("--to", help="The number to dial.", show_default=False)],
    caller: Annotated[str, typer.Option("--from", help="The caller's number.")] = "5503301",
    name: Annotated[str, typer.Option(help="The caller's display name.")] = "",
    edge: Annotated[
        str, typer.Option(help="Where to call, as 192.0.2.10:5060.", show_default="the edge of the settings")
    ] = "",
    source: Annotated[
        str,
        typer.Option(
            help="The address of this machine to call from, as 127.0.0.2: it decides which trunk the call is on.",
            show_default="the one that leads to the edge",
        ),
    ] = "",
    transport: Annotated[Literal["udp", "tcp"], typer.Option(help="How the call travels.")] = "udp",
    header: Annotated[
        list[str] | None,
        typer.Option(help="A header for the INVITE, as 'X-Customer: 4711'; may be given several times."),
    ] = None,
    talk: Annotated[float, typer.Option(min=0, help="How long (seconds) an answered call lasts.")] = 1.0,
    cancel_after: Annotated[
        float | None, typer.Option(min=0, help="Cancel so many seconds after the first response.", show_default=False)
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Give up after so many seconds without an answer.")] = 90.0,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Place a real call (with SIPp) and print what its caller gets, step by step, in seconds after the INVITE."""
    spec = Spec(
        edge=edge or own_edge(settings_of(settings), transport),
        dialled=to,
        caller=caller,
        name=name,
        source=source,
        transport=transport,
        headers=tuple(headers(header)),
        talk=talk,
        cancel_after=cancel_after,
        timeout=timeout,
    )
    result = place(spec) if as_json else place(spec, lambda step: output.say(line(step)))
    if as_json:
        output.print_json(result)
    else:
        output.say(f"→ {summary(result, spec.edge)}")
    raise typer.Exit(EXIT_CODES[result.ending])


def own_edge(settings: Settings, transport: str) -> str:
    """Where the edge of these settings listens, "host:port"; an address that means all of them becomes loopback."""
    listening = [address for address in settings.edge.listen if address.startswith(f"{transport}:")]
    address = (listening or list(settings.edge.listen))[0].partition(":")[2]
    host, _, port = address.rpartition(":")
    return f"{ {'0.0.0.0': '127.0.0.1', '[::]': '[::1]'}.get(host, host) }:{port}"


def line(step: Step) -> str:
    """One step, as "  +0.512  ← 603 Decline   (Reason: Q.850;cause=21)"."""
    details = "".join(f"\n            {name}: {value}" for name, value in step.details)
    again = "  (again)" if step.again else ""
    about = f"  ({step.method})" if step.status is not None and step.method != "INVITE" else ""
    return f"{step.seconds:+9.3f} s  {'→' if step.sent else '←'} {step.text}{about}{again}{details}"


def summary(result: Result, edge: str) -> str:
    """How the call ended, in one sentence."""
    after = "" if result.seconds is None else f" after {result.seconds:.3f} s"
    got = f"{result.status} {result.phrase}".rstrip()
    match result.ending:
        case Ending.ANSWERED:
            return f"answered{after}" + (f", hung up by the {result.hung_up_by}" if result.hung_up_by else "")
        case Ending.REFUSED:
            return f"refused with {got}{after}"
        case Ending.REDIRECTED:
            return f"sent elsewhere with {got}{after}"
        case Ending.CANCELLED:
            return f"cancelled by the caller{after}"
    if any(not step.sent for step in result.steps):
        return "no answer: the caller gave up" + (f" and got {got}{after}" if result.status else "")
    return f"no response at all from {edge} within {SILENCE:g} s: is Callgate running there? See `callgate check`"
