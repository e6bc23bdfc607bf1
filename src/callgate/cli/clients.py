"""``callgate client …``: applications that speak a vendor's API."""

from __future__ import annotations

from typing import Annotated

import typer
from msgspec import UNSET, UnsetType

from callgate.cli import output
from callgate.cli.client import Client, at
from callgate.cli.commands import Commands
from callgate.cli.connection import connected
from callgate.cli.options import AsJson
from callgate.dialects.native.paths import CLIENT, CLIENT_ROTATE, CLIENTS
from callgate.dialects.native.wire import Page
from callgate.dialects.native.wire_directory import Client as Application
from callgate.dialects.native.wire_directory import ClientPatch, ClientRequest, WebhookRequest

client = Commands("Clients: applications that speak a vendor's API, and what they may see and decide.")

Name = Annotated[str, typer.Argument(help="The client's name.", show_default=False)]
See = Annotated[
    list[str] | None,
    typer.Option("--see", help="A trunk whose calls it may see, * for every one; may be given several times."),
]
Decide = Annotated[
    list[str] | None,
    typer.Option(
        "--decide",
        help="A trunk whose calls it may decide, * for every one, none for no one; may be given several times.",
    ),
]
Webhooks = Annotated[
    list[str] | None,
    typer.Option(
        "--webhook", help="A URL that its events are posted to, or GET URL to have them sent with GET; up to five."
    ),
]
WebhookTimeout = Annotated[
    float | None, typer.Option(help="How long (seconds) a webhook may take to reply.", show_default=False)
]
WebhookRetries = Annotated[int | None, typer.Option(help="How often a failed push is sent again.", show_default=False)]


@client.command("list", "callgate client list --json")
@connected
def list_(server: Client, as_json: AsJson = False) -> None:
    """List the clients, without their secrets."""
    found = list(server.pages(CLIENTS, Page[Application]))
    if as_json:
        output.print_json(found)
        return
    rows = (
        (c.name, c.dialect, c.client_id, ", ".join(c.see) or "-", ", ".join(c.decide) or "-", str(len(c.webhooks)))
        for c in found
    )
    output.print_table(("CLIENT", "DIALECT", "CLIENT ID", "SEES", "DECIDES", "WEBHOOKS"), rows, "no clients")


@client.command("show", "callgate client show crm")
@connected
def show(server: Client, name: Name, as_json: AsJson = False) -> None:
    """Show one client, without its secret."""
    _print(server.get(at(CLIENT, name), Application), as_json)


@client.command("add", "callgate client add crm --decide carrier --webhook https://crm.example.com/events")
@connected
def add(
    server: Client,
    name: Name,
    *,
    client_id: Annotated[str | None, typer.Option(help="What it logs in with.", show_default="random")] = None,
    see: See = None,
    decide: Decide = None,
    webhook: Webhooks = None,
    webhook_timeout: WebhookTimeout = None,
    webhook_retries: WebhookRetries = None,
    as_json: AsJson = False,
) -> None:
    """Add a client, and print its secret: this once only. It sees and decides every trunk unless said otherwise."""
    new = ClientRequest(
        name,
        client_id,
        see=_names(see) if see is not None else ["*"],
        decide=_names(decide) if decide is not None else ["*"],
        webhooks=_webhooks(webhook or []),
        webhook_timeout=5.0 if webhook_timeout is None else webhook_timeout,
        webhook_retries=3 if webhook_retries is None else webhook_retries,
    )
    _print(server.send("POST", CLIENTS, Application, new), as_json)


@client.command("set", "callgate client set crm --decide carrier --rotate-secret")
@connected
def set_(
    server: Client,
    name: Name,
    *,
    client_id: Annotated[str | None, typer.Option(help="What it logs in with.", show_default=False)] = None,
    see: See = None,
    decide: Decide = None,
    webhook: Webhooks = None,
    no_webhooks: Annotated[bool, typer.Option("--no-webhooks", help="Take all its webhooks away.")] = False,
    webhook_timeout: WebhookTimeout = None,
    webhook_retries: WebhookRetries = None,
    rotate_secret: Annotated[
        bool, typer.Option("--rotate-secret", help="Make its secret anew and print it; the old one ends at once.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Change a client: what is not given stays; --see, --decide and --webhook replace their whole list."""
    hooks: list[WebhookRequest] | UnsetType = UNSET if webhook is None else _webhooks(webhook)
    patch = ClientPatch(
        client_id=UNSET if client_id is None else client_id,
        see=UNSET if see is None else _names(see),
        decide=UNSET if decide is None else _names(decide),
        webhooks=[] if no_webhooks else hooks,
        webhook_timeout=UNSET if webhook_timeout is None else webhook_timeout,
        webhook_retries=UNSET if webhook_retries is None else webhook_retries,
    )
    changed = server.send("PATCH", at(CLIENT, name), Application, patch)
    if rotate_secret:
        changed = server.send("POST", at(CLIENT_ROTATE, name), Application)
    _print(changed, as_json)


@client.command("remove", "callgate client remove crm")
@connected
def remove(server: Client, name: Name) -> None:
    """Remove a client: its tokens end at once."""
    server.delete(at(CLIENT, name))
    output.say(f"client {name} removed")


def _names(given: list[str]) -> list[str]:
    return [] if given == ["none"] else given


def _webhooks(given: list[str]) -> list[WebhookRequest]:
    return [
        WebhookRequest(text.removeprefix("GET ").strip(), "GET" if text.startswith("GET ") else "POST")
        for text in given
    ]


def _print(found: Application, as_json: bool) -> None:
    if as_json:
        output.print_json(found)
        return
    fields = [
        ("client", found.name),
        ("dialect", found.dialect),
        ("client id", found.client_id),
        ("sees", ", ".join(found.see) or "none"),
        ("decides", ", ".join(found.decide) or "none"),
    ]
    for hook in found.webhooks:
        events = ", ".join(map(str, hook.events)) or "all"
        secret = "" if hook.secret is UNSET else f", signed with the secret {hook.secret}"
        fields.append(("webhook", f"{hook.method} {hook.url}, events: {events}{secret}"))
    if found.webhooks:
        fields.append(("", f"{found.webhook_timeout:g} s for a reply, {found.webhook_retries} retries"))
    if found.secret is not UNSET:
        fields.append(("secret", found.secret))
    output.print_fields(fields)
    if found.secret is not UNSET:
        output.note("The secret is shown only now: Callgate keeps its hash.")
