"""``<Dial>``: what it dials is dialled, and what comes of it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest
import pytest_asyncio

from tests.sip.phone import Phone, phone
from tests.sip.rcml.application import document
from tests.sip.rcml.rig import RcmlRig, caller_of
from tests.sip.rig import number
from tests.sip.user_agent import Destination, Message, answer, ring
from tests.system import eventually

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def alice(rcml: RcmlRig) -> AsyncIterator[Phone]:
    one = await phone(rcml.sip.system.edge, "alice", "PasswordOfAlice1")
    yield one
    one.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bob(rcml: RcmlRig) -> AsyncIterator[Phone]:
    one = await phone(rcml.sip.system.edge, "bob", "PasswordOfBob111")
    yield one
    one.close()


def fail(status: int, phrase: str, callee: Destination, invite: Message) -> None:
    callee.respond(invite, status, phrase)


busy = partial(fail, 486, "Busy Here")
declined = partial(fail, 603, "Decline")
gone = partial(fail, 404, "Not Found")


async def test_a_number_goes_out_by_the_routes_outbound_destination(rcml: RcmlRig) -> None:
    target = number("91")
    call, did = rcml.dial("74", document(f"<Dial><Number>{target}</Number></Dial>"))
    assert (await call.ended()).status == 200
    [invite] = rcml.sip.destination.saw("INVITE", call)
    assert invite.number == target
    assert await rcml.application.told(did, "in-progress") == ["ringing", "in-progress"]
    await call.hang_up()
    assert await rcml.application.told(did, "completed") == ["ringing", "in-progress", "completed"]
    sid = await rcml.sid(did)
    record = await rcml.record(sid, "completed")
    legs = await rcml.eventually("Calls.json", lambda found: found["calls"] != [], ParentCallSid=sid)
    [leg] = legs["calls"]
    assert (leg["to"], leg["direction"], leg["parent_call_sid"]) == (target, "outbound-dial", sid)
    await rcml.record(leg["sid"], "completed")
    assert record["start_time"] is not None


async def test_two_phones_ring_one_answers_and_the_other_is_cancelled(rcml: RcmlRig, alice: Phone, bob: Phone) -> None:
    alice.behave, bob.behave = ring, ring
    call, did = rcml.dial("71", document("<Dial><Client>alice</Client><Client>bob</Client></Dial>"))
    await call.until(lambda each: 180 in each.statuses)
    await eventually(lambda: bool(alice.saw("INVITE", call) and bob.saw("INVITE", call)))
    answer(bob, bob.saw("INVITE", call)[0])
    assert (await call.ended()).status == 200
    await eventually(lambda: bool(alice.saw("CANCEL", call)))
    assert bob.saw("CANCEL", call) == []
    assert rcml.untouched(call)
    await call.hang_up()
    assert len(bob.saw("BYE", call)) == 1
    sid = await rcml.sid(did)
    await rcml.record(sid, "completed")
    legs = await rcml.eventually(
        "Calls.json",
        lambda found: (
            {leg["to"]: leg["status"] for leg in found["calls"]}
            == {"client:alice": "canceled", "client:bob": "completed"}
        ),
        ParentCallSid=sid,
    )
    assert legs["total"] in (2, "2")


@pytest.mark.parametrize(
    ("behave", "told", "sip"),
    [(busy, "busy", 486), (declined, "busy", 603), (gone, "failed", 404), (ring, "no-answer", 480)],
    ids=["busy", "declined", "not found", "no answer"],
)
async def test_what_a_failed_dial_leaves_the_caller_with(
    rcml: RcmlRig, behave: partial[None], told: str, sip: int
) -> None:
    target = number("92")
    rcml.sip.destination.numbers[target] = behave
    call, did = rcml.dial("71", document(f'<Dial timeout="1">{target}</Dial>'))
    assert (await call.ended()).status == sip
    assert await rcml.application.told(did, told) == ["ringing", told]
    await rcml.record(await rcml.sid(did), told)


async def test_a_failed_dial_goes_on_to_the_next_verb(rcml: RcmlRig) -> None:
    first, second = number("92"), number("91")
    rcml.sip.destination.numbers[first] = busy
    call, did = rcml.dial("71", document(f"<Dial>{first}</Dial><Dial>{second}</Dial>"))
    assert (await call.ended()).status == 200
    assert [invite.number for invite in rcml.sip.destination.saw("INVITE", call)] == [first, second]
    await call.hang_up()
    assert await rcml.application.told(did, "completed") == ["ringing", "in-progress", "completed"]


async def test_the_actions_document_replaces_the_rest(rcml: RcmlRig) -> None:
    first, second, never = number("92"), number("91"), number("93")
    rcml.sip.destination.numbers[first] = busy
    call, did = rcml.dial("71", document(f'<Dial action="/after">{first}</Dial><Dial>{never}</Dial>'))
    rcml.application.says(did, document(f"<Dial>{second}</Dial>"), "/after")
    assert (await call.ended()).status == 200
    asked = (await rcml.application.request(did, "/after")).parameters
    assert (asked["DialCallStatus"], asked["CallStatus"]) == ("busy", "ringing")
    assert asked["DialCallSid"].startswith("CA")
    assert asked["CallSid"] == await rcml.sid(did)
    assert [invite.number for invite in rcml.sip.destination.saw("INVITE", call)] == [first, second]
    await call.hang_up()


async def test_the_action_of_an_answered_dial_is_told_how_long_it_was(rcml: RcmlRig) -> None:
    call, did = rcml.dial("71", document(f'<Dial action="/after">{number("91")}</Dial>'))
    rcml.application.says(did, document("<Hangup/>"), "/after")
    assert (await call.ended()).status == 200
    await asyncio.sleep(1.1)
    rcml.sip.destination.bye(rcml.sip.destination.saw("INVITE", call)[0])
    asked = (await rcml.application.request(did, "/after")).parameters
    assert asked["DialCallStatus"] == "completed"
    assert int(asked["DialCallDuration"]) in (1, 2)
    assert await rcml.application.told(did, "completed") == ["ringing", "in-progress", "completed"]


async def test_the_time_limit_ends_the_call_on_both_sides(rcml: RcmlRig) -> None:
    call, did = rcml.dial("71", document(f'<Dial timeLimit="2">{number("91")}</Dial>'))
    assert (await call.ended()).status == 200
    await call.until(lambda each: any(message.method == "BYE" for message in each.requests))
    assert 1.5 < call.requests[0].at - call.final.at < 6
    assert await rcml.application.told(did, "completed") == ["ringing", "in-progress", "completed"]
    assert len(rcml.sip.destination.saw("BYE", call)) == 1


async def test_the_caller_id_is_seen_by_the_target_and_not_by_the_caller(rcml: RcmlRig) -> None:
    call, _ = rcml.dial("71", document(f'<Dial callerId="442079460000">{number("91")}</Dial>'))
    final = await call.ended()
    [invite] = rcml.sip.destination.saw("INVITE", call)
    assert "sip:442079460000@" in invite.header("From")
    assert caller_of(call) not in invite.header("From")
    assert caller_of(call) in final.header("From")
    assert (await call.hang_up()).status == 200
    assert len(rcml.sip.destination.saw("BYE", call)) == 1


async def test_a_sip_nouns_headers_reach_its_target(rcml: RcmlRig) -> None:
    callee = rcml.sip.destination
    target = number("91")
    uri = f"sip:{target}@{callee.ip}:{callee.port}?X-Token=a%20b&amp;X-Other=2"
    call, _ = rcml.dial("71", document(f"<Dial><Sip>{uri}</Sip></Dial>"))
    assert (await call.ended()).status == 200
    [invite] = callee.saw("INVITE", call)
    assert (invite.number, invite.header("X-Token"), invite.header("X-Other")) == (target, "a b", "2")
    await call.hang_up()


@pytest.mark.parametrize("login", ["nobody", "stranger"])
async def test_a_client_that_the_account_does_not_have_is_not_rung(rcml: RcmlRig, login: str) -> None:
    call, did = rcml.dial("71", document(f"<Dial><Client>{login}</Client></Dial>"))
    assert (await call.ended()).status >= 400
    assert rcml.untouched(call)
    assert any(login in each["message_text"] for each in await rcml.notifications(did))


async def test_a_caller_who_hangs_up_while_it_rings(rcml: RcmlRig, alice: Phone, bob: Phone) -> None:
    alice.behave, bob.behave = ring, ring
    call, did = rcml.dial(
        "71", document("<Dial action='/after'><Client>alice</Client><Client>bob</Client></Dial><Dial>9999</Dial>")
    )
    await call.until(lambda each: 180 in each.statuses)
    call.cancel()
    assert (await call.ended()).status == 487
    assert await rcml.application.told(did, "canceled") == ["ringing", "canceled"]
    await eventually(lambda: bool(alice.saw("CANCEL", call) and bob.saw("CANCEL", call)))
    assert rcml.untouched(call)


async def test_a_document_that_needs_an_answered_call_goes_to_the_destination(rcml: RcmlRig) -> None:
    call, did = rcml.dial("71", document("<Say>Hello</Say><Dial>9999</Dial>"))
    assert (await call.ended()).status == 200
    assert [invite.number for invite in rcml.sip.destination.saw("INVITE", call)] == [did]
    assert any("Say" in each["message_text"] for each in await rcml.notifications(did))
    await call.hang_up()


async def test_without_a_destination_it_goes_to_the_fallback(rcml: RcmlRig) -> None:
    call, did = rcml.dial("74", document("<Gather/>"), fallback=document('<Reject reason="unwanted"/>'))
    assert (await call.ended()).status == 607
    assert any("Gather" in each["message_text"] for each in await rcml.notifications(did))


@pytest.mark.parametrize("inside", ["<Hangup/>", ""])
async def test_a_hangup_or_an_empty_document_refuses_with_603(rcml: RcmlRig, inside: str) -> None:
    call, _ = rcml.dial("71", document(inside))
    assert (await call.ended()).status == 603
    assert rcml.untouched(call)


async def test_a_redirect_fetches_another_document(rcml: RcmlRig) -> None:
    call, did = rcml.dial("71", document('<Redirect method="GET">/next?page=2</Redirect><Reject/>'))
    rcml.application.says(did, document('<Reject reason="busy"/>'), "/next")
    assert (await call.ended()).status == 486
    asked = await rcml.application.request(did, "/next")
    assert (asked.method, asked.parameters["page"]) == ("GET", "2")


async def test_redirects_that_never_end_are_ended(rcml: RcmlRig) -> None:
    call, did = rcml.dial("71", document("<Redirect>/voice</Redirect>"))
    assert (await call.ended()).status == 500
    assert len(rcml.application.paths(did)) <= 12
