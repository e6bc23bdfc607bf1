"""Reasons: each row against the numbers of its RFC, written out here."""

from __future__ import annotations

import pytest

from callgate.core.reasons import REASONS, UnknownReasonError, by_name, cause_of, phrase_of

#: Name → SIP status, phrase, Q.850 cause, Retry-After.
ROWS = {
    "rejected": (603, "Decline", 21, None),
    "busy": (486, "Busy Here", 17, None),
    "forbidden": (403, "Forbidden", 21, None),
    "anonymity_disallowed": (433, "Anonymity Disallowed", 21, None),
    "address_incomplete": (484, "Address Incomplete", 28, None),
    "no_route": (404, "No Route", 1, None),
    "service_unavailable": (503, "Service Unavailable", 41, 30),
    "unwanted": (607, "Unwanted", 21, None),
    "temporarily_unavailable": (480, "Temporarily Unavailable", 18, None),
}

#: RFC 3398 section 8.2.6.1, with 603 and 607 as the call rejected (21).
CAUSES = {
    400: 41, 401: 21, 402: 21, 403: 21, 404: 1, 405: 63, 406: 79, 407: 21, 408: 102, 410: 22, 413: 127, 414: 127,
    415: 79, 416: 127, 420: 127, 421: 127, 423: 127, 480: 18, 481: 41, 482: 25, 483: 25, 484: 28, 485: 1, 486: 17,
    488: 65, 500: 41, 501: 79, 502: 38, 503: 41, 504: 102, 505: 127, 513: 127, 600: 17, 603: 21, 604: 1, 606: 65,
    607: 21, 608: 21,
}  # fmt: skip


def test_the_table_is_this_one() -> None:
    assert {
        name: (reason.status, reason.phrase, reason.cause, reason.retry_after) for name, reason in REASONS.items()
    } == ROWS


@pytest.mark.parametrize(("status", "cause"), CAUSES.items())
def test_the_cause_of_a_status_is_that_of_rfc_3398(status: int, cause: int) -> None:
    assert cause_of(status) == cause


@pytest.mark.parametrize("name", ROWS)
def test_a_named_reason_and_its_bare_status_say_the_same(name: str) -> None:
    reason = REASONS[name]
    assert cause_of(reason.status) == reason.cause
    # RFC 3261 calls 404 "Not Found"; the documentation of the reasons, "No Route".
    assert reason.phrase in (phrase_of(reason.status), "No Route")


@pytest.mark.parametrize("status", [418, 499, 599, 699])
def test_a_status_without_a_registered_cause_is_normal_unspecified(status: int) -> None:
    assert cause_of(status) == 31


@pytest.mark.parametrize(
    ("status", "phrase"), [(499, "Request Failure"), (599, "Server Failure"), (699, "Global Failure")]
)
def test_a_status_without_a_registered_phrase_is_named_after_its_class(status: int, phrase: str) -> None:
    assert phrase_of(status) == phrase


def test_letter_case_of_a_name_does_not_matter() -> None:
    assert by_name("Busy") is by_name("busy")


def test_an_unknown_reason_is_told_with_those_there_are() -> None:
    with pytest.raises(UnknownReasonError, match="unknown reason 'tired': use one of rejected, busy") as caught:
        by_name("tired")
    assert caught.value.name == "tired"
