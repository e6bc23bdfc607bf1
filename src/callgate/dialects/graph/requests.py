"""A request as the actions see it, and the reading of its path, its headers and its body."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote

import msgspec

from callgate.dialects.asgi import Receive, Scope
from callgate.dialects.bodies import read_within
from callgate.dialects.graph.errors import no_segment, not_served
from callgate.dialects.graph.model import Caller, Refused

#: What a client may call its request, in characters; anything else is not sent back.
_CLIENT_ID_LIMIT = 128
_PREFIX = "microsoft.graph."

ACTIONS = ("reject", "answer", "redirect")
#: What the vendor's calls can do besides.
_OTHER_ACTIONS = frozenset(
    name.lower()
    for name in (
        "addLargeGalleryView", "cancelMediaProcessing", "changeScreenSharingRole", "keepAlive", "mute", "playPrompt",
        "record", "recordResponse", "sendDtmfTones", "subscribeToTone", "transfer", "unmute", "updateRecordingStatus",
        "audioRoutingGroups", "contentSharingSessions", "operations", "participants",
    )
)  # fmt: skip


class Reply(msgspec.Struct, frozen=True):
    """What is answered: a status, and JSON or nothing."""

    status: int
    body: bytes = b""


class Request(msgspec.Struct, frozen=True):
    """One request of a bot that has proved who it is; ``root`` is its address up to the version.

    ``call`` is the id in its path.
    """

    caller: Caller
    call: str
    root: str
    body: bytes


class Target(msgspec.Struct, frozen=True):
    """What a path asks for: a call, and an action on it ("": the call itself)."""

    version: str
    call: str
    action: str

    @classmethod
    def of(cls, scope: Scope) -> Target:
        """Read a path; double slashes count once, escapes are undone in each segment.

        Raises:
            Refused: 404, there is no such resource; 501, Callgate does not serve it.
        """
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        version, *segments = [unquote(part, errors="replace") for part in raw.decode("latin-1").split("/") if part]
        path = [segment.lower() for segment in segments]
        if not path or path[0] not in ("communications", "app"):
            raise no_segment(segments[0] if segments else version)
        if path[1:2] != ["calls"]:
            raise no_segment(segments[1] if len(segments) > 1 else segments[0])
        if len(path) == 2:
            raise not_served("listing or placing calls")
        action = path[3].removeprefix(_PREFIX) if len(path) > 3 else ""
        if action in _OTHER_ACTIONS:
            raise not_served(f"'{segments[3][:40]}'")
        if action and action not in ACTIONS:
            raise no_segment(segments[3])
        if len(path) > 4:
            raise no_segment(segments[4])
        return cls(version, segments[2], action)


class Headers:
    """The headers of a request; of one that is given twice, the first counts."""

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self._headers = dict(reversed(list(headers)))

    def get(self, name: bytes) -> str:
        """The value, of the name in lower case; "" if there is none."""
        return self._headers.get(name, b"").decode("latin-1")

    @property
    def client_request_id(self) -> str:
        """What the client calls its request; "" if it does not say, or not in printable ASCII of some length."""
        given = self.get(b"client-request-id")
        return given if given.isascii() and given.isprintable() and len(given) <= _CLIENT_ID_LIMIT else ""


def check_json(headers: Headers) -> None:
    """That a body is JSON; one without Content-Type is taken for it.

    Raises:
        Refused: 415.
    """
    given = headers.get(b"content-type")
    if given and given.partition(";")[0].strip().lower() != "application/json":
        raise Refused(415, "BadRequest", "The request body must be application/json.")


async def read_body(receive: Receive, headers: Headers, limit: int) -> bytes:
    """The whole body.

    Raises:
        Refused: 413, it has more than ``limit`` bytes (known before it is read where Content-Length tells).
        ConnectionResetError: the client went away.
    """
    body = await read_within(receive, limit, headers.get(b"content-length"))
    if body is None:
        raise _too_large(limit)
    return body


def _too_large(limit: int) -> Refused:
    return Refused(413, "BadRequest", f"The request body may have at most {limit} bytes.")
