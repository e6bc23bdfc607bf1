"""``callgate key …``: keys of Callgate's own API."""

from __future__ import annotations

from typing import Annotated, Literal

import typer
from msgspec import UNSET

from callgate.cli import output
from callgate.cli.client import Client, at
from callgate.cli.commands import Commands
from callgate.cli.connection import connected
from callgate.cli.options import AsJson
from callgate.dialects.native.paths import KEY, KEY_ROTATE, KEYS
from callgate.dialects.native.wire import Page
from callgate.dialects.native.wire_directory import Key, KeyPatch, KeyRequest

key = Commands("Keys of Callgate's own API.")

Name = Annotated[str, typer.Argument(help="The key's name.", show_default=False)]
Scope = Literal["read", "decide", "admin"]
_SCOPE = "read looks, decide also decides and hangs up, admin also edits the directory."


@key.command("list", "callgate key list")
@connected
def list_(client: Client, as_json: AsJson = False) -> None:
    """List the keys by name and scope; the keys themselves are not kept."""
    found = list(client.pages(KEYS, Page[Key]))
    if as_json:
        output.print_json(found)
    else:
        output.print_table(("KEY", "SCOPE"), ((k.name, k.scope) for k in found), "no keys")


@key.command("add", "callgate key add dashboard --scope read")
@connected
def add(
    client: Client,
    name: Name,
    *,
    scope: Annotated[Scope, typer.Option(help=_SCOPE)] = "decide",
    as_json: AsJson = False,
) -> None:
    """Add a key, and print it: this once only."""
    _print(client.send("POST", KEYS, Key, KeyRequest(name, scope)), as_json)


@key.command("set", "callgate key set dashboard --rotate")
@connected
def set_(
    client: Client,
    name: Name,
    *,
    scope: Annotated[Scope | None, typer.Option(help=_SCOPE, show_default=False)] = None,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Make the key anew and print it; the old one ends at once.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Change a key's scope, or make it anew."""
    changed = client.send("PATCH", at(KEY, name), Key, KeyPatch(UNSET if scope is None else scope))
    if rotate:
        changed = client.send("POST", at(KEY_ROTATE, name), Key)
    _print(changed, as_json)


@key.command("remove", "callgate key remove dashboard")
@connected
def remove(client: Client, name: Name) -> None:
    """Remove a key: it ends at once."""
    client.delete(at(KEY, name))
    output.say(f"key {name} removed")


def _print(found: Key, as_json: bool) -> None:
    if as_json:
        output.print_json(found)
        return
    made = [] if found.key is UNSET else [("key", found.key)]
    output.print_fields([("name", found.name), ("scope", found.scope), *made])
    if made:
        output.note("The key is shown only now: Callgate keeps its hash.")
