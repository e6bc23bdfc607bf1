"""``callgate serve``: starts the edge and the controller, keeps both alive, stops both.

The two do not depend on each other: the edge goes on with the defaults while the controller is gone, and the
controller finds a restarted edge by itself. A controller that stops answering its heartbeat is killed, since it would
slow the edge down, and started again.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Callable

import structlog

from callgate import logs
from callgate.edge.configuration import Kamailio, LinkAddress, find_kamailio
from callgate.edge.errors import AddressRefusedError, EdgeError, PortTakenError
from callgate.edge.process import EdgeProcess, end_with_parent
from callgate.ports import free_port, owner_of, split
from callgate.settings import Settings
from callgate.start import READY, Start

log = structlog.get_logger(__name__)

#: A controller that has not beaten for so long is killed, in seconds; one that starts has longer.
HEARTBEAT_TIMEOUT = 2.0
START_TIMEOUT = 60.0
#: How long a controller may take to write its journal at the end.
STOP_TIMEOUT = 15.0
_BACK_OFF = (0.1, 0.5, 1.0, 2.0, 5.0)


class ControllerFailedError(Exception):
    """The controller ended before it was ready for the first time."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the controller could not start (exit code {code}): its own line above tells why")


def serve(settings: Settings, *, on_ready: Callable[[], None] | None = None) -> int:
    """Run gate and edge until SIGINT or SIGTERM; the exit code.

    ``on_ready`` is called once, when the first call can be decided. What is wrong at the start (a port that is taken,
    a missing package) is one sentence on stderr and code 1.
    """
    logs.configure("supervisor")
    try:
        return asyncio.run(_Supervisor(settings, on_ready).run())
    except (EdgeError, ControllerFailedError) as error:
        print(f"callgate: {error}", file=sys.stderr)
        return 1


class _Supervisor:
    def __init__(self, settings: Settings, on_ready: Callable[[], None] | None) -> None:
        self._settings = settings
        self._on_ready = on_ready
        self._stopping = asyncio.Event()
        self._address = LinkAddress(
            settings.edge.link_port or free_port(protocol="tcp"),
            settings.edge.control_port or free_port(protocol="udp"),
            secrets.token_hex(16),
        )
        self._controller: asyncio.subprocess.Process | None = None

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signal_number, self._stopping.set)
        kamailio = await asyncio.to_thread(find_kamailio, self._settings.edge.kamailio)
        _check_ports(self._settings)
        edge = EdgeProcess(self._settings, kamailio, self._address)
        edge.prepare()
        try:
            await edge.start()
            log.info("the edge is up", kamailio=_version(kamailio), listen=list(self._settings.edge.listen))
            tasks = [
                asyncio.create_task(self._keep_edge(edge), name="edge"),
                asyncio.create_task(self._keep_controller(), name="controller"),
                asyncio.create_task(self._stopping.wait(), name="stop"),
            ]
            done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
            for task in done:
                task.result()
        finally:
            await self._stop_controller()
            await edge.stop()
        return 0

    # --- the edge ----------------------------------------------------------------------------------------------

    async def _keep_edge(self, edge: EdgeProcess) -> None:
        failures = 0
        while True:
            code = await edge.ended()
            log.error("the edge died and is started again", code=code)
            await edge.clear()
            while True:
                await asyncio.sleep(_BACK_OFF[min(failures, len(_BACK_OFF) - 1)])
                try:
                    edge.prepare()
                    await edge.start()
                    break
                except EdgeError as error:
                    failures += 1
                    log.error("the edge does not start", error=str(error))
            failures = 0

    # --- the controller ----------------------------------------------------------------------------------------

    async def _keep_controller(self) -> None:
        failures = 0
        was_ready = False
        while True:
            ready, code = await self._one_controller(announce=not was_ready)
            was_ready = was_ready or ready
            if not was_ready:
                raise ControllerFailedError(code)
            failures = 0 if ready else failures + 1
            log.error("the controller ended and is started again; meanwhile the defaults apply", code=code)
            await asyncio.sleep(_BACK_OFF[min(failures, len(_BACK_OFF) - 1)])

    async def _one_controller(self, *, announce: bool) -> tuple[bool, int]:
        """One life of a controller: whether it was ever ready, and its exit code."""
        reader, writer = os.pipe()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "callgate.app"),
            stdin=subprocess.PIPE,
            pass_fds=(writer,),
            start_new_session=True,
            preexec_fn=end_with_parent,
        )
        self._controller = process
        os.close(writer)
        assert process.stdin is not None
        process.stdin.write(Start(self._settings, self._address, writer).encode())
        process.stdin.close()
        ready = False
        try:
            beats = await _pipe(reader)
            while True:
                patience = HEARTBEAT_TIMEOUT if ready else START_TIMEOUT
                try:
                    beat = await asyncio.wait_for(beats.read(64), patience)
                except TimeoutError:
                    log.error("the controller does not answer and is killed", seconds=patience)
                    process.kill()
                    break
                if not beat:
                    break
                if READY in beat and not ready:
                    ready = True
                    if announce and self._on_ready is not None:
                        self._on_ready()
        finally:
            if self._stopping.is_set():
                await self._stop_controller()
        return ready, await process.wait()

    async def _stop_controller(self) -> None:
        process = self._controller
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT)
        except TimeoutError:
            log.error("the controller does not end and is killed", seconds=STOP_TIMEOUT)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _pipe(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(descriptor, "rb"))
    return reader


def _check_ports(settings: Settings) -> None:
    """Every address must be free.

    Raises:
        PortTakenError: one is not; who has it, and the setting to change, are in the text.
        AddressRefusedError: one is not of this machine, or may not be used.
    """
    for listen in settings.edge.listen:
        protocol, _, place = listen.partition(":")
        kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
        _check_port(place, kind, "udp" if protocol == "udp" else "tcp", "edge.listen")
    for listener in settings.http.listeners:
        _check_port(listener.bind, socket.SOCK_STREAM, "tcp", "http.listeners")


def _check_port(place: str, kind: socket.SocketKind, protocol: str, setting: str) -> None:
    address, port = split(place)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise AddressRefusedError(f"{protocol}:{place}", error.strerror or str(error), setting) from None
            owner = owner_of(address, port, "udp" if protocol == "udp" else "tcp")
            raise PortTakenError(f"{protocol}:{place}", owner, setting) from None


def _version(kamailio: Kamailio) -> str:
    return ".".join(map(str, kamailio.version))
