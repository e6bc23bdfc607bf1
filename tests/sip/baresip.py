"""A real telephone for tests: baresip without a display or a sound card, driven over its control port."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from callgate.edge.frames import FrameReader
from callgate.ports import free_port

_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_CONFIGURATION = """\
sip_listen 127.0.0.1:{sip}
audio_player aubridge,nil
audio_source aubridge,nil
audio_alert aubridge,nil
module_path {modules}
module g711.so
module aubridge.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
"""


class Baresip:
    """One telephone; it answers by itself."""

    def __init__(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.port = port
        self._reader = reader
        self._writer = writer
        self._frames = FrameReader()
        self._unread: list[dict[str, Any]] = []

    async def command(self, word: str, parameters: str = "") -> None:
        text = json.dumps({"command": word, "params": parameters})
        self._writer.write(f"{len(text)}:{text},".encode())
        await self._writer.drain()

    async def event(self, kind: str, seconds: float = 10) -> dict[str, Any]:
        """The next event of that kind."""
        async with asyncio.timeout(seconds):
            while True:
                while self._unread:
                    event = self._unread.pop(0)
                    if event.get("type") == kind:
                        return event
                self._unread += map(json.loads, self._frames.feed(await self._reader.read(65_536)))


@contextlib.asynccontextmanager
async def baresip(folder: Path, account: str = "") -> AsyncIterator[Baresip]:
    """A telephone without a registrar, or with the ``account`` that is given: a line of baresip's file of that name."""
    process, sip, (reader, writer) = await _started(folder, account)
    try:
        yield Baresip(sip, reader, writer)
    finally:
        writer.close()
        await _stopped(process)


async def _started(folder: Path, account: str) -> tuple[asyncio.subprocess.Process, int, _Connection]:
    """Its process, its SIP port and its control connection."""
    for _ in range(5):
        sip, control = free_port(), free_port(protocol="tcp")
        _prepare(folder, sip, control, account or f"<sip:telephone@127.0.0.1:{sip}>;regint=0;answermode=auto")
        with (folder / "log").open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *("baresip", "-4", "-f", str(folder)), stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output
            )
        connection = None
        try:
            connection = await _connected(process, control)
        finally:
            if connection is None:
                await _stopped(process)
        if connection is not None:
            return process, sip, connection
    raise AssertionError((folder / "log").read_text())


async def _connected(process: asyncio.subprocess.Process, control: int) -> _Connection | None:
    """``None``: it does not listen, or has ended; one of its ports was taken, that of SIP by TCP, or the next."""
    for _ in range(200):
        with contextlib.suppress(OSError):
            return await asyncio.open_connection("127.0.0.1", control)
        if process.returncode is not None:
            return None
        await asyncio.sleep(0.05)
    return None


async def _stopped(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 10)
    except TimeoutError:
        process.kill()
        await process.wait()


def _prepare(folder: Path, sip: int, control: int, account: str) -> None:
    folder.mkdir(exist_ok=True)
    places = (Path("/usr/lib/baresip/modules"), Path("/usr/local/lib/baresip/modules"))
    modules = next(place for place in places if place.exists())
    (folder / "config").write_text(_CONFIGURATION.format(sip=sip, control=control, modules=modules))
    (folder / "accounts").write_text(f"{account}\n")
    (folder / "contacts").touch()
