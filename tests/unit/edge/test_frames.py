"""Frames: read the same wherever the stream is cut, and garbage is never taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.edge.frames import FRAME_LIMIT, FrameError, FrameReader, frame

CONTENTS = st.lists(st.binary(max_size=300), max_size=8)


def cut(data: bytes, places: set[int]) -> list[bytes]:
    ends = [*sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]


@given(CONTENTS, st.sets(st.integers(0, 4_000), max_size=20))
def test_frames_are_read_the_same_wherever_the_stream_is_cut(contents: list[bytes], places: set[int]) -> None:
    reader = FrameReader()
    pieces = cut(b"".join(map(frame, contents)), places)
    assert [found for piece in pieces for found in reader.feed(piece)] == contents


@given(CONTENTS)
def test_frames_are_read_byte_by_byte(contents: list[bytes]) -> None:
    reader = FrameReader()
    stream = b"".join(map(frame, contents))
    assert [found for at in range(len(stream)) for found in reader.feed(stream[at : at + 1])] == contents


@given(st.binary(max_size=300), st.integers(0, 400))
def test_a_frame_is_given_out_only_when_its_last_byte_is_there(content: bytes, at: int) -> None:
    whole = frame(content)
    at %= len(whole)
    reader = FrameReader()
    assert reader.feed(whole[:at]) == []
    assert reader.feed(whole[at:]) == [content]


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_any_bytes_give_frames_or_the_one_error(pieces: list[bytes]) -> None:
    reader = FrameReader()
    data = b"".join(pieces)
    found: list[bytes] = []
    try:
        for piece in pieces:
            found += reader.feed(piece)
    except FrameError:
        return
    assert data.startswith(b"".join(map(frame, found))) or b"0" in data  # a length may have zeros before it


@pytest.mark.parametrize(
    "garbage",
    [b"x", b":", b"-1:a,", b"1x:a,", b"1:ab", b"2:ab;", b" 1:a,", b"\x00", b"12345678", b"00000001:a,",
     b"GET / HTTP/1.1", "²:a,".encode()],
)  # fmt: skip
def test_what_is_no_frame_is_an_error(garbage: bytes) -> None:
    with pytest.raises(FrameError):
        FrameReader().feed(garbage)


@pytest.mark.parametrize("start", [b"1", b"1234567", b"3:", b"3:abc", b""])
def test_what_may_become_a_frame_is_waited_for(start: bytes) -> None:
    assert FrameReader().feed(start) == []


def test_the_longest_frame_is_read_and_a_longer_one_is_refused_by_its_length() -> None:
    longest = b"x" * FRAME_LIMIT
    assert FrameReader().feed(frame(longest)) == [longest]
    with pytest.raises(FrameError, match=f"at most {FRAME_LIMIT}"):
        FrameReader().feed(b"%d:" % (FRAME_LIMIT + 1))


def test_the_frames_before_garbage_in_the_same_read_are_lost_with_the_stream() -> None:
    with pytest.raises(FrameError):
        FrameReader().feed(frame(b"good") + b"bad")
