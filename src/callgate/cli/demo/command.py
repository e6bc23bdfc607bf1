"""``callgate demo``: calls through a real edge, told as their callers see them; 0 only if all are right."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated

import msgspec
import typer

from callgate.cli import output
from callgate.cli.client import Client, UnreachableError
from callgate.cli.demo.application import Application
from callgate.cli.demo.calls import CALLS, DOCUMENTS, Stage, Told
from callgate.cli.demo.desktop import Desktop
from callgate.cli.demo.documents import Documents
from callgate.cli.demo.scene import agents, client, directory
from callgate.cli.exits import CommandError, ExitCode
from callgate.cli.options import AsJson
from callgate.cli.ring import line
from callgate.cli.sipp.caller import Step
from callgate.cli.sipp.destination import Destination
from callgate.dialects.native.paths import READY
from callgate.ports import free_port, free_sip_port

#: Seconds for the start, and for an orderly end.
_START_PATIENCE = 60.0
_STOP_PATIENCE = 30.0
#: A phone that nobody picks up rings for longer (seconds) than any queue lets it.
_NEVER = 300.0

_SETTINGS = """\
state = "{folder}/state"
run = "{folder}/run"
directory_file = "{folder}/directory.toml"

[edge]
listen = ["udp:127.0.0.1:{sip}", "tcp:127.0.0.1:{sip}"]
shared_memory = 64

[[http.listeners]]
bind = "127.0.0.1:{http}"
"""


class DemoResult(msgspec.Struct, frozen=True):
    """What ``callgate demo --json`` prints."""

    right: bool
    calls: list[Told]


def demo(
    *,
    window: Annotated[float, typer.Option(min=2, max=60, help="How long (seconds) calls are held.")] = 10.0,
    as_json: AsJson = False,
) -> None:
    """Place eight calls on a Callgate of its own, decided over three APIs, lapsed, cancelled; exit 0 if all are right.

    It uses free ports and a temporary folder, and leaves nothing behind.
    """
    told = []
    with ExitStack() as stack:
        folder = stack.enter_context(_temporary_folder())
        destination = stack.enter_context(Destination(f"127.0.0.1:{free_port()}", trace=True))
        phone = stack.enter_context(Destination(f"127.0.0.1:{free_port()}", ring=_NEVER, trace=True))
        sip, http = free_sip_port(), free_port(protocol="tcp")
        documents = stack.enter_context(Documents(DOCUMENTS))
        text = directory(destination.listen, window, documents.address, phone.listen)
        (folder / "directory.toml").write_text(text, encoding="utf-8")
        (folder / "settings.toml").write_text(_SETTINGS.format(folder=folder, sip=sip, http=http), encoding="utf-8")
        url, edge = f"http://127.0.0.1:{http}", f"127.0.0.1:{sip}"
        stack.enter_context(_serving(folder, url))
        key = (folder / "state" / "admin.key").read_text(encoding="ascii").strip()
        scene = Stage(
            edge=edge,
            window=window,
            application=stack.enter_context(Application(url, client())),
            documents=documents,
            destination=destination,
            phone=phone,
            # The first to be ready is the first to be rung.
            desktops=tuple(stack.enter_context(Desktop(url, each.name, each.password)) for each in agents()),
            callgate=stack.enter_context(Client(url, key)),
            on_step=_quiet if as_json else _show,
        )
        if not as_json:
            output.say(f"Callgate is running: edge {edge}, APIs {url}, destination {destination.listen}")
        for number, call in enumerate(CALLS, 1):
            if not as_json:
                output.say(f"\n{number}. {(call.__doc__ or '').strip()}")
            told.append(call(scene))
            if not as_json:
                _judge(told[-1])
    result = DemoResult(all(call.right for call in told), told)
    if as_json:
        output.print_json(result)
    else:
        wrong = ", ".join(call.title for call in told if not call.right)
        output.say(f"\nWRONG: {wrong}." if wrong else f"\nAll {len(told)} calls are right.")
    raise typer.Exit(ExitCode.OK if result.right else ExitCode.FAILED)


def _quiet(step: Step) -> None:
    """A demo that prints JSON tells no steps."""


def _show(step: Step) -> None:
    output.say(f"   {line(step)}")


def _judge(told: Told) -> None:
    for check in told.checks:
        output.say(f"   {'✓' if check.right else '✗ NOT SO:'} {check.text}")
    if told.reply is not None:
        output.say(f"   The API said: {told.reply.errcode} {told.reply.errmsg}")


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    folder = Path(mkdtemp(prefix="callgate-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _serving(folder: Path, url: str) -> Iterator[None]:
    """``callgate serve`` as a process of its own, ready while the block runs.

    Raises:
        CommandError: it ended instead; its last lines are in the text.
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CALLGATE_")}
    command = [sys.executable, "-m", "callgate.cli", "serve", "--settings", str(folder / "settings.toml")]
    log = folder / "serve.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, env=environ, start_new_session=True
        )
    try:
        _wait_until_ready(process, url, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(_STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    give_up = time.monotonic() + _START_PATIENCE
    with Client(url) as probe:
        while time.monotonic() < give_up:
            if process.poll() is not None:
                break
            try:
                probe.text(READY)
                return
            except UnreachableError:
                time.sleep(0.1)
    said = log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:]
    raise CommandError("the demo's Callgate did not start; its last words:\n" + "\n".join(said))
