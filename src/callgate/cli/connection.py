"""Which Callgate a command talks to, and with which key."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

from callgate.cli.client import Client
from callgate.cli.exits import CommandError, ExitCode
from callgate.cli.options import SettingsFile
from callgate.ports import split
from callgate.settings import Listener, Settings
from callgate.settings_file import SettingsError, load

P = ParamSpec("P")

Url = Annotated[
    str,
    typer.Option(
        envvar="CALLGATE_URL",
        show_default="the first listener of the settings, http://127.0.0.1:8088",
        help="Where Callgate's HTTP listener is.",
        rich_help_panel="Which Callgate",
    ),
]
Key = Annotated[
    str,
    typer.Option(
        envvar="CALLGATE_KEY",
        show_default="admin.key in the state folder of the settings",
        help="An API key.",
        rich_help_panel="Which Callgate",
    ),
]


def connected(command: Callable[Concatenate[Client, P], None]) -> Callable[..., None]:
    """A command that talks to Callgate: its first parameter, the client, becomes --url, --key and --settings."""
    given = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    options: list[tuple[str, Any, object]] = [("url", Url, ""), ("key", Key, ""), ("settings", SettingsFile, None)]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
        for name, annotation, default in options
    ]

    @functools.wraps(command)
    def run(*, url: str, key: str, settings: Path | None, **arguments: Any) -> None:
        with connect(url, key, settings) as client:
            command(client, **arguments)  # type: ignore[call-arg]  # typer calls it by the signature below

    keywords = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in given]
    run.__signature__ = inspect.Signature([*keywords, *added])  # type: ignore[attr-defined]  # inspect reads it
    return run


@contextmanager
def connect(url: str = "", key: str = "", file: Path | None = None) -> Iterator[Client]:
    """A client of the Callgate at ``url``; what is not given is taken from the settings.

    Raises:
        CommandError: the settings cannot be used, or the key file cannot be read.
    """
    certificate = ""
    if not url or not key:
        settings = settings_of(file)
        if not url:
            url, certificate = own_url(settings)
        key = key or admin_key(settings)
    with Client(url, key, certificate) as client:
        yield client


def settings_of(file: Path | None, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings, with an error that a command can show.

    Raises:
        CommandError: they cannot be used.
    """
    try:
        return load(file, environ)
    except SettingsError as error:
        raise CommandError(str(error), ExitCode.USAGE) from error


def own_url(settings: Settings) -> tuple[str, str]:
    """The URL of the first listener, one without TLS before one with it, and the certificate to trust."""
    plain = [listener for listener in settings.http.listeners if not listener.certificate]
    listener: Listener = (plain or list(settings.http.listeners))[0]
    host, port = split(listener.bind)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if listener.certificate else 'http'}://{shown}:{port}", listener.certificate


def admin_key(settings: Settings) -> str:
    """The key that Callgate wrote at its first start; "" if it has not.

    Raises:
        CommandError: this user may not read it.
    """
    file = settings.state / "admin.key"
    try:
        return file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise CommandError(
            f"the admin key {file} cannot be read by this user ({error.strerror}): "
            "give a key with --key or CALLGATE_KEY, or run this as the user that runs Callgate",
            ExitCode.DENIED,
        ) from error
