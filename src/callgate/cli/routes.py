"""``callgate route …``: where calls to a number go."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from msgspec import UNSET

from callgate.cli import output
from callgate.cli.client import Client, at
from callgate.cli.commands import Commands
from callgate.cli.connection import connected
from callgate.cli.exits import CommandError, ExitCode
from callgate.cli.options import AsJson
from callgate.cli.voice import (
    FallbackMethod,
    FallbackUrl,
    NumbersName,
    OfAccount,
    OfApplication,
    OnFailure,
    StatusCallback,
    StatusCallbackMethod,
    VoiceMethod,
    VoiceUrl,
    voice_fields,
)
from callgate.dialects.native.paths import ROUTE, ROUTES
from callgate.dialects.native.wire import Page
from callgate.dialects.native.wire_directory import Route, RoutePatch
from callgate.dialects.native.wire_rcml import Binding, BindingPatch
from callgate.directory.model import BOT_LAPSE

route = Commands("Inbound routes: where calls to a number go, and how long they are held.")

Name = Annotated[str, typer.Argument(help="The inbound route's name.", show_default=False)]
To = Annotated[
    str | None,
    typer.Option(
        help="The SIP URI its calls go to, as sip:192.0.2.20:5060; without a user part the dialled number is kept.",
        show_default=False,
    ),
]
Outbound = Annotated[
    str | None,
    typer.Option(
        help="The SIP URI, without a user part, that numbers are dialled through.", show_default="that of --to"
    ),
]
Did = Annotated[
    str | None, typer.Option(help="The number dialled: 2002 exactly, 55* by prefix, * any.", show_default=False)
]
OfTrunks = Annotated[
    list[str] | None,
    typer.Option("--trunk", help="Only calls of this trunk, phones for those of phones; may be given several times."),
]
Window = Annotated[
    float | None,
    typer.Option(
        help="How long (seconds, 1 to 60) applications may decide.",
        show_default="10 for a new one, 15 with --bot, 60 with --queue or --phone",
    ),
]
Lapse = Annotated[
    str | None,
    typer.Option(
        help="What a call gets that nobody decides: accept, a reason's name, or trunk for the trunk's own "
        "(of a route with bots, queue or phone: temporarily_unavailable)."
    ),
]
OfBots = Annotated[
    list[str] | None,
    typer.Option("--bot", help="A bot that is told of its calls; may be given several times.", show_default=False),
]
OfQueue = Annotated[
    str | None,
    typer.Option("--queue", help='The queue that its calls wait in; "" for none.', show_default=False),
]
AtPhone = Annotated[
    str | None,
    typer.Option("--phone", help='The login of the phone that its calls ring; "" for none.', show_default=False),
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
        (
            r.name,
            r.did,
            ", ".join(r.trunks) or "every",
            _leads(r),
            _window(r),
            _lapses(r),
            ", ".join(r.bots) or "-",
            "-" if r.rcml is None else r.rcml.account,
        )
        for r in found
    )
    columns = ("ROUTE", "DID", "TRUNKS", "DESTINATION", "WINDOW", "LAPSE", "BOTS", "RCML")
    output.print_table(columns, rows, "no inbound routes")


@route.command("show", "callgate route show sales")
@connected
def show(client: Client, name: Name, as_json: AsJson = False) -> None:
    """Show one inbound route."""
    _print(client.get(at(ROUTE, name), Route), as_json)


@route.command(
    "add",
    "callgate route add sales --did 2002 --to sip:192.0.2.20:5060 --window 10",
    "callgate route add hotline --did 2003 --to sip:192.0.2.20 --rcml-account acme --voice-url https://example.com/voice",
    "callgate route add desk --did 2004 --bot greeter",
    "callgate route add support --did 2005 --queue support",
)
@connected
def add(
    client: Client,
    name: Name,
    *,
    to: To = None,
    did: Did = None,
    trunk: OfTrunks = None,
    window: Window = None,
    lapse: Lapse = None,
    outbound: Outbound = None,
    bot: OfBots = None,
    queue: OfQueue = None,
    phone: AtPhone = None,
    rcml_account: OfAccount = None,
    rcml_application: OfApplication = None,
    voice_url: VoiceUrl = None,
    voice_method: VoiceMethod = None,
    voice_fallback_url: FallbackUrl = None,
    voice_fallback_method: FallbackMethod = None,
    status_callback: StatusCallback = None,
    status_callback_method: StatusCallbackMethod = None,
    on_failure: OnFailure = None,
    friendly_name: NumbersName = None,
    as_json: AsJson = False,
) -> None:
    """Add an inbound route, for any number and every trunk unless said otherwise.

    --to may be left out where the calls wait in a queue (--queue), ring a phone (--phone) or bots are told of them
    (--bot), and where a document decides them (--rcml-account) and --lapse is a reason.
    """
    rcml = _given(
        account=rcml_account,
        application=rcml_application,
        voice_url=voice_url,
        voice_method=voice_method,
        voice_fallback_url=voice_fallback_url,
        voice_fallback_method=voice_fallback_method,
        status_callback=status_callback,
        status_callback_method=status_callback_method,
        on_failure=on_failure,
        friendly_name=friendly_name,
    )
    if rcml and "account" not in rcml:
        raise CommandError("say with --rcml-account whose number the route is", ExitCode.USAGE)
    new = Route(
        name,
        to or "",
        did or "*",
        trunk or [],
        window,
        _lapse(lapse),
        outbound=outbound or "",
        rcml=Binding(**rcml) if rcml else None,
        bots=bot or [],
        queue=queue or "",
        phone=phone or "",
    )
    _print(client.send("POST", ROUTES, Route, new), as_json)


@route.command("set", "callgate route set sales --window 20 --lapse busy")
@connected
def set_(
    client: Client,
    name: Name,
    *,
    to: To = None,
    did: Did = None,
    trunk: OfTrunks = None,
    every_trunk: Annotated[bool, typer.Option("--every-trunk", help="Calls of every trunk again.")] = False,
    window: Window = None,
    lapse: Lapse = None,
    outbound: Outbound = None,
    bot: OfBots = None,
    queue: OfQueue = None,
    phone: AtPhone = None,
    rcml_account: OfAccount = None,
    rcml_application: OfApplication = None,
    voice_url: VoiceUrl = None,
    voice_method: VoiceMethod = None,
    voice_fallback_url: FallbackUrl = None,
    voice_fallback_method: FallbackMethod = None,
    status_callback: StatusCallback = None,
    status_callback_method: StatusCallbackMethod = None,
    on_failure: OnFailure = None,
    friendly_name: NumbersName = None,
    no_bots: Annotated[bool, typer.Option("--no-bots", help="No bot is told of its calls any more.")] = False,
    no_rcml: Annotated[bool, typer.Option("--no-rcml", help="No document decides its calls any more.")] = False,
    as_json: AsJson = False,
) -> None:
    """Change an inbound route: what is not given stays; --trunk replaces all of its trunks, --bot all of its bots.

    --queue takes the place of a phone, and --phone that of a queue.
    """
    rcml = _given(
        account=rcml_account,
        application=rcml_application,
        voice_url=voice_url,
        voice_method=voice_method,
        voice_fallback_url=voice_fallback_url,
        voice_fallback_method=voice_fallback_method,
        status_callback=status_callback,
        status_callback_method=status_callback_method,
        on_failure=on_failure,
        friendly_name=friendly_name,
    )
    if bot and no_bots:
        raise CommandError("give --bot or --no-bots, not both", ExitCode.USAGE)
    if rcml and no_rcml:
        raise CommandError(
            "--no-rcml takes away what the other options of RCML set: give one or the other", ExitCode.USAGE
        )
    patch = RoutePatch(
        UNSET if to is None else to,
        UNSET if did is None else did,
        [] if every_trunk else UNSET if trunk is None else trunk,
        UNSET if window is None else window,
        UNSET if lapse is None else _lapse(lapse),
        UNSET if outbound is None else outbound,
        None if no_rcml else BindingPatch(**rcml) if rcml else UNSET,
        [] if no_bots else UNSET if bot is None else bot,
        queue=queue if queue is not None else "" if phone else UNSET,
        phone=phone if phone is not None else "" if queue else UNSET,
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


def _leads(found: Route) -> str:
    """Where its calls go."""
    if found.queue:
        return f"queue {found.queue}"
    return f"phone {found.phone}" if found.phone else found.destination or "-"


def _window(found: Route) -> str:
    return f"{found.window or 0:g} s"


def _lapses(found: Route) -> str:
    """What a call gets that nobody decides."""
    return found.lapse or (BOT_LAPSE if found.bots or found.queue or found.phone else "the trunk's")


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _print(found: Route, as_json: bool) -> None:
    if as_json:
        output.print_json(found)
        return
    fields = [
        ("route", found.name),
        ("did", found.did),
        ("trunks", ", ".join(found.trunks) or "every"),
        ("destination", found.destination or "-"),
        ("window", _window(found)),
        ("lapse", _lapses(found)),
        ("number", str(found.number)),
    ]
    if found.queue:
        fields.append(("queue", found.queue))
    if found.phone:
        fields.append(("phone", found.phone))
    if found.bots:
        fields.append(("bots", ", ".join(found.bots)))
    if found.outbound:
        fields.append(("outbound", found.outbound))
    if found.rcml is not None:
        failure = "the SIP status of the failure" if found.rcml.on_failure == "refuse" else "the route's lapse"
        fields += [
            ("rcml account", found.rcml.account),
            ("sid", found.rcml.sid),
            *([("application", found.rcml.application)] if found.rcml.application else []),
            *([("friendly name", found.rcml.friendly_name)] if found.rcml.friendly_name else []),
            *voice_fields(found.rcml),
            ("no document", failure),
        ]
    output.print_fields(fields)
