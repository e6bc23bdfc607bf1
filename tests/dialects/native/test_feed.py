"""A reader that is cut off anywhere, any number of times, ends up knowing what the gate knows."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from callgate.core.reports import Progress
from callgate.core.verdicts import Accept, Decider, refuse
from callgate.dialects.native.feed import Feed, Filter, SlowReaderError
from callgate.dialects.native.ring import EventRing

from .rig import PlayedControl

ENDED = {"refused", "redirected", "cancelled", "failed", "completed"}


class Reader:
    """An application that keeps the live calls it knows of, as docs/api.md tells it to."""

    def __init__(self, ring: EventRing, control: PlayedControl) -> None:
        self._ring = ring
        self._control = control
        self.cursor = ""
        self.known: dict[str, str] = {}
        self.told: list[tuple[str, str]] = []
        self.resets = 0
        self.dropped = 0
        self.connect()

    def connect(self) -> None:
        self.feed = Feed(
            self._ring,
            self._control,
            self.cursor,
            Filter(),
            limit=1000,
            keep_alive=0.0005,
            allowed=lambda: True,
        )
        self._messages = self.feed.messages()

    async def read(self, most: int) -> bool:
        """Read one piece, but take only so many messages of it and then lose the connection; false: none was there."""
        try:
            piece = await anext(self._messages)
        except SlowReaderError:
            self.dropped += 1
            self.connect()
            return True
        for message in piece[:most]:
            self._take(json.loads(message.data))
        if len(piece) > most:
            await self._messages.aclose()  # type: ignore[attr-defined]  # an async generator has it
            self.connect()
        return piece[0].kind != "keepalive"

    def _take(self, event: dict[str, Any]) -> None:
        self.cursor = event["cursor"]
        match event["kind"]:
            case "reset":
                self.resets += 1
                self.known.clear()
            case "ready" | "keepalive" | "verdict":
                pass
            case kind:
                call = event["call"]
                self.told.append((kind, call["id"]))
                if call["state"] in ENDED:
                    self.known.pop(call["id"], None)
                else:
                    self.known[call["id"]] = call["state"]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("ring"), st.integers(1, 4)),
        st.tuples(st.sampled_from(["accept", "refuse", "cancel", "answer", "end"]), st.integers(0, 9)),
        st.tuples(st.just("read"), st.integers(0, 5)),
    ),
    max_size=60,
)


async def walk(script: list[tuple[str, int]], size: int) -> tuple[Reader, PlayedControl]:
    control = PlayedControl()
    ring = EventRing(size, "0123abcd", control.find)
    control.listen(ring.append)
    reader = Reader(ring, control)
    for step, number in script:
        live = list(control.live())
        call = live[number % len(live)] if live else None
        if step == "ring":
            for _ in range(number):
                control.ring()
        elif step == "read":
            await reader.read(number)
        elif call is None:
            continue
        elif step in ("accept", "refuse"):
            await control.decide(call.id, Accept() if step == "accept" else refuse(), Decider("native", "test"))
        elif step == "cancel" and call.answered is None:
            control.report(call, Progress.CANCELLED, 487)
        elif step == "answer" and call.state in ("routed", "ringing"):
            control.report(call, Progress.ANSWERED, 200)
        elif step == "end" and call.state == "answered":
            control.report(call, Progress.ENDED)
    while await reader.read(1000):
        pass
    return reader, control


@settings(deadline=None, max_examples=200)
@given(script=steps, size=st.sampled_from([1, 2, 5, 1000]))
def test_the_reader_knows_the_live_calls_and_their_states(script: list[tuple[str, int]], size: int) -> None:
    reader, control = asyncio.run(walk(script, size))
    assert reader.known == {call.id: call.state.value for call in control.live()}


@settings(deadline=None, max_examples=200)
@given(script=steps)
def test_while_the_ring_is_long_enough_each_event_is_told_once_and_in_order(script: list[tuple[str, int]]) -> None:
    heard: list[tuple[str, str]] = []

    async def run() -> Reader:
        control = PlayedControl()
        ring = EventRing(1000, "0123abcd", control.find)
        control.listen(ring.append)
        reader = Reader(ring, control)
        while await reader.read(1000):  # from "ready" on there is a cursor to come back with
            pass
        for step, number in script:
            if step == "read":
                await reader.read(number)
            else:
                call = control.ring()
                heard.append(("held", call.id))
                if number % 2:
                    control.report(call, Progress.CANCELLED, 487)
                    heard.append(("cancelled", call.id))
        while await reader.read(1000):
            pass
        return reader

    reader = asyncio.run(run())
    assert reader.told == heard
    assert reader.resets == 1


async def test_calls_that_move_while_the_snapshot_is_sent_are_told_as_they_are() -> None:
    control = PlayedControl()
    ring = EventRing(10_000, "0123abcd", control.find)
    control.listen(ring.append)
    calls = [control.ring() for _ in range(1000)]
    reader = Reader(ring, control)
    await reader.read(1000)
    for number, call in enumerate(calls):
        if number % 50 == 0:
            await reader.read(1000)
        if number % 3 == 0:
            control.report(call, Progress.CANCELLED, 487)
    new = control.ring()
    while await reader.read(1000):
        pass
    assert reader.known == {call.id: call.state.value for call in control.live()}
    assert new.id in reader.known
    assert reader.resets == 1


async def test_who_is_overtaken_by_the_ring_is_dropped_and_not_lied_to() -> None:
    control = PlayedControl()
    ring = EventRing(5, "0123abcd", control.find)
    control.listen(ring.append)
    reader = Reader(ring, control)
    while await reader.read(10):
        pass
    for _ in range(6):
        control.ring()
    while await reader.read(10):
        pass
    assert (reader.dropped, reader.resets) == (1, 2)
    assert reader.known == {call.id: "held" for call in control.live()}


async def test_phones_are_not_told_among_calls() -> None:
    control = PlayedControl()
    ring = EventRing(5, "0123abcd", control.find)
    control.listen(ring.append)
    control.registers("anna")
    assert ring.last == 0
    control.ring()
    assert ring.last == 1
