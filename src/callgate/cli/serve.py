"""``callgate serve`` and ``callgate destination``: what runs until Ctrl-C."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Annotated

import msgspec
import typer

from callgate import supervisor
from callgate.cli import output
from callgate.cli.connection import settings_of
from callgate.cli.demo.scene import DESTINATION, with_demo_directory
from callgate.cli.demo.story import story
from callgate.cli.exits import CommandError, ExitCode
from callgate.cli.options import SettingsFile
from callgate.cli.sipp.destination import Destination
from callgate.settings_file import shown


def serve(
    *,
    settings: SettingsFile = None,
    directory: Annotated[
        Path | None,
        typer.Option(help="A directory file to apply at the start, as the setting directory_file.", show_default=False),
    ] = None,
    demo: Annotated[
        bool,
        typer.Option(
            "--demo", help="Also start a destination that answers, and print the next three commands to type."
        ),
    ] = False,
    destination: Annotated[str, typer.Option(help="Where the demo's destination listens.")] = DESTINATION,
    print_settings: Annotated[
        bool,
        typer.Option("--print-settings", help="Print the settings in effect as a settings file, and start nothing."),
    ] = False,
) -> None:
    """Start the edge and the gate, and keep them alive until Ctrl-C or SIGTERM."""
    chosen = settings_of(settings)
    if directory is not None:
        chosen = msgspec.structs.replace(chosen, directory_file=directory)
    if print_settings:
        output.say(shown(chosen).rstrip())
        return
    if demo and chosen.directory_file is None:
        chosen = with_demo_directory(chosen, destination)
    if chosen.directory_file is not None:
        _readable(chosen.directory_file)
    with ExitStack() as stack:
        if demo:
            stack.enter_context(Destination(destination))
            code = supervisor.serve(chosen, on_ready=lambda: output.say(story(chosen, destination, settings)))
        else:
            code = supervisor.serve(chosen)
    raise typer.Exit(code)


def destination(
    *,
    listen: Annotated[str, typer.Option(help="The UDP address to answer at.")] = DESTINATION,
    ring: Annotated[float, typer.Option(min=0, help="How long (seconds) it rings before it answers.")] = 0.5,
) -> None:
    """Answer calls as a telephone would (with SIPp), until Ctrl-C: a destination to try routes with."""
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    with Destination(listen, ring=ring) as telephone:
        output.say(f"answering calls at {listen}; Ctrl-C ends")
        while not ended.wait(0.5):
            if not telephone.running:
                raise CommandError(f"the destination at {listen} has ended by itself: its SIPp may have been stopped")


def _readable(file: Path) -> None:
    try:
        file.open("rb").close()
    except OSError as error:
        raise CommandError(f"cannot read the directory file {file}: {error.strerror}", ExitCode.USAGE) from error
