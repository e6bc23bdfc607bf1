"""Places one real call with SIPp and tells step by step what the caller gets."""

from __future__ import annotations

import secrets
import socket
import time
import uuid
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal
from urllib.parse import quote

import msgspec

from callgate.cli.exits import CommandError, ExitCode
from callgate.cli.sipp.process import Sipp, SippFailedError, scenario
from callgate.cli.sipp.trace import Message, Trace
from callgate.ports import free_port, split

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
#: Headers that the scenario writes itself.
_OWN_HEADERS = {
    "via", "from", "to", "call-id", "cseq", "contact", "max-forwards", "content-type", "content-length", "route",
    "user-agent",
}  # fmt: skip


class Ending(StrEnum):
    """How a call ended for its caller."""

    ANSWERED = "answered"
    REFUSED = "refused"
    REDIRECTED = "redirected"
    CANCELLED = "cancelled"
    NO_RESPONSE = "no response"


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """The call to place.

    ``edge`` is "host:port"; ``source`` the address to call from, "": the one that leads to the edge. ``caller`` and
    ``name`` are the From header's user part and display name, ``dialled`` the request URI's user part; ``headers``
    are added as they are. ``talk`` is how long (seconds) an answered call lasts, ``cancel_after`` when (seconds after
    the first response) the caller cancels, ``None``: never; after ``timeout`` seconds without an answer it gives up.
    """

    edge: str
    dialled: str
    caller: str = "5503301"
    name: str = ""
    source: str = ""
    transport: Literal["udp", "tcp"] = "udp"
    headers: tuple[tuple[str, str], ...] = ()
    talk: float = 1.0
    cancel_after: float | None = None
    timeout: float = 90.0


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
    host, _ = _checked(spec)
    source = spec.source or _source_for(host)
    port, call_id = _port(source), f"{uuid.uuid4()}@callgate"
    with TemporaryDirectory(prefix="callgate-ring-") as name:
        folder = Path(name)
        story = _Story(on_step)
        with Sipp(_arguments(spec, source, port, call_id, folder), folder) as sipp:
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


# --- the call for SIPp ---------------------------------------------------------------------------------------------


def _arguments(spec: Spec, source: str, port: int, call_id: str, folder: Path) -> list[str]:
    patience = spec.timeout if spec.cancel_after is None else min(spec.cancel_after, spec.timeout)
    file = scenario(
        "caller",
        folder,
        headers=bool(spec.headers),
        patience=max(1, round(patience * 1000)),
        talk=max(1, round(spec.talk * 1000)),
        media_port=_port(source),
    )
    number, dialled = (quote(user, safe="+*-_.!~'()&=$,;?/") for user in (spec.caller, spec.dialled))
    user = f"{number}@" if number else ""
    host = f"[{source}]" if ":" in source else source
    texts = {
        "cg_uri": f"sip:{dialled}@{spec.edge}",
        "cg_to": f"<sip:{dialled}@{spec.edge}>",
        "cg_from": f"{_quoted(spec.name)}<sip:{user}{host}>",
        "cg_number": number or "anonymous",
        "cg_tag": secrets.token_hex(8),
        "cg_branch": f"z9hG4bK{secrets.token_hex(12)}",
        "cg_headers": "\r\n".join(f"{name}: {value}" for name, value in spec.headers),
    }
    keys = [part for key, value in texts.items() for part in ("-key", key, value)]
    place = ["-i", source, "-bind_local", "-p", str(port), "-t", "u1" if spec.transport == "udp" else "t1"]
    behaviour = ["-m", "1", "-aa", "-default_behaviors", "all,-abortunexp", "-timer_resol", "1", "-cid_str", call_id]
    return [spec.edge, "-sf", str(file), *place, *behaviour, *keys]


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


def _checked(spec: Spec) -> tuple[str, int]:
    """The edge's host and port, if the whole spec can be dialled."""
    try:
        edge = split(spec.edge)
    except ValueError as error:
        raise CommandError(f"--edge {error}", ExitCode.USAGE) from error
    texts = {"--to": spec.dialled, "--from": spec.caller, "--name": spec.name}
    for name, value in spec.headers:
        if not name or not name.replace("-", "").isalnum() or not name.isascii():
            raise CommandError(f"--header {name!r} is no header name: use 'X-Name: value'", ExitCode.USAGE)
        if name.lower() in _OWN_HEADERS:
            raise CommandError(f"--header {name} is written by the call itself and cannot be given", ExitCode.USAGE)
        texts[f"--header {name}"] = value
    for option, text in texts.items():
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
            raise CommandError(f"{option} holds a control character: give one line of text", ExitCode.USAGE)
    if not spec.dialled:
        raise CommandError("--to is empty: give the number to dial, for example --to 2002", ExitCode.USAGE)
    return edge


def _quoted(name: str) -> str:
    """A display name as a quoted string (RFC 3261 section 25.1)."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" ' if name else ""


def _source_for(host: str) -> str:
    """The address of this machine that packets to ``host`` leave from."""
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, 5060, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as probe:
            probe.connect(place)  # of UDP: nothing is sent
            return str(probe.getsockname()[0])
    except (OSError, UnicodeError) as error:
        raise CommandError(f"there is no way to the edge at {host}: {error}", ExitCode.UNREACHABLE) from error


def _port(source: str) -> int:
    try:
        return free_port(source)
    except OSError as error:
        raise CommandError(
            f"--source {source} is no address of this machine: see `ip address` for those it has", ExitCode.USAGE
        ) from error
