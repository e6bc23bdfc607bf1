"""``callgate account …``: who uses the REST API of RCML, and whose documents decide calls."""

from __future__ import annotations

from typing import Annotated, Literal

import typer
from msgspec import UNSET

from callgate.cli import output
from callgate.cli.client import Client, at
from callgate.cli.commands import Commands
from callgate.cli.connection import connected
from callgate.cli.options import AsJson
from callgate.cli.voice import FriendlyName
from callgate.dialects.native.paths import ACCOUNT, ACCOUNT_TOKEN, ACCOUNTS
from callgate.dialects.native.wire import Page
from callgate.dialects.native.wire_rcml import Account, AccountPatch, AccountRequest

account = Commands("Accounts of RCML: who uses its REST API, and whose documents decide calls.")

Name = Annotated[str, typer.Argument(help="The account's name.", show_default=False)]
Numbers = Annotated[
    list[str] | None,
    typer.Option(
        "--number",
        help="A number that it may take by REST, 55* by prefix, * any, none for none; may be given several times.",
        show_default=False,
    ),
]
Destination = Annotated[
    str | None,
    typer.Option(help="The destination of routes that it makes by REST.", show_default=False),
]
Outbound = Annotated[
    str | None,
    typer.Option(help="The outbound SIP URI of those.", show_default=False),
]
Sign = Annotated[bool | None, typer.Option("--sign/--no-sign", help="Whether requests to its applications are signed.")]
Status = Annotated[
    Literal["active", "suspended"] | None, typer.Option(help="Whether it may be used.", show_default=False)
]


@account.command("list", "callgate account list --json")
@connected
def list_(client: Client, as_json: AsJson = False) -> None:
    """List the accounts, without their tokens."""
    found = list(client.pages(ACCOUNTS, Page[Account]))
    if as_json:
        output.print_json(found)
        return
    rows = ((a.name, a.sid, a.status, ", ".join(a.numbers) or "none", a.friendly_name) for a in found)
    output.print_table(("ACCOUNT", "SID", "STATUS", "NUMBERS", "FRIENDLY NAME"), rows, "no accounts")


@account.command("show", "callgate account show acme")
@connected
def show(client: Client, name: Name, as_json: AsJson = False) -> None:
    """Show one account, without its token."""
    _print(client.get(at(ACCOUNT, name), Account), as_json)


@account.command("add", "callgate account add acme --number '4420*' --outbound sip:192.0.2.20")
@connected
def add(
    client: Client,
    name: Name,
    *,
    sid: Annotated[str, typer.Option(help="Its sid, from another platform.", show_default="random")] = "",
    number: Numbers = None,
    destination: Destination = None,
    outbound: Outbound = None,
    sign: Sign = None,
    friendly_name: FriendlyName = None,
    as_json: AsJson = False,
) -> None:
    """Add an account, and print its token: this once only. It may take any number unless said otherwise."""
    new = AccountRequest(
        name,
        sid,
        friendly_name=friendly_name or "",
        numbers=["*"] if number is None else _numbers(number),
        destination=destination or "",
        outbound=outbound or "",
        sign=sign is not False,
    )
    _print(client.send("POST", ACCOUNTS, Account, new), as_json)


@account.command("set", "callgate account set acme --status suspended")
@connected
def set_(
    client: Client,
    name: Name,
    *,
    number: Numbers = None,
    destination: Destination = None,
    outbound: Outbound = None,
    sign: Sign = None,
    status: Status = None,
    friendly_name: FriendlyName = None,
    as_json: AsJson = False,
) -> None:
    """Change an account: what is not given stays; --number replaces all of its numbers."""
    patch = AccountPatch(
        friendly_name=UNSET if friendly_name is None else friendly_name,
        status=UNSET if status is None else status,
        numbers=UNSET if number is None else _numbers(number),
        destination=UNSET if destination is None else destination,
        outbound=UNSET if outbound is None else outbound,
        sign=UNSET if sign is None else sign,
    )
    _print(client.send("PATCH", at(ACCOUNT, name), Account, patch), as_json)


@account.command("token", "callgate account token acme")
@connected
def token(client: Client, name: Name, as_json: AsJson = False) -> None:
    """Make an account's token anew, and print it; the old one ends at once."""
    _print(client.send("POST", at(ACCOUNT_TOKEN, name), Account), as_json)


@account.command("remove", "callgate account remove acme")
@connected
def remove(client: Client, name: Name) -> None:
    """Remove an account that no route, application and phone names."""
    client.delete(at(ACCOUNT, name))
    output.say(f"account {name} removed")


def _numbers(given: list[str]) -> list[str]:
    return [] if given == ["none"] else given


def _print(found: Account, as_json: bool) -> None:
    if as_json:
        output.print_json(found)
        return
    fields = [
        ("account", found.name),
        ("sid", found.sid),
        ("friendly name", found.friendly_name or "-"),
        ("status", found.status),
        ("numbers", ", ".join(found.numbers) or "none"),
        ("destination", found.destination or "-"),
        ("outbound", found.outbound or "-"),
        ("signs", output.yes(found.sign)),
    ]
    made = [] if found.token is UNSET else [("token", found.token)]
    output.print_fields([*fields, *made])
    if made:
        output.note("The token is shown only now; callgate export --include-secrets has it too.")
