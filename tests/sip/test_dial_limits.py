"""What cannot be rung, and what finds no room: the call is never lost over it."""

from __future__ import annotations

import pytest

from callgate.core.answers import Applied
from callgate.core.events import Kind
from callgate.core.verdicts import Accept, refuse, target
from tests.sip.edge_rig import EdgeRig, busy
from tests.sip.user_agent import answer

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]


async def test_a_phone_that_is_not_registered_is_temporarily_unavailable(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    for count in range(1, 41):  # more often than a transaction has branches
        assert isinstance(await edge.ring(call, "nobody"), Applied)
        assert (await edge.told(call, Kind.RETURNED, count)).status == 480
    assert isinstance(await edge.ring(call, "nobody", await edge.target()), Applied)
    assert (await dialed.ended()).status == 200
    await edge.told(call, Kind.ANSWERED)
    assert call.target is not None
    assert call.target.uri
    await dialed.hang_up()


async def test_a_target_without_an_address_is_temporarily_unavailable(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    await edge.ring(call, target("sip:does-not-exist.invalid"))
    assert (await edge.told(call, Kind.RETURNED)).status == 480
    await edge.decide(call, refuse())
    assert (await dialed.ended()).status == 603


async def test_what_finds_no_room_is_left_out_and_the_call_is_not_lost(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    targets = [await edge.target(busy) for _ in range(25)]
    await edge.ring(call, *targets)
    await edge.told(call, Kind.RETURNED)
    assert sum(bool(each.invites) for each in targets) == 25
    await edge.ring(call, *targets)
    await edge.told(call, Kind.RETURNED, 2)
    assert sum(len(each.invites) for each in targets) == 26  # the first hold, 25 targets, a hold, and one more
    await edge.ring(call, *targets)
    assert (await edge.told(call, Kind.RETURNED, 3)).status == 500
    assert sum(len(each.invites) for each in targets) == 26
    assert isinstance(await edge.controller.hold_on(call.id, 20), Applied)
    assert isinstance(await edge.decide(call, Accept()), Applied)
    assert (await dialed.ended()).status == 200
    await dialed.hang_up()


async def test_ten_targets_can_be_dialled_twice(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    targets = [await edge.target(busy) for _ in range(10)]
    for count in (1, 2):
        await edge.ring(call, *targets)
        await edge.told(call, Kind.RETURNED, count)
    assert all(len(each.invites) == 2 for each in targets)
    await edge.decide(call, refuse())
    await dialed.ended()


async def test_six_diallings_one_after_the_other(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    called = await edge.target(busy)
    for count in range(1, 7):
        await edge.ring(call, called)
        assert (await edge.told(call, Kind.RETURNED, count)).status == 486
    called.behave = answer
    await edge.ring(call, called)
    assert (await dialed.ended()).status == 200
    assert call.attempt == 7
    await dialed.hang_up()
    await edge.told(call, Kind.ENDED)
