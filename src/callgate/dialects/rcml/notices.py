"""The notifications of one call: what went wrong, where, and what to do, in its account's error log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal
from urllib.parse import urlencode

from callgate.dialects.rcml.failures import Code, DocumentFailure
from callgate.dialects.rcml.model import DocumentRequest, Log, Notification
from callgate.dialects.rcml.urls import without_credentials
from callgate.directory.sids import new_sid

#: So many warnings are told of each document: a bad one must not fill the error log at every call.
WARNINGS = 20
#: How much of a reply is kept, in characters.
_BODY = 4_096


class Notices:
    """Writes the notifications of one call."""

    def __init__(self, log: Log, account_sid: str, call_sid: str, now: Callable[[], float]) -> None:
        self._log = log
        self._account_sid = account_sid
        self._call_sid = call_sid
        self._now = now
        self._request: DocumentRequest | None = None
        self._warnings = 0

    def about(self, request: DocumentRequest) -> None:
        """What follows is about the document that this request asks for."""
        self._request = request
        self._warnings = 0

    def error(self, code: int, text: str, line: int | None = None) -> None:
        """Something could not be done."""
        self._write(0, code, _placed(text, line))

    def warn(self, code: int, text: str, line: int | None = None) -> None:
        """Something was done otherwise than the document says, or not at all."""
        self._warnings += 1
        if self._warnings < WARNINGS:
            self._write(1, code, _placed(text, line))
        elif self._warnings == WARNINGS:
            self._write(1, Code.SCHEMA, f"{_placed(text, line)} (further warnings of this document are not told)")

    def failure(self, failure: DocumentFailure) -> None:
        """A document could not be had, or could not go on."""
        self._write(0, failure.code, str(failure), url=failure.url, headers=failure.headers, body=failure.body)

    def _write(
        self, log: Literal[0, 1], code: int, text: str, *, url: str = "", headers: str = "", body: str = ""
    ) -> None:
        request = self._request
        self._log.notification(
            Notification(
                sid=new_sid("NO"),
                account_sid=self._account_sid,
                call_sid=self._call_sid,
                log=log,
                code=int(code),
                text=text,
                at=self._now(),
                request_url=url or ("" if request is None else without_credentials(request.url)),
                request_method="" if request is None else request.method,
                request_variables="" if request is None else urlencode(request.parameters),
                response_headers=headers,
                response_body=body[:_BODY],
            )
        )


def _placed(text: str, line: int | None) -> str:
    return text if line is None else f"line {line}: {text}"
