"""Who may call: only known trunks, each by its address or the narrowest network that has it."""

from __future__ import annotations

import pytest

from tests.sip.rig import Rig, number
from tests.sip.user_agent import caller

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]


async def test_an_unknown_source_gets_403_from_the_edge_alone_and_is_counted(rig: Rig) -> None:
    before = (await rig.native.counters())["unknown_source"]
    stranger = await caller("127.9.9.9")
    try:
        call = stranger.invite(rig.system.edge, number("2"))
        final = await call.ended()
        assert call.statuses == [403]
        assert final.at - call.sent_at < 1
        assert (await stranger.asks(rig.system.edge, "OPTIONS")).status == 403
        assert (await stranger.asks(rig.system.edge, "MESSAGE")).status == 403
        assert (await rig.native.counters())["unknown_source"] == before + 3
        assert rig.native.kinds(call.call_id) == []
        async with rig.native.session.get(f"{rig.system.http}/metrics") as reply:
            assert f'callgate_edge_calls_total{{why="unknown_source"}} {before + 3}.0' in await reply.text()
    finally:
        stranger.close()


@pytest.mark.parametrize(
    ("source", "trunk"),
    [
        ("127.3.0.1", "wide"),
        ("127.3.255.255", "wide"),
        ("127.3.3.1", "narrow"),
        ("127.3.3.254", "narrow"),
        ("127.3.3.3", "single"),
    ],
)
async def test_the_narrowest_network_names_the_trunk(rig: Rig, source: str, trunk: str) -> None:
    one = await caller(source)
    try:
        call = one.invite(rig.system.edge, number("2"))
        told = await rig.native.heard("held", call.call_id)
        assert (told["trunk"], told["caller"]["source"]) == (trunk, f"{source}:{one.port}")
        await rig.native.decide("refuse", told["id"])
        await call.ended()
    finally:
        one.close()


async def test_just_outside_of_a_network_is_unknown(rig: Rig) -> None:
    for source in ("127.2.255.255", "127.4.0.0"):
        one = await caller(source)
        assert (await one.invite(rig.system.edge, number("2")).ended()).status == 403
        one.close()


async def test_ipv6_by_address_and_by_network(rig: Rig) -> None:
    edge = ("::1", rig.system.edge[1])
    one = await caller("::1")
    try:
        call = one.invite(edge, number("2"))
        told = await rig.native.heard("held", call.call_id)
        assert (told["trunk"], told["caller"]["source"]) == ("test-peer-trunking", f"[::1]:{one.port}")
        await rig.native.decide("accept", told["id"])
        assert (await call.ended()).status == 200
        call.bye()
        assert (await rig.native.heard("ended", call.call_id))["hung_up_by"] == "caller"

        async def by(sources: list[str]) -> str:
            await rig.native.ask("PATCH", "trunks/test-peer-trunking", {"sources": ["127.0.0.1", *sources]})
            await rig.native.in_edge()
            call = one.invite(edge, number("4"))
            final = await call.ended()
            return "known" if final.status == 486 else f"unknown: {final.status}"

        try:
            assert await by(["::/120"]) == "known"
            assert await by(["2001:db8::/32", "fe80::/10"]) == "unknown: 403"
            assert await by(["::/0"]) == "known"
        finally:
            assert await by(["::1"]) == "known"
    finally:
        one.close()


async def test_an_uncontrolled_trunk_goes_straight_to_the_destination_and_is_never_held(rig: Rig) -> None:
    one = await caller("127.0.0.2")
    try:
        call = one.invite(rig.system.edge, number("2"))
        final = await call.ended()
        assert (final.status, final.at - call.sent_at < 1) == (200, True)
        told = await rig.native.heard("passed", call.call_id)
        assert told["controlled"] is False
        code, problem = await rig.native.decide("refuse", told["id"])
        assert (code, problem["type"].rpartition("/")[2]) == (409, "not-held")
        call.bye()
        await rig.native.heard("ended", call.call_id)
        assert "held" not in rig.native.kinds(call.call_id)
    finally:
        one.close()


async def test_control_is_switched_while_running(rig: Rig) -> None:
    one = await caller("127.0.0.2")
    try:
        await rig.native.ask("PATCH", "trunks/uncontrolled", {"control": True})
        await rig.native.in_edge()
        held = one.invite(rig.system.edge, number("2"))
        identity = await rig.held(held)
        await rig.native.ask("PATCH", "trunks/uncontrolled", {"control": False})
        await rig.native.in_edge()
        passed = one.invite(rig.system.edge, number("2"))
        assert (await passed.ended()).status == 200
        passed.bye()
        # What is held stays held.
        assert held.statuses == [100]
        assert (await rig.native.decide("refuse", identity))[0] == 200
    finally:
        await rig.native.ask("PATCH", "trunks/uncontrolled", {"control": False})
        one.close()


async def test_the_lapse_default_and_the_yeastar_refusal_of_a_trunk(rig: Rig) -> None:
    one = await caller("127.3.0.1")
    try:
        lapsed = one.invite(rig.system.edge, number("1"))
        refused = one.invite(rig.system.edge, number("2"), number="12701")
        await rig.yeastar.decide("refuse", (await rig.yeastar.incoming("12701")).channel_id)
        assert (await refused.ended()).status == 486
        final = await lapsed.ended()
        assert (final.status, final.headers("Reason")) == (403, ["Q.850;cause=21"])
    finally:
        one.close()


async def test_a_known_trunk_that_asks_for_what_is_not_there(rig: Rig) -> None:
    assert (await rig.caller.asks(rig.system.edge, "OPTIONS")).status == 200
    for method in ("PUBLISH", "SUBSCRIBE", "MESSAGE", "NONSENSE"):
        reply = await rig.caller.asks(rig.system.edge, method)
        assert (reply.status, "INVITE" in reply.header("Allow")) == (405, True)
