"""Accept and refuse: what the vendor's manual shows, and what an application is told whose verdict had no effect."""

from __future__ import annotations

import asyncio

import pytest

from callgate.core.calls import Call
from callgate.core.reports import Ack, AckResult, Progress
from callgate.core.states import State
from callgate.core.verdicts import Accept, Decider, Refuse, Verdict, dial, refuse, target
from callgate.dialects.yeastar.spelling import channel_of
from callgate.directory.model import Trunk
from tests.dialects.serving import until

from .rig import Reply, Rig, client, default_entries, yeastar_rig


async def raw_request(rig: Rig, request: bytes) -> Reply:
    """Send these bytes and read one reply."""
    reader, writer = await asyncio.open_connection("127.0.0.1", rig.port)
    try:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return Reply(status, await reader.readexactly(length))
    finally:
        writer.close()
        await writer.wait_closed()


async def test_accept_as_in_the_manual_routes_the_call(rig: Rig) -> None:
    call = rig.control.ring(trunk="test-peer-trunking", sequence=0x8F, received=rig.control.now())
    token = await rig.token()
    body = b'{\n    "channel_id": "PJSIP/trunk-test-peer-trunking-endpoint-0000008f"\n}'
    request = (
        f"POST /openapi/v1.0/call/accept_inbound?access_token={token} HTTP/1.1\r\n"
        f"Host: 192.168.5.150:8088\r\nContent-Type: application/json\r\nUser-Agent: OpenAPI\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    reply = await raw_request(rig, request.encode() + body)
    assert reply.status == 200
    assert reply.json == {"errcode": 0, "errmsg": "SUCCESS", "call_id": f"{int(call.received)}.143"}
    assert list(reply.json) == ["errcode", "errmsg", "call_id"]
    assert rig.control.commands == [Accept()]
    assert call.state is State.ROUTED
    assert call.record is not None and call.record.decider == Decider("yeastar", "desk")


async def test_refuse_as_in_the_manual_gives_the_caller_603(rig: Rig) -> None:
    call = rig.control.ring(trunk="test-peer-trunking", sequence=0x91)
    token = await rig.token()
    body = b'{\n    "channel_id": "PJSIP/trunk-test-peer-trunking-endpoint-00000091"\n}'
    request = (
        f"POST /openapi/v1.0/call/refuse_inbound?access_token={token} HTTP/1.1\r\n"
        f"Host: 192.168.5.150:8088\r\nContent-Type: application/json\r\nUser-Agent: OpenAPI\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    reply = await raw_request(rig, request.encode() + body)
    assert reply.status == 200
    assert reply.json == {"errcode": 0, "errmsg": "SUCCESS", "call_id": f"{int(call.received)}.145"}
    assert rig.control.commands == [refuse("rejected")]
    assert (call.state, call.status, call.phrase) == (State.REFUSED, 603, "Decline")


async def test_refuse_gives_the_reason_that_the_trunk_says(rig: Rig) -> None:
    rig.directory.put(Trunk("peer-to-41", ("192.0.2.1",), refuse="busy"))
    call = rig.control.ring()
    assert (await rig.refuse(channel_of(call), await rig.token())).errcode == 0
    assert call.status == 486


async def test_refuse_on_a_trunk_that_is_no_longer_configured_gives_603(rig: Rig) -> None:
    call = rig.control.ring(trunk="removed")
    assert (await rig.refuse(channel_of(call), await rig.token())).errcode == 0
    assert call.status == 603


async def test_success_is_said_only_when_the_edge_has_done_it(rig: Rig) -> None:
    done = asyncio.Event()

    async def slow_edge(call: Call, verdict: Verdict) -> Ack:
        await done.wait()
        return Ack(AckResult.DONE, 603)

    rig.control.edge = slow_edge
    call = rig.control.ring()
    token = await rig.token()
    asked = asyncio.create_task(rig.refuse(channel_of(call), token))
    await until(lambda: rig.control.commands)
    await rig.get("trunk/list", token)  # the server goes on answering, and has not answered this
    assert not asked.done()
    done.set()
    assert (await asked).errcode == 0


@pytest.mark.parametrize("channel", ["PJSIP/trunk-peer-to-41-endpoint-0000ffff", "PJSIP/1005-00000023", "x", "é" * 99])
async def test_an_unknown_channel_is_not_found(rig: Rig, channel: str) -> None:
    rig.control.ring()
    reply = await rig.refuse(channel, await rig.token())
    assert reply.json == {"errcode": 70130, "errmsg": "CAHNNEL ID NOT FOUND"}
    assert rig.control.commands == []
    assert rig.control.decisions == [(None, refuse(), Decider("yeastar", "desk"))]  # and the journal hears of it


async def test_a_channel_with_the_name_of_another_trunk_is_not_found(rig: Rig) -> None:
    call = rig.control.ring(sequence=0xB5)
    token = await rig.token()
    assert (await rig.refuse("PJSIP/trunk-other-endpoint-000000b5", token)).errcode == 70130
    assert (await rig.refuse("PJSIP/trunk-peer-to-41-endpoint-000000B5", token)).errcode == 70130
    assert call.state is State.HELD


async def test_refuse_after_the_window_changes_nothing_and_says_so(rig: Rig) -> None:
    call = rig.control.ring()
    await rig.control.pass_window(call)
    reply = await rig.refuse(channel_of(call), await rig.token())
    assert (reply.errcode, reply.json["errmsg"]) == (70132, "OPERATION NOT SUPPORTED")
    assert "the window passed at 20" in reply.json["submsg"]
    assert "the default was applied: the call was accepted" in reply.json["submsg"]
    assert call.state is State.ROUTED


async def test_accept_after_a_window_that_refused_says_what_the_caller_got(rig: Rig) -> None:
    call = rig.control.ring(lapse=refuse("busy"))
    await rig.control.pass_window(call)
    reply = await rig.accept(channel_of(call), await rig.token())
    assert reply.errcode == 70132
    assert "the call was refused (486 Busy Here)" in reply.json["submsg"]


async def test_the_second_verdict_is_told_of_the_first(rig: Rig) -> None:
    call = rig.control.ring()
    assert (await rig.refuse(channel_of(call), await rig.token("crm"))).errcode == 0
    reply = await rig.accept(channel_of(call), await rig.token("desk"))
    assert reply.errcode == 70132
    assert reply.json["submsg"].startswith("already refused (603 Decline) by crm at 20")
    assert rig.control.commands == [refuse()]


async def test_the_same_verdict_again_is_told_of_the_first(rig: Rig) -> None:
    call = rig.control.ring()
    token = await rig.token()
    assert (await rig.accept(channel_of(call), token)).errcode == 0
    reply = await rig.accept(channel_of(call), token)
    assert (reply.errcode, reply.json["submsg"][:26]) == (70132, "already accepted by desk a")


async def test_of_two_clients_in_the_same_moment_one_wins_and_the_other_is_told(rig: Rig) -> None:
    desk, crm = await rig.token("desk"), await rig.token("crm")
    for _ in range(20):
        call = rig.control.ring()
        rig.control.commands.clear()
        replies = await asyncio.gather(rig.refuse(channel_of(call), desk), rig.accept(channel_of(call), crm))
        assert sorted(reply.errcode for reply in replies) == [0, 70132]
        refused_won = replies[0].errcode == 0
        assert [type(command) for command in rig.control.commands] == [Refuse if refused_won else Accept]
        assert call.record is not None
        assert call.record.decider.application == ("desk" if refused_won else "crm")


async def test_a_verdict_for_a_call_that_the_caller_cancelled_is_told_so(rig: Rig) -> None:
    call = rig.control.ring()
    rig.control.report(call, Progress.CANCELLED, 487, "Request Terminated")
    reply = await rig.accept(channel_of(call), await rig.token())
    assert (reply.errcode, reply.json["submsg"]) == (70132, "the call was cancelled by the caller")


@pytest.mark.parametrize(
    ("ack", "told"),
    [
        (Ack(AckResult.CANCELLED), "the call was cancelled by the caller"),
        (Ack(AckResult.UNANSWERED), "the edge did not confirm it: what the caller heard is not known yet"),
        (Ack(AckResult.FAILED, 500), "the edge could not do it: the caller got 500"),
        (Ack(AckResult.UNKNOWN), "the edge could not do it: the call is lost"),
    ],
)
async def test_what_the_edge_says_is_what_the_application_is_told(rig: Rig, ack: Ack, told: str) -> None:
    async def edge(call: Call, verdict: Verdict) -> Ack:
        return ack

    rig.control.edge = edge
    call = rig.control.ring()
    reply = await rig.refuse(channel_of(call), await rig.token())
    assert (reply.errcode, reply.json["submsg"]) == (70132, told)


async def test_a_call_that_was_not_held_cannot_be_decided(rig: Rig) -> None:
    call = rig.control.ring(controlled=False)
    reply = await rig.refuse(channel_of(call), await rig.token())
    assert reply.errcode == 70132
    assert reply.json["submsg"] == "the call was not held: Control Inbound Call of trunk peer-to-41 was off"


async def test_a_call_that_has_nowhere_to_go_cannot_be_accepted_but_refused(rig: Rig) -> None:
    call = rig.control.ring(destination="", lapse=refuse("busy"))
    token = await rig.token()
    reply = await rig.accept(channel_of(call), token)
    assert (reply.errcode, reply.json["submsg"]) == (
        70132,
        "inbound route all has no destination to route the call to",
    )
    assert (await rig.refuse(channel_of(call), token)).errcode == 0


async def test_a_call_that_is_dialled_is_decided_until_it_returns(rig: Rig) -> None:
    call = rig.control.ring()
    await rig.control.decide(call.id, dial([target(phone="anna")]), Decider("rcml", "acme"))
    token = await rig.token()
    reply = await rig.refuse(channel_of(call), token)
    assert reply.errcode == 70132
    assert reply.json["submsg"].startswith("already connected by acme at 20")
    rig.control.returns(call)
    assert (await rig.refuse(channel_of(call), token)).errcode == 0


async def test_another_clients_call_is_as_good_as_unknown() -> None:
    stranger = client("stranger", see=("test-peer-trunking",), decide=("test-peer-trunking",))
    async with yeastar_rig(*default_entries(), stranger) as rig:
        call = rig.control.ring(trunk="peer-to-41")
        token = await rig.token("stranger")
        for decide in (rig.accept, rig.refuse):
            reply = await decide(channel_of(call), token)
            assert reply.json == {"errcode": 70130, "errmsg": "CAHNNEL ID NOT FOUND"}
        assert call.state is State.HELD


async def test_a_client_that_may_only_see_a_trunk_is_denied() -> None:
    async with yeastar_rig(*default_entries(), client("watcher", see=("peer-to-41",), decide=())) as rig:
        call = rig.control.ring(trunk="peer-to-41")
        reply = await rig.refuse(channel_of(call), await rig.token("watcher"))
        assert (reply.errcode, reply.json["errmsg"]) == (10005, "ACCESS DENIED")
        assert call.state is State.HELD and rig.control.decisions == []


async def test_rights_change_while_running(rig: Rig) -> None:
    token = await rig.token("desk")
    rig.directory.put(client("desk", see=(), decide=()))
    call = rig.control.ring()
    assert (await rig.refuse(channel_of(call), token)).errcode == 70130
    rig.directory.put(client("desk"))
    assert (await rig.refuse(channel_of(call), token)).errcode == 0
