"""What goes wrong with documents and calls: the codes of notifications, and the failure of a document."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """The codes of notifications that documents cause.

    Those from 11005 to 13910 that Restcomm's open source has mean the same here. For what it tells nobody, the numbers
    are those that the hosted product (1002 to 1103) or Twilio (12100, 12200, 12300, 13223, 13224), whose numbers
    Restcomm took, has for it: our choice.
    """

    NOT_DONE = 1002  #: a verb, noun or attribute that Callgate does not do
    CALL_OVER = 1101  #: the call was over before the document
    STATE = 1103  #: not in this state of the call: a Reject after a Dial, another application was first
    ACCOUNT = 11005  #: the account is not active
    URL = 11100  #: no URL, or one that is none
    TIME = 11205  #: no time is left for a document (Restcomm's code for any failure of a download)
    CHANGES = 11215  #: one document after the other, without end
    PARSE = 12100  #: the document is not well-formed XML, or more than is allowed
    SCHEMA = 12200  #: an unknown verb, noun, attribute or value, which is skipped
    CONTENT_TYPE = 12300  #: the reply is no document
    INTERNAL = 12400  #: the edge did not do it, or Callgate is at fault
    DIAL_METHOD = 13210
    DIAL_TIMEOUT = 13212
    DIAL_CALLER_ID = 13214
    DIAL_TIME_LIMIT = 13216
    DIAL_NUMBER = 13223  #: not a number
    DIAL_TARGET = 13224  #: a noun that cannot be dialled
    REDIRECT_METHOD = 13710
    PAUSE_LENGTH = 13910
    NOT_FOUND = 21402  #: the URL was answered with 404


class DocumentFailure(Exception):  # it is a failure of the application, not an error of the program
    """A document cannot be had, or cannot go on: the fallback URL is asked, and if that fails too the call fails.

    ``url`` is the document's, without user and password; ``status`` the HTTP status if it was not 200, else 0;
    ``headers`` and ``body`` what came back. The text says what happened, where, and what to do.
    """

    def __init__(
        self, code: int, text: str, *, url: str = "", status: int = 0, headers: str = "", body: str = ""
    ) -> None:
        super().__init__(text)
        self.code = code
        self.url = url
        self.status = status
        self.headers = headers
        self.body = body
