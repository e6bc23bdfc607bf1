"""SIPp's message trace, also while it is being written, and whatever stands in the messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from callgate.cli.sipp.trace import Message, Trace

RULE = "-" * 47


def entry(time: str, way: str, message: str) -> bytes:
    size = len(message.encode())
    told = f"sent ({size} bytes):" if way == "sent" else f"received [{size}] bytes :"
    return f"{RULE} 2026-11-21 {time}\nUDP message {told}\n\n{message}\n".encode()


INVITE = "INVITE sip:2002@127.0.0.1 SIP/2.0\r\nCSeq: 1 INVITE\r\nCall-ID: a@b\r\nSubject: one\r\n  two\r\n\r\nv=0\r\n"
TRYING = "SIP/2.0 100 Trying\r\nCSeq: 1 INVITE\r\n\r\n"
DECLINE = "SIP/2.0 603 Not in the mood\r\nCSeq: 1 INVITE\r\nReason: Q.850;cause=21\r\n\r\n"
TEXT = entry("10:00:00.000000", "sent", INVITE) + entry("10:00:00.012500", "received", TRYING)


def read(file: Path, text: bytes) -> list[Message]:
    file.write_bytes(text)
    return list(Trace(file).new())


def test_messages_are_read_with_time_and_direction(tmp_path: Path) -> None:
    invite, trying = read(tmp_path / "log", TEXT)
    assert (invite.sent, invite.method, invite.status) == (True, "INVITE", None)
    assert (trying.sent, trying.method, trying.status, trying.phrase) == (False, "INVITE", 100, "Trying")
    assert trying.at - invite.at == pytest.approx(0.0125, abs=1e-5)


def test_headers_are_found_by_any_case_and_folded_lines_are_joined(tmp_path: Path) -> None:
    invite = read(tmp_path / "log", TEXT)[0]
    assert invite.header("call-id") == "a@b"
    assert invite.header("Subject") == "one two"
    assert invite.header("Route") == ""


def test_a_phrase_may_have_several_words_or_none(tmp_path: Path) -> None:
    text = entry("10:00:01.000000", "received", DECLINE) + entry("10:00:02.000000", "received", "SIP/2.0 480 \r\n\r\n")
    assert [message.phrase for message in read(tmp_path / "log", text)] == ["Not in the mood", ""]


def test_a_trace_cut_at_any_byte_is_read_right(tmp_path: Path) -> None:
    whole = read(tmp_path / "whole", TEXT)
    for cut in range(len(TEXT)):
        file = tmp_path / f"cut-{cut}"
        file.write_bytes(TEXT[:cut])
        trace = Trace(file)
        found = list(trace.new())
        with file.open("ab") as stream:
            stream.write(TEXT[cut:])
        assert found + list(trace.new()) == whole


def test_an_entry_inside_a_message_is_not_taken_for_one(tmp_path: Path) -> None:
    hostile = f"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n{entry('10:00:00.000000', 'sent', INVITE).decode()}"
    found = read(tmp_path / "log", entry("10:00:01.000000", "received", hostile) + TEXT)
    assert [message.start.split()[1] for message in found] == ["200", "sip:2002@127.0.0.1", "100"]


def test_what_the_scenario_did_not_expect_is_told_once(tmp_path: Path) -> None:
    unexpected = f"{RULE}\nUnexpected UDP message received:\n\n{TRYING}\n".encode()
    found = read(tmp_path / "log", TEXT + unexpected + entry("10:00:03.000000", "received", DECLINE))
    assert [message.status for message in found] == [None, 100, 603]


def test_there_is_nothing_before_sipp_writes(tmp_path: Path) -> None:
    assert list(Trace(tmp_path / "none").new()) == []
