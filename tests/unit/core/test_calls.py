"""A call's id: found again by every controller, in the order of time, one for each call."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from callgate.core.calls import call_id
from callgate.core.gate import Gate

from .calls import admitted

TIMES = st.floats(0, 2**38)
SEQUENCES = st.integers(0, 2**32 - 1)
EDGES = st.integers(0, 2**42 - 1)


@given(TIMES, SEQUENCES, EDGES)
def test_an_id_is_a_uuid_of_version_7(received: float, sequence: int, edge: int) -> None:
    text = call_id(received, sequence, edge)
    found = uuid.UUID(text)
    assert str(found) == text
    assert (found.version, found.variant) == (7, uuid.RFC_4122)
    assert found.int >> 80 == int(received * 1000)


@given(TIMES, SEQUENCES, EDGES)
def test_the_same_call_has_the_same_id_whoever_makes_it(received: float, sequence: int, edge: int) -> None:
    assert call_id(received, sequence, edge) == call_id(received, sequence, edge)


@given(st.tuples(TIMES, SEQUENCES), st.tuples(TIMES, SEQUENCES), EDGES, EDGES)
def test_ids_are_in_the_order_of_time(
    first: tuple[float, int], second: tuple[float, int], one_edge: int, other_edge: int
) -> None:
    earlier, later = sorted([first, second])
    if int(earlier[0] * 1000) < int(later[0] * 1000):
        assert call_id(*earlier, one_edge) < call_id(*later, other_edge)


@given(TIMES, st.sets(SEQUENCES, min_size=2, max_size=2), EDGES)
def test_two_calls_of_the_same_millisecond_have_two_ids(received: float, sequences: set[int], edge: int) -> None:
    assert len({call_id(received, sequence, edge) for sequence in sequences}) == 2


@given(TIMES, SEQUENCES, st.sets(EDGES, min_size=2, max_size=2))
def test_two_edges_never_give_the_same_id(received: float, sequence: int, edges: set[int]) -> None:
    assert len({call_id(received, sequence, edge) for edge in edges}) == 2


def test_the_window_ends_so_long_after_the_call_was_received() -> None:
    assert admitted(Gate(), received=1_000.5).deadline == 1_010.5
