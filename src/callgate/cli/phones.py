"""``callgate phone …``: SIP users that register here."""

from __future__ import annotations

from typing import Annotated

import typer
from msgspec import UNSET

from callgate.cli import output
from callgate.cli.client import Client, at
from callgate.cli.commands import Commands
from callgate.cli.connection import connected
from callgate.cli.exits import CommandError, ExitCode
from callgate.cli.options import AsJson
from callgate.cli.status import fields_with_status, with_statuses
from callgate.cli.stdin import secret_line
from callgate.cli.voice import FriendlyName
from callgate.dialects.native.paths import PHONE, PHONE_PASSWORD, PHONE_STATUS, PHONE_STATUSES, PHONES
from callgate.dialects.native.wire import Page
from callgate.dialects.native.wire_rcml import Phone, PhonePatch, PhoneRequest, PhoneStatus

phone = Commands("Phones: SIP users that register here, and that documents can dial.")

Login = Annotated[str, typer.Argument(help="What the phone logs in with.", show_default=False)]
OfAccount = Annotated[
    str | None,
    typer.Option(
        "--account", help='The RCML account that sees it as one of its clients; "" for none.', show_default=False
    ),
]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read its password from standard input, the first line.")
]
Enabled = Annotated[
    bool | None,
    typer.Option("--enabled/--disabled", help="Whether it can register and be dialled.", show_default=False),
]


@phone.command("list", "callgate phone list --json")
@connected
def list_(client: Client, as_json: AsJson = False) -> None:
    """List the phones, without their passwords, with where they are registered at this moment."""
    found = with_statuses(client.pages(PHONES, Page[Phone]), client.pages(PHONE_STATUSES, Page[PhoneStatus]))
    if as_json:
        output.print_json([fields_with_status(one, status) for one, status in found])
        return
    columns = ("PHONE", "REGISTERED", "ACCOUNT", "SID", "ENABLED", "FRIENDLY NAME")
    rows = (
        (one.name, _registered(status), one.account or "-", one.sid or "-", output.yes(one.enabled), one.friendly_name)
        for one, status in found
    )
    output.print_table(columns, rows, "no phones")


@phone.command("show", "callgate phone show alice")
@connected
def show(client: Client, login: Login, as_json: AsJson = False) -> None:
    """Show one phone, without its password: what is configured, and where it is registered at this moment."""
    found, status = client.get(at(PHONE, login), Phone), client.get(at(PHONE_STATUS, login), PhoneStatus)
    if as_json:
        output.print_json(fields_with_status(found, status))
        return
    _print(found)
    output.print_fields([("registered", _registered(status)), ("contacts", str(status.contacts))])


@phone.command(
    "add", "callgate phone add alice --account acme", "pass show alice | callgate phone add alice --password-stdin"
)
@connected
def add(
    client: Client,
    login: Login,
    *,
    password_stdin: PasswordStdin = False,
    account: OfAccount = None,
    friendly_name: FriendlyName = None,
    enabled: Enabled = None,
    as_json: AsJson = False,
) -> None:
    """Add a phone; a password is made for it and printed, this once only, unless one is given."""
    new = PhoneRequest(
        login,
        secret_line("password") if password_stdin else None,
        friendly_name or "",
        account or "",
        enabled=enabled is not False,
    )
    _print(client.send("POST", PHONES, Phone, new), as_json)


@phone.command("set", "callgate phone set alice --disabled", "callgate phone set alice --rotate-password")
@connected
def set_(
    client: Client,
    login: Login,
    *,
    password_stdin: PasswordStdin = False,
    rotate_password: Annotated[
        bool, typer.Option("--rotate-password", help="Make its password anew and print it; the old one ends at once.")
    ] = False,
    account: OfAccount = None,
    friendly_name: FriendlyName = None,
    enabled: Enabled = None,
    as_json: AsJson = False,
) -> None:
    """Change a phone: what is not given stays."""
    if password_stdin and rotate_password:
        raise CommandError("give --password-stdin or --rotate-password, not both", ExitCode.USAGE)
    patch = PhonePatch(
        secret_line("password") if password_stdin else UNSET,
        UNSET if friendly_name is None else friendly_name,
        UNSET if account is None else account,
        UNSET if enabled is None else enabled,
    )
    changed = client.send("PATCH", at(PHONE, login), Phone, patch)
    if rotate_password:
        changed = client.send("POST", at(PHONE_PASSWORD, login), Phone)
    _print(changed, as_json)


@phone.command("remove", "callgate phone remove alice")
@connected
def remove(client: Client, login: Login) -> None:
    """Remove a phone: it cannot register any more."""
    client.delete(at(PHONE, login))
    output.say(f"phone {login} removed")


def _registered(status: PhoneStatus) -> str:
    return status.source or "-"


def _print(found: Phone, as_json: bool = False) -> None:
    if as_json:
        output.print_json(found)
        return
    fields = [
        ("phone", found.name),
        ("account", found.account or "-"),
        ("sid", found.sid or "-"),
        ("friendly name", found.friendly_name or "-"),
        ("enabled", output.yes(found.enabled)),
    ]
    made = [] if found.password is UNSET else [("password", found.password)]
    output.print_fields([*fields, *made])
    if made:
        output.note("The password is shown only now: Callgate keeps what the phone proves it with, not itself.")
