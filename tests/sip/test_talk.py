"""A phone that rings is told to answer: NOTIFY with Event: talk, within the early dialog of its INVITE."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from callgate.core.answers import EdgeFailed, EdgeSilent, NotLive, Talked, UnknownCall
from callgate.core.calls import CallId
from callgate.core.events import Kind
from callgate.core.reports import AckResult
from callgate.core.states import State
from callgate.core.verdicts import Accept, refuse
from callgate.edge.wire import ringing_words
from tests.sip.edge_rig import PASSWORD, EdgeRig, busy, edge_rig, hears, phone_entry, silent
from tests.sip.phone import Phone, phone, tcp_phone, unregistered
from tests.sip.user_agent import Destination, Message, answer, ring
from tests.system import eventually

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]

ELSEWHERE = "127.0.0.9"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EdgeRig]:
    async with edge_rig(tmp_path_factory.mktemp("talk"), [phone_entry("5001"), phone_entry("5002")]) as rig:
        yield rig
        await rig.empty(60)


@pytest_asyncio.fixture(loop_scope="session")
async def desk(rig: EdgeRig) -> AsyncIterator[Phone]:
    """A phone that rings, and answers when it is told to."""
    endpoint = await phone(rig.edge, "5001", PASSWORD, ELSEWHERE)
    obeys(endpoint)
    await eventually(lambda: rig.controller.phone("5001") is not None)
    yield endpoint
    await endpoint.register(rig.edge, "5001", PASSWORD, expires=0)
    endpoint.close()


def obeys(endpoint: Phone) -> None:
    """The phone rings, and answers when it is told to."""
    endpoint.behave = ring

    def talk(notify: Message) -> None:
        answer(endpoint, next(each for each in endpoint.invites if each.header("Call-ID") == notify.header("Call-ID")))

    endpoint.talk = talk


def rings_with(*headers: str) -> Callable[[Destination, Message], None]:
    def behave(target: Destination, invite: Message) -> None:
        target.respond(invite, 180, "Ringing", *headers)

    return behave


# --- it answers ------------------------------------------------------------------------------------------------------


async def test_a_phone_that_rings_answers_when_it_is_told_to(rig: EdgeRig, desk: Phone) -> None:
    dialed, call = await rig.call()
    await rig.ring(call, "5001")
    await rig.told(call, Kind.RINGING)
    assert await rig.controller.talk(call.id) == Talked(call)
    assert (await dialed.ended()).status == 200
    await rig.told(call, Kind.ANSWERED)
    (invite,), (notify,) = desk.invites, desk.saw("NOTIFY")
    assert notify.first_line == f"NOTIFY {desk.contact} SIP/2.0"
    assert (notify.header("Event"), notify.header("Subscription-State")) == ("talk", "active")
    assert notify.header("Call-ID") == invite.header("Call-ID")
    assert notify.header("From").endswith(invite.header("From").partition(";tag=")[2])
    assert notify.header("To").endswith(";tag=callee")
    assert notify.header("Contact") == invite.header("Contact"), "nothing is to change for the phone"
    assert notify.header("CSeq") == "1 NOTIFY", "the INVITE's own number"
    assert (await dialed.hang_up()).status == 200
    assert desk.saw("BYE")[0].header("CSeq") == "2 BYE", "the caller's numbers are as they were"


async def test_what_the_phone_has_seen_of_the_caller_is_what_the_notify_says(rig: EdgeRig, desk: Phone) -> None:
    dialed, call = await rig.call()
    await rig.ring(call, "5001", caller_id="9000")
    await rig.told(call, Kind.RINGING)
    assert await rig.controller.talk(call.id) == Talked(call)
    await dialed.ended()
    assert "sip:9000@" in desk.saw("NOTIFY")[0].header("From")
    await dialed.hang_up()


async def test_a_phone_behind_nat_is_told_where_it_spoke_from(rig: EdgeRig) -> None:
    hans = await unregistered(ELSEWHERE)
    hans.inside = "10.11.12.13:5060"
    obeys(hans)
    assert (await hans.register(rig.edge, "5002", PASSWORD)).status == 200
    dialed, call = await rig.call()
    await rig.ring(call, "5002")
    await rig.told(call, Kind.RINGING)
    assert await rig.controller.talk(call.id) == Talked(call)
    assert (await dialed.ended()).status == 200
    await dialed.hang_up()
    await hans.register(rig.edge, "5002", PASSWORD, expires=0)
    hans.close()


async def test_a_phone_on_tcp_is_told_on_its_connection(rig: EdgeRig) -> None:
    ines = await tcp_phone(rig.edge, "5002", PASSWORD)
    obeys(ines)
    dialed, call = await rig.call()
    await rig.ring(call, "5002")
    await rig.told(call, Kind.RINGING)
    assert await rig.controller.talk(call.id) == Talked(call)
    assert (await dialed.ended()).status == 200
    await dialed.hang_up()
    ines.close()


async def test_after_prack_the_notify_has_the_prack_s_number(rig: EdgeRig, desk: Phone) -> None:
    """A phone refuses a number that is lower than one it has seen (RFC 3261 section 12.2.2)."""
    desk.behave = rings_with("Require: 100rel", "RSeq: 1")
    dialed, call = await rig.call()
    await rig.ring(call, "5001")
    await rig.told(call, Kind.RINGING)
    await dialed.until(lambda each: 180 in each.statuses)
    ringing = next(each for each in dialed.responses if each.status == 180)
    rig.caller.send(early(dialed.within("PRACK", 2, of=ringing), "RAck: 1 1 INVITE"), rig.edge)
    await hears(desk, "PRACK")
    assert await rig.controller.talk(call.id) == Talked(call)
    assert desk.saw("NOTIFY")[0].header("CSeq") == "2 NOTIFY"
    await dialed.ended()
    await dialed.hang_up()


def early(request: str, header: str) -> str:
    return request.replace("Max-Forwards", f"{header}\r\nMax-Forwards")


async def test_a_second_dialling_is_told_within_its_own_dialog(rig: EdgeRig, desk: Phone) -> None:
    first = await rig.target(busy)
    dialed, call = await rig.call()
    await rig.ring(call, first)
    await rig.told(call, Kind.RETURNED)
    await rig.ring(call, "5001")
    await rig.told(call, Kind.RINGING)
    assert await rig.controller.talk(call.id) == Talked(call)
    assert (await dialed.ended()).status == 200
    await dialed.hang_up()


async def test_a_command_that_is_sent_twice_tells_the_phone_once(rig: EdgeRig, desk: Phone) -> None:
    dialed, call = await rig.call()
    await rig.ring(call, "5001")
    await rig.told(call, Kind.RINGING)
    acks = [await rig.command("talk", f"{ringing_words(call)} 1", again=2)]
    await dialed.ended()
    await asyncio.sleep(0.2)
    assert [ack.result for ack in acks] == [AckResult.DONE]
    assert len(desk.saw("NOTIFY")) == 1
    await dialed.hang_up()


# --- it does not -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "phrase"), [(489, "Bad Event"), (481, "No Such Call"), (500, "Out Of Order")])
async def test_a_phone_that_refuses_rings_on(rig: EdgeRig, desk: Phone, status: int, phrase: str) -> None:
    desk.replies["NOTIFY"] = (status, phrase)
    dialed, call = await rig.call()
    await rig.ring(call, "5001")
    await rig.told(call, Kind.RINGING)
    assert await rig.controller.talk(call.id) == EdgeFailed(call, status)
    assert call.state is State.RINGING
    answer(desk, desk.invites[0])
    assert (await dialed.ended()).status == 200
    await dialed.hang_up()


async def test_a_phone_that_is_silent_rings_on(rig: EdgeRig, desk: Phone) -> None:
    desk.replies["NOTIFY"] = (0, "")
    dialed, call = await rig.call()
    await rig.ring(call, "5001")
    await rig.told(call, Kind.RINGING)
    assert await rig.controller.talk(call.id) == EdgeFailed(call, 408)
    desk.replies.clear()
    answer(desk, desk.invites[0])
    assert (await dialed.ended()).status == 200
    await dialed.hang_up()


async def test_a_phone_that_has_not_rung_yet_cannot_be_told(rig: EdgeRig, desk: Phone) -> None:
    desk.behave = silent
    dialed, call = await rig.call()
    await rig.ring(call, "5001")
    await hears(desk, "INVITE")
    assert await rig.controller.talk(call.id) == EdgeFailed(call, 0)
    assert not desk.saw("NOTIFY")
    desk.respond(desk.invites[0], 486, "Busy Here")
    await rig.told(call, Kind.RETURNED)
    assert await rig.controller.talk(call.id) == NotLive(call)
    await rig.decide(call, refuse())
    await dialed.ended()


async def test_the_caller_may_cancel_while_the_phone_thinks(rig: EdgeRig, desk: Phone) -> None:
    desk.replies["NOTIFY"] = (0, "")
    dialed, call = await rig.call()
    await rig.ring(call, "5001")
    await rig.told(call, Kind.RINGING)
    talking = asyncio.ensure_future(rig.controller.talk(call.id))
    await hears(desk, "NOTIFY")
    dialed.cancel()
    assert (await dialed.ended()).status == 487
    await rig.told(call, Kind.CANCELLED)
    assert await talking == EdgeFailed(call, 408)


async def test_what_the_link_loses_is_not_known(rig: EdgeRig, desk: Phone) -> None:
    desk.replies["NOTIFY"] = (0, "")
    dialed, call = await rig.call()
    await rig.ring(call, "5001")
    await rig.told(call, Kind.RINGING)
    talking = asyncio.ensure_future(rig.controller.talk(call.id))
    await hears(desk, "NOTIFY")
    rig.kill_link()
    assert await talking == EdgeSilent(call)
    dialed.cancel()
    await dialed.ended()
    await rig.link()


async def test_only_a_call_that_rings_at_somebody_who_was_dialled(rig: EdgeRig, desk: Phone) -> None:
    assert await rig.controller.talk(CallId("nobody")) == UnknownCall()
    dialed, call = await rig.call()
    assert await rig.controller.talk(call.id) == NotLive(call)
    await rig.decide(call, Accept())
    assert await rig.controller.talk(call.id) == NotLive(call)
    await dialed.ended()
    await rig.told(call, Kind.ANSWERED)
    assert await rig.controller.talk(call.id) == NotLive(call)
    await dialed.hang_up()
    await rig.told(call, Kind.ENDED)
    assert await rig.controller.talk(call.id) == NotLive(call)
