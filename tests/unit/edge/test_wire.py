"""The link's words: whatever stands in an INVITE arrives as text, and every verdict becomes one datagram's words."""

from __future__ import annotations

from base64 import b64decode, b64encode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.core.calls import Call
from callgate.core.gate import Gate
from callgate.core.reports import Incoming
from callgate.core.verdicts import (
    TARGET_LIMIT,
    Accept,
    Redirect,
    Refuse,
    VerdictError,
    dial,
    redirect,
    refuse,
    target,
)
from callgate.edge.link import DATAGRAM_BYTES
from callgate.edge.wire import (
    PROGRESS,
    AnsweredFrame,
    CallFrame,
    ProgressFrame,
    ReturnedFrame,
    decision_words,
    decode,
    hold_words,
    incoming_of,
    key_of,
    sequence_of,
)
from tests.unit.core.calls import admitted

from .fake import NONCE, call_frame

SECONDS = st.integers(0, 2**33)
COUNTERS = st.integers(0, 2**15 - 1)
MICROSECONDS = st.integers(0, 999_999)
#: The fields of a call frame that travel in base 64, and where they arrive.
CODED = {
    "uri": "uri",
    "ruri": "request_uri",
    "from": "from_header",
    "to": "to_header",
    "id": "sip_call_id",
    "pai": "asserted_identity",
    "privacy": "privacy",
    "diversion": "diversion",
    "number": "number",
}


def read(frame: dict[str, object]) -> Incoming:
    found = decode(msgspec.json.encode(frame))
    assert isinstance(found, CallFrame)
    return incoming_of(found, NONCE)


def call_of(incoming: Incoming) -> Call:
    return admitted(Gate(), incoming.sequence, incoming.received)


# --- events ----------------------------------------------------------------------------------------------------------


def test_a_call_is_read_whole() -> None:
    incoming = read(call_frame("1713149824.1", us=250_000, headers=[["WC0x", "YQ=="], ["eC0y", "Yg=="]]))
    assert (incoming.received, incoming.edge, incoming.controlled) == (1_713_149_824.25, NONCE, True)
    assert (incoming.trunk, incoming.route, incoming.dialled) == ("carrier", "sales", "5503302")
    assert incoming.caller.source == "192.0.2.10:5060"
    assert incoming.caller.headers == (("X-1", "a"), ("x-2", "b"))
    assert incoming.caller.asserted_identity == ""


def test_a_call_that_is_not_held_is_not_controlled() -> None:
    assert not read(call_frame(held=False)).controlled


def test_the_source_of_an_ipv6_caller_is_in_brackets() -> None:
    assert read(call_frame(source="2001:db8::1")).caller.source == "[2001:db8::1]:5060"


@given(st.dictionaries(st.sampled_from(sorted(CODED)), st.binary(), min_size=1), st.binary(), st.binary())
def test_any_bytes_in_a_header_arrive_as_text(values: dict[str, bytes], did: bytes, header: bytes) -> None:
    coded = {name: b64encode(value).decode() for name, value in {**values, "did": did}.items()}
    more = b64encode(header).decode()
    incoming = read({**call_frame(), **coded, "headers": [[more, more]]})
    for name, value in values.items():
        assert getattr(incoming.caller, CODED[name]) == value.decode("utf-8", "backslashreplace")
    assert incoming.dialled == did.decode("utf-8", "backslashreplace")
    assert msgspec.json.decode(msgspec.json.encode(incoming), type=Incoming) == incoming


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b'"Alice"', "Alice"),
        (b"Alice", "Alice"),
        (b'"Say \\"Hi\\""', 'Say "Hi"'),
        (b'"back\\\\slash"', "back\\slash"),
        (b'""', ""),
        (b'"', '"'),
        ('"Jürgen 🐧"'.encode(), "Jürgen 🐧"),
        (b"\xff\xfe", "\\xff\\xfe"),
    ],
)
def test_a_display_name_is_without_its_quotes(raw: bytes, name: str) -> None:
    assert read(call_frame(name=b64encode(raw).decode())).caller.name == name


@pytest.mark.parametrize("frame_type", PROGRESS)
def test_every_report_is_read_as_what_it_is(frame_type: type[ProgressFrame]) -> None:
    event = {"e": PROGRESS[frame_type], "k": "1000.7", "status": 480, "phrase": "R29uZQ==", "by": "caller"}
    found = decode(msgspec.json.encode(event))
    assert type(found) is frame_type
    assert isinstance(found, ProgressFrame)
    assert (found.k, found.status, found.phrase, found.by) == ("1000.7", 480, b"Gone", "caller")


@pytest.mark.parametrize(
    "event",
    [b"", b"{}", b"[]", b'{"e":"nothing"}', b'{"e":"call"}', b'{"e":"ack","id":1,"result":"maybe"}',
     b'{"e":"routed","k":7}', b'{"e":"routed","k":"1.1","phrase":"***"}', b"\xff"],
)  # fmt: skip
def test_what_is_no_event_is_an_error_of_its_own(event: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(event)


# --- keys ------------------------------------------------------------------------------------------------------------


@given(SECONDS, COUNTERS, MICROSECONDS)
def test_a_call_is_named_to_the_edge_by_the_key_it_came_with(second: int, counter: int, microseconds: int) -> None:
    key = f"{second}.{counter}"
    incoming = read(call_frame(key, us=microseconds))
    assert key_of(call_of(incoming)) == key
    assert incoming.sequence == sequence_of(key)


@given(SECONDS, COUNTERS)
def test_a_sequence_number_has_32_bits(second: int, counter: int) -> None:
    assert 0 <= sequence_of(f"{second}.{counter}") < 2**32


@given(SECONDS, st.tuples(st.integers(0, 86_399), COUNTERS), st.tuples(st.integers(0, 86_399), COUNTERS))
def test_two_calls_of_one_day_have_two_sequence_numbers(
    begin: int, one: tuple[int, int], other: tuple[int, int]
) -> None:
    numbers = {sequence_of(f"{begin + second}.{counter}") for second, counter in (one, other)}
    assert len(numbers) == len({one, other})


# --- commands --------------------------------------------------------------------------------------------------------


def test_the_words_of_each_verdict() -> None:
    call = call_of(read(call_frame("1713149824.1")))
    assert decision_words(call, Accept(), 12.0) == ("route", "1713149824.1")
    assert decision_words(call, redirect("sip:a@b"), 12.0) == ("route", "1713149824.1 sip:a@b")
    assert decision_words(call, redirect("sip:a@b", "contact"), 12.0) == (
        "refuse",
        f"1713149824.1 302 {coded('Moved Temporarily')} {coded('Contact: <sip:a@b>' + END)}",
    )
    assert decision_words(call, refuse("service_unavailable", headers={"X-Why": "Closed"}), 12.0) == (
        "refuse",
        f"1713149824.1 503 {coded('Service Unavailable')} "
        + coded(f"Reason: Q.850;cause=41{END}X-Why: Closed{END}Retry-After: 30{END}"),
    )


def test_the_words_of_a_dialling() -> None:
    call = call_of(read(call_frame("1713149824.1")))
    call.attempt = 2
    targets = [target("sip:a@b", headers={"X-One": "1", "X-Two": "a|b c"}), target(phone="anna")]
    both = f"s|{coded('sip:a@b')}|{coded(f'X-One: 1{END}X-Two: a|b c{END}')} p|anna|"
    assert decision_words(call, dial(targets), 12.0) == ("dial", f"1713149824.1 2 30000 12000 0 - {both}")
    some = dial(targets, ring_seconds=1.5, limit_seconds=60, caller_id="+4930")
    assert decision_words(call, some, 12.0) == ("dial", f"1713149824.1 2 1500 12000 60 +4930 {both}")


def test_the_words_of_holding_on() -> None:
    call = call_of(read(call_frame("1713149824.1")))
    assert hold_words(call, 20.5, 180, "") == f"1713149824.1 20500 180 {coded('Ringing')}"
    assert hold_words(call, 20.5, 182, "You are third") == f"1713149824.1 20500 182 {coded('You are third')}"
    assert all(hold_words(call, 20.5, 0, "").split(" "))


def test_the_longest_dialling_of_every_kind_of_target_fits_into_one_datagram() -> None:
    headers = {f"X-Header-{number}": "v" * 100 for number in range(8)}
    targets = [target(f"sip:{'u' * 100}@{number}.example.com", headers=headers) for number in range(TARGET_LIMIT)]
    word, rest = decision_words(call_of(read(call_frame())), dial(targets), 12.0)
    assert len(f"{'s' * 64} {word} 1 {rest}") <= DATAGRAM_BYTES


def test_what_the_edge_tells_of_a_dialling() -> None:
    answered = decode(b'{"e":"answered","k":"1000.7","status":200,"n":2,"t":1}')
    assert isinstance(answered, AnsweredFrame)
    assert (answered.n, answered.t) == (2, 1)
    returned = decode(b'{"e":"returned","k":"1000.7","n":2,"status":486,"phrase":"QnVzeSBIZXJl"}')
    assert isinstance(returned, ReturnedFrame)
    assert (returned.n, returned.status, returned.phrase, returned.t) == (2, 486, b"Busy Here", None)


END = "\r\n"


def coded(text: str) -> str:
    return b64encode(text.encode()).decode()


@given(
    st.integers(400, 699),
    st.text(min_size=1, max_size=40),
    st.dictionaries(st.sampled_from(["X-Note", "Warning", "Retry-After"]), st.text(max_size=40)),
)
def test_a_refusal_is_four_words_that_say_it_all(status: int, phrase: str, headers: dict[str, str]) -> None:
    try:
        verdict = refuse(status=status, phrase=phrase, headers=headers)
    except VerdictError:
        return
    word, rest = decision_words(call_of(read(call_frame())), verdict, 12.0)
    key, told_status, told_phrase, told_headers = rest.split(" ")
    assert (word, key, int(told_status)) == ("refuse", "1000.7", status)
    assert b64decode(told_phrase).decode() == phrase
    lines = b64decode(told_headers).decode().split(END)
    assert lines[0] == f"Reason: Q.850;cause={verdict.cause}"
    assert lines[1:-1] == [f"{name}: {value}" for name, value in verdict.headers]
    assert lines[-1] == ""


@given(st.text(max_size=60), st.sampled_from(["relay", "contact"]))
def test_a_redirection_has_no_stray_words(text: str, mode: str) -> None:
    try:
        verdict = redirect(f"sip:{text}", mode)
    except VerdictError:
        return
    word, rest = decision_words(call_of(read(call_frame())), verdict, 12.0)
    words = rest.split(" ")
    if mode == "relay":
        assert (word, words) == ("route", ["1000.7", verdict.uri])
    else:
        assert (word, words[:2]) == ("refuse", ["1000.7", "302"])
        assert b64decode(words[3]).decode() == f"Contact: <{verdict.uri}>{END}"


@pytest.mark.parametrize("verdict", [Accept(), Redirect("sip:a@b"), Refuse(603, "Decline", 21)])
def test_a_command_has_no_empty_word(verdict: Accept | Redirect | Refuse) -> None:
    word, rest = decision_words(call_of(read(call_frame())), verdict, 12.0)
    assert all(f"{word} 1 {rest}".split(" "))
