"""What can be decided about a held call, and who decided it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Literal

import msgspec

from callgate.core.reasons import Reason, by_name, cause_of, phrase_of

#: A phrase is one line of printable text (RFC 3261 section 25.1, Reason-Phrase); longer ones help no caller.
PHRASE_LIMIT = 128
#: How many headers a refusal may carry, and how long each value may be, in characters.
HEADER_LIMIT = 8
HEADER_VALUE_LIMIT = 256
#: Headers an application may put on a refusal, beside ``X-…`` of its own. The rest belong to the SIP stack.
ALLOWED_HEADERS = ("Retry-After", "Warning", "Error-Info", "Alert-Info", "Call-Info", "Server", "Contact")

_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
#: How many targets may ring at once.
TARGET_LIMIT = 25
#: The bounds of how long targets may ring, in seconds.
RING_MIN, RING_MAX = 1.0, 600.0

_LOGIN = re.compile(r"[A-Za-z0-9_.+-]{1,64}")
_CALLER_ID = re.compile(r"[A-Za-z0-9_.+*#-]{1,64}")
_URI = re.compile(r"sips?:[^\s<>\"\x00-\x1f\x7f]{1,512}", re.IGNORECASE)


class VerdictError(ValueError):
    """A verdict that cannot be carried out as asked: ``field`` says which part, the text what is allowed."""

    def __init__(self, field: str, text: str) -> None:
        self.field = field
        super().__init__(text)


class Accept(msgspec.Struct, frozen=True, gc=False, tag="accept"):
    """Route the call on to its inbound route's destination."""


class Refuse(msgspec.Struct, frozen=True, gc=False, tag="refuse"):
    """Refuse the call: the caller gets exactly this response. Build it with :func:`refuse`."""

    status: int
    phrase: str
    cause: int
    reason: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


class Redirect(msgspec.Struct, frozen=True, gc=False, tag="redirect"):
    """Send the call elsewhere. Build it with :func:`redirect`.

    ``mode`` "relay": the edge sends the INVITE to ``uri`` itself; "contact": the caller gets 302 Moved Temporarily
    with ``uri`` as Contact (RFC 3261 section 8.1.3.4).
    """

    uri: str
    mode: Literal["relay", "contact"] = "relay"


class Target(msgspec.Struct, frozen=True, gc=False):
    """Whom to ring: a SIP URI, or a phone that is registered at the edge, by its login. Build it with :func:`target`.

    ``headers`` are added to the INVITE for this target alone.
    """

    uri: str = ""
    phone: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.uri or f"phone:{self.phone}"


class Dial(msgspec.Struct, frozen=True, gc=False, tag="dial"):
    """Ring these targets at once. The first to answer gets the call; if none does, it is held again.

    Build it with :func:`dial`. ``ring_seconds`` is how long they may ring, ``limit_seconds`` how long the answered call
    may last (0: as long as it likes). ``caller_id`` is the number that the targets see as the caller's, "" is his own.
    """

    targets: tuple[Target, ...]
    ring_seconds: float = 30.0
    limit_seconds: int = 0
    caller_id: str = ""


Verdict = Accept | Refuse | Redirect | Dial


class Decider(msgspec.Struct, frozen=True, gc=False):
    """Who decided: the dialect the verdict came by and the application (client id, key name) that gave it."""

    dialect: str
    application: str


#: The window ran out and the route's default was applied: by the controller, or by the edge's own guard timer.
WINDOW = Decider("callgate", "window")
GUARD = Decider("edge", "guard")
#: Callgate was stopped: what was held got its default, so that no call ended with the edge.
STOP = Decider("callgate", "stop")
#: Decided while this controller was not linked: by the guard, or through a controller that was there before.
EARLIER = Decider("callgate", "earlier controller")


def refuse(
    reason: str | Reason | None = None,
    *,
    status: int | None = None,
    phrase: str | None = None,
    headers: dict[str, str] | None = None,
) -> Refuse:
    """A checked refusal, from a named reason or from a status of 400–699 of one's own.

    ``phrase`` overrides the registered phrase. ``headers`` are added to the response; only ``X-…`` and
    :data:`ALLOWED_HEADERS` may be given.

    Raises:
        VerdictError: a field is out of bounds; ``field`` names it.
        UnknownReasonError: the reason is not in the table.
    """
    if reason is not None and status is not None:
        raise VerdictError("status", "give a reason or a status, not both")
    row = by_name(reason or "rejected") if not isinstance(reason, Reason) else reason
    extra = _checked_headers(headers or {})
    if status is None:
        status, cause, name = row.status, row.cause, row.name
        phrase = row.phrase if phrase is None else phrase
        retry_after = row.retry_after
    else:
        if not 400 <= status <= 699:
            raise VerdictError("status", f"status {status} is not a refusal: use 400 to 699")
        if status in (401, 407):
            raise VerdictError("status", f"status {status} asks the caller for credentials, it does not refuse")
        cause, name = cause_of(status), None
        phrase = phrase_of(status) if phrase is None else phrase
        retry_after = 30 if status == 503 else None
    if not phrase or len(phrase) > PHRASE_LIMIT or not phrase.isprintable():
        raise VerdictError("phrase", f"phrase must be 1 to {PHRASE_LIMIT} printable characters on one line")
    if retry_after is not None and not any(key.lower() == "retry-after" for key, _ in extra):
        extra = (*extra, ("Retry-After", str(retry_after)))
    return Refuse(status=status, phrase=phrase, cause=cause, reason=name, headers=extra)


@cache
def refusal(reason: str | None) -> Refuse:
    """The refusal for a named reason (None: "rejected"), made once; as :func:`refuse`."""
    return refuse(reason)


def redirect(uri: str, mode: str = "relay") -> Redirect:
    """A checked redirection to a ``sip:`` or ``sips:`` URI.

    Raises:
        VerdictError: the URI is not one line of ``sip:…``, or the mode is unknown.
    """
    if _URI.fullmatch(uri) is None:
        raise VerdictError("uri", f"{uri[:80]!r} is not a SIP URI: use for example sip:2002@192.0.2.10:5060")
    if mode not in ("relay", "contact"):
        raise VerdictError("mode", f"mode {mode!r} is unknown: use relay or contact")
    return Redirect(uri=uri, mode="contact" if mode == "contact" else "relay")


def target(uri: str = "", *, phone: str = "", headers: dict[str, str] | None = None) -> Target:
    """A checked target: a ``sip:`` or ``sips:`` URI, or the login of a phone; ``headers`` as with :func:`refuse`.

    Raises:
        VerdictError: neither or both are given, or one is malformed.
    """
    if bool(uri) is bool(phone):
        raise VerdictError("target", "give a SIP URI or a phone")
    if uri and _URI.fullmatch(uri) is None:
        raise VerdictError("target", f"{uri[:80]!r} is not a SIP URI: use for example sip:2002@192.0.2.10:5060")
    if phone and _LOGIN.fullmatch(phone) is None:
        raise VerdictError("target", f"{phone[:80]!r} is no phone's login: use 1 to 64 of A-Z a-z 0-9 _ . + -")
    return Target(uri=uri, phone=phone, headers=_checked_headers(headers or {}))


def dial(targets: Iterable[Target], *, ring_seconds: float = 30.0, limit_seconds: int = 0, caller_id: str = "") -> Dial:
    """A checked attempt to connect the call.

    Raises:
        VerdictError: no target or too many of them, a time or the caller id is out of bounds; ``field`` names it.
    """
    ringing = tuple(targets)
    if not 1 <= len(ringing) <= TARGET_LIMIT:
        raise VerdictError("targets", f"{len(ringing)} targets: give 1 to {TARGET_LIMIT}")
    if not RING_MIN <= ring_seconds <= RING_MAX:
        raise VerdictError("ring_seconds", f"{ring_seconds:g} s to ring: give {RING_MIN:g} to {RING_MAX:g}")
    if not 0 <= limit_seconds <= 86_400:
        raise VerdictError("limit_seconds", f"a limit of {limit_seconds} s: give 1 to 86400, or 0 for none")
    if caller_id and _CALLER_ID.fullmatch(caller_id) is None:
        raise VerdictError("caller_id", f"{caller_id[:80]!r} is no number: use up to 64 of 0-9 A-Z a-z + * # . _ -")
    return Dial(ringing, ring_seconds, limit_seconds, caller_id)


def _checked_headers(headers: dict[str, str]) -> tuple[tuple[str, str], ...]:
    if len(headers) > HEADER_LIMIT:
        raise VerdictError("headers", f"{len(headers)} headers are too many: {HEADER_LIMIT} at most")
    allowed = {name.lower(): name for name in ALLOWED_HEADERS}
    checked = []
    for name, value in headers.items():
        known = allowed.get(name.lower())
        if known is None and not (name.lower().startswith("x-") and _HEADER_NAME.fullmatch(name)):
            raise VerdictError(
                "headers", f"header {name[:64]!r} is not allowed: use X-… or {', '.join(ALLOWED_HEADERS)}"
            )
        if len(value) > HEADER_VALUE_LIMIT or not value.isprintable():
            raise VerdictError("headers", f"{name}: at most {HEADER_VALUE_LIMIT} printable characters on one line")
        checked.append((known or name, value))
    return tuple(checked)
