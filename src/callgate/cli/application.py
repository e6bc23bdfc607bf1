"""All commands put together, and the one place where errors become exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from callgate.cli import (
    calls,
    check,
    clients,
    decide,
    directory_file,
    events,
    keys,
    log,
    output,
    ring,
    routes,
    serve,
    trunks,
    version,
)
from callgate.cli.commands import Commands
from callgate.cli.demo import command as demo_command
from callgate.cli.exits import CommandError, ExitCode

_CODES = "\n".join(f"[bold]{code:>3}[/]  {code.meaning}" for code in ExitCode)

app = Commands(
    "Callgate holds each inbound call, asks the applications, and lets their first answer decide.",
    epilog=f"[bold]Exit codes[/]\n{_CODES}",
)

_panel = "Running"
app.command("serve", "callgate serve --settings /etc/callgate/callgate.toml", "callgate serve --demo", panel=_panel)(
    serve.serve
)
app.command("check", "callgate check", "callgate check --json", panel=_panel)(check.check)
app.command("version", "callgate version", panel=_panel)(version.version)

_panel = "Trying out"
app.command("demo", "callgate demo", panel=_panel)(demo_command.demo)
app.command(
    "ring",
    "callgate ring --to 2002",
    "callgate ring --to 2002 --from +442079460000 --header 'X-Customer: 4711' --cancel-after 2",
    panel=_panel,
)(ring.ring)
app.command("destination", "callgate destination --listen 127.0.0.1:5070", panel=_panel)(serve.destination)

_panel = "Calls"
app.command("calls", "callgate calls --watch", "callgate calls --state held --json", panel=_panel)(calls.calls)
app.command("accept", "callgate accept", panel=_panel)(decide.accept)
app.command(
    "refuse",
    "callgate refuse --reason busy",
    "callgate refuse 5e0a1 --status 480 --phrase 'Closed today' --header 'Retry-After: 3600'",
    panel=_panel,
)(decide.refuse)
app.command("redirect", "callgate redirect --to sip:2003@192.0.2.10:5060", panel=_panel)(decide.redirect)
app.command("hangup", "callgate hangup", panel=_panel)(decide.hangup)
app.command("events", "callgate events", "callgate events --kind held --json", panel=_panel)(events.events)
app.command("log", "callgate log --since 1h", "callgate log 5e0a1", panel=_panel)(log.log)

_panel = "Directory"
app.command("apply", "callgate apply directory.toml --dry-run", panel=_panel)(directory_file.apply)
app.command("export", "callgate export --out directory.toml", panel=_panel)(directory_file.export)
for name, group in (("trunk", trunks.trunk), ("route", routes.route), ("client", clients.client), ("key", keys.key)):
    app.add_typer(group, name=name, rich_help_panel=_panel)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code; a failure is one sentence on stderr, never a traceback.

    ``CALLGATE_DEBUG`` set in the environment shows the traceback of what should not have happened.
    """
    try:
        app(args=None if arguments is None else list(arguments), prog_name="callgate")
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
