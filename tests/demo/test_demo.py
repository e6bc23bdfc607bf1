"""The demos: what a newcomer is shown has to be true, and nothing stays behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from callgate.cli.exits import ExitCode
from callgate.ports import free_port, owner_of

pytestmark = pytest.mark.sip

CALLGATE = (sys.executable, "-m", "callgate.cli")
PATIENCE = 100.0


def test_the_calls_of_the_demo_are_right_and_nothing_stays_behind(tmp_path: Path) -> None:
    command = [*CALLGATE, "demo", "--window", "4"]
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False, env=environ)
    assert ended.returncode == ExitCode.OK, ended.stdout + ended.stderr
    assert ended.stdout.endswith("\nAll 8 calls are right.\n")
    assert ended.stdout.count("← 200 OK\n") == 4
    for told in ("← 603 Decline", "Reason: Q.850;cause=21", "← 487 ", "→ CANCEL", "← 486", "The API said: 0 SUCCESS"):
        assert told in ended.stdout
    places = re.search(r"edge 127.0.0.1:(\d+), APIs http://127.0.0.1:(\d+), destination 127.0.0.1:(\d+)", ended.stdout)
    assert places is not None
    assert owner_of("127.0.0.1", int(places[1]), "udp") is None
    assert owner_of("127.0.0.1", int(places[2]), "tcp") is None
    assert owner_of("127.0.0.1", int(places[3]), "udp") is None
    assert list(tmp_path.iterdir()) == []


def test_a_demo_that_cannot_start_says_why(tmp_path: Path) -> None:
    program = tmp_path / "sipp"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    ended = subprocess.run(
        [*CALLGATE, "demo"], capture_output=True, text=True, timeout=PATIENCE, check=False, env=environ
    )
    assert ended.returncode == ExitCode.FAILED
    assert ended.stderr.startswith("callgate: the destination could not listen on 127.0.0.1:")


class Shown:
    """``callgate serve --demo`` in a folder of its own, and what it printed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sip, self.http, self.destination = free_port(), free_port(protocol="tcp"), free_port()
        self.environ = {
            **os.environ,
            "CALLGATE_EDGE__LISTEN": f"udp:127.0.0.1:{self.sip}",
            "CALLGATE_EDGE__SHARED_MEMORY": "64",
            "CALLGATE_HTTP__LISTENERS": f'[{{bind = "127.0.0.1:{self.http}"}}]',
        }
        self._output = folder / "out"
        with self._output.open("wb") as stream:
            self.process = subprocess.Popen(
                [*CALLGATE, "serve", "--demo", "--destination", f"127.0.0.1:{self.destination}"],
                cwd=folder,
                env=self.environ,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    def wait_until_told(self) -> None:
        give_up = time.monotonic() + PATIENCE
        while "3. See the log:" not in self.output:
            assert self.process.poll() is None, self.output
            assert time.monotonic() < give_up, self.output
            time.sleep(0.1)

    def commands(self, title: str) -> str:
        """The indented lines below a title, as they are pasted into a terminal."""
        below = self.output.split(title, 1)[1].split("\n\n")[1]
        return "\n".join(line[5:] for line in below.splitlines())

    def type(self, text: str) -> str:
        """What the shell answers."""
        typed = subprocess.run(
            ["/bin/sh", "-c", text],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert typed.stderr == ""
        return typed.stdout


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Shown]:
    running = Shown(tmp_path)
    try:
        running.wait_until_told()
        yield running
    finally:
        running.process.send_signal(signal.SIGINT)
        running.process.wait(60)


def test_the_three_commands_that_are_printed_can_be_typed_as_they_are(shown: Shown) -> None:
    with ThreadPoolExecutor(1) as another_terminal:
        # The shell ends with the code of `ring`, which tells that the call was refused.
        ring = another_terminal.submit(shown.type, f"{shown.commands('1. Ring.').removesuffix(' &')} || true")
        give_up = time.monotonic() + 9  # the window is 10 s
        while json.loads(shown.type(shown.commands("2. Within")))["errmsg"] != "SUCCESS":
            assert time.monotonic() < give_up
        assert "← 603 Decline" in ring.result()
    give_up = time.monotonic() + 30
    while "yeastar/demo refuse" not in (log := shown.type(shown.commands("3. See the log"))):
        assert time.monotonic() < give_up, log


def test_ctrl_c_stops_everything(shown: Shown) -> None:
    shown.process.send_signal(signal.SIGINT)
    assert shown.process.wait(60) == ExitCode.OK
    assert owner_of("127.0.0.1", shown.sip, "udp") is None
    assert owner_of("127.0.0.1", shown.http, "tcp") is None
    assert owner_of("127.0.0.1", shown.destination, "udp") is None


def test_a_destination_dies_with_the_one_that_started_it(shown: Shown) -> None:
    shown.process.kill()
    shown.process.wait(10)
    give_up = time.monotonic() + 30
    while owner_of("127.0.0.1", shown.destination, "udp") is not None:
        assert time.monotonic() < give_up
        time.sleep(0.05)
