"""Verdicts: what may be asked for, and what would harm the SIP message is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.core.reasons import REASONS, UnknownReasonError
from callgate.core.verdicts import (
    ALLOWED_HEADERS,
    HEADER_LIMIT,
    HEADER_VALUE_LIMIT,
    PHRASE_LIMIT,
    RING_MAX,
    RING_MIN,
    TARGET_LIMIT,
    Redirect,
    Refuse,
    Target,
    VerdictError,
    dial,
    redirect,
    refuse,
    target,
)

#: What ends a line, or a string, somewhere: in SIP, in the edge's C, in a terminal.
BREAKS = ["\r\n", "\n", "\r", "\0", "\x0b", "\x85", "\u2028", "\x7f", "\x1b"]


def field_of(error: pytest.ExceptionInfo[VerdictError]) -> str:
    return error.value.field


def test_a_refusal_without_a_reason_is_603_decline() -> None:
    assert refuse() == Refuse(603, "Decline", 21, "rejected")


@pytest.mark.parametrize("name", [name for name in REASONS if REASONS[name].retry_after is None])
def test_a_named_reason_gives_its_status_phrase_and_cause(name: str) -> None:
    reason = REASONS[name]
    assert refuse(name) == refuse(reason) == Refuse(reason.status, reason.phrase, reason.cause, name)


@pytest.mark.parametrize("verdict", [refuse("service_unavailable"), refuse(status=503)])
def test_503_carries_retry_after(verdict: Refuse) -> None:
    assert verdict.headers == (("Retry-After", "30"),)


def test_a_retry_after_of_ones_own_is_kept() -> None:
    assert refuse("service_unavailable", headers={"retry-after": "7"}).headers == (("Retry-After", "7"),)


def test_a_status_of_ones_own_brings_its_registered_phrase_and_cause() -> None:
    assert refuse(status=410) == Refuse(410, "Gone", 22)


def test_a_phrase_of_ones_own_replaces_the_registered_one() -> None:
    assert refuse("busy", phrase="Später").phrase == "Später"
    assert refuse(status=499, phrase="Closed today").phrase == "Closed today"


@pytest.mark.parametrize("status", [-1, 0, 100, 180, 200, 302, 399, 700, 6030])
def test_a_status_that_is_no_refusal_is_rejected(status: int) -> None:
    with pytest.raises(VerdictError, match="use 400 to 699") as error:
        refuse(status=status)
    assert field_of(error) == "status"


@pytest.mark.parametrize("status", [401, 407])
def test_a_challenge_is_no_refusal(status: int) -> None:
    with pytest.raises(VerdictError, match="asks the caller for credentials") as error:
        refuse(status=status)
    assert field_of(error) == "status"


def test_a_reason_and_a_status_together_are_rejected() -> None:
    with pytest.raises(VerdictError, match="not both") as error:
        refuse("busy", status=486)
    assert field_of(error) == "status"


def test_an_unknown_reason_is_rejected() -> None:
    with pytest.raises(UnknownReasonError):
        refuse("tired")


@pytest.mark.parametrize("phrase", ["", "x" * (PHRASE_LIMIT + 1), *(f"No{end}X-Evil: 1" for end in BREAKS)])
def test_a_phrase_that_is_not_one_short_line_is_rejected(phrase: str) -> None:
    with pytest.raises(VerdictError, match="on one line") as error:
        refuse("busy", phrase=phrase)
    assert field_of(error) == "phrase"


@pytest.mark.parametrize("value", ["x" * (HEADER_VALUE_LIMIT + 1), *(f"1{end}X-Evil: 1" for end in BREAKS)])
def test_a_header_value_that_is_not_one_line_is_rejected(value: str) -> None:
    with pytest.raises(VerdictError, match="on one line") as error:
        refuse(headers={"X-Note": value})
    assert field_of(error) == "headers"


@pytest.mark.parametrize("name", [*ALLOWED_HEADERS, "X-Note", "x-note-2"])
def test_an_allowed_header_goes_along(name: str) -> None:
    assert refuse(headers={name: "1"}).headers == ((name, "1"),)


@pytest.mark.parametrize("name", ALLOWED_HEADERS)
def test_an_allowed_header_is_spelled_as_registered(name: str) -> None:
    assert refuse(headers={name.upper(): "1"}).headers == ((name, "1"),)


@pytest.mark.parametrize(
    "name",
    ["Via", "From", "To", "Call-ID", "CSeq", "Content-Length", "Record-Route", "WWW-Authenticate", "Proxy-Authenticate",
     "Reason", "", "X", "X_Note", "X-Note: 1\r\nVia", "X-Nöte", "X-" + "n" * 63],
)  # fmt: skip
def test_a_header_of_the_sip_stack_or_a_malformed_one_is_rejected(name: str) -> None:
    with pytest.raises(VerdictError, match="is not allowed") as error:
        refuse(headers={name: "1"})
    assert field_of(error) == "headers"


def test_too_many_headers_are_rejected() -> None:
    assert len(refuse(headers={f"X-{n}": "1" for n in range(HEADER_LIMIT)}).headers) == HEADER_LIMIT
    with pytest.raises(VerdictError, match="too many") as error:
        refuse(headers={f"X-{n}": "1" for n in range(HEADER_LIMIT + 1)})
    assert field_of(error) == "headers"


@given(phrase=st.text(), value=st.text())
def test_nothing_that_passes_can_break_out_of_its_line(phrase: str, value: str) -> None:
    try:
        verdict = refuse("busy", phrase=phrase, headers={"X-Note": value})
    except VerdictError:
        return
    for text in (verdict.phrase, *(f"{name}: {value}" for name, value in verdict.headers)):
        assert text.splitlines() == [text]
        assert text.isprintable()


@pytest.mark.parametrize(
    "uri", ["sip:2002@192.0.2.10:5060", "sips:pbx.example.com;transport=tcp", "SIP:+44@[2001:db8::1]"]
)
def test_a_sip_uri_is_taken(uri: str) -> None:
    assert redirect(uri) == Redirect(uri, "relay")
    assert redirect(uri, "contact") == Redirect(uri, "contact")


@pytest.mark.parametrize(
    "uri",
    ["", "sip:", "2002", "tel:+4420", "http://pbx", "sip:a b@c", "sip:a@b>\r\nX-Evil: 1", "sip:a@b\r\nX: 1",
     "<sip:a@b>", 'sip:"a"@b', "sip:a@b\0", "sip:a@b\x85", "sip:a@b\u2028c", "sip:" + "a" * 513],
)  # fmt: skip
def test_what_is_no_single_sip_uri_is_rejected(uri: str) -> None:
    with pytest.raises(VerdictError, match="is not a SIP URI") as error:
        redirect(uri)
    assert field_of(error) == "uri"


def test_an_unknown_mode_of_redirection_is_rejected() -> None:
    with pytest.raises(VerdictError, match="use relay or contact") as error:
        redirect("sip:a@b", "teleport")
    assert field_of(error) == "mode"


@given(st.text())
def test_no_uri_that_passes_holds_a_space_or_a_line_end(text: str) -> None:
    try:
        uri = redirect(f"sip:{text}").uri
    except VerdictError:
        return
    assert len(uri.split()) == 1
    assert uri.splitlines() == [uri]
    assert not set(uri) & set('<>"')


# --- targets and dialling --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("uri", ["sip:2002@192.0.2.10:5060", "sips:pbx.example.com;transport=tcp"])
def test_a_target_is_a_sip_uri_or_a_phone(uri: str) -> None:
    assert target(uri) == Target(uri=uri)
    assert str(target(uri)) == uri
    assert target(phone="anna") == Target(phone="anna")
    assert str(target(phone="anna")) == "phone:anna"


@pytest.mark.parametrize(("uri", "phone"), [("", ""), ("sip:2002@192.0.2.10", "anna")])
def test_a_target_is_one_of_the_two(uri: str, phone: str) -> None:
    with pytest.raises(VerdictError, match="a SIP URI or a phone") as error:
        target(uri, phone=phone)
    assert field_of(error) == "target"


@pytest.mark.parametrize("uri", ["2002", "tel:+4420", "sip:a b@c", "sip:a@b\r\nX: 1", "sip:" + "a" * 513])
def test_a_target_that_is_no_single_sip_uri_is_rejected(uri: str) -> None:
    with pytest.raises(VerdictError, match="is not a SIP URI") as error:
        target(uri)
    assert field_of(error) == "target"


@pytest.mark.parametrize("phone", ["an na", "anna@home", "anna|b", "ännchen", "a" * 65, "anna\n", "a:b"])
def test_a_phone_that_has_no_login_of_one_word_is_rejected(phone: str) -> None:
    with pytest.raises(VerdictError, match="is no phone's login") as error:
        target(phone=phone)
    assert field_of(error) == "target"


def test_a_target_has_headers_as_a_refusal_has() -> None:
    assert target(phone="anna", headers={"X-Note": "1"}).headers == (("X-Note", "1"),)
    with pytest.raises(VerdictError, match="is not allowed") as error:
        target(phone="anna", headers={"Via": "1"})
    assert field_of(error) == "headers"


@pytest.mark.parametrize("count", [0, TARGET_LIMIT + 1])
def test_too_few_or_too_many_targets_are_rejected(count: int) -> None:
    with pytest.raises(VerdictError, match=f"give 1 to {TARGET_LIMIT}") as error:
        dial([target(phone=f"p{number}") for number in range(count)])
    assert field_of(error) == "targets"


def test_as_many_targets_as_allowed_ring_at_once() -> None:
    targets = [target(phone=f"p{number}") for number in range(TARGET_LIMIT)]
    assert dial(iter(targets)).targets == tuple(targets)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ring_seconds", RING_MIN - 0.01), ("ring_seconds", RING_MAX + 0.01), ("ring_seconds", float("nan")),
        ("ring_seconds", float("inf")), ("limit_seconds", -1), ("limit_seconds", 86_401), ("caller_id", "a b"),
        ("caller_id", "1|2"), ("caller_id", "1@2"), ("caller_id", "1\n"), ("caller_id", "1" * 65),
    ],
)  # fmt: skip
def test_what_is_out_of_bounds_of_a_dialling_is_rejected(field: str, value: object) -> None:
    with pytest.raises(VerdictError) as error:
        dial([target(phone="anna")], **{field: value})  # type: ignore[arg-type]  # one of several fields
    assert field_of(error) == field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ring_seconds", RING_MIN), ("ring_seconds", RING_MAX), ("limit_seconds", 0), ("limit_seconds", 86_400),
        ("caller_id", ""), ("caller_id", "+49.30-5503_301*#"), ("caller_id", "anonymous"), ("caller_id", "1" * 64),
    ],
)  # fmt: skip
def test_the_bounds_of_a_dialling_belong_to_it(field: str, value: object) -> None:
    verdict = dial([target(phone="anna")], **{field: value})  # type: ignore[arg-type]  # one of several fields
    assert getattr(verdict, field) == value


@given(st.text())
def test_no_word_of_a_dialling_that_passes_holds_a_space_or_a_separator(text: str) -> None:
    words = []
    with contextlib.suppress(VerdictError):
        words.append(target(phone=text).phone)
    with contextlib.suppress(VerdictError):
        words.append(target(f"sip:{text}").uri)
    with contextlib.suppress(VerdictError):
        words.append(dial([target(phone="anna")], caller_id=text).caller_id or "-")
    for word in words:
        assert word.split() == [word]
    assert "|" not in "".join(word for word in words if not word.startswith("sip:"))
