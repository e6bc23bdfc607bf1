"""The vendor's ids of a call, and the way back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.dialects.yeastar.spelling import (
    call_id_of,
    channel_of,
    destination_number,
    extension_channel_of,
    find_call_id,
    find_channel,
    find_either_channel,
)

from .rig import StandInControl


def test_the_ids_have_the_manuals_form() -> None:
    call = StandInControl().ring(trunk="test-peer-trunking", sequence=0x8F, received=1648627871.65)
    assert call_id_of(call) == "1648627871.143"
    assert channel_of(call) == "PJSIP/trunk-test-peer-trunking-endpoint-0000008f"
    assert extension_channel_of(call) == "PJSIP/2002-0000008f"


@given(
    sequence=st.integers(0, 2**32 - 1),
    trunk=st.text(min_size=1, max_size=40),
    received=st.floats(1.6e9, 4e9),
)
def test_a_call_is_found_back_from_its_ids(sequence: int, trunk: str, received: float) -> None:
    control = StandInControl()
    call = control.ring(sequence=sequence, trunk=trunk, received=received)
    assert find_channel(control, channel_of(call)) is call
    assert find_either_channel(control, channel_of(call)) is call
    assert find_either_channel(control, extension_channel_of(call)) is call
    assert find_call_id(control, call_id_of(call)) is call
    assert re.fullmatch(r"[0-9]+\.[0-9]+", call_id_of(call))


@pytest.mark.parametrize("trunk", ["a-endpoint-00000001", "trunk-x", "ü mlaut", "endpoint"])
def test_a_trunk_name_may_look_like_the_rest_of_a_channel(trunk: str) -> None:
    control = StandInControl()
    call = control.ring(trunk=trunk, sequence=5)
    control.ring(trunk="a", sequence=1)
    assert find_channel(control, f"PJSIP/trunk-{trunk}-endpoint-00000005") is call


@given(st.text())
def test_anything_else_finds_nothing(text: str) -> None:
    control = StandInControl()
    control.ring(sequence=1)
    assert find_channel(control, text) is None
    assert find_either_channel(control, text) is None
    assert find_call_id(control, text) is None


def test_a_call_id_with_another_time_is_another_call() -> None:
    control = StandInControl()
    control.ring(sequence=181, received=1648861726.0)
    assert find_call_id(control, "1648861725.181") is None
    assert find_call_id(control, "01648861726.181") is None


@pytest.mark.parametrize(
    ("destination", "number"),
    [
        ("sip:2002@192.0.2.9:5080", "2002"),
        ("SIPS:2002:secret@192.0.2.9", "2002"),
        ("sip:+49301234;ext=1@192.0.2.9", "+49301234"),
        ("sip:192.0.2.9:5080", "5550"),
        ("sip:[2001:db8::1]:5080;transport=tcp", "5550"),
        ("", "5550"),
    ],
)
def test_the_destinations_number_is_its_user_part_or_the_dialled_number(destination: str, number: str) -> None:
    call = StandInControl().ring(dialled="5550", destination=destination)
    assert destination_number(call) == number
