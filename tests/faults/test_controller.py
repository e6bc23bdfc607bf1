"""The controller is killed, frozen, or not there at all: calls go on by the edge's own defaults, and it comes back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.sip.applications import NativeApplication
from tests.sip.rig import Rig, number, rig_on
from tests.sip.user_agent import Caller, Dialed, caller, ring

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="function")]


@contextlib.asynccontextmanager
async def again(rig: Rig) -> AsyncIterator[NativeApplication]:
    """A new application for a new controller, once it can decide."""
    await rig.system.ready()
    application = await NativeApplication.open(rig.system.http, rig.system.admin)
    try:
        yield application
    finally:
        await application.close()


async def test_killed_with_two_hundred_calls_held(tmp_path: Path) -> None:
    async with rig_on(tmp_path) as rig:
        # One second, then 486; and thirty seconds.
        short = [rig.dial("4") for _ in range(150)]
        long = [rig.dial("3") for _ in range(50)]
        before = await asyncio.gather(*(rig.held(call) for call in short + long))
        os.kill(rig.system.controller_pid(), signal.SIGKILL)

        for call in short:
            final = await call.ended()
            assert final.status == 486
            assert final.at - call.sent_at <= 1 + 2.5
        async with again(rig) as application:
            # Those that are still held have their old ids, and the new controller decides them.
            identities = await asyncio.gather(*(rig_held(application, call) for call in long))
            assert identities == before[150:]
            whats = ["refuse", "accept"] * 25
            replies = await asyncio.gather(*map(application.decide, whats, identities))
            assert [status for status, _ in replies] == [200] * 50
            late = await asyncio.gather(*(application.decide("refuse", identity) for identity in identities))
            assert [status for status, _ in late] == [409] * 50
            for what, call in zip(whats, long, strict=True):
                assert (await call.ended()).status == (603 if what == "refuse" else 200)
            # And new ones are held again.
            call = rig.dial("2")
            assert (await application.decide("refuse", await application.held(call.call_id)))[0] == 200
            assert (await call.ended()).status == 603
            await asyncio.sleep(1)
            assert all(len({final.first_line for final in call.finals}) == 1 for call in short + long)
            assert len(rig.destination.invites) == 25
            listed = (await application.ask("GET", "calls?state=held"))[1]["items"]
            assert listed == []


async def rig_held(application: NativeApplication, call: Dialed) -> str:
    """The id of a call that the controller found again on the edge."""
    event = await application.first("snapshot", call.call_id)
    return str(event["call"]["id"])


async def test_killed_while_calls_ring_and_talk(tmp_path: Path) -> None:
    async with rig_on(tmp_path) as rig:
        ringing, talking, ending = await rig.accepted(behave=ring), await rig.accepted(), await rig.accepted()
        await ringing.until(lambda call: 180 in call.statuses)
        await talking.ended()
        await ending.ended()
        told = await rig.native.heard("answered", talking.call_id)
        os.kill(rig.system.controller_pid(), signal.SIGKILL)
        await ending.hang_up()
        async with again(rig) as application:
            # It can be hung up by the controller that finds it.
            assert (await application.decide("hangup", told["id"]))[0] == 200
            await talking.until(lambda call: bool(call.requests))
            await application.heard("ended", talking.call_id)
            snapshot = await application.first("snapshot", ringing.call_id)
            assert (await application.decide("hangup", snapshot["call"]["id"]))[0] == 200
            assert (await ringing.ended()).status == 603


async def test_frozen_while_calls_come(tmp_path: Path) -> None:
    async with rig_on(tmp_path) as rig:
        frozen = rig.system.controller_pid()
        trunk = await caller()
        slowest = asyncio.create_task(_options(trunk, rig.system.edge, seconds=9))
        calls: list[Dialed] = []
        for step in range(1500):
            calls.append(rig.dial("4"))
            if step == 200:
                os.kill(frozen, signal.SIGSTOP)
            await asyncio.sleep(0.004)
        for call in calls:
            await call.ended()
        assert {call.final.status for call in calls} == {486}
        # The window, what the guard waits behind it, and what a busy machine needs for a thousand that end together.
        assert max(call.final.at - call.sent_at for call in calls) <= 1 + 2.5 + 2
        assert await slowest <= 2
        trunk.close()
        # The supervisor has put another in its place.
        async with again(rig) as application:
            assert rig.system.controller_pid() != frozen
            call = rig.dial("2")
            assert (await application.decide("refuse", await application.held(call.call_id)))[0] == 200
            assert (await call.ended()).status == 603
        assert "does not answer and is killed" in rig.system.log


async def _options(trunk: Caller, edge: tuple[str, int], seconds: float) -> float:
    """Ask the edge every 50 ms; the longest that an answer took."""
    end = time.monotonic() + seconds
    took: list[float] = []

    async def one() -> None:
        begun = time.monotonic()
        assert (await trunk.asks(edge, seconds=10)).status == 200
        took.append(time.monotonic() - begun)

    asked = []
    while time.monotonic() < end:
        asked.append(asyncio.create_task(one()))
        await asyncio.sleep(0.05)
    await asyncio.gather(*asked)
    print(f"OPTIONS while the controller was frozen: the slowest of {len(took)} took {max(took):.3f} s")
    return max(took)


@contextlib.contextmanager
def no_controller(rig: Rig) -> Iterator[None]:
    """No controller can start within the block."""
    file = rig.system.folder / "directory.toml"
    good = file.read_text()
    file.write_text("this is no directory")
    try:
        os.kill(rig.system.controller_pid(), signal.SIGKILL)
        yield
    finally:
        file.write_text(good)


async def test_none_at_all(tmp_path: Path) -> None:
    async with rig_on(tmp_path) as rig:
        with no_controller(rig):
            await asyncio.sleep(1)
            # The tables are still there, and each default applies at once.
            calls = {first: [rig.dial(first) for _ in range(20)] for first in ("3", "4", "5")}
            for first, status in (("3", 200), ("4", 486), ("5", 503)):
                for call in calls[first]:
                    final = await call.ended()
                    assert (final.status, final.at - call.sent_at < 0.9) == (status, True)
            assert calls["5"][0].final.headers("Retry-After") == ["30"]
            assert calls["4"][0].final.headers("Reason") == ["Q.850;cause=17"]
            uncontrolled, stranger = await caller("127.0.0.2"), await caller("127.9.9.9")
            assert (await uncontrolled.invite(rig.system.edge, number("3")).ended()).status == 200
            assert (await stranger.invite(rig.system.edge, number("3")).ended()).status == 403
            assert (await rig.caller.invite(rig.system.edge, "777").ended()).status == 404
            uncontrolled.close()
            stranger.close()
            for call in calls["3"][1:]:
                await call.hang_up()
        async with again(rig) as application:
            call = rig.dial("2")
            assert (await application.decide("refuse", await application.held(call.call_id)))[0] == 200
            # What it did alone, the edge tells.
            assert (await application.counters())["no_controller"] >= 60
            # The call that it let through alone is live, and can be hung up.
            talking = calls["3"][0]
            listed = (await application.ask("GET", "calls"))[1]["items"]
            assert talking.call_id in {each["caller"]["sip_call_id"] for each in listed}


async def test_cancel_against_the_guard(tmp_path: Path) -> None:
    """Nobody decides, nobody lapses: only the edge's guard and the caller's CANCEL, three seconds after the INVITE."""
    async with rig_on(tmp_path) as rig:
        offsets = [step / 1000 for step in range(-50, 51, 5)] + [step / 5000 for step in range(-10, 25)]
        await asyncio.sleep(0.2)
        calls = []
        for _ in offsets:
            calls.append(rig.dial("4", ring))
            await asyncio.sleep(0.005)
        await asyncio.gather(*(rig.held(call) for call in calls))
        with no_controller(rig):

            async def cancel(call: Dialed, offset: float) -> None:
                await asyncio.sleep(call.sent_at + 3 + offset - time.monotonic())
                call.cancel()

            await asyncio.gather(*map(cancel, calls, offsets))
            for call in calls:
                await call.ended()
        await asyncio.sleep(0.5)
        assert {call.final.status for call in calls} == {486, 487}
        assert all(len({final.first_line for final in call.finals}) == 1 for call in calls)
        assert rig.destination.invites == []
        async with again(rig) as application:
            await asyncio.sleep(1.3)
            async with application.session.get(f"{rig.system.http}/metrics") as reply:
                found = dict(re.findall(r'edge_entries{table="(\w+)"} (\S+)', await reply.text()))
            assert [found[table] for table in ("call", "state", "leg")] == ["0.0"] * 3
