"""Kamailio as a child process: its folder, its start and its end."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import structlog

from callgate.edge.configuration import Kamailio, LinkAddress, render
from callgate.edge.errors import ConfigurationRefusedError, EdgeDiedError, EdgeError
from callgate.edge.output import LINE_LIMIT, follow
from callgate.settings import Settings

log = structlog.get_logger(__name__)

_START_TIMEOUT = 15.0
_STOP_TIMEOUT = 5.0
_PR_SET_PDEATHSIG = 1
#: From this level on (edge.debug) everything that Kamailio says is logged.
_DEBUG = 3


class UserMissingError(EdgeError):
    """Root starts Callgate, and the user that the edge is to run as is not there."""

    def __init__(self, user: str) -> None:
        super().__init__(
            f"the edge does not run as root, and there is no user {user!r}: "
            f"create it (useradd --system --shell /usr/sbin/nologin {user}), or name another in the setting user"
        )


class EdgeProcess:
    """One Kamailio, with a folder of its own for its configuration and pid file.

    Started by root it runs as the user of the settings ("callgate" by default), else as who started it.
    """

    def __init__(self, settings: Settings, kamailio: Kamailio, address: LinkAddress) -> None:
        self._settings = settings
        self._kamailio = kamailio
        self._address = address
        self._output: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._account: pwd.struct_passwd | None = None
        if os.geteuid() == 0:
            user = settings.user or "callgate"
            try:
                self._account = pwd.getpwnam(user)
            except KeyError:
                raise UserMissingError(user) from None
        # A folder under root's home would be closed to the edge's user.
        base = Path("/run/callgate") if self._account else settings.run.absolute() / "edge"
        self._folder = base / f"edge-{address.link_port}"

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def prepare(self) -> None:
        """Write the configuration and have Kamailio check it.

        Raises:
            ConfigurationRefusedError: Kamailio's own words are in the text.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        file = self._folder / "kamailio.cfg"
        file.touch(mode=0o600)
        file.write_text(render(self._settings.edge, self._kamailio, self._address))
        if self._account is not None:
            os.chown(self._folder, self._account.pw_uid, self._account.pw_gid)
            os.chown(file, self._account.pw_uid, self._account.pw_gid)
        private = str(self._settings.edge.private_memory)
        check = subprocess.run(
            [self._kamailio.program, "-c", "-f", str(file), "-Y", str(self._folder), "-M", private],
            capture_output=True,
            text=True,
            timeout=_START_TIMEOUT,
            check=False,
        )
        if check.returncode != 0:
            lines = [line for line in check.stderr.splitlines() if "ERROR" in line or "CRITICAL" in line]
            raise ConfigurationRefusedError(str(file), " ".join(lines[:3]) or check.stderr[-300:])

    async def start(self) -> None:
        """Start Kamailio, and return when it accepts controllers.

        Raises:
            EdgeDiedError: it ended instead.
        """
        pid_file = self._folder / "kamailio.pid"
        pid_file.unlink(missing_ok=True)  # one left behind by a kill would stop the start
        edge = self._settings.edge
        # Not subprocess.PIPE: with that, a process counts as running for as long as any child of it holds the pipe.
        said, output = os.pipe()
        try:
            self._process = await asyncio.create_subprocess_exec(
                self._kamailio.program,
                *("-DD", "-E", "-f", str(self._folder / "kamailio.cfg"), "-P", str(pid_file), "-Y", str(self._folder)),
                # Memory by f_malloc: the default checks itself at every step, which took a fifth of the edge's time.
                *("-x", "fm", "-X", "fm", "-m", str(edge.shared_memory), "-M", str(edge.private_memory)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=output,
                start_new_session=True,
                preexec_fn=end_with_parent,
                user=self._account.pw_uid if self._account else None,
                group=self._account.pw_gid if self._account else None,
                extra_groups=[] if self._account else None,
            )
        finally:
            os.close(output)
        limit = LINE_LIMIT if edge.debug < _DEBUG else sys.maxsize
        self._output = asyncio.create_task(follow(said, limit), name="edge output")
        loop = asyncio.get_running_loop()
        give_up = loop.time() + _START_TIMEOUT
        while loop.time() < give_up:
            if self._process.returncode is not None:
                await asyncio.wait([self._output], timeout=1)
                raise EdgeDiedError(self._process.returncode, "see the lines of Kamailio above")
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self._address.link_port)
                writer.close()
                return
            await asyncio.sleep(0.05)
        await self.stop()
        raise EdgeDiedError(0, f"it did not open its link within {_START_TIMEOUT:g} s")

    async def ended(self) -> int:
        """Wait for its end; the exit code."""
        assert self._process is not None
        return await self._process.wait()

    async def stop(self) -> None:
        """End Kamailio and all its processes, and remove its folder."""
        process = self._process
        if process is not None:
            if process.returncode is None:
                process.terminate()
                try:
                    await asyncio.wait_for(process.wait(), _STOP_TIMEOUT)
                except TimeoutError:
                    log.warning("Kamailio does not end, it is killed")
            await self.clear()
            await process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def clear(self) -> None:
        """After Kamailio's death: no process of its group stays and holds a port."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        if self._output is not None:
            await asyncio.wait([self._output], timeout=1)
            self._output.cancel()


def end_with_parent() -> None:
    """In the child: be ended when the supervisor dies, however it dies (prctl(2))."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
