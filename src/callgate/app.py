"""The controller process: everything put together, and its life from start to stop.

The supervisor starts it as ``python -m callgate.app`` with a :class:`Start` as JSON on its standard input.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import structlog
import uvloop

from callgate import logs
from callgate.controller import Controller
from callgate.database import engine as database
from callgate.database.errors import DatabaseError
from callgate.database.migrate import upgrade
from callgate.dialects.genesys.plugin import Genesys
from callgate.dialects.graph.keys import KeyFileError
from callgate.dialects.graph.plugin import Graph
from callgate.dialects.native.plugin import Native
from callgate.dialects.port import Dialect, Surroundings
from callgate.dialects.rcml.plugin import Rcml
from callgate.dialects.yeastar.plugin import Yeastar
from callgate.directory.errors import DirectoryError
from callgate.directory.model import LOCAL_KEY, ApiKey
from callgate.directory.secrets import digest, new_key
from callgate.directory.service import DirectoryService
from callgate.edge.configuration import LinkAddress
from callgate.journal.reader import JournalReader
from callgate.journal.writer import JournalWriter
from callgate.listeners import Front, ListenerTakenError, listen
from callgate.measures import Measures
from callgate.queues.measures import centre_measures
from callgate.queues.service import ContactCentreService
from callgate.queues.store import SqlStore
from callgate.settings import Settings
from callgate.start import BEAT, HEARTBEAT, READY, Start

log = structlog.get_logger(__name__)

#: Every API that applications can speak. A new dialect is a new folder and one line here.
DIALECTS: tuple[Callable[[Surroundings], Dialect], ...] = (Native, Yeastar, Rcml, Graph, Genesys)

#: What an operator can mend: the text says how, and where it happened in Callgate helps nobody.
_TOLD = (DatabaseError, DirectoryError, KeyFileError, ListenerTakenError, OSError)


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
    gc.collect()
    gc.freeze()  # what is here now stays: the collector need not walk over it while calls wait
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
        admin = ApiKey(LOCAL_KEY, digest(_admin_key(settings.state / "admin.key")), "admin")
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
        store = SqlStore(engine, settings, clock=controller.now)
        centre = ContactCentreService(controller, directory, settings.queues, store)
        await centre.start()
        stack.push_async_callback(centre.stop)
        measures = Measures()
        measures.add(functools.partial(centre_measures, centre))
        measures.add(store.measures)
        surroundings = Surroundings(controller, directory, JournalReader(engine), settings, engine, centre, measures)
        dialects: list[Dialect] = [dialect(surroundings) for dialect in DIALECTS]
        for dialect in dialects:
            await dialect.start()
        await controller.start(address)
        stack.push_async_callback(controller.stop)
        front = Front({prefix: application for dialect in dialects for prefix, application in dialect.mounts.items()})
        for listener in settings.http.listeners:
            stack.push_async_callback(await listen(front, listener))
        for dialect in dialects:  # they end their event streams first, which the listeners would wait for
            stack.push_async_callback(dialect.stop)
        yield controller


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
    except _TOLD as error:
        print(f"callgate: {error}", file=sys.stderr)
        return 1
    except Exception:
        log.exception("the controller ends with an error of its own, please report it")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
