"""A whole running Callgate for tests and benches, with a folder and ports of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import IO, NamedTuple

import aiohttp

from callgate.ports import free_port, free_sip_port

_STARTER = """
import sys
from pathlib import Path
from typing import IO, NamedTuple
from callgate.settings_file import load
from callgate.supervisor import serve
sys.exit(serve(load(Path(sys.argv[1])), on_ready=lambda: print("ready", flush=True)))
"""


async def eventually(holds: Callable[[], Awaitable[bool] | bool], seconds: float = 20.0) -> None:
    """Wait until something holds, looking twenty times a second.

    Raises:
        TimeoutError: it did not hold in time.
    """
    async with asyncio.timeout(seconds):
        while True:
            held = holds()
            if held if isinstance(held, bool) else await held:
                return
            await asyncio.sleep(0.05)


class Ports(NamedTuple):
    """Where the edge takes controllers, and where it takes their commands."""

    link: int
    control: int


class System:
    """One running Callgate. ``edge`` is its SIP address, ``http`` the base URL of all its APIs."""

    def __init__(self, folder: Path, process: asyncio.subprocess.Process, edge: tuple[str, int], http: str) -> None:
        self.folder = folder
        self.process = process
        self.edge = edge
        self.http = http

    @property
    def log(self) -> str:
        """Everything that supervisor, edge and controller have logged."""
        return (self.folder / "log").read_text(errors="replace")

    @property
    def admin(self) -> Mapping[str, str]:
        """The headers that authorise everything under ``/v1``."""
        key = (self.folder / "state" / "admin.key").read_text().strip()
        return {"Authorization": f"Bearer {key}"}

    def processes(self) -> dict[int, str]:
        """The process ids of supervisor, controller and Kamailio's processes, with their command lines."""
        found = {self.process.pid: "supervisor"}
        parents = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    status = (entry / "stat").read_text().rpartition(")")[2].split()
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    parents[int(entry.name)] = (int(status[1]), command)
        grown = True
        while grown:
            grown = False
            for pid, (parent, command) in parents.items():
                if parent in found and pid not in found:
                    found[pid] = command
                    grown = True
        return found

    def edge_folder(self) -> Path:
        """Where the edge has its configuration while it runs."""
        command = next(command for command in self.processes().values() if "kamailio" in command)
        return Path(command.split(" -f ")[1].split()[0]).parent

    def ports(self) -> Ports:
        """The loopback ports between edge and controller."""
        configuration = (self.edge_folder() / "kamailio.cfg").read_text()
        link = re.search(r'"bind_addr", "127\.0\.0\.1:(\d+)"', configuration)
        control = re.search(r"^listen=udp:127\.0\.0\.1:(\d+)$", configuration, re.MULTILINE)
        assert link is not None and control is not None
        return Ports(int(link[1]), int(control[1]))

    def controller_pid(self) -> int:
        """The controller that runs now."""
        return next(pid for pid, command in self.processes().items() if "callgate.app" in command)

    def edge_pids(self) -> list[int]:
        return [pid for pid, command in self.processes().items() if "kamailio" in command]

    async def ready(self, seconds: float = 30.0) -> None:
        """Wait until a call can be decided."""
        end = time.monotonic() + seconds
        async with aiohttp.ClientSession() as session:
            while time.monotonic() < end:
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"{self.http}/readyz") as reply:
                        if reply.status == 200:
                            return
                await asyncio.sleep(0.05)
        raise TimeoutError(f"not ready within {seconds} s:\n{self.log[-4000:]}")

    async def stop(self) -> int:
        """Stop it as an operator would, with SIGTERM; the exit code."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(self.process.wait(), 30)
        except TimeoutError:
            self.process.kill()
            raise


async def launch(folder: Path, output: IO[bytes]) -> asyncio.subprocess.Process:
    """Start Callgate with the settings file in that folder."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _STARTER, str(folder / "settings.toml")),
        stdout=output,
        stderr=output,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


@contextlib.asynccontextmanager
async def running(
    folder: Path,
    directory: str,
    settings: str = "",
    tables: str = "",
    listen: tuple[str, ...] = ("udp:127.0.0.1", "tcp:127.0.0.1"),
) -> AsyncIterator[System]:
    """Start Callgate with that directory (TOML), and stop it at the end.

    ``settings`` are lines for the top of the settings file, ``tables`` more tables of it or lines of ``[edge]``,
    ``listen`` the edge's transports and addresses; all have one port.
    """
    sip, http = free_sip_port(), free_port(protocol="tcp")
    (folder / "directory.toml").write_text(directory)
    (folder / "settings.toml").write_text(
        f'state = "{folder}/state"\nrun = "{folder}/run"\ndirectory_file = "{folder}/directory.toml"\n{settings}\n'
        f'[[http.listeners]]\nbind = "127.0.0.1:{http}"\n'
        f"[edge]\nlisten = {[f'{each}:{sip}' for each in listen]}\n{tables}\n"
    )
    with (folder / "log").open("wb") as output:
        process = await launch(folder, output)
    system = System(folder, process, ("127.0.0.1", sip), f"http://127.0.0.1:{http}")
    try:
        await _started(system)
        yield system
    finally:
        await system.stop()


async def _started(system: System) -> None:
    ready = asyncio.create_task(system.ready(60))
    ended = asyncio.create_task(system.process.wait())
    await asyncio.wait([ready, ended], return_when=asyncio.FIRST_COMPLETED)
    if ended.done():
        ready.cancel()
        raise RuntimeError(f"Callgate ended with code {ended.result()}:\n{system.log[-4000:]}")
    ended.cancel()
    await ready
