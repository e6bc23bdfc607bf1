"""Kamailio's lines in Callgate's log: whole, few, and without what strangers put into them."""

from __future__ import annotations

from callgate.edge.output import Lines

STATED = b" 7(17116) ERROR: {12-61@127.0.0.1} tm [t_lookup.c:1065]: t_check_msg(): parsing error\n"
QUOTING = (
    b" 7(17116) ERROR: {a@b} <core> [core/parser/msg_parser.c:339]: parse_headers(): bad header field [X-{odd}: 3\n"
    b"Authorization: Digest response=secret\n"
    b"Content-Length: 110\n"
    b"]\n"
)


def test_a_line_keeps_its_level_and_its_words() -> None:
    assert list(Lines().feed(STATED, 0)) == [
        ("error", "{12-61@127.0.0.1} tm [t_lookup.c:1065]: t_check_msg(): parsing error")
    ]
    notice = b" 0(25) NOTICE: <script>: 403 for INVITE from the unknown source 192.0.2.1:5060\n"
    assert list(Lines().feed(notice, 0)) == [
        ("info", "<script>: 403 for INVITE from the unknown source 192.0.2.1:5060")
    ]


def test_nothing_that_is_quoted_is_passed_on() -> None:
    assert list(Lines().feed(QUOTING + STATED, 0)) == [
        ("error", "{a@b} <core> [core/parser/msg_parser.c:339]: parse_headers(): bad header field …"),
        ("error", "{12-61@127.0.0.1} tm [t_lookup.c:1065]: t_check_msg(): parsing error"),
    ]


def test_credentials_are_left_out_wherever_they_stand() -> None:
    line = b" 1(2) WARNING: sanity [sanity.c:1]: x(): Proxy-Authorization: Digest response=secret\n"
    assert list(Lines().feed(line, 0)) == [("warning", "sanity [sanity.c:1]: x(): Proxy-Authorization: …")]


def test_what_a_terminal_would_obey_is_spelled_out() -> None:
    line = " 1(2) NOTICE: <script>: no route for \x1b[2J\u202e on trunk x\n".encode()
    assert list(Lines().feed(line, 0)) == [("info", "<script>: no route for \\x1b[2J\\x202e on trunk x")]


def test_a_line_cut_anywhere_is_read_whole() -> None:
    whole = list(Lines().feed(QUOTING + STATED, 0))
    for cut in range(len(QUOTING + STATED)):
        lines = Lines()
        text = QUOTING + STATED
        assert [*lines.feed(text[:cut], 0), *lines.feed(text[cut:], 0)] == whole


def test_a_flood_is_counted_and_not_passed_on() -> None:
    lines = Lines(limit=3)
    assert len(list(lines.feed(STATED * 1000, 5.1))) == 3
    assert len(list(lines.feed(STATED * 1000, 5.9))) == 0
    said = list(lines.feed(STATED, 6.0))
    assert said[0] == ("warning", "1997 more lines within a second were left out")
    assert len(said) == 2


def test_a_line_without_an_end_is_not_kept_for_ever() -> None:
    lines = Lines()
    for _ in range(100):
        assert list(lines.feed(b"x" * 60_000, 0)) == []
    assert len(lines._rest) <= 65_536
