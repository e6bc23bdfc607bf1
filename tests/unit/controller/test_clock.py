"""The clock: even, and with the edge's."""

from __future__ import annotations

from callgate.clock import SteadyClock


class Hands:
    """A wall clock and a monotonic clock that a test turns."""

    def __init__(self) -> None:
        self.wall, self.monotonic = 1_700_000_000.0, 50.0
        self.clock = SteadyClock(lambda: self.wall, lambda: self.monotonic)

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


def test_it_goes_on_evenly_while_the_wall_clock_is_corrected_in_small_steps() -> None:
    hands = Hands()
    hands.pass_by(10)
    hands.wall -= 0.4
    assert hands.clock() == 1_700_000_010.0


def test_it_follows_a_wall_clock_that_was_set() -> None:
    hands = Hands()
    for step in (-3600.0, 86_400.0):
        hands.wall += step
        assert hands.clock() == hands.wall
        hands.pass_by(5)
        assert hands.clock() == hands.wall
