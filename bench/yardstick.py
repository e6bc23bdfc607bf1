"""The yardstick: Kamailio refusing every call by itself, with nothing else in its configuration."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

from bench.machine import children_of
from callgate.edge.configuration import find_kamailio
from callgate.ports import free_port

_CONFIGURATION = """
debug=-1
log_stderror=yes
fork=yes
children=4
disable_tcp=yes
auto_aliases=no
maxbuffer=8388608
listen=udp:127.0.0.1:{port}
mpath="{modules}/"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
modparam("tm", "auto_inv_100", 1)
request_route {{
    if (is_method("ACK")) {{
        t_check_trans();
        exit;
    }}
    if (t_newtran()) {{
        t_reply("603", "Decline");
    }}
    exit;
}}
"""


@contextlib.asynccontextmanager
async def refusing_alone(folder: Path) -> AsyncIterator[tuple[tuple[str, int], list[int]]]:
    """Run it: its address, and the ids of its processes."""
    kamailio = find_kamailio("kamailio")
    port = free_port()
    file = folder / "kamailio.cfg"
    await asyncio.to_thread(file.write_text, _CONFIGURATION.format(port=port, modules=kamailio.modules))
    process = await asyncio.create_subprocess_exec(
        *(kamailio.program, "-DD", "-E", "-f", str(file), "-P", str(folder / "pid"), "-Y", str(folder)),
        *("-m", "2048", "-M", "16"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        await asyncio.sleep(1.0)
        yield ("127.0.0.1", port), [process.pid, *children_of(process.pid)]
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        await process.wait()
