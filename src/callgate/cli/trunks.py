"""``callgate trunk …``: where calls come from."""

from __future__ import annotations

from typing import Annotated, Literal

import typer
from msgspec import UNSET

from callgate.cli import output
from callgate.cli.client import Client, at
from callgate.cli.commands import Commands
from callgate.cli.connection import connected
from callgate.cli.options import AsJson
from callgate.dialects.native.paths import TRUNK, TRUNKS
from callgate.dialects.native.wire import Page
from callgate.dialects.native.wire_directory import Trunk, TrunkPatch

trunk = Commands("Trunks: where calls come from, and whether they are held.")

Name = Annotated[str, typer.Argument(help="The trunk's name.", show_default=False)]
Sources = Annotated[
    list[str] | None,
    typer.Option(
        "--source",
        help="An IP address or network that its INVITEs come from, as 192.0.2.0/24; may be given several times.",
    ),
]
Control = Annotated[
    bool | None,
    typer.Option("--control/--no-control", help="Whether its calls are held for a decision.", show_default=False),
]
Refuse = Annotated[str | None, typer.Option(help="The reason of a refusal that names none.", show_default=False)]
Lapse = Annotated[
    str | None,
    typer.Option(help="What a call gets that nobody decides: accept, or a reason's name.", show_default=False),
]


@trunk.command("list", "callgate trunk list --json")
@connected
def list_(client: Client, as_json: AsJson = False) -> None:
    """List the trunks."""
    found = list(client.pages(TRUNKS, Page[Trunk]))
    if as_json:
        output.print_json(found)
        return
    rows = (
        (t.name, ", ".join(t.sources), "on" if t.control else "off", t.refuse, t.lapse, str(t.number)) for t in found
    )
    output.print_table(("TRUNK", "SOURCES", "CONTROL", "REFUSE", "LAPSE", "NUMBER"), rows, "no trunks")


@trunk.command("show", "callgate trunk show carrier")
@connected
def show(client: Client, name: Name, as_json: AsJson = False) -> None:
    """Show one trunk."""
    _print(client.get(at(TRUNK, name), Trunk), as_json)


@trunk.command("add", "callgate trunk add carrier --source 192.0.2.10 --source 198.51.100.0/24 --lapse busy")
@connected
def add(
    client: Client,
    name: Name,
    *,
    source: Sources = None,
    control: Control = None,
    refuse: Refuse = None,
    lapse: Lapse = None,
    as_json: AsJson = False,
) -> None:
    """Add a trunk; its calls are held unless --no-control is given."""
    new = Trunk(name, source or [], control is not False, refuse or "rejected", lapse or "accept")
    _print(client.send("POST", TRUNKS, Trunk, new), as_json)


@trunk.command("set", "callgate trunk set carrier --refuse busy")
@connected
def set_(
    client: Client,
    name: Name,
    *,
    source: Sources = None,
    control: Control = None,
    refuse: Refuse = None,
    lapse: Lapse = None,
    as_json: AsJson = False,
) -> None:
    """Change a trunk: what is not given stays; --source replaces all of its sources."""
    patch = TrunkPatch(
        UNSET if source is None else source,
        UNSET if control is None else control,
        UNSET if refuse is None else refuse,
        UNSET if lapse is None else lapse,
    )
    _print(client.send("PATCH", at(TRUNK, name), Trunk, patch), as_json)


@trunk.command("control", "callgate trunk control carrier off")
@connected
def control(
    client: Client,
    name: Name,
    switch: Annotated[Literal["on", "off"], typer.Argument(help="on: calls are held; off: they go straight on.")],
    as_json: AsJson = False,
) -> None:
    """Switch *Control Inbound Call*, from the next call on."""
    _print(client.send("PATCH", at(TRUNK, name), Trunk, TrunkPatch(control=switch == "on")), as_json)


@trunk.command("remove", "callgate trunk remove carrier")
@connected
def remove(client: Client, name: Name) -> None:
    """Remove a trunk: its calls get 403 from then on."""
    client.delete(at(TRUNK, name))
    output.say(f"trunk {name} removed")


def _print(found: Trunk, as_json: bool) -> None:
    if as_json:
        output.print_json(found)
        return
    output.print_fields(
        (
            ("trunk", found.name),
            ("sources", ", ".join(found.sources)),
            ("control", "on: calls are held" if found.control else "off: calls go straight on"),
            ("refuse", found.refuse),
            ("lapse", found.lapse),
            ("number", str(found.number)),
        )
    )
