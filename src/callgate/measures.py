"""What the parts of Callgate measure, for whoever shows it.

A part that is to be watched adds a source; ``/metrics`` reads them all when somebody asks. So neither knows the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal

import msgspec


class Measure(msgspec.Struct, frozen=True):
    """A metric as it is at this moment, by the values of its ``label``; ``{"": 5}`` if it has none.

    A counter only grows, and begins anew with the controller; its ``name`` is without "_total". No label may have
    values that callers or applications make up.
    """

    kind: Literal["gauge", "counter"]
    name: str
    text: str
    values: Mapping[str, float]
    label: str = ""


def gauge(name: str, text: str, value: float) -> Measure:
    """What may grow and shrink."""
    return Measure("gauge", name, text, {"": value})


def counter(name: str, text: str, value: float) -> Measure:
    """What only grows."""
    return Measure("counter", name, text, {"": value})


class Measures:
    """The measures of every source, read anew whenever they are iterated over."""

    def __init__(self) -> None:
        self._sources: list[Callable[[], Iterable[Measure]]] = []

    def add(self, source: Callable[[], Iterable[Measure]]) -> None:
        """Have ``source`` asked too: often, on the event loop, so it must be quick."""
        self._sources.append(source)

    def __iter__(self) -> Iterator[Measure]:
        return (measure for source in self._sources for measure in source())
