"""``callgate application …``: where the documents of many numbers are fetched from."""

from __future__ import annotations

from typing import Annotated

import typer
from msgspec import UNSET

from callgate.cli import output
from callgate.cli.client import Client, at
from callgate.cli.commands import Commands
from callgate.cli.connection import connected
from callgate.cli.options import AsJson
from callgate.cli.voice import (
    FallbackMethod,
    FallbackUrl,
    FriendlyName,
    StatusCallback,
    StatusCallbackMethod,
    VoiceMethod,
    VoiceUrl,
    voice_fields,
)
from callgate.dialects.native.paths import APPLICATION, APPLICATIONS
from callgate.dialects.native.wire import Page
from callgate.dialects.native.wire_rcml import Application, ApplicationPatch

application = Commands("Applications of RCML: where the documents of many numbers are fetched from.")

Name = Annotated[str, typer.Argument(help="The application's name.", show_default=False)]


@application.command("list", "callgate application list --json")
@connected
def list_(client: Client, as_json: AsJson = False) -> None:
    """List the applications."""
    found = list(client.pages(APPLICATIONS, Page[Application]))
    if as_json:
        output.print_json(found)
        return
    rows = ((a.name, a.account, a.sid, a.voice_url or "-", a.friendly_name) for a in found)
    output.print_table(("APPLICATION", "ACCOUNT", "SID", "VOICE URL", "FRIENDLY NAME"), rows, "no applications")


@application.command("show", "callgate application show menu")
@connected
def show(client: Client, name: Name, as_json: AsJson = False) -> None:
    """Show one application."""
    _print(client.get(at(APPLICATION, name), Application), as_json)


@application.command("add", "callgate application add menu --account acme --voice-url https://example.com/voice")
@connected
def add(
    client: Client,
    name: Name,
    *,
    account: Annotated[str, typer.Option(help="The account that it belongs to.", show_default=False)],
    sid: Annotated[str, typer.Option(help="Its sid, from another platform.", show_default="random")] = "",
    friendly_name: FriendlyName = None,
    voice_url: VoiceUrl = None,
    voice_method: VoiceMethod = None,
    voice_fallback_url: FallbackUrl = None,
    voice_fallback_method: FallbackMethod = None,
    status_callback: StatusCallback = None,
    status_callback_method: StatusCallbackMethod = None,
    as_json: AsJson = False,
) -> None:
    """Add an application, which inbound routes can name from then on."""
    new = Application(
        name,
        account,
        sid,
        friendly_name or "",
        voice_url or "",
        voice_method or "POST",
        voice_fallback_url or "",
        voice_fallback_method or "POST",
        status_callback or "",
        status_callback_method or "POST",
    )
    _print(client.send("POST", APPLICATIONS, Application, new), as_json)


@application.command("set", "callgate application set menu --voice-fallback-url https://backup.example.com/voice")
@connected
def set_(
    client: Client,
    name: Name,
    *,
    account: Annotated[str | None, typer.Option(help="The account that it belongs to.", show_default=False)] = None,
    friendly_name: FriendlyName = None,
    voice_url: VoiceUrl = None,
    voice_method: VoiceMethod = None,
    voice_fallback_url: FallbackUrl = None,
    voice_fallback_method: FallbackMethod = None,
    status_callback: StatusCallback = None,
    status_callback_method: StatusCallbackMethod = None,
    as_json: AsJson = False,
) -> None:
    """Change an application: what is not given stays."""
    patch = ApplicationPatch(
        UNSET if account is None else account,
        UNSET if friendly_name is None else friendly_name,
        UNSET if voice_url is None else voice_url,
        UNSET if voice_method is None else voice_method,
        UNSET if voice_fallback_url is None else voice_fallback_url,
        UNSET if voice_fallback_method is None else voice_fallback_method,
        UNSET if status_callback is None else status_callback,
        UNSET if status_callback_method is None else status_callback_method,
    )
    _print(client.send("PATCH", at(APPLICATION, name), Application, patch), as_json)


@application.command("remove", "callgate application remove menu")
@connected
def remove(client: Client, name: Name) -> None:
    """Remove an application that no inbound route names."""
    client.delete(at(APPLICATION, name))
    output.say(f"application {name} removed")


def _print(found: Application, as_json: bool) -> None:
    if as_json:
        output.print_json(found)
        return
    output.print_fields(
        [
            ("application", found.name),
            ("account", found.account),
            ("sid", found.sid),
            ("friendly name", found.friendly_name or "-"),
            *voice_fields(found),
        ]
    )
