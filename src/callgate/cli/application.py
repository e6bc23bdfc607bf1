"""All commands in one table, and the one place where errors become exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import msgspec

from callgate.cli import output
from callgate.cli.commands import Commands
from callgate.cli.exits import CommandError, ExitCode


class Command(msgspec.Struct, frozen=True):
    """A command, or a group of them: its name, where it is ("module:function"), its panel in the help, examples."""

    name: str
    place: str
    panel: str
    examples: tuple[str, ...] = ()


COMMANDS = (
    Command(
        "serve",
        "serve:serve",
        "Running",
        ("callgate serve --settings /etc/callgate/callgate.toml", "callgate serve --demo"),
    ),
    Command("check", "check:check", "Running", ("callgate check", "callgate check --json")),
    Command("version", "version:version", "Running", ("callgate version",)),
    Command("demo", "demo.command:demo", "Trying out", ("callgate demo",)),
    Command(
        "ring",
        "ring:ring",
        "Trying out",
        (
            "callgate ring --to 2002",
            "callgate ring --to 2002 --from +442079460000 --header 'X-Customer: 4711' --cancel-after 2",
        ),
    ),
    Command(
        "destination", "serve:destination", "Trying out", ("callgate destination --listen 127.0.0.1:5070 --ring 3",)
    ),
    Command("calls", "calls:calls", "Calls", ("callgate calls --watch", "callgate calls --state held --json")),
    Command("accept", "decide:accept", "Calls", ("callgate accept", "callgate accept 30001")),
    Command(
        "refuse",
        "decide:refuse",
        "Calls",
        (
            "callgate refuse --reason busy",
            "callgate refuse 30001 --status 480 --phrase 'Closed today' --header 'Retry-After: 3600'",
        ),
    ),
    Command("redirect", "decide:redirect", "Calls", ("callgate redirect --to sip:2003@192.0.2.10:5060",)),
    Command("hangup", "decide:hangup", "Calls", ("callgate hangup 30001",)),
    Command("events", "events:events", "Calls", ("callgate events", "callgate events --kind held --json")),
    Command("log", "log:log", "Calls", ("callgate log --since 1h", "callgate log 30001")),
    Command("apply", "directory_file:apply", "Directory", ("callgate apply directory.toml --dry-run",)),
    Command("export", "directory_file:export", "Directory", ("callgate export --out directory.toml",)),
    Command("trunk", "trunks:trunk", "Directory"),
    Command("route", "routes:route", "Directory"),
    Command("account", "accounts:account", "Directory"),
    Command("application", "rcml_applications:application", "Directory"),
    Command("bot", "bots:bot", "Directory"),
    Command("phone", "phones:phone", "Directory"),
    Command("queue", "queues:queue", "Directory"),
    Command("agent", "agents:agent", "Directory"),
    Command("client", "clients:client", "Directory"),
    Command("key", "keys:key", "Directory"),
)


def application(only: str | None = None) -> Commands:
    """The command line; with ``only`` just that command, so that nothing is loaded that it does not need."""
    codes = "\n".join(f"[bold]{code:>3}[/]  {code.meaning}" for code in ExitCode)
    app = Commands(
        "Callgate holds each inbound call, asks the applications, and lets their first answer decide.",
        epilog=f"[bold]Exit codes[/]\n{codes}",
    )
    app.callback()(_group)
    for command in COMMANDS:
        if only in (None, command.name):
            module, _, name = command.place.partition(":")
            found = getattr(import_module(f"callgate.cli.{module}"), name)
            if isinstance(found, Commands):
                app.add_typer(found, name=command.name, rich_help_panel=command.panel)
            else:
                app.command(command.name, *command.examples, panel=command.panel)(found)
    return app


def _group() -> None:
    """Makes the application a group of commands even when only one is loaded."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code; a failure is one sentence on stderr, never a traceback.

    ``CALLGATE_DEBUG`` set in the environment shows the traceback of what should not have happened.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    first = given[0] if given else ""
    try:
        app = application(first if any(command.name == first for command in COMMANDS) else None)
        app(args=given, prog_name="callgate")
    except CommandError as error:
        output.error(str(error))
        sys.exit(error.code)
    except Exception as error:
        if os.environ.get("CALLGATE_DEBUG"):
            raise
        output.error(
            f"this is an error in Callgate ({type(error).__name__}: {error}): please report it, "
            "with what CALLGATE_DEBUG=1 in the environment prints"
        )
        sys.exit(ExitCode.FAILED)
