"""A held call is held on: its guard stands anew, and the caller's network is told to wait."""

from __future__ import annotations

import asyncio
import time

import pytest

from callgate.core.answers import Applied
from callgate.core.events import Kind
from callgate.core.reports import AckResult
from callgate.core.verdicts import Accept, refuse
from callgate.edge.wire import key_of
from tests.sip.edge_rig import EdgeRig, busy, coded

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]


async def test_the_caller_is_told_and_held_on_and_then_the_call_goes_on(edge: EdgeRig) -> None:
    dialed, call = await edge.call("1")
    assert isinstance(await edge.controller.hold_on(call.id, 4.0, status=180), Applied)
    await dialed.until(lambda each: 180 in each.statuses)
    assert isinstance(await edge.controller.hold_on(call.id, 4.0, status=182, phrase='Queued "at" 3'), Applied)
    await dialed.until(lambda each: 182 in each.statuses)
    await asyncio.sleep(1.5)  # past the window of its route
    assert len(dialed.statuses) == 3
    assert dialed.responses[-1].phrase == 'Queued "at" 3'
    assert isinstance(await edge.decide(call, Accept()), Applied)
    assert (await dialed.ended()).status == 200
    assert dialed.statuses[:3] == [100, 180, 182]
    assert (await dialed.hang_up()).status == 200


async def test_provisional_responses_have_one_tag(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    for _ in range(3):
        await edge.controller.hold_on(call.id, 10.0, status=182)
    await dialed.until(lambda each: each.statuses.count(182) == 3)
    told = [each.header("To") for each in dialed.responses if each.status == 182]
    assert len(set(told)) == 1
    assert ";tag=" in told[0]
    await edge.decide(call, refuse())
    assert (await dialed.ended()).status == 603


async def test_the_guard_fires_at_the_end_of_what_was_asked_for_last(edge: EdgeRig) -> None:
    dialed, call = await edge.call("4")  # its own guard would fire after 3 s
    assert isinstance(await edge.controller.hold_on(call.id, 3.0), Applied)
    began = time.monotonic()
    edge.kill_link()
    assert (await dialed.ended()).status == 486
    assert 4.5 < dialed.final.at - began < 9
    assert edge.fallback.saw("INVITE", dialed) == []
    await edge.link()


async def test_a_call_can_be_held_on_more_often_than_it_has_branches(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    await edge.ring(call, await edge.target(busy))
    await edge.told(call, Kind.RETURNED)
    for number in range(40):
        assert isinstance(await edge.controller.hold_on(call.id, 10.0, status=182 if number % 8 == 0 else 0), Applied)
    await edge.ring(call, await edge.target())
    assert (await dialed.ended()).status == 200
    await dialed.hang_up()


async def test_a_decision_while_it_is_held_on_is_carried_out(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    words = f"{key_of(call)} 10000 182 {coded('Queued')}"
    results = await asyncio.gather(
        *(edge.command("hold", words) for _ in range(20)),
        edge.command("refuse", f"{key_of(call)} 486 {coded('Busy Here')} {coded('X-Why: no' + chr(13) + chr(10))}"),
        *(edge.command("hold", words) for _ in range(20)),
    )
    assert results[20].result is AckResult.DONE
    assert (await dialed.ended()).status == 486
    assert {each.result for each in results} <= {AckResult.DONE, AckResult.UNKNOWN}
    edge.controller.on_synced()  # the command was not the controller's, so it has not heard of the end


async def test_a_call_that_is_not_held_is_not_held_on(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    words = f"{key_of(call)} 10000 0 {coded('-')}"
    dialed.cancel()
    assert (await dialed.ended()).status == 487
    await edge.told(call, Kind.CANCELLED)
    assert (await edge.command("hold", words)).result is AckResult.CANCELLED
    assert (await edge.command("hold", f"1000.1 10000 0 {coded('-')}")).result is AckResult.UNKNOWN
    dialed, call = await edge.call()
    await edge.decide(call, Accept())
    assert (await edge.command("hold", f"{key_of(call)} 10000 180 {coded('Ringing')}")).result is AckResult.UNKNOWN
    assert (await dialed.ended()).status == 200
    await dialed.hang_up()


async def test_a_strange_call_id_can_be_held_on(edge: EdgeRig) -> None:
    dialed = edge.caller.invite(edge.edge, "3777", call_id="odd\"call\\id'{}@127.0.0.1")
    call = await edge.held(dialed)
    assert isinstance(await edge.controller.hold_on(call.id, 10.0, status=180), Applied)
    await dialed.until(lambda each: 180 in each.statuses)
    await edge.decide(call, refuse())
    assert (await dialed.ended()).status == 603


async def test_sip_at_the_port_of_commands_does_no_harm_to_calls_that_were_held_on(edge: EdgeRig) -> None:
    calls = [await edge.call() for _ in range(12)]
    for _, call in calls:
        assert isinstance(await edge.controller.hold_on(call.id, 20.0, status=182), Applied)
    control = ("127.0.0.1", edge.address.control_port)
    for number in range(100):
        edge.caller.send(
            f"OPTIONS sip:{control[0]}:{control[1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {edge.caller.host}:{edge.caller.port};branch=z9hG4bK-stray-{number}\r\n"
            f"From: <sip:stray@127.0.0.1>;tag=stray\r\nTo: <sip:127.0.0.1>\r\nCall-ID: stray-{number}\r\n"
            "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
            control,
        )
    for dialed, call in calls:
        assert isinstance(await edge.decide(call, Accept()), Applied)
        assert (await dialed.ended()).status == 200
        assert (await dialed.hang_up()).status == 200
