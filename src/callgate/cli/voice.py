"""Options that say where RCML's documents are fetched from, which applications and inbound routes share."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from callgate.dialects.native.wire_rcml import Application, Binding

_PANEL = "RCML"
Method = Literal["POST", "GET"]

VoiceUrl = Annotated[
    str | None,
    typer.Option(
        help='Where the document is fetched from; "" for nowhere.', show_default=False, rich_help_panel=_PANEL
    ),
]
VoiceMethod = Annotated[Method | None, typer.Option(help="How.", show_default="POST", rich_help_panel=_PANEL)]
FallbackUrl = Annotated[
    str | None,
    typer.Option(
        "--voice-fallback-url",
        help="Where it is fetched from when the voice URL gives none.",
        show_default=False,
        rich_help_panel=_PANEL,
    ),
]
FallbackMethod = Annotated[
    Method | None,
    typer.Option("--voice-fallback-method", help="How.", show_default="POST", rich_help_panel=_PANEL),
]
StatusCallback = Annotated[
    str | None,
    typer.Option(help="Where the statuses of calls are told.", show_default=False, rich_help_panel=_PANEL),
]
StatusCallbackMethod = Annotated[Method | None, typer.Option(help="How.", show_default="POST", rich_help_panel=_PANEL)]
OfAccount = Annotated[
    str | None,
    typer.Option(
        "--rcml-account",
        help="The RCML account whose phone number it is: a document decides its calls.",
        show_default=False,
        rich_help_panel=_PANEL,
    ),
]
OfApplication = Annotated[
    str | None,
    typer.Option(
        "--rcml-application",
        help='The application of that account whose URLs go first; "" for none.',
        show_default=False,
        rich_help_panel=_PANEL,
    ),
]
OnFailure = Annotated[
    Literal["refuse", "lapse"] | None,
    typer.Option(
        help="What the caller gets when there is no document: the SIP status of the failure, or the route's lapse.",
        show_default="refuse",
        rich_help_panel=_PANEL,
    ),
]
FriendlyName = Annotated[str | None, typer.Option(help="A name for people.", show_default=False)]
NumbersName = Annotated[
    str | None,
    typer.Option("--friendly-name", help="The number's name for people.", show_default=False, rich_help_panel=_PANEL),
]


def voice_fields(found: Application | Binding) -> list[tuple[str, str]]:
    """The lines that show the URLs that are there."""
    urls = (
        ("voice url", found.voice_method, found.voice_url),
        ("fallback url", found.voice_fallback_method, found.voice_fallback_url),
        ("status callback", found.status_callback_method, found.status_callback),
    )
    return [(name, f"{method} {url}") for name, method, url in urls if url]
