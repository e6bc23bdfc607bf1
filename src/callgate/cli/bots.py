"""``callgate bot …``: bots of Microsoft Graph's dialect."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from msgspec import UNSET, UnsetType

from callgate.cli import output
from callgate.cli.client import Client, at
from callgate.cli.commands import Commands
from callgate.cli.connection import connected
from callgate.cli.exits import CommandError, ExitCode
from callgate.cli.options import AsJson
from callgate.cli.stdin import secret_line
from callgate.dialects.native.paths import BOT, BOT_SECRET, BOTS
from callgate.dialects.native.wire import Page
from callgate.dialects.native.wire_graph import Bot, BotPatch, BotRequest, NewSecret

bot = Commands("Bots: applications that speak Microsoft Graph's cloud communications.")

Name = Annotated[str, typer.Argument(help="The bot's name.", show_default=False)]
Callback = Annotated[
    str | None,
    typer.Option(help="The URL where it is told of calls, as https://bot.example.com/callbacks.", show_default=False),
]
Media = Annotated[
    str | None,
    typer.Option(help="The SIP URI that a call goes to when it answers, as sip:192.0.2.30.", show_default=False),
]
AppId = Annotated[str | None, typer.Option(help="Its app id (client id), a UUID.", show_default="random for a new one")]
Tenant = Annotated[str | None, typer.Option(help="Its tenant, a UUID.", show_default="random for a new one")]
DisplayName = Annotated[str | None, typer.Option(help="What it is called in calls.", show_default=False)]
SecretStdin = Annotated[
    bool, typer.Option("--secret-stdin", help="Read its secret from standard input, the first line.")
]
Certificates = Annotated[
    list[Path] | None,
    typer.Option(
        "--certificate",
        help="A PEM file with the public certificate that its assertions are signed with; several may be given.",
        show_default=False,
    ),
]
Numbers = Annotated[
    list[str] | None,
    typer.Option(
        "--number",
        help="A dialled number whose calls it is told of, 55* by prefix, * any, none for none; several may be given.",
        show_default=False,
    ),
]
Redirects = Annotated[
    list[str] | None,
    typer.Option(
        "--redirect",
        help="A number or SIP host that it may redirect to, by prefix, * any, none for none; several may be given.",
        show_default=False,
    ),
]
Enabled = Annotated[
    bool | None,
    typer.Option("--enabled/--disabled", help="Whether it can log in and is told of calls.", show_default=False),
]


@bot.command("list", "callgate bot list --json")
@connected
def list_(client: Client, as_json: AsJson = False) -> None:
    """List the bots, without their secrets."""
    found = list(client.pages(BOTS, Page[Bot]))
    if as_json:
        output.print_json(found)
        return
    rows = ((b.name, b.app_id, _listed(b.numbers), output.yes(b.enabled), b.callback) for b in found)
    output.print_table(("BOT", "APP ID", "NUMBERS", "ENABLED", "CALLBACK"), rows, "no bots")


@bot.command("show", "callgate bot show greeter")
@connected
def show(client: Client, name: Name, as_json: AsJson = False) -> None:
    """Show one bot, without its secret."""
    _print(client.get(at(BOT, name), Bot), as_json)


@bot.command(
    "add",
    "callgate bot add greeter --callback https://bot.example.com/callbacks --media sip:192.0.2.30",
    "callgate bot add greeter --callback https://bot.example.com/c --media sip:192.0.2.30 --certificate bot.pem",
)
@connected
def add(
    client: Client,
    name: Name,
    *,
    callback: Callback = None,
    media: Media = None,
    app_id: AppId = None,
    tenant: Tenant = None,
    display_name: DisplayName = None,
    secret_stdin: SecretStdin = False,
    certificate: Certificates = None,
    number: Numbers = None,
    redirect: Redirects = None,
    enabled: Enabled = None,
    as_json: AsJson = False,
) -> None:
    """Add a bot, and print its secret, this once only, unless a secret or a certificate is given."""
    if callback is None or media is None:
        raise CommandError("a bot needs --callback and --media", ExitCode.USAGE)
    new = BotRequest(
        name,
        callback,
        media,
        app_id or "",
        tenant or "",
        display_name or "",
        secret_line("secret") if secret_stdin else None,
        _read(certificate or []),
        ["*"] if number is None else _some(number),
        ["*"] if redirect is None else _some(redirect),
        enabled is not False,
    )
    _print(client.send("POST", BOTS, Bot, new), as_json)


@bot.command("set", "callgate bot set greeter --redirect '4420*' --redirect pbx.example.com")
@connected
def set_(
    client: Client,
    name: Name,
    *,
    callback: Callback = None,
    media: Media = None,
    app_id: AppId = None,
    tenant: Tenant = None,
    display_name: DisplayName = None,
    secret_stdin: SecretStdin = False,
    certificate: Certificates = None,
    no_certificate: Annotated[bool, typer.Option("--no-certificate", help="It signs no assertions any more.")] = False,
    number: Numbers = None,
    redirect: Redirects = None,
    enabled: Enabled = None,
    as_json: AsJson = False,
) -> None:
    """Change a bot: what is not given stays; --certificate, --number and --redirect replace all of their kind."""
    if certificate and no_certificate:
        raise CommandError("give --certificate or --no-certificate, not both", ExitCode.USAGE)
    certificates: list[str] | UnsetType = _read(certificate) if certificate else [] if no_certificate else UNSET
    patch = BotPatch(
        UNSET if callback is None else callback,
        UNSET if media is None else media,
        UNSET if app_id is None else app_id,
        UNSET if tenant is None else tenant,
        UNSET if display_name is None else display_name,
        secret_line("secret") if secret_stdin else UNSET,
        certificates,
        UNSET if number is None else _some(number),
        UNSET if redirect is None else _some(redirect),
        UNSET if enabled is None else enabled,
    )
    _print(client.send("PATCH", at(BOT, name), Bot, patch), as_json)


@bot.command("secret", "callgate bot secret greeter", "callgate bot secret greeter --only")
@connected
def secret(
    client: Client,
    name: Name,
    *,
    only: Annotated[bool, typer.Option("--only", help="The secret that it had ends at once.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a bot a new secret, and print it; the one that it had last stays good until the next is made."""
    _print(client.send("POST", at(BOT_SECRET, name), Bot, NewSecret(keep=not only)), as_json)


@bot.command("remove", "callgate bot remove greeter")
@connected
def remove(client: Client, name: Name) -> None:
    """Remove a bot that no inbound route names."""
    client.delete(at(BOT, name))
    output.say(f"bot {name} removed")


def _read(files: list[Path]) -> list[str]:
    """The texts of PEM files.

    Raises:
        CommandError: one cannot be read.
    """
    try:
        return [file.read_text(encoding="ascii") for file in files]
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"a certificate cannot be read: {error}", ExitCode.USAGE) from error


def _some(given: list[str]) -> list[str]:
    return [] if given == ["none"] else given


def _listed(patterns: list[str]) -> str:
    return ", ".join(patterns) or "none"


def _print(found: Bot, as_json: bool) -> None:
    if as_json:
        output.print_json(found)
        return
    fields = [
        ("bot", found.name),
        ("app id", found.app_id),
        ("tenant", found.tenant),
        ("display name", found.display_name or "-"),
        ("callback", found.callback),
        ("media", found.media),
        ("secrets", str(found.secrets)),
        ("certificates", str(len(found.certificates))),
        ("numbers", _listed(found.numbers)),
        ("redirects", _listed(found.redirects)),
        ("enabled", output.yes(found.enabled)),
    ]
    made = [] if found.secret is UNSET else [("secret", found.secret)]
    output.print_fields([*fields, *made])
    if made:
        output.note("The secret is shown only now: Callgate keeps its hash.")
