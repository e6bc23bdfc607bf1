"""The shapes of ``/v1`` as they go over the wire. All times are Unix seconds, all durations seconds.

The same shapes are read by the command line. A field that is ``null`` has not happened or does not apply. Those of the
directory are in ``wire_directory``.
"""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta

Scope = Literal["read", "decide", "admin"]
Limit = Annotated[int, Meta(ge=1, le=1000)]
T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some of a longer list. ``next`` is the ``cursor`` of the following page, ``null`` at the end."""

    items: list[T]
    next: str | None = None


# --- calls ---------------------------------------------------------------------------------------------------------


class Header(msgspec.Struct, frozen=True):
    """One SIP header, its value as received."""

    name: str
    value: str


class Caller(msgspec.Struct, frozen=True):
    """Who calls. ``number`` and ``name`` are the From header's user part and display name.

    ``source`` is the address and port the INVITE came from, ``headers`` are its ``X-…`` headers in their order.
    """

    number: str
    name: str
    uri: str
    request_uri: str
    from_header: str
    to_header: str
    source: str
    sip_call_id: str
    asserted_identity: str
    privacy: str
    diversion: str
    headers: list[Header]


class AcceptVerdict(msgspec.Struct, frozen=True, tag_field="action", tag="accept"):
    """Route the call on to its inbound route's destination."""


class RefuseVerdict(msgspec.Struct, frozen=True, tag_field="action", tag="refuse"):
    """The response that the caller gets. ``reason`` is ``null`` where the refusal gave a status of its own."""

    status: int
    phrase: str
    cause: int
    reason: str | None
    headers: list[Header]


class RedirectVerdict(msgspec.Struct, frozen=True, tag_field="action", tag="redirect"):
    """Where the call is sent instead; see :class:`RedirectRequest`."""

    uri: str
    mode: Literal["relay", "contact"]


class DialVerdict(msgspec.Struct, frozen=True, tag_field="action", tag="dial"):
    """Whom the call rings at: SIP URIs, and ``phone:`` with the login of a registered one. Times in s, 0: none."""

    targets: list[str]
    ring_seconds: float
    limit_seconds: int
    caller_id: str


Verdict = AcceptVerdict | RefuseVerdict | RedirectVerdict | DialVerdict


class Decision(msgspec.Struct, frozen=True):
    """A verdict, who gave it and when.

    ``dialect`` and ``application`` name the API and its client; "callgate"/"window" and "edge"/"guard" stand for a
    window that ran out.
    """

    verdict: Verdict
    dialect: str
    application: str
    at: float


class Call(msgspec.Struct, frozen=True):
    """One call. ``state`` is one of held, decided, routed, ringing, answered (live), and refused, redirected,
    cancelled, failed, completed (ended).

    ``window`` is how long applications may decide, from ``received`` on and again when what was dialled has returned;
    ``deadline`` is when that ends, or later if the call is held on, ``lapse`` what applies then. ``destination`` is ""
    where the inbound route has none. ``controlled`` is false for a call that was never held. ``status`` and ``phrase``
    are the last SIP response the caller got. ``hung_up_by``: caller, destination, controller, or limit (its time was
    over).
    """

    id: str
    trunk: str
    route: str
    dialled: str
    destination: str
    caller: Caller
    state: str
    controlled: bool
    window: float
    deadline: float
    lapse: Verdict
    decision: Decision | None
    received: float
    told: float | None
    decided: float | None
    ringing: float | None
    answered: float | None
    ended: float | None
    status: int | None
    phrase: str | None
    hung_up_by: str | None


class RefuseRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the caller gets: a named ``reason``, or a ``status`` of 400–699; nothing at all means "rejected" (603).

    ``phrase`` replaces the registered phrase. ``headers`` may be ``X-…`` and a few others (docs/api.md).
    """

    reason: str | None = None
    status: int | None = None
    phrase: str | None = None
    headers: dict[str, str] | None = None


class RedirectRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the call goes. ``relay``: the edge sends the INVITE to ``uri``; ``contact``: the caller gets a 302."""

    uri: str
    mode: Literal["relay", "contact"] = "relay"


class EmptyRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No body, or ``{}``."""


class Outcome(msgspec.Struct, frozen=True):
    """It has happened: ``result`` is "applied" (accept, refuse, redirect) or "hung_up".

    ``status`` is the SIP status that the caller got; 0: none yet, the call was routed on.
    """

    result: Literal["applied", "hung_up"]
    status: int
    call: Call


# --- events --------------------------------------------------------------------------------------------------------


class VerdictGiven(msgspec.Struct, frozen=True):
    """A verdict came in and ended in ``result``, also one that was late or for an unknown call (``call`` is null)."""

    call: str | None
    verdict: Verdict
    dialect: str
    application: str
    result: str
    at: float
    seconds: float


class Delivery(msgspec.Struct, frozen=True):
    """One try to deliver an event to an application over ``channel`` (websocket, webhook)."""

    call: str | None
    dialect: str
    application: str
    channel: str
    event: str
    result: str
    at: float
    seconds: float


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message of the event stream; reconnect with the last ``cursor`` and nothing is missed.

    ``kind``: held, passed, routed, refused, redirected, cancelled, ringing, answered, failed, ended, returned (with
    ``call``); verdict (with ``verdict``); delivery (with ``delivery``); reset: what was known before is void (``why``
    says the cause), a ``snapshot`` with ``call`` follows for each live call, and then ``ready``; keepalive (WebSocket
    only). ``resumed``: a held call that a restarted controller found again. ``status``: the SIP status that says best
    why nobody who was dialled has answered (returned).
    """

    cursor: str
    kind: str
    at: float
    call: Call | None = None
    verdict: VerdictGiven | None = None
    delivery: Delivery | None = None
    why: str | None = None
    resumed: bool = False
    status: int = 0


# --- journal -------------------------------------------------------------------------------------------------------


class JournalCall(msgspec.Struct, frozen=True):
    """A call as the call log holds it; the words are those of :class:`Call`.

    ``action`` is the verdict that counted: accept, refuse, redirect or dial, and ``reason`` its named reason;
    ``dialect`` and ``application`` gave it.
    """

    id: str
    trunk: str
    route: str
    dialled: str
    destination: str
    caller_number: str
    caller_name: str
    source: str
    sip_call_id: str
    controlled: bool
    state: str
    received: float
    told: float | None
    decided: float | None
    ringing: float | None
    answered: float | None
    ended: float | None
    action: str | None
    reason: str | None
    dialect: str | None
    application: str | None
    status: int | None
    phrase: str | None
    hung_up_by: str | None


class JournalEntry(msgspec.Struct, frozen=True):
    """A call of the log with every verdict and every delivery."""

    call: JournalCall
    verdicts: list[VerdictGiven]
    deliveries: list[Delivery]


# --- health and problems -------------------------------------------------------------------------------------------


class Status(msgspec.Struct, frozen=True):
    """How Callgate is. ``linked``: the edge can hold a call and it can be decided, right now; else ``why`` not.

    ``directory_in_edge``: the edge has the directory as it is now. A change takes a moment to get there, behind the
    reply to the request that made it; from then on it holds for each new INVITE.

    ``counters`` are the edge's own: unknown_source, no_route, no_controller, guard. ``backlog`` journal entries wait
    for SQL, ``dropped`` were lost. ``uptime`` of the controller in seconds.
    """

    version: str
    uptime: float
    linked: bool
    why: str | None
    directory_in_edge: bool
    edge_version: str
    held: int
    live: int
    counters: dict[str, int]
    backlog: int
    dropped: int


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field (``$.status`` is the body's "status", ``limit`` a query parameter)."""

    field: str
    message: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why it did not happen (RFC 9457). ``GET`` its ``type`` to read what it means and what to do about it.

    ``call`` is the call as it is now and ``decision`` the verdict that stands, where a call is what it is about;
    ``status_sent`` is the SIP status that the caller got instead, if any.
    """

    type: str
    title: str
    status: int
    detail: str = ""
    errors: list[FieldError] = []
    call: Call | None = None
    decision: Decision | None = None
    status_sent: int = 0


class ProblemPage(msgspec.Struct, frozen=True):
    """What a problem type means, and the remedy."""

    type: str
    title: str
    status: int
    meaning: str
    remedy: str
