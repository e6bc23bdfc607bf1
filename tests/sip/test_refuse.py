"""A refused call: what the caller hears, and that the destination never rings."""

from __future__ import annotations

import pytest
from tests.sip.rig import Rig

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]


async def test_the_caller_gets_100_and_603_with_its_reason_and_the_destination_no_invite(rig: Rig) -> None:
    call = rig.dial("2")
    request = await rig.requested(call)
    assert call.statuses == [100]

    reply = await rig.yeastar.decide("refuse", request.channel_id)

    assert reply == {"errcode": 0, "errmsg": "SUCCESS", "call_id": request.call_id}
    final = await call.ended()
    assert (call.statuses, final.phrase) == ([100, 603], "Decline")
    assert final.headers("Reason") == ["Q.850;cause=21"]
    assert rig.destination.saw("INVITE", call) == []
