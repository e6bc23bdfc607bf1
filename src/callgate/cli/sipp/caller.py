"""Places one real call with SIPp and tells step by step what the caller gets."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from callgate.cli.sipp.process import Sipp, SippFailedError
from callgate.cli.sipp.spec import Spec, arguments, checked, port_at, source_for
from callgate.cli.sipp.trace import Message, Trace

__all__ = ["Ending", "Result", "Spec", "Step", "place"]

#: The edge sends 100 Trying at once; an INVITE that has had nothing at all after this long (seconds) is given up.
SILENCE = 8.0
#: How long (seconds) a final response may take after the caller's CANCEL.
CANCEL_PATIENCE = 6.0
#: How long (seconds) SIPp may take to acknowledge a refusal and end.
ACK_PATIENCE = 2.0
#: How often (seconds) the trace is looked at.
_LOOK = 0.01
#: The request that tells the scenario to hang up; it never leaves this machine.
_HANGUP = "HANGUP"


class Ending(StrEnum):
    """How a call ended for its caller."""

    ANSWERED = "answered"
    REFUSED = "refused"
    REDIRECTED = "redirected"
    CANCELLED = "cancelled"
    NO_RESPONSE = "no response"


class Step(msgspec.Struct, frozen=True):
    """One message, ``seconds`` after the INVITE; ``again`` marks a retransmission.

    ``text`` is the method, or status and phrase; ``details`` are the headers that say why (Reason, Retry-After, …).
    """

    seconds: float
    sent: bool
    text: str
    method: str
    status: int | None
    details: tuple[tuple[str, str], ...] = ()
    again: bool = False


class Result(msgspec.Struct, frozen=True):
    """What the caller got. ``status`` and ``phrase`` are the final response's; ``seconds`` when it came.

    ``hung_up_by`` is "caller" or "other side" for an answered call.
    """

    ending: Ending
    status: int | None
    phrase: str
    seconds: float | None
    sip_call_id: str
    steps: tuple[Step, ...]
    hung_up_by: str | None = None

    def count(self, status: int) -> int:
        """How many responses of that status to the INVITE came, retransmissions left out."""
        return sum(step.status == status and step.method == "INVITE" and not step.again for step in self.steps)


def place(spec: Spec, on_step: Callable[[Step], None] = lambda step: None) -> Result:
    """Place the call and wait until it is over; ``on_step`` hears each step as it happens.

    Ctrl-C hangs up: the call is cancelled, or ended with BYE; once more, and it is left as it is.

    Raises:
        CommandError: SIPp is missing, the spec cannot be dialled, or the call cannot be placed from that address.
    """
    host, _ = checked(spec)
    source = spec.source or source_for(host)
    port, call_id = port_at(source), f"{uuid.uuid4()}@callgate"
    with TemporaryDirectory(prefix="callgate-ring-") as name:
        folder = Path(name)
        story = _Story(on_step)
        with Sipp(arguments(spec, source, port, call_id, folder), folder) as sipp:
            trace, hung_up = Trace(sipp.messages), False
            started = time.monotonic()
            while True:
                try:
                    running = sipp.running
                    story.tell(trace)
                    if not running or story.hopeless(time.monotonic() - started):
                        break
                    time.sleep(_LOOK)
                except KeyboardInterrupt:
                    if hung_up or spec.transport == "tcp":
                        raise
                    hung_up = True
                    _hang_up(source, port, call_id)
        if not story.messages:
            raise SippFailedError(
                f"SIPp could not place the call from {source}: {sipp.complaint() or 'it gave no reason'} "
                "(--source must be an address of this machine)"
            )
    return story.result(call_id, wanted_cancel=hung_up or spec.cancel_after is not None)


class _Story:
    """The call as it unfolds."""

    def __init__(self, on_step: Callable[[Step], None]) -> None:
        self.messages: list[Message] = []
        self.steps: list[Step] = []
        self._on_step = on_step

    def tell(self, trace: Trace) -> None:
        for message in trace.new():
            if message.method == _HANGUP:
                continue
            known = {(m.sent, m.start, m.header("CSeq"), m.header("To")) for m in self.messages}
            again = (message.sent, message.start, message.header("CSeq"), message.header("To")) in known
            self.messages.append(message)
            step = _step(message, self.messages[0].at, again)
            self.steps.append(step)
            self._on_step(step)

    def hopeless(self, elapsed: float) -> bool:
        """Whether nothing more is to be waited for, ``elapsed`` seconds after the start."""
        if not any(not message.sent for message in self.messages):
            return elapsed > SILENCE
        final = self._final()
        if final is not None:
            return final.status is not None and final.status >= 300 and elapsed > final.seconds + ACK_PATIENCE
        cancel = next((step for step in self.steps if step.sent and step.method == "CANCEL"), None)
        return cancel is not None and elapsed > cancel.seconds + CANCEL_PATIENCE

    def result(self, call_id: str, *, wanted_cancel: bool) -> Result:
        final = self._final()
        cancelled = any(step.sent and step.method == "CANCEL" for step in self.steps)
        bye = next((step for step in self.steps if step.method == "BYE" and step.status is None), None)
        if final is None or final.status is None or (final.status == 487 and cancelled and not wanted_cancel):
            ending = Ending.NO_RESPONSE
        elif final.status < 300:
            ending = Ending.ANSWERED
        elif final.status < 400:
            ending = Ending.REDIRECTED
        else:
            ending = Ending.CANCELLED if final.status == 487 and cancelled else Ending.REFUSED
        return Result(
            ending=ending,
            status=final.status if final else None,
            phrase=final.text.partition(" ")[2] if final else "",
            seconds=final.seconds if final else None,
            sip_call_id=call_id,
            steps=tuple(self.steps),
            hung_up_by=None if bye is None else "caller" if bye.sent else "other side",
        )

    def _final(self) -> Step | None:
        """The first final response to the INVITE."""
        return next((s for s in self.steps if s.method == "INVITE" and s.status is not None and s.status >= 200), None)


#: Headers worth a line in the story.
_TELLING = ("Reason", "Retry-After", "Warning", "Contact", "Error-Info")


def _step(message: Message, start: float, again: bool) -> Step:
    status = message.status
    text = message.method if status is None else f"{status} {message.phrase}".strip()
    details: tuple[tuple[str, str], ...] = ()
    if status is not None and message.method == "INVITE" and status >= 300:
        details = tuple(
            (name, value) for name, value in message.headers if name in _TELLING or name.lower().startswith("x-")
        )
    return Step(max(0.0, message.at - start), message.sent, text, message.method, status, details, again)


def _hang_up(source: str, port: int, call_id: str) -> None:
    """Tell the scenario to hang up, with the one thing that SIPp listens to: a message of that call."""
    ends = f"<sip:callgate@{source}>;tag=1"
    lines = (
        f"{_HANGUP} sip:caller SIP/2.0",
        f"Call-ID: {call_id}",
        f"CSeq: 1 {_HANGUP}",
        f"From: {ends}",
        f"To: {ends}",
    )
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        sender.sendto("\r\n".join((*lines, "Content-Length: 0", "", "")).encode(), (source, port))
