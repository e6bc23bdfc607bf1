"""What the bench ran on, and what processes have used of it (Linux: read from ``/proc``)."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import msgspec

from callgate import __version__
from callgate.edge.configuration import find_kamailio

_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
_LIBRARIES = ("uvicorn", "httptools", "uvloop", "websockets", "msgspec")


class Machine(msgspec.Struct, frozen=True):
    """Where a run took place. ``load`` is the load average before it: of two cores, 0.2 is quiet."""

    cores: int
    processor: str
    memory_mb: int
    kernel: str
    load: float
    versions: dict[str, str]


def this_machine() -> Machine:
    """The machine that the bench runs on."""
    processor = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        processor=processor[1] if processor else platform.processor(),
        memory_mb=int(memory[1]) // 1024 if memory else 0,
        kernel=platform.release(),
        load=os.getloadavg()[0],
        versions={
            "callgate": __version__,
            "python": platform.python_version(),
            "kamailio": ".".join(map(str, find_kamailio("kamailio").version)),
            **{name: version(name) for name in _LIBRARIES},
        },
    )


def cpu_ms(pids: Iterable[int]) -> float:
    """The milliseconds of CPU that these processes have used, user and system, all threads."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total * _TICK_MS


def resident_mb(pid: int) -> float:
    """The memory that a process has resident."""
    found = re.search(r"^VmRSS:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def children_of(pid: int) -> list[int]:
    """The ids of a process's children."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
