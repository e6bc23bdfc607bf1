"""The link's words. Events of the edge are JSON (header values in base 64); commands are words in a datagram."""

from __future__ import annotations

import re
from base64 import b64encode

import msgspec

from callgate.core.calls import Call, Caller, Sequence
from callgate.core.reports import AckResult, Incoming, Progress
from callgate.core.verdicts import Accept, Dial, Redirect, Refuse, Target, Verdict

#: Bits of a sequence number that count the calls of one second; the 17 above them are the second of the day.
_COUNTER_BITS = 15
_DAY = 86_400
#: The edge's tables that have entries for calls; see the head of its template.
CALL_TABLES = ("call", "state", "leg", "claim", "done", "early")
#: The phrases of provisional responses (RFC 3261 section 21.1).
_PROVISIONAL = {180: "Ringing", 181: "Call Is Being Forwarded", 182: "Queued"}


class CallFrame(msgspec.Struct, gc=False, tag_field="e", tag="call"):
    """An INVITE arrived; ``k`` is the call's key on the edge, ``us`` the microseconds of its second."""

    k: str
    us: int
    held: int
    trunk: str
    route: str
    did: bytes
    uri: bytes
    ruri: bytes
    from_: bytes = msgspec.field(name="from")
    to: bytes
    source: str
    port: int
    id: bytes
    cseq: int
    pai: bytes = b""
    privacy: bytes = b""
    diversion: bytes = b""
    name: bytes = b""
    number: bytes = b""
    headers: list[tuple[bytes, bytes]] = []


class ProgressFrame(msgspec.Struct, gc=False, tag_field="e"):
    """What became of a call; ``n`` is the number of the dialling it is about (0: none), ``t`` which of its targets."""

    k: str
    status: int = 0
    phrase: bytes = b""
    by: str = ""
    n: int = 0
    t: int | None = None


class ReturnedFrame(ProgressFrame, tag="returned"): ...


class RoutedFrame(ProgressFrame, tag="routed"): ...


class RefusedFrame(ProgressFrame, tag="refused"): ...


class CancelledFrame(ProgressFrame, tag="cancelled"): ...


class RingingFrame(ProgressFrame, tag="ringing"): ...


class AnsweredFrame(ProgressFrame, tag="answered"): ...


class FailedFrame(ProgressFrame, tag="failed"): ...


class EndedFrame(ProgressFrame, tag="ended"): ...


class ResumedFrame(msgspec.Struct, tag_field="e", tag="resumed"):
    """A call found on the edge by a controller that connected is no longer held: "routed" or "answered".

    ``n`` is the number of the dialling under way, 0: none.
    """

    k: str
    state: str
    n: int = 0


class AckFrame(msgspec.Struct, gc=False, tag_field="e", tag="ack"):
    id: int
    result: AckResult
    status: int = 0


class OutcomeFrame(msgspec.Struct, tag_field="e", tag="outcome"):
    """The ``status`` that was replied to the request that the command of that ``id`` had the edge send."""

    id: int
    status: int


class PhoneFrame(msgspec.Struct, tag_field="e", tag="phone"):
    """A phone has registered, or is gone (0 ``contacts``); ``source`` is "address:port", where it spoke from last."""

    login: bytes
    contacts: int
    source: str


class WelcomeFrame(msgspec.Struct, tag_field="e", tag="welcome"):
    """The first frame after the controller's hello; the calls on the edge follow, then "synced"."""

    edge: int
    version: str
    generation: int
    digest: str


class SyncedFrame(msgspec.Struct, tag_field="e", tag="synced"): ...


class TableRow(msgspec.Struct):
    """How many entries a table of the edge has: a row of Kamailio's ``htable.stats``."""

    name: str
    all: int


class TableReply(msgspec.Struct):
    """Kamailio's answer to ``htable.stats``."""

    result: list[TableRow] = []


class CountersFrame(msgspec.Struct, tag_field="e", tag="counters"):
    """The edge's own counters, told once a second, and how full its tables are."""

    unknown_source: int
    no_route: int
    no_controller: int
    no_credit: int
    guard: int
    failed_registrations: int = 0
    tables: TableReply = msgspec.field(default_factory=TableReply)

    def counters(self) -> dict[str, int]:
        """What was counted, by name."""
        names = ("unknown_source", "no_route", "no_controller", "no_credit", "guard", "failed_registrations")
        return {name: getattr(self, name) for name in names}

    def entries(self) -> dict[str, int]:
        """How many entries each table of calls has."""
        return {row.name: row.all for row in self.tables.result if row.name in CALL_TABLES}


PROGRESS: dict[type, Progress] = {
    RoutedFrame: Progress.ROUTED,
    RefusedFrame: Progress.REFUSED,
    CancelledFrame: Progress.CANCELLED,
    RingingFrame: Progress.RINGING,
    AnsweredFrame: Progress.ANSWERED,
    FailedFrame: Progress.FAILED,
    EndedFrame: Progress.ENDED,
    ReturnedFrame: Progress.RETURNED,
}

EdgeFrame = (
    CallFrame
    | RoutedFrame
    | RefusedFrame
    | CancelledFrame
    | RingingFrame
    | AnsweredFrame
    | FailedFrame
    | EndedFrame
    | ReturnedFrame
    | ResumedFrame
    | AckFrame
    | OutcomeFrame
    | PhoneFrame
    | WelcomeFrame
    | SyncedFrame
    | CountersFrame
)

_decoder: msgspec.json.Decoder[EdgeFrame] = msgspec.json.Decoder(EdgeFrame)


def decode(frame: bytes) -> EdgeFrame:
    """Read one frame of the edge.

    Raises:
        msgspec.DecodeError: it is none.
    """
    return _decoder.decode(frame)


def sequence_of(key: str) -> Sequence:
    """The sequence number of a call by its key on the edge, ``<second>.<counter>``."""
    second, _, counter = key.partition(".")
    return int(second) % _DAY << _COUNTER_BITS | int(counter)


def key_of(call: Call) -> str:
    """The call's key on the edge."""
    return f"{int(call.received)}.{call.sequence & (1 << _COUNTER_BITS) - 1}"


def _text(value: bytes) -> str:
    # A SIP header is UTF-8 (RFC 3261 section 7); what is not is kept readable rather than refused.
    return value.decode("utf-8", "backslashreplace")


def _display_name(text: str) -> str:
    """A display name without its quotes (RFC 3261 section 25.1, quoted-string)."""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def incoming_of(frame: CallFrame, edge: int) -> Incoming:
    """The domain's view of a call frame."""
    second = int(frame.k.partition(".")[0])
    return Incoming(
        sequence=sequence_of(frame.k),
        edge=edge,
        received=second + frame.us / 1_000_000,
        trunk=frame.trunk,
        route=frame.route,
        dialled=_text(frame.did),
        controlled=frame.held == 1,
        caller=Caller(
            number=_text(frame.number),
            name=_display_name(_text(frame.name)),
            uri=_text(frame.uri),
            request_uri=_text(frame.ruri),
            from_header=_text(frame.from_),
            to_header=_text(frame.to),
            source=f"[{frame.source}]:{frame.port}" if ":" in frame.source else f"{frame.source}:{frame.port}",
            sip_call_id=_text(frame.id),
            cseq=frame.cseq,
            asserted_identity=_text(frame.pai),
            privacy=_text(frame.privacy),
            diversion=_text(frame.diversion),
            headers=tuple((_text(name), _text(value)) for name, value in frame.headers),
        ),
    )


def _coded(text: str) -> str:
    return b64encode(text.encode()).decode()


def decision_words(call: Call, verdict: Verdict, hold: float) -> tuple[str, str]:
    """The command for a verdict: its word, and what follows the command's id.

    ``hold`` is for how long (seconds) the edge holds the call again if nobody who is dialled answers.
    """
    key = key_of(call)
    match verdict:
        case Accept():
            return "route", key
        case Redirect(uri=uri, mode="relay"):
            return "route", f"{key} {uri}"
        case Redirect(uri=uri):
            contact = f"Contact: <{uri}>\r\n"
            return "refuse", f"{key} 302 {_coded('Moved Temporarily')} {_coded(contact)}"
        case Refuse():
            lines = [f"Reason: Q.850;cause={verdict.cause}", *(f"{name}: {value}" for name, value in verdict.headers)]
            headers = "".join(f"{line}\r\n" for line in lines)
            return "refuse", f"{key} {verdict.status} {_coded(verdict.phrase)} {_coded(headers)}"
        case Dial():
            ring = int(verdict.ring_seconds * 1000)
            targets = " ".join(map(_target, verdict.targets))
            caller_id = verdict.caller_id or "-"
            return (
                "dial",
                f"{key} {call.attempt} {ring} {int(hold * 1000)} {verdict.limit_seconds} {caller_id} {targets}",
            )


def _target(target: Target) -> str:
    """A target as one word: kind, URI in base 64 or login, headers in base 64."""
    headers = "".join(f"{name}: {value}\r\n" for name, value in target.headers)
    return f"s|{_coded(target.uri)}|{_coded(headers)}" if target.uri else f"p|{target.phone}|{_coded(headers)}"


def hold_words(call: Call, seconds: float, status: int, phrase: str) -> str:
    """What follows the id of a command to hold a call for longer; with a ``status`` of 0 the caller gets 100 again."""
    said = phrase or _PROVISIONAL.get(status, "Session Progress")
    return f"{key_of(call)} {int(seconds * 1000)} {status} {_coded(said)}"


def ringing_words(call: Call) -> str:
    """What follows the id of a command about a call that rings: the edge finds its transaction by these."""
    return f"{key_of(call)} {_coded(call.caller.sip_call_id)} {call.caller.cseq}"


def transfer_words(call: Call, uri: str) -> str:
    """What follows the id of a command to have the caller call that URI instead."""
    return f"{key_of(call)} {_coded(call.caller.sip_call_id)} {_coded(uri)}"
