"""Problems: every way in which this API says no (RFC 9457), each with what it means and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from callgate.dialects.native import paths
from callgate.dialects.native.wire import Call, Decision, FieldError, Problem, ProblemPage


class Kind(msgspec.Struct, frozen=True):
    """One type of problem. ``name`` is the last part of its ``type`` URI, stable for good."""

    name: str
    status: int
    title: str
    meaning: str
    remedy: str

    @property
    def uri(self) -> str:
        """The type, as a relative reference; GET it to read what it means."""
        return paths.PROBLEM.replace("{name}", self.name)

    def page(self) -> ProblemPage:
        return ProblemPage(self.uri, self.title, self.status, self.meaning, self.remedy)


MALFORMED_JSON = Kind(
    "malformed-json",
    400,
    "Malformed JSON",
    "The body is not JSON in UTF-8.",
    "Send one JSON object; the detail says where reading stopped.",
)
UNAUTHORIZED = Kind(
    "unauthorized",
    401,
    "Unauthorized",
    "The request has no API key, or one that does not exist.",
    "Send `Authorization: Bearer cg_…`; `callgate key add` makes a key.",
)
FORBIDDEN = Kind(
    "forbidden",
    403,
    "Forbidden",
    "The key's scope does not allow this: read looks, decide also decides, admin also edits the directory.",
    "Use a key with the scope that the detail names.",
)
UNKNOWN_PATH = Kind(
    "unknown-path",
    404,
    "No such path",
    "This API has no such path.",
    "See /v1/docs for the paths there are.",
)
UNKNOWN_CALL = Kind(
    "unknown-call",
    404,
    "No such call",
    "There is no call of that id, or it ended so long ago that only the journal has it.",
    "Take the id from GET /v1/calls or from an event; look for old calls in /v1/journal/calls.",
)
UNKNOWN_ENTRY = Kind(
    "unknown-entry",
    404,
    "No such entry",
    "The directory has no entry of that kind and name.",
    "List the entries with a GET of the collection; create one with a POST.",
)
METHOD_NOT_ALLOWED = Kind(
    "method-not-allowed",
    405,
    "Method not allowed",
    "The path exists, but not for this method.",
    "Use one of the methods in the Allow header.",
)
ALREADY_DECIDED = Kind(
    "already-decided",
    409,
    "Already decided",
    "Another verdict came first, and the first counts; `decision` says whose, which and when.",
    "Nothing is to be done: the call went the way of the first verdict.",
)
LAPSED = Kind(
    "lapsed",
    409,
    "Window over",
    "The decision came after the end of the call's window, and the default has been applied; `decision` says which.",
    "Decide sooner, or give the inbound route a longer window (1 to 60 seconds).",
)
CANCELLED_BY_CALLER = Kind(
    "cancelled-by-caller",
    409,
    "Cancelled by the caller",
    "The caller hung up before the verdict took effect.",
    "Nothing is to be done: the call is over.",
)
NOT_HELD = Kind(
    "not-held",
    409,
    "Never held",
    "The call was not held for a decision: its trunk's control is off, or no controller was there when it came.",
    "Switch the trunk's control on to decide its calls; a call that went on can be hung up.",
)
NO_DESTINATION = Kind(
    "no-destination",
    409,
    "No destination",
    "The call cannot be accepted: its inbound route has no destination. It is still held.",
    "Refuse or redirect the call, or give the route a destination.",
)
NOT_LIVE = Kind(
    "not-live",
    409,
    "Call is over",
    "The call had ended before, so there was nothing to hang up.",
    "Nothing is to be done.",
)
NAME_TAKEN = Kind(
    "name-taken",
    409,
    "Name taken",
    "The directory has an entry of that kind and name already.",
    "Use another name, or change the entry with PUT or PATCH.",
)
ENTRY_IN_USE = Kind(
    "entry-in-use",
    409,
    "Entry in use",
    "Other entries name this one.",
    "Change or remove the entries that the detail lists, then this one.",
)
AGENT_STATE = Kind(
    "agent-state",
    409,
    "The agent cannot be that",
    "The agent is not logged in, and only who is can do after-call work; or the agent is disabled.",
    "Make the agent ready or not_ready first, which logs in; enable a disabled one with a PATCH.",
)
TOO_LARGE = Kind(
    "too-large",
    413,
    "Body too large",
    "The body is larger than Callgate reads.",
    "Send less; the settings http.body_limit and native.directory_limit set the bounds.",
)
UNSUPPORTED_MEDIA_TYPE = Kind(
    "unsupported-media-type",
    415,
    "Unsupported media type",
    "The Content-Type is not the one that this operation reads.",
    "Send the Content-Type that the detail names.",
)
INVALID_REQUEST = Kind(
    "invalid-request",
    422,
    "Invalid request",
    "A field of the body or a query parameter is not what it has to be; `errors` says each.",
    "Correct what `errors` names; /v1/docs has the shapes.",
)
IDEMPOTENCY_MISMATCH = Kind(
    "idempotency-mismatch",
    422,
    "Idempotency key used before",
    "The same Idempotency-Key came with a different request before.",
    "Use a new key for each new request; repeat a request exactly to get its first result.",
)
UPGRADE_REQUIRED = Kind(
    "upgrade-required",
    426,
    "WebSocket only",
    "This path speaks WebSocket, and the request is plain HTTP.",
    "Open it with a WebSocket client, or use server-sent events at /v1/events.",
)
INTERNAL_ERROR = Kind(
    "internal-error",
    500,
    "Internal error",
    "This is an error in Callgate.",
    "Please report it with the log around it.",
)
EDGE_FAILED = Kind(
    "edge-failed",
    502,
    "The edge could not do it",
    "The edge tried and could not; `status_sent` is the SIP status that the caller got instead, if any.",
    "See the call's state; with GET /v1/status see whether the edge is well.",
)
UNAVAILABLE = Kind(
    "unavailable",
    503,
    "Not available now",
    "The database cannot be reached, so this cannot be read or changed now. Calls go on and can be decided.",
    "Try again later; `callgate check` tells what is wrong with the database.",
)
TOO_MANY_STREAMS = Kind(
    "too-many-streams",
    503,
    "Too many event streams",
    "As many event streams as the setting native.stream_limit allows are open.",
    "Close some, or raise the setting.",
)
EDGE_SILENT = Kind(
    "edge-silent",
    504,
    "The edge did not answer",
    "The edge did not acknowledge the command, which was sent twice; what the caller heard is not known yet.",
    "See the call's state; the edge applies the default at the end of the window if it did not get the command.",
)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        MALFORMED_JSON,
        UNAUTHORIZED,
        FORBIDDEN,
        UNKNOWN_PATH,
        UNKNOWN_CALL,
        UNKNOWN_ENTRY,
        METHOD_NOT_ALLOWED,
        ALREADY_DECIDED,
        LAPSED,
        CANCELLED_BY_CALLER,
        NOT_HELD,
        NO_DESTINATION,
        NOT_LIVE,
        NAME_TAKEN,
        ENTRY_IN_USE,
        AGENT_STATE,
        TOO_LARGE,
        UNSUPPORTED_MEDIA_TYPE,
        INVALID_REQUEST,
        IDEMPOTENCY_MISMATCH,
        UPGRADE_REQUIRED,
        INTERNAL_ERROR,
        EDGE_FAILED,
        UNAVAILABLE,
        TOO_MANY_STREAMS,
        EDGE_SILENT,
    )
}


class ProblemError(Exception):
    """The request cannot be done as asked. ``headers`` go on the reply; the rest is its :class:`Problem`."""

    def __init__(
        self,
        kind: Kind,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        call: Call | None = None,
        decision: Decision | None = None,
        status_sent: int = 0,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(detail or kind.title)
        self.kind = kind
        self.headers = headers
        self.problem = Problem(
            kind.uri, kind.title, kind.status, detail or kind.meaning, list(errors), call, decision, status_sent
        )


def invalid(field: str, message: str) -> ProblemError:
    """One wrong field: ``$.…`` in the body, else a query parameter or a header."""
    return ProblemError(INVALID_REQUEST, f"{field}: {message}", errors=[FieldError(field, message)])
