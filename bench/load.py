"""The load: a caller and a destination in one process, which is cheaper than two on a machine of few cores."""

from __future__ import annotations

import select
from multiprocessing.connection import Connection

from bench.caller import Caller, Reader
from bench.destination import Destination


def run(ip: str, pipe: Connection) -> None:
    """The process: tells its destination's port, is told the edge's address, carries out plans till the pipe closes."""
    destination = Destination(ip)
    pipe.send(destination.socket.getsockname()[1])
    caller = Caller(pipe.recv(), ip)
    readers: dict[int, Reader] = {
        caller.socket.fileno(): caller.read,
        destination.socket.fileno(): destination.read,
    }
    while True:
        for readable in select.select([*readers, pipe.fileno()], (), ())[0]:
            if readable != pipe.fileno():
                readers[readable]()
                continue
            try:
                plan = pipe.recv()
            except EOFError:
                return
            pipe.send(caller.place(plan, readers))
