"""A telephone that answers: where calls go that are let through, for demos and for trying out."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

from callgate.cli.exits import CommandError, ExitCode
from callgate.cli.sipp.process import Sipp, SippFailedError, scenario
from callgate.cli.sipp.trace import Message, Trace
from callgate.ports import free_port, owner_of, split

#: How long (seconds) SIPp may take to listen.
_START_PATIENCE = 5.0


class Destination:
    """Answers each call on UDP at ``listen`` ("address:port") after ringing for ``ring`` seconds; a context manager.

    With ``trace`` it keeps what it gets, for :meth:`invites` and :meth:`messages`.
    """

    def __init__(self, listen: str, *, ring: float = 0.5, trace: bool = False) -> None:
        try:
            self._host, self._port = split(listen)
        except ValueError as error:
            raise CommandError(str(error), ExitCode.USAGE) from error
        self.listen = listen
        self._ring = ring
        self._trace = trace

    def __enter__(self) -> Destination:
        owner = owner_of(self._host, self._port, "udp")
        if owner is not None:
            raise CommandError(
                f"the destination cannot listen on {self.listen}: {owner} does; stop it or choose another"
            )
        self._folder = TemporaryDirectory(prefix="callgate-destination-")
        try:
            self._start(Path(self._folder.name))
        except BaseException:
            self._folder.cleanup()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sipp.stop()
        self._folder.cleanup()

    @property
    def running(self) -> bool:
        return self._sipp.running

    def messages(self) -> list[Message]:
        """Every message it has sent and got so far."""
        return list(Trace(self._sipp.messages).new())

    def invites(self, sip_call_id: str) -> int:
        """How many calls of that Call-ID have reached it: 0 means that it never rang."""
        calls = [m for m in self.messages() if m.method == "INVITE" and m.status is None and not m.sent]
        return len({m.header("Via") for m in calls if m.header("Call-ID") == sip_call_id})

    def _start(self, folder: Path) -> None:
        file = scenario("destination", folder, ring=max(1, round(self._ring * 1000)), media_port=free_port(self._host))
        place = ["-i", self._host, "-bind_local", "-p", str(self._port)]
        behaviour = ["-aa", "-default_behaviors", "all,-abortunexp"]
        self._sipp = Sipp(["-sf", str(file), *place, *behaviour], folder, trace=self._trace)
        deadline = time.monotonic() + _START_PATIENCE
        while owner_of(self._host, self._port, "udp") is None:
            if not self._sipp.running or time.monotonic() > deadline:
                self._sipp.stop()
                raise SippFailedError(f"the destination could not listen on {self.listen}: {self._sipp.complaint()}")
            time.sleep(0.01)
