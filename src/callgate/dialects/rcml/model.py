"""What the parts of the RCML dialect hand each other."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from callgate.core.calls import CallId

DIALECT = "rcml"
API_VERSION = "2012-04-24"

#: Names and values of a request, in their order; a name may come more than once.
Parameters = list[tuple[str, str]]
Method = Literal["POST", "GET"]
#: The statuses of a call as RCML tells them.
Status = Literal["queued", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled"]
FINAL_STATUSES: frozenset[Status] = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})


class CallRecord(msgspec.Struct, frozen=True, gc=False):
    """A call as the REST API tells it: an inbound one, or what it has dialled (``parent_sid``: the inbound one's sid).

    ``from_`` and ``to`` are numbers, SIP URIs or ``client:login``. Times are Unix seconds, ``None`` until it happened:
    ``started`` is when it was answered. ``ring_seconds`` is how long it rang. Of several records of one sid, the last
    one written counts.
    """

    sid: str
    account_sid: str
    parent_sid: str | None
    phone_number_sid: str | None
    from_: str
    to: str
    direction: Literal["inbound", "outbound-dial"]
    status: Status
    caller_name: str | None
    forwarded_from: str | None
    created: float
    updated: float
    started: float | None = None
    ended: float | None = None
    ring_seconds: int | None = None


class Notification(msgspec.Struct, frozen=True, gc=False):
    """An entry of the account's error log. ``log`` is 0 for an error, 1 for a warning; ``at`` in Unix seconds.

    ``text`` says what is wrong, where (line and column) and what to do. What was asked and what came back stand in the
    rest, "" where there was nothing; neither holds a secret.
    """

    sid: str
    account_sid: str
    call_sid: str | None
    log: Literal[0, 1]
    code: int
    text: str
    at: float
    request_url: str = ""
    request_method: str = ""
    request_variables: str = ""
    response_headers: str = ""
    response_body: str = ""


class DocumentRequest(msgspec.Struct, frozen=True):
    """What is asked of an application. With ``token`` (the account's) the request is signed."""

    url: str
    method: Method
    parameters: Parameters
    token: str | None = None

    def __repr__(self) -> str:
        return f"DocumentRequest(method={self.method!r})"  # neither token nor URL in any log


class Fetched(msgspec.Struct, frozen=True):
    """A reply of status 200. ``url`` is the last one of the redirects, that relative URLs are relative to.

    ``content_type`` is without its parameters, in lower case; ``charset`` is what it named, or "".
    """

    url: str
    content_type: str
    charset: str
    headers: str
    body: bytes

    def __repr__(self) -> str:
        return f"Fetched(content_type={self.content_type!r})"  # no URL with a password in any log


class FetchError(Exception):
    """No document could be had. ``status`` is the HTTP status that was not 200, 0 when there was none.

    ``code`` is the notification's (docs/rcml.md lists them). ``url`` is what could not be had, without user and
    password. The text says what happened, in one sentence.
    """

    def __init__(self, code: int, text: str, *, url: str, status: int = 0, headers: str = "", body: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.url = url
        self.status = status
        self.headers = headers
        self.body = body


class Fetcher(Protocol):
    """Fetches documents."""

    async def fetch(self, account: str, request: DocumentRequest, seconds: float) -> Fetched:
        """One document for an account (its name), within ``seconds``, the time that it waits for its turn included.

        Raises:
            FetchError: anything but a reply of 200 of allowed size.
        """
        ...


class Callbacks(Protocol):
    """Tells applications what becomes of their calls: in the background, in order for each call, retried."""

    def tell(self, call: CallId, account: str, request: DocumentRequest, event: str) -> None:
        """Have a status told; returns at once. ``account`` is a name, ``event`` the status, for the journal."""
        ...


class LiveCallError(Exception):
    """A live call could not be changed as asked; it is as it was. The text says why, in one sentence."""


class Unsupported(LiveCallError):
    """What was asked for cannot be done with a call in this state: it was answered, or let go to a destination."""


class NotConfirmed(LiveCallError):
    """The edge has not confirmed it: what has become of the call is not known yet."""


class LiveCalls(Protocol):
    """The calls that RCML applications decide, while they live."""

    def status(self, call: CallId) -> Status | None:
        """The status of a live call; ``None``: it is over, or none of these."""
        ...

    async def end(self, call: CallId, status: Literal["canceled", "completed"]) -> bool:
        """End a live call: refuse it with 603 if it is not answered, and ``status`` is then its last; else hang up.

        An answered call is not ended by "canceled", as documented: nothing is done. Returns false if it was over.

        Raises:
            LiveCallError: the edge did not confirm it.
        """
        ...

    async def run(self, call: CallId, url: str, method: Method, fallback_url: str, fallback_method: Method) -> bool:
        """Have a call that is not answered start another document at once; what is dialled for it is cancelled.

        Returns when the document is about to be fetched; false if the call was over.

        Raises:
            LiveCallError: the call was answered or let go (:class:`Unsupported`), or the edge did not confirm it.
        """
        ...


class Log(Protocol):
    """Takes up what the REST API shows later; never waits."""

    def call(self, record: CallRecord) -> None: ...

    def notification(self, notification: Notification) -> None: ...
