"""The caller of an established call is asked to call elsewhere: REFER, and the call is over when that was taken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from callgate.core.answers import EdgeFailed, EdgeSilent, HungUp, NotLive, Transferred, UnknownCall
from callgate.core.calls import Call, CallId
from callgate.core.events import Kind
from callgate.core.reports import AckResult
from callgate.core.verdicts import Accept, VerdictError
from callgate.edge.wire import transfer_words
from tests.sip.edge_rig import PASSWORD, TEST, EdgeRig, edge_rig, hears, phone_entry
from tests.sip.phone import phone, tcp_phone
from tests.sip.user_agent import Caller, Destination, Dialed, caller
from tests.system import eventually

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]

ELSEWHERE = "127.0.0.9"
NEXT = "sip:2002@pbx.example.com"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EdgeRig]:
    async with edge_rig(tmp_path_factory.mktemp("transfer"), [phone_entry("5001"), phone_entry("5002")]) as rig:
        yield rig
        await rig.empty(60)


@pytest_asyncio.fixture(loop_scope="session")
async def who(rig: EdgeRig) -> AsyncIterator[Caller]:
    """A caller that takes REFER."""
    one = await caller()
    one.replies["REFER"] = (202, "Accepted")
    yield one
    one.close()


async def established(rig: EdgeRig, who: Caller) -> tuple[Dialed, Call, Destination]:
    """A call that somebody who was dialled has answered, and that the caller has acknowledged."""
    agent = await rig.target()
    dialed = who.invite(rig.edge, "31")
    call = await rig.held(dialed)
    await rig.ring(call, agent)
    assert (await dialed.ended()).status == 200
    await rig.told(call, Kind.ANSWERED)
    await hears(agent, "ACK")
    return dialed, call, agent


def requests(dialed: Dialed) -> list[str]:
    """The requests within the call that reached the caller."""
    return [each.method for each in dialed.requests]


# --- taken -----------------------------------------------------------------------------------------------------------


async def test_the_caller_is_referred_and_both_sides_get_their_bye(rig: EdgeRig, who: Caller) -> None:
    dialed, call, agent = await established(rig, who)
    assert await rig.controller.transfer(call.id, NEXT) == Transferred(call)
    await hears(agent, "BYE")
    await dialed.until(lambda _: requests(dialed) == ["REFER", "BYE"])
    refer, bye = dialed.requests
    assert refer.first_line == f"REFER {who.contact} SIP/2.0"
    assert refer.header("Refer-To") == f"<{NEXT}>"
    assert refer.header("From").endswith(";tag=callee")
    assert refer.header("To") == dialed.request.partition("From: ")[2].partition("\r\n")[0]
    assert refer.header("Contact") == f"<{agent.contact}>", "nothing is to change for the caller"
    assert int(refer.header("CSeq").split()[0]) < int(bye.header("CSeq").split()[0])
    await rig.told(call, Kind.ENDED)
    assert call.hung_up_by == "controller"
    assert await rig.controller.transfer(call.id, NEXT) == NotLive(call)


async def test_an_accepted_call_can_be_transferred_too(rig: EdgeRig, who: Caller) -> None:
    dialed = who.invite(rig.edge, "31")
    call = await rig.held(dialed)
    await rig.decide(call, Accept())
    await dialed.ended()
    await hears(rig.fallback, "ACK")
    assert await rig.controller.transfer(call.id, NEXT) == Transferred(call)
    await dialed.until(lambda _: requests(dialed) == ["REFER", "BYE"])
    await rig.told(call, Kind.ENDED)


async def test_what_the_caller_tells_of_the_transfer_is_taken_here(rig: EdgeRig, who: Caller) -> None:
    """The implicit subscription of a REFER (RFC 3515 section 2.4.4): the agent's phone never asked for it."""
    dialed, call, agent = await established(rig, who)
    assert await rig.controller.transfer(call.id, NEXT) == Transferred(call)
    await dialed.until(lambda _: requests(dialed) == ["REFER", "BYE"])
    who.send(dialed.within("NOTIFY").replace("Max-Forwards", "Event: refer;id=1\r\nMax-Forwards"), rig.edge)
    await dialed.until(lambda each: any(one.method == "NOTIFY" for one in each.responses))
    assert next(one for one in dialed.responses if one.method == "NOTIFY").status == 200
    assert not agent.saw("NOTIFY")
    await rig.told(call, Kind.ENDED)


async def test_the_refer_goes_by_the_proxies_of_the_caller(rig: EdgeRig, who: Caller) -> None:
    agent = await rig.target()
    through = f"Record-Route: <sip:{who.host}:{who.port};lr;hop=1>"
    dialed = who.invite(rig.edge, "31", headers=(through,), acknowledge=False)
    call = await rig.held(dialed)
    await rig.ring(call, agent)
    await dialed.ended()
    proxy = f"Route: {through.partition(': ')[2]}\r\n"
    who.send(dialed.within("ACK", 1).replace(proxy, ""), rig.edge)  # the proxy has taken itself out
    await hears(agent, "ACK")
    assert await rig.controller.transfer(call.id, NEXT) == Transferred(call)
    assert "hop=1" in dialed.requests[0].header("Route")
    await rig.told(call, Kind.ENDED)


async def test_a_phone_s_call_to_a_phone_is_transferred(rig: EdgeRig) -> None:
    anna = await tcp_phone(rig.edge, "5001", PASSWORD)
    bert = await phone(rig.edge, "5002", PASSWORD, ELSEWHERE)
    anna.replies["REFER"] = (202, "Accepted")
    dialed = await anna.call(rig.edge, "5001", "5002")
    call = await rig.held(dialed)
    await rig.ring(call, "5002")
    await dialed.ended()
    await hears(bert, "ACK")
    await rig.told(call, Kind.ANSWERED)
    assert await rig.controller.transfer(call.id, NEXT) == Transferred(call)
    await hears(bert, "BYE")
    await dialed.until(lambda _: requests(dialed) == ["REFER", "BYE"])
    await rig.told(call, Kind.ENDED)
    for each, login in ((anna, "5001"), (bert, "5002")):
        await each.register(rig.edge, login, PASSWORD, expires=0)
        each.close()


async def test_a_command_that_is_sent_twice_refers_once(rig: EdgeRig, who: Caller) -> None:
    dialed, call, _ = await established(rig, who)
    ack = await rig.command("transfer", transfer_words(call, NEXT), again=2)
    assert ack.result is AckResult.DONE
    await rig.told(call, Kind.ENDED)
    await asyncio.sleep(0.2)
    assert requests(dialed) == ["REFER", "BYE"]


# --- not taken -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "phrase"), [(405, "Method Not Allowed"), (603, "Decline"), (481, "Gone")])
async def test_a_caller_that_refuses_is_still_in_the_call(rig: EdgeRig, who: Caller, status: int, phrase: str) -> None:
    who.replies["REFER"] = (status, phrase)
    dialed, call, agent = await established(rig, who)
    assert await rig.controller.transfer(call.id, NEXT) == EdgeFailed(call, status)
    agent.bye(agent.invites[0])
    await dialed.until(lambda _: requests(dialed) == ["REFER", "BYE"])
    await rig.told(call, Kind.ENDED)
    assert call.hung_up_by == "destination"


async def test_a_caller_that_is_silent_is_still_in_the_call(rig: EdgeRig, who: Caller) -> None:
    who.replies["REFER"] = (0, "")
    dialed, call, agent = await established(rig, who)
    assert await rig.controller.transfer(call.id, NEXT) == EdgeFailed(call, 408)
    who.replies.clear()
    assert not agent.saw("BYE")
    assert (await dialed.hang_up()).status == 200
    await rig.told(call, Kind.ENDED)
    assert call.hung_up_by == "caller"


async def test_the_other_side_s_numbers_go_on_behind_a_refused_refer(rig: EdgeRig, who: Caller) -> None:
    """The REFER has the number of its last request: what it sends next is never too low (RFC 3261 section 12.2.2)."""
    who.replies["REFER"] = (405, "Method Not Allowed")
    dialed, call, agent = await established(rig, who)
    info = within(agent, "INFO", 41)
    agent.send(info, agent.invites[0].source)
    await dialed.until(lambda _: requests(dialed) == ["INFO"])
    assert await rig.controller.transfer(call.id, NEXT) == EdgeFailed(call, 405)
    assert [each.header("CSeq") for each in dialed.requests] == ["41 INFO", "41 REFER"]
    agent.send(within(agent, "BYE", 42), agent.invites[0].source)
    await dialed.until(lambda _: requests(dialed) == ["INFO", "REFER", "BYE"])
    await rig.told(call, Kind.ENDED)


def within(agent: Destination, method: str, sequence: int) -> str:
    """A request of the one who answered."""
    invite = agent.invites[0]
    lines = [
        f"{method} {invite.header('Contact').strip('<>')} SIP/2.0",
        f"Via: SIP/2.0/UDP {agent.host}:{agent.port};branch=z9hG4bK-{method}-{sequence}-{agent.port}",
        *(f"Route: {value}" for value in invite.headers("Record-Route")),
        f"From: {invite.header('To')};tag=callee",
        f"To: {invite.header('From')}",
        f"Call-ID: {invite.header('Call-ID')}",
        f"CSeq: {sequence} {method}",
        "Max-Forwards: 70",
        "Content-Length: 0",
    ]
    return "\r\n".join([*lines, "", ""])


async def test_before_the_ack_there_is_no_call_to_transfer(rig: EdgeRig, who: Caller) -> None:
    agent = await rig.target()
    dialed = who.invite(rig.edge, "31", acknowledge=False)
    call = await rig.held(dialed)
    await rig.ring(call, agent)
    final = await dialed.ended()
    await rig.told(call, Kind.ANSWERED)
    assert await rig.controller.transfer(call.id, NEXT) == EdgeFailed(call, 0)
    dialed.ack(final)
    await hears(agent, "ACK")
    assert await rig.controller.transfer(call.id, NEXT) == Transferred(call)
    await rig.told(call, Kind.ENDED)


async def test_a_hang_up_and_a_transfer_at_once_end_the_call_once(rig: EdgeRig, who: Caller) -> None:
    dialed, call, agent = await established(rig, who)
    answers = await asyncio.gather(
        rig.controller.transfer(call.id, NEXT), rig.controller.hang_up(call.id, TEST), return_exceptions=True
    )
    assert answers[1] == HungUp(call)
    assert isinstance(answers[0], Transferred | EdgeFailed | NotLive)
    await rig.told(call, Kind.ENDED)
    await hears(agent, "BYE")
    await asyncio.sleep(0.2)
    assert len(agent.saw("BYE")) == requests(dialed).count("BYE") == 1


async def test_calls_go_on_being_dialled_after_a_transfer(rig: EdgeRig, who: Caller) -> None:
    """What looks up a dialog for the REFER must not leave it behind for the next call of its process."""
    dialed, call, _ = await established(rig, who)
    for _ in range(8):
        assert isinstance(await rig.controller.transfer(call.id, NEXT), Transferred | NotLive)
        other, next_call, agent = await established(rig, who)
        assert (await other.hang_up()).status == 200
        await hears(agent, "BYE")
        await rig.told(next_call, Kind.ENDED)
        assert next_call.hung_up_by == "caller"
    await rig.told(call, Kind.ENDED)
    assert requests(dialed) == ["REFER", "BYE"]


async def test_what_the_link_loses_is_not_known(rig: EdgeRig, who: Caller) -> None:
    who.replies["REFER"] = (0, "")
    dialed, call, _ = await established(rig, who)
    asking = asyncio.ensure_future(rig.controller.transfer(call.id, NEXT))
    await dialed.until(lambda _: requests(dialed)[:1] == ["REFER"])
    rig.kill_link()
    assert await asking == EdgeSilent(call)
    who.replies.clear()
    await dialed.hang_up()
    await rig.link()


@pytest.mark.parametrize("uri", ["2002", "sip:2002@pbx\r\nX-Injected: 1", "<sip:2002@pbx>"])
async def test_what_is_no_sip_uri_is_sent_to_nobody(rig: EdgeRig, who: Caller, uri: str) -> None:
    dialed, call, _ = await established(rig, who)
    with pytest.raises(VerdictError):
        await rig.controller.transfer(call.id, uri)
    assert (await dialed.hang_up()).status == 200
    assert requests(dialed) == []
    await rig.told(call, Kind.ENDED)


async def test_only_an_established_call(rig: EdgeRig, who: Caller) -> None:
    assert await rig.controller.transfer(CallId("nobody"), NEXT) == UnknownCall()
    dialed = who.invite(rig.edge, "31")
    call = await rig.held(dialed)
    assert await rig.controller.transfer(call.id, NEXT) == NotLive(call)
    dialed.cancel()
    await dialed.ended()
    await eventually(lambda: call.ended is not None)
    assert await rig.controller.transfer(call.id, NEXT) == NotLive(call)
