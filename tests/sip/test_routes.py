"""Where a call goes: by the inbound route that fits best, also when there are a hundred thousand of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from callgate.directory.export import export
from callgate.directory.lookup import Lookup
from callgate.directory.model import Directory, InboundRoute, Trunk
from tests.sip.rig import Rig, rig_on
from tests.sip.user_agent import caller
from tests.system import eventually

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]

#: Calls of these go straight through, so that the destination shows which route they took.
TRUNKS = [
    Trunk("one", ("127.0.0.2",), control=False),
    Trunk("two", ("127.0.0.4",), control=False),
    Trunk("held", ("127.0.0.1",)),
]
DIDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "4930": ((), ("one",)),
    "4930*": ((), ("one",)),
    "49*": ((), ("two",)),
    "4930123": (("two",),),
    "4930123*": ((),),
    "49301234567890123456789*": (("one",),),
    "*": (("one",),),
    "#31#0": ((),),
    "anna.b-c_d": ((),),
}
DIALLED = (
    *(
        "4930",
        "+4930",
        "493",
        "49",
        "4",
        "49301",
        "493012",
        "4930123",
        "+4930123",
        "49301234",
        "4931",
        "5",
        "*97",
        "++5",
    ),
    *(
        "49301234567890123456789",
        "493012345678901234567890",
        "4930123456789012345678",
        "anna.b-c_d",
        "anna.b-c",
        "Anna.b-c_d",
    ),
)


SAMPLE = Directory.of(
    [
        *TRUNKS,
        *(
            InboundRoute(f"r{index}-{which}", f"sip:r{index}-{which}@{{destination}}", did, trunks)
            for index, (did, variants) in enumerate(DIDS.items())
            for which, trunks in enumerate(variants)
        ),
    ]
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    async with rig_on(tmp_path_factory.mktemp("routes"), directory=export(SAMPLE)) as rig:
        yield rig


@pytest.mark.parametrize("trunk", TRUNKS[:2], ids=lambda trunk: trunk.name)
async def test_the_edge_takes_the_route_that_the_directory_looks_up(own: Rig, trunk: Trunk) -> None:
    lookup = Lookup(SAMPLE)
    one = await caller(trunk.sources[0])
    try:
        calls = {dialled: one.invite(own.system.edge, dialled) for dialled in DIALLED}
        taken, expected = {}, {}
        for dialled, call in calls.items():
            final = await call.ended()
            route = lookup.route(trunk.name, dialled)
            expected[dialled] = "404" if route is None else route.name
            taken[dialled] = str(final.status) if final.status != 200 else own.destination.saw("INVITE", call)[0].number
            if final.status == 404:
                assert final.headers("Reason") == ["Q.850;cause=1"]
            else:
                call.bye()
        assert taken == expected
    finally:
        one.close()


async def test_a_number_that_no_route_has_gets_404_and_is_counted(own: Rig) -> None:
    before = (await own.native.counters())["no_route"]
    call = own.caller.invite(own.system.edge, "777")
    final = await call.ended()
    assert (final.status, final.headers("Reason"), final.at - call.sent_at < 1) == (404, ["Q.850;cause=1"], True)
    assert (await own.native.counters())["no_route"] == before + 1


async def test_a_changed_route_takes_effect_for_the_next_call(own: Rig) -> None:
    there = f"{own.destination.ip}:{own.destination.port}"
    one = await caller("127.0.0.2")
    try:
        for name in ("before", "after"):
            status, _ = await own.native.ask("PATCH", "routes/r2-0", {"destination": f"sip:{name}@{there}"})
            assert status == 200
            await own.native.in_edge()
            call = one.invite(own.system.edge, "4931")
            assert (await call.ended()).status == 200
            assert own.destination.saw("INVITE", call)[0].number == name
            call.bye()
    finally:
        one.close()


async def test_a_held_call_goes_where_its_route_led_when_it_came(own: Rig) -> None:
    there = f"{own.destination.ip}:{own.destination.port}"
    await own.native.ask("POST", "routes", {"name": "moving", "did": "66", "destination": f"sip:old@{there}"})
    await own.native.in_edge()
    call = own.caller.invite(own.system.edge, "66")
    identity = await own.held(call)
    await own.native.ask("DELETE", "routes/moving")
    await own.native.in_edge()
    assert (await own.native.decide("accept", identity))[0] == 200
    assert (await call.ended()).status == 200
    assert own.destination.saw("INVITE", call)[0].number == "old"
    call.bye()
    assert (await own.caller.invite(own.system.edge, "66").ended()).status == 404


async def test_a_hundred_thousand_routes_reach_the_edge_while_calls_go_on(own: Rig) -> None:
    there = f"{own.destination.ip}:{own.destination.port}"
    many = "".join(
        f'[[route]]\nname = "many-{each}"\ndid = "88{each:05}"\ndestination = "sip:many@{there}"\nwindow = 1\n\n'
        for each in range(100_000)
    )
    traffic = asyncio.create_task(_refused_calls(own))
    begun = time.monotonic()
    reply = await own.native.put_directory(many)
    applied = time.monotonic() - begun
    assert len(reply["added"]) == 100_000
    await eventually(lambda: _routed(own, "8899999"), 60)
    there_after = time.monotonic() - begun
    await asyncio.sleep(0.5)
    traffic.cancel()
    slowest = await traffic
    print(
        f"100,000 routes: applied after {applied:.1f} s, on the edge after {there_after:.1f} s, calls meanwhile: "
        f"{len(slowest)}, the slowest decided {max(slowest):.2f} s after its INVITE"
    )
    assert there_after < 60
    assert max(slowest) < 2

    # The whole of it again after a change of one: only that one is sent.
    begun = time.monotonic()
    assert (await own.native.ask("PATCH", "routes/many-7", {"did": "7788"}))[0] == 200
    await eventually(lambda: _routed(own, "7788"))
    assert time.monotonic() - begun < 10
    assert not await _routed(own, "8800007")


async def _routed(own: Rig, dialled: str) -> bool:
    """Whether the edge has a route for that number: a call to it is held then, and cancelled."""
    call = own.caller.invite(own.system.edge, dialled)
    await call.until(lambda each: bool(each.responses))
    if not call.finals:
        call.cancel()
    return (await call.ended()).status != 404


async def _refused_calls(own: Rig) -> list[float]:
    """Place a call every 30 ms and have it refused, until cancelled; how long each took."""
    took: list[float] = []
    placed: list[asyncio.Task[None]] = []

    async def one() -> None:
        call = own.caller.invite(own.system.edge, "4931")
        status, _ = await own.native.decide("refuse", await own.held(call))
        assert status == 200
        final = await call.ended()
        assert final.status == 603
        took.append(final.at - call.sent_at)

    try:
        while True:
            placed.append(asyncio.create_task(one()))
            await asyncio.sleep(0.03)
    except asyncio.CancelledError:
        await asyncio.gather(*placed)
        return took
