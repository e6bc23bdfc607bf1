"""One SIPp process: found, started with a scenario, stopped; it never outlives the process that started it."""

from __future__ import annotations

import shutil
import subprocess
from importlib import resources
from pathlib import Path
from types import TracebackType

from jinja2 import Environment, StrictUndefined

from callgate.cli.exits import CommandError
from callgate.ports import free_port

#: How long (seconds) SIPp may take to end when told to.
_STOP_PATIENCE = 2.0


class SippMissingError(CommandError):
    """SIPp is not installed."""

    def __init__(self) -> None:
        super().__init__("SIPp is not installed, and calls are placed with it: apt-get install sip-tester")


class SippFailedError(CommandError):
    """SIPp could not do what it was started for."""


def scenario(name: str, folder: Path, **values: object) -> Path:
    """The packaged scenario of that name, rendered with ``values`` into ``folder``."""
    template = resources.files(__package__).joinpath(f"{name}.xml.j2").read_text(encoding="utf-8")
    # SIPp's XML parser knows no entities and its messages are CDATA: only numbers and booleans are put in here.
    environment = Environment(undefined=StrictUndefined, autoescape=False)
    file = folder / f"{name}.xml"
    file.write_text(environment.from_string(template).render(**values), encoding="utf-8")
    return file


class Sipp:
    """A running SIPp, as a context manager that stops it.

    Args:
        arguments: SIPp's own, without those for its files and its terminal.
        folder: where it writes ``messages.log`` (if ``trace``) and ``sipp.log``.
        trace: whether it writes every message; leave it off for a process that runs for long.
    """

    def __init__(self, arguments: list[str], folder: Path, *, trace: bool = True) -> None:
        self.messages = folder / "messages.log"
        self._log = folder / "sipp.log"
        found = shutil.which("sipp")
        if found is None:
            raise SippMissingError
        # setpriv (util-linux) has the kernel end SIPp when this process dies, however it dies.
        setpriv = shutil.which("setpriv")
        guard = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
        tracing = ["-trace_msg", "-message_file", str(self.messages)] if trace else []
        control = ["-ci", "127.0.0.1", "-cp", str(free_port())]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*guard, found, *arguments, *control, *tracing, "-nostdin"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd=folder,
                start_new_session=True,  # Ctrl-C is ours to handle: the call is ended in order
            )

    def __enter__(self) -> Sipp:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def complaint(self) -> str:
        """What SIPp wrote about why it could not go on: its last line of complaint, "" if there is none."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        told = [line.split("\t")[-1].split(": ", 1)[-1].strip() for line in lines if line[:4].isdecimal()]
        return told[-1].rstrip(".") if told else ""

    def stop(self) -> None:
        """End it now; a call in progress is left as it is."""
        if self.running:
            self._process.terminate()
            try:
                self._process.wait(_STOP_PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()
