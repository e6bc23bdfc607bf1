"""Messages are read tolerantly; what is none is refused in the protocol's own form."""

from __future__ import annotations

import msgspec
import pytest

from callgate.dialects.genesys.bayeux.messages import MalformedError, Message, UnreadableError, event, read


def test_an_array_or_a_single_object_is_read() -> None:
    assert read(b' [{"channel":"/a"},{"channel":"/b"}]') == [Message("/a"), Message("/b")]
    assert read(b'{"channel":"/a"}') == [Message("/a")]
    assert read(b"[]") == []


def test_fields_that_are_not_known_are_left_aside() -> None:
    assert read(b'[{"channel":"/a","timestamp":"now","json-comment-filtered":true,"data":{"a":1}}]') == [Message("/a")]


def test_null_is_as_good_as_nothing() -> None:
    assert read(b'{"channel":"/a","id":null,"ext":null,"advice":null}') == [Message("/a")]


@pytest.mark.parametrize("body", [b"", b"[", b"\xff", b'"text"', b"[1]", b"null", b'[{"channel":"/a"}', b"[" * 100_000])
def test_what_holds_no_messages_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        read(body)


@pytest.mark.parametrize(
    ("body", "channel", "id_"),
    [
        (b'[{"id":"7"}]', "", "7"),
        (b'[{"channel":7,"id":8}]', "", 8),
        (b'[{"channel":"/meta/connect","id":[],"clientId":"x"}]', "/meta/connect", None),
        (b'[{"channel":"/a"},{"channel":"/meta/subscribe","id":"9","subscription":7}]', "/meta/subscribe", "9"),
        (b'[{"channel":"/meta/connect","id":"1","ext":"ack"}]', "/meta/connect", "1"),
    ],
)
def test_a_message_with_a_wrong_field_is_refused_by_its_name(body: bytes, channel: str, id_: object) -> None:
    with pytest.raises(MalformedError) as malformed:
        read(body)
    reply = msgspec.json.decode(malformed.value.reply)
    assert reply["channel"] == channel
    assert reply["successful"] is False
    assert reply.get("id") == id_
    assert reply["error"].startswith("400::")


@pytest.mark.parametrize(
    ("advice", "seconds"),
    [
        (b"{}", None),
        (b'{"timeout":0}', 0),
        (b'{"timeout":1500}', 1.5),
        (b'{"timeout":-5}', 0),
        (b'{"timeout":"a"}', None),
    ],
)
def test_the_time_that_a_client_would_wait_is_in_milliseconds(advice: bytes, seconds: float | None) -> None:
    assert read(b'{"channel":"/meta/connect","advice":%s}' % advice)[0].timeout == seconds


@pytest.mark.parametrize(
    ("ext", "asks"),
    [(b'{"ack":true}', True), (b'{"ack":false}', False), (b"{}", False), (b'{"ack":{"enabled":true}}', True)],
)
def test_a_handshake_asks_for_acknowledgements_in_either_form(ext: bytes, asks: bool) -> None:
    assert read(b'{"channel":"/meta/handshake","ext":%s}' % ext)[0].acknowledges is asks


def test_an_event_has_its_data_as_it_was_given() -> None:
    assert event("/v2/me/calls", msgspec.Raw(b'{"a": 1.0}')) == b'{"data":{"a": 1.0},"channel":"/v2/me/calls"}'


@pytest.mark.parametrize(
    ("ext", "batch"),
    [(b'{"ack":3}', 3), (b'{"ack":3.0}', 3), (b'{"ack":true}', None), (b'{"ack":"3"}', None), (b"{}", None)],
)
def test_a_connect_acknowledges_a_number(ext: bytes, batch: int | None) -> None:
    assert read(b'{"channel":"/meta/connect","ext":%s}' % ext)[0].batch == batch
