"""Other people's user agents on both sides of the edge: SIPp and baresip."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from callgate.cli.sipp.caller import Ending, Spec, place
from callgate.cli.sipp.destination import Destination
from callgate.ports import free_port
from tests.sip.baresip import baresip
from tests.sip.rig import Rig, number
from tests.sip.user_agent import ring

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_sipp_calls_sipp(rig: Rig, transport: str) -> None:
    listen = f"127.0.0.1:{free_port()}"
    edge = f"{rig.system.edge[0]}:{rig.system.edge[1]}"
    with Destination(listen, ring=0.05, trace=True) as destination:
        decisions = ({"what": "redirect", "uri": f"sip:{listen}"}, {"what": "refuse", "reason": "busy"})
        callers = [number("57") for _ in decisions]
        placed = [
            asyncio.create_task(
                asyncio.to_thread(
                    place,
                    Spec(
                        edge=edge,
                        dialled=number("2"),
                        caller=caller,
                        transport="tcp" if transport == "tcp" else "udp",
                        talk=0.3,
                    ),
                )
            )
            for caller in callers
        ]
        calls = []
        for caller, decision in zip(callers, decisions, strict=True):
            call_id = (await rig.yeastar.incoming(caller)).call_id
            listed = (await rig.native.ask("GET", f"calls?caller={caller}"))[1]["items"]
            calls.append(listed[0])
            assert call_id
            status, _ = await rig.native.decide(id_ := decision.pop("what"), listed[0]["id"], **decision)
            assert (id_, status) == (id_, 200)
        answered, refused = await asyncio.gather(*placed)
        assert (answered.ending, answered.status, answered.hung_up_by) == (Ending.ANSWERED, 200, "caller")
        assert (refused.ending, refused.status, refused.phrase) == (Ending.REFUSED, 486, "Busy Here")
        assert destination.invites(answered.sip_call_id) == 1
        assert destination.invites(refused.sip_call_id) == 0
    ended = await rig.native.heard("ended", answered.sip_call_id)
    assert ended["hung_up_by"] == "caller"


async def test_baresip_calls_baresip(rig: Rig, tmp_path: Path) -> None:
    async with baresip(tmp_path / "caller") as caller, baresip(tmp_path / "callee") as callee:
        dialled = f"sip:{{}}@127.0.0.1:{rig.system.edge[1]}"

        did = number("2")
        await caller.command("dial", dialled.format(did))
        identity = await _held(rig, did)
        assert (await rig.native.decide("redirect", identity, uri=f"sip:telephone@127.0.0.1:{callee.port}"))[0] == 200
        await caller.event("CALL_ESTABLISHED")
        await callee.event("CALL_ESTABLISHED")
        await callee.command("hangup")
        await caller.event("CALL_CLOSED")
        entry = await rig.native.journal(identity, lambda entry: entry["call"]["ended"] is not None)
        assert (entry["call"]["state"], entry["call"]["hung_up_by"]) == ("completed", "destination")

        did = number("2")
        await caller.command("dial", dialled.format(did))
        assert (await rig.native.decide("refuse", await _held(rig, did)))[0] == 200
        assert (await caller.event("CALL_CLOSED"))["param"] == "603 Decline"

        # Behind nothing but 100, some versions of baresip never send CANCEL.
        did = number("2")
        rig.destination.numbers[did] = ring
        await caller.command("dial", dialled.format(did))
        identity = await _held(rig, did)
        assert (await rig.native.decide("accept", identity))[0] == 200
        await caller.event("CALL_RINGING")
        await caller.command("hangup")
        entry = await rig.native.journal(identity, lambda entry: entry["call"]["ended"] is not None)
        assert (entry["call"]["state"], entry["call"]["status"]) == ("cancelled", 487)


async def _held(rig: Rig, did: str) -> str:
    """The id of the held call to that number."""
    async with asyncio.timeout(10):
        while True:
            found = (await rig.native.ask("GET", f"calls?dialled={did}&state=held"))[1]["items"]
            if found:
                return str(found[0]["id"])
            await asyncio.sleep(0.02)
