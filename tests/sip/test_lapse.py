"""Nobody decides: the default applies when the window is over, and whoever comes after that is told so."""

from __future__ import annotations

import asyncio

import pytest

from tests.sip.rig import Rig

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]


async def test_a_window_of_ten_seconds_and_an_accept_half_a_second_after_it(rig: Rig) -> None:
    call = rig.caller.invite(rig.system.edge, "2002", number="10501")
    request = await rig.yeastar.incoming("10501")
    final = await call.ended()
    assert final.status == 200
    waited = rig.destination.saw("INVITE", call)[0].at - call.sent_at
    assert 9.7 <= waited <= 10.3

    await asyncio.sleep(call.sent_at + 10.5 - asyncio.get_running_loop().time())
    invites = len(rig.destination.saw("INVITE", call))
    for what in ("accept", "refuse"):
        reply = await rig.yeastar.decide(what, request.channel_id)
        assert (reply["errcode"], reply["errmsg"]) != (0, "SUCCESS")
        assert "the window passed" in reply["submsg"] and "the call was accepted" in reply["submsg"]
    assert (len(rig.destination.saw("INVITE", call)), len(call.finals)) == (invites, 1)
    call.bye()
    identity = (await rig.native.heard("ended", call.call_id))["id"]
    entry = await rig.native.journal(identity, lambda entry: len(entry["verdicts"]) == 2)
    assert [(each["application"], each["result"]) for each in entry["verdicts"]] == [("application", "lapsed")] * 2
    assert (entry["call"]["application"], entry["call"]["action"]) == ("window", "accept")


@pytest.mark.parametrize(
    ("first", "status", "phrase", "retry"), [("4", 486, "Busy Here", []), ("5", 503, "Service Unavailable", ["30"])]
)
async def test_a_default_that_refuses(rig: Rig, first: str, status: int, phrase: str, retry: list[str]) -> None:
    call = rig.dial(first)
    identity = await rig.held(call)
    final = await call.ended()
    assert (final.status, final.phrase, final.headers("Retry-After")) == (status, phrase, retry)
    assert final.header("Reason").startswith("Q.850;cause=")
    assert 0.9 <= final.at - call.sent_at < 1 + 2.5
    assert rig.destination.saw("INVITE", call) == []
    code, problem = await rig.native.decide("accept", identity)
    assert (code, problem["type"].rpartition("/")[2]) == (409, "lapsed")
    assert problem["decision"]["application"] == "window"
    assert len(call.finals) == 1
