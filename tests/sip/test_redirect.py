"""A redirected call goes elsewhere: by the edge, or by the caller itself."""

from __future__ import annotations

import pytest

from tests.sip.rig import Rig, number
from tests.sip.user_agent import destination

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]


async def test_relay_sends_the_call_to_the_other_destination_only(rig: Rig) -> None:
    other = await destination()
    try:
        call = rig.dial("2")
        identity = await rig.held(call)
        uri = f"sip:night@{other.ip}:{other.port}"
        status, reply = await rig.native.decide("redirect", identity, uri=uri)
        assert (status, reply["call"]["destination"]) == (200, uri)
        assert (await call.ended()).status == 200
        assert other.invites[0].first_line == f"INVITE {uri} SIP/2.0"
        assert rig.destination.saw("INVITE", call) == []
        await call.hang_up()
        ended = await rig.native.heard("ended", call.call_id)
        assert (ended["hung_up_by"], ended["destination"]) == ("caller", uri)
        assert len(other.saw("BYE")) == 1
    finally:
        other.close()


async def test_a_destination_without_a_user_keeps_the_dialled_number(rig: Rig) -> None:
    other = await destination()
    try:
        did = number("2")
        call = rig.caller.invite(rig.system.edge, did)
        await rig.native.decide("redirect", await rig.held(call), uri=f"sip:{other.ip}:{other.port}")
        assert (await call.ended()).status == 200
        assert other.invites[0].number == did
        call.bye()
    finally:
        other.close()


async def test_contact_gives_the_caller_302_with_that_contact(rig: Rig) -> None:
    call = rig.dial("2")
    identity = await rig.held(call)
    status, reply = await rig.native.decide("redirect", identity, uri="sip:2003@192.0.2.10;x=1", mode="contact")
    assert (status, reply["status"], reply["call"]["state"]) == (200, 302, "redirected")
    final = await call.ended()
    assert (final.status, final.phrase) == (302, "Moved Temporarily")
    assert final.headers("Contact") == ["<sip:2003@192.0.2.10;x=1>"]
    assert rig.destination.saw("INVITE", call) == []
