"""``callgate route …``: where calls to a number go."""

from __future__ import annotations

from typing import Annotated

import typer
from msgspec import UNSET

from callgate.cli import output
from callgate.cli.client import Client, at
from callgate.cli.commands import Commands
from callgate.cli.connection import connected
from callgate.cli.options import AsJson
from callgate.dialects.native.paths import ROUTE, ROUTES
from callgate.dialects.native.wire import Page
from callgate.dialects.native.wire_directory import Route, RoutePatch

route = Commands("Inbound routes: where calls to a number go, and how long they are held.")

Name = Annotated[str, typer.Argument(help="The inbound route's name.", show_default=False)]
_TO = "The SIP URI its calls go to, as sip:192.0.2.20:5060; without a user part the dialled number is kept."
Did = Annotated[
    str | None, typer.Option(help="The number dialled: 2002 exactly, 55* by prefix, * any.", show_default=False)
]
OfTrunks = Annotated[
    list[str] | None, typer.Option("--trunk", help="Only calls of this trunk; may be given several times.")
]
Window = Annotated[
    float | None, typer.Option(help="How long (seconds, 1 to 60) applications may decide.", show_default=False)
]
Lapse = Annotated[
    str | None,
    typer.Option(help="What a call gets that nobody decides: accept, a reason's name, or trunk for the trunk's own."),
]


@route.command("list", "callgate route list --json")
@connected
def list_(client: Client, as_json: AsJson = False) -> None:
    """List the inbound routes."""
    found = list(client.pages(ROUTES, Page[Route]))
    if as_json:
        output.print_json(found)
        return
    rows = (
        (r.name, r.did, ", ".join(r.trunks) or "every", r.destination, f"{r.window:g} s", r.lapse or "the trunk's")
        for r in found
    )
    output.print_table(("ROUTE", "DID", "TRUNKS", "DESTINATION", "WINDOW", "LAPSE"), rows, "no inbound routes")


@route.command("show", "callgate route show sales")
@connected
def show(client: Client, name: Name, as_json: AsJson = False) -> None:
    """Show one inbound route."""
    _print(client.get(at(ROUTE, name), Route), as_json)


@route.command("add", "callgate route add sales --did 2002 --to sip:192.0.2.20:5060 --window 10")
@connected
def add(
    client: Client,
    name: Name,
    *,
    to: Annotated[str, typer.Option(help=_TO, show_default=False)],
    did: Did = None,
    trunk: OfTrunks = None,
    window: Window = None,
    lapse: Lapse = None,
    as_json: AsJson = False,
) -> None:
    """Add an inbound route, for any number and every trunk unless said otherwise."""
    new = Route(name, to, did or "*", trunk or [], 10.0 if window is None else window, _lapse(lapse))
    _print(client.send("POST", ROUTES, Route, new), as_json)


@route.command("set", "callgate route set sales --window 20 --lapse busy")
@connected
def set_(
    client: Client,
    name: Name,
    *,
    to: Annotated[str | None, typer.Option(help=_TO, show_default=False)] = None,
    did: Did = None,
    trunk: OfTrunks = None,
    every_trunk: Annotated[bool, typer.Option("--every-trunk", help="Calls of every trunk again.")] = False,
    window: Window = None,
    lapse: Lapse = None,
    as_json: AsJson = False,
) -> None:
    """Change an inbound route: what is not given stays; --trunk replaces all of its trunks."""
    patch = RoutePatch(
        UNSET if to is None else to,
        UNSET if did is None else did,
        [] if every_trunk else UNSET if trunk is None else trunk,
        UNSET if window is None else window,
        UNSET if lapse is None else _lapse(lapse),
    )
    _print(client.send("PATCH", at(ROUTE, name), Route, patch), as_json)


@route.command("remove", "callgate route remove sales")
@connected
def remove(client: Client, name: Name) -> None:
    """Remove an inbound route."""
    client.delete(at(ROUTE, name))
    output.say(f"route {name} removed")


def _lapse(given: str | None) -> str | None:
    return None if given in (None, "trunk") else given


def _print(found: Route, as_json: bool) -> None:
    if as_json:
        output.print_json(found)
        return
    output.print_fields(
        (
            ("route", found.name),
            ("did", found.did),
            ("trunks", ", ".join(found.trunks) or "every"),
            ("destination", found.destination),
            ("window", f"{found.window:g} s"),
            ("lapse", found.lapse or "the trunk's"),
            ("number", str(found.number)),
        )
    )
