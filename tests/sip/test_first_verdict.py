"""One verdict a call, the first: against another client, and against the window's end."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from tests.sip.applications import YeastarApplication
from tests.sip.rig import CLIENT_ID, CLIENT_SECRET, Rig
from tests.sip.test_cancel import OFFSETS
from tests.sip.user_agent import Dialed, ring

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]


async def test_two_clients_in_the_same_millisecond(rig: Rig) -> None:
    other = await YeastarApplication.open(rig.system.http, CLIENT_ID, CLIENT_SECRET)
    try:
        calls = [await _decided_twice(rig, other, index) for index in range(30)]
    finally:
        await other.close()
    assert {call.final.status for call in calls} == {200, 603}

    async def told(call: Dialed) -> None:
        identity = await rig.held(call)
        entry = await rig.native.journal(identity, lambda entry: len(entry["verdicts"]) == 2)
        assert sorted(each["result"] for each in entry["verdicts"]) == ["already_decided", "applied"]
        assert len(call.finals) == 1
        if call.final.status == 200:
            await call.hang_up()

    await asyncio.gather(*map(told, calls))


async def _decided_twice(rig: Rig, other: YeastarApplication, index: int) -> Dialed:
    call = rig.dial("2")
    request = await rig.requested(call)
    asked = [(rig.yeastar, "accept"), (other, "refuse")]
    replies = await asyncio.gather(
        *(application.decide(what, request.channel_id) for application, what in asked[:: 1 if index % 2 else -1])
    )
    replies = replies[:: 1 if index % 2 else -1]
    succeeded = [reply["errcode"] == 0 for reply in replies]
    assert sorted(succeeded) == [False, True]
    final = await call.ended()
    assert final.status == (200 if succeeded[0] else 603)
    loser = replies[1 if succeeded[0] else 0]
    assert f"already {'accepted' if succeeded[0] else 'refused'}" in loser["submsg"]
    assert len(rig.destination.saw("INVITE", call)) == (1 if succeeded[0] else 0)
    return call


async def test_many_clients_in_the_same_millisecond(rig: Rig) -> None:
    call = rig.dial("2")
    identity = await rig.held(call)
    replies = await asyncio.gather(
        *(rig.native.decide(what, identity) for what in ("refuse", "accept", "hangup", "refuse", "accept") * 5)
    )
    assert sorted(status for status, _ in replies).count(200) >= 1
    applied = [body for status, body in replies if status == 200 and body["result"] == "applied"]
    assert len(applied) == 1
    await call.ended()
    await asyncio.sleep(0.1)
    assert len({final.status for final in call.finals}) == 1
    if call.final.status == 200:
        call.bye()


async def test_accept_against_the_end_of_the_window(rig: Rig) -> None:
    """The window's default refuses with 486, so the caller hears which of the two came first."""

    async def one(offset: float, start: float) -> int:
        await asyncio.sleep(start)
        call = rig.dial("4")
        told = await rig.native.heard("held", call.call_id)
        await asyncio.sleep(told["deadline"] - time.time() + offset)
        code, body = await rig.native.decide("accept", told["id"])
        final = await call.ended()
        await _agreed(rig, call, told["id"], code, body)
        return final.status

    results = await asyncio.gather(*(one(offset, index / 25) for index, offset in enumerate(OFFSETS)))
    assert set(results) == {200, 486}
    # Well before the end it is in time, well after it is late.
    assert {status for status, offset in zip(results, OFFSETS, strict=True) if offset <= -0.03} == {200}
    assert {status for status, offset in zip(results, OFFSETS, strict=True) if offset >= 0.03} == {486}


async def _agreed(rig: Rig, call: Dialed, identity: str, code: int, body: dict[str, Any]) -> None:
    await asyncio.sleep(0.2)
    assert {final.first_line for final in call.finals} == {call.final.first_line}
    accepted = call.final.status == 200
    assert len(rig.destination.saw("INVITE", call)) == int(accepted)
    if accepted:
        await call.hang_up()
    entry = await rig.native.journal(
        identity, lambda entry: entry["call"]["ended"] is not None and len(entry["verdicts"]) == 1
    )
    if accepted:
        assert (code, entry["verdicts"][0]["result"], entry["call"]["application"]) == (200, "applied", "admin")
    else:
        assert (code, body["type"].rpartition("/")[2]) == (409, "lapsed")
        assert (entry["verdicts"][0]["result"], entry["call"]["application"]) == ("lapsed", "window")
    assert entry["call"]["state"] == ("completed" if accepted else "refused")


async def test_cancel_against_the_end_of_the_window(rig: Rig) -> None:
    async def one(offset: float, start: float) -> int:
        await asyncio.sleep(start)
        call = rig.dial("4", ring)
        told = await rig.native.heard("held", call.call_id)
        await asyncio.sleep(told["deadline"] - time.time() + offset)
        call.cancel()
        status = (await call.ended()).status
        await asyncio.sleep(0.2)
        assert {final.first_line for final in call.finals} == {call.final.first_line}
        entry = await rig.native.journal(told["id"], lambda entry: entry["call"]["ended"] is not None)
        assert (entry["call"]["status"], entry["call"]["state"]) == (
            status,
            "cancelled" if status == 487 else "refused",
        )
        assert rig.native.kinds(call.call_id) == ["held", entry["call"]["state"]]
        return status

    results = await asyncio.gather(*(one(offset, index / 25) for index, offset in enumerate(OFFSETS)))
    assert set(results) == {486, 487}
