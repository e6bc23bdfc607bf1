"""The controller process: everything put together, and its life from start to stop.

The supervisor starts it as ``python -m callgate.app`` with a :class:`Start` as JSON on its standard input.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import structlog
import uvicorn
import uvloop
from litestar import Litestar

from callgate import logs
from callgate.controller import Controller
from callgate.database import engine as database
from callgate.database.migrate import upgrade
from callgate.dialects.native.plugin import Native
from callgate.dialects.port import Dialect, Surroundings
from callgate.dialects.yeastar.plugin import Yeastar
from callgate.directory.model import ApiKey
from callgate.directory.secrets import digest, new_key
from callgate.directory.service import DirectoryService
from callgate.edge.configuration import LinkAddress
from callgate.journal.reader import JournalReader
from callgate.journal.writer import JournalWriter
from callgate.settings import Listener, Settings
from callgate.start import BEAT, HEARTBEAT, READY, Start

log = structlog.get_logger(__name__)

#: Every API that applications can speak. A new dialect is a new folder and one line here.
DIALECTS: tuple[type[Native] | type[Yeastar], ...] = (Native, Yeastar)

_HTTP_STOP = 3


class _Server(uvicorn.Server):
    """uvicorn without signal handlers: the controller has its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class ListenerTakenError(Exception):
    """An HTTP address cannot be listened on."""

    def __init__(self, bind: str, error: OSError) -> None:
        super().__init__(f"cannot listen on {bind}: {error.strerror}; choose another in the setting http.listeners")


async def run(start: Start) -> None:
    """Run until SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    beats = asyncio.create_task(_beat(start.pipe), name="heartbeat")
    try:
        async with running(start.settings, start.address) as controller:
            ready = asyncio.create_task(_ready(controller, start), name="ready")
            await stop.wait()
            ready.cancel()
    finally:
        beats.cancel()


async def _ready(controller: Controller, start: Start) -> None:
    await controller.linked.wait()
    os.write(start.pipe, READY)
    log.info("ready", listeners=[listener.bind for listener in start.settings.http.listeners])


@contextlib.asynccontextmanager
async def running(settings: Settings, address: LinkAddress) -> AsyncIterator[Controller]:
    """A whole controller, from the database to the listeners, for as long as the block runs."""
    async with contextlib.AsyncExitStack() as stack:
        settings.state.mkdir(parents=True, exist_ok=True)
        engine = database.create(settings)
        stack.push_async_callback(engine.dispose)
        await upgrade(engine)
        directory = DirectoryService(engine, settings.directory)
        await directory.start()
        stack.push_async_callback(directory.stop)
        admin = ApiKey("admin", digest(_admin_key(settings.state / "admin.key")), "admin")
        if directory.current.keys.get(admin.name) != admin:
            await directory.put(admin)
        if settings.directory_file is not None:
            text = await asyncio.to_thread(settings.directory_file.read_bytes)
            await directory.apply_file(text, str(settings.directory_file))
        writer = JournalWriter(engine, settings.journal)
        controller = Controller(settings, directory, writer)
        controller.listen(writer.listener)
        await writer.start()
        stack.push_async_callback(writer.stop)
        surroundings = Surroundings(controller, directory, JournalReader(engine), settings)
        dialects: list[Dialect] = [dialect(surroundings) for dialect in DIALECTS]
        for dialect in dialects:
            await dialect.start()
            stack.push_async_callback(dialect.stop)
        await controller.start(address)
        stack.push_async_callback(controller.stop)
        app = Litestar(
            [handler for dialect in dialects for handler in dialect.route_handlers],
            openapi_config=None,
            logging_config=None,
            request_max_body_size=settings.http.body_limit,
        )
        for listener in settings.http.listeners:
            stack.push_async_callback(await _listen(app, listener))
        yield controller


async def _listen(app: Litestar, listener: Listener) -> Callable[[], Awaitable[None]]:
    """Serve on one address; what is returned stops it.

    Raises:
        ListenerTakenError: the address is in use, or not this machine's.
    """
    host, _, port = listener.bind.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host.strip("[]"), int(port)))
        listening.listen(2048)
    except OSError as error:
        listening.close()
        raise ListenerTakenError(listener.bind, error) from None
    server = _Server(
        uvicorn.Config(
            app,
            http="httptools",
            ws="websockets-sansio",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            ssl_certfile=listener.certificate or None,
            ssl_keyfile=listener.private_key or None,
            timeout_graceful_shutdown=_HTTP_STOP,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listening]), name=f"http {listener.bind}")
    while not server.started:
        if serving.done():
            serving.result()
        await asyncio.sleep(0.01)

    async def stop() -> None:
        server.should_exit = True
        await serving

    return stop


def _admin_key(file: Path) -> str:
    """The key that the command line on this machine uses: made once, readable by its owner alone."""
    if file.exists():
        return file.read_text().strip()
    key = new_key()
    file.touch(mode=0o600)
    file.write_text(f"{key}\n")
    return key


async def _beat(pipe: int) -> None:
    while True:
        with contextlib.suppress(BlockingIOError):  # the supervisor is slow to read: it will have enough beats
            os.write(pipe, BEAT)
        await asyncio.sleep(HEARTBEAT)


def main() -> int:
    """The process: 0 after SIGTERM, 1 with one sentence on stderr when it cannot start."""
    start = Start.decode(sys.stdin.buffer.read())
    os.set_blocking(start.pipe, False)
    logs.configure("controller")
    try:
        uvloop.run(run(start))
    except Exception as error:
        log.exception("the controller ends", error=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
