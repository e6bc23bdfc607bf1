"""Registered phones place calls: with their password, on the trunk "phones", held like any other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from callgate.core.answers import Applied, HungUp
from callgate.core.calls import Call
from callgate.core.events import Kind, PhoneEvent
from callgate.core.verdicts import Accept, refuse, target
from callgate.directory.model import INTERNAL, Entry, InboundRoute, Queue
from tests.sip.baresip import baresip
from tests.sip.edge_rig import PASSWORD, TEST, EdgeRig, edge_rig, hears, phone_entry
from tests.sip.phone import Phone, digest, phone, tcp_phone, unregistered
from tests.sip.user_agent import Dialed, answer, caller, ring
from tests.system import eventually

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]

LOGINS = ("5001", "5002", "5003", "5004", "5005", "5006", "5007", "5008", "5009")
#: No trunk has these addresses.
ELSEWHERE, GUESSER = "127.0.0.9", "127.0.0.15"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def phones(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EdgeRig]:
    """An edge with phones, a queue, and a route for phones alone."""
    extra: list[Entry] = [*map(phone_entry, LOGINS), Queue("support", "9000")]
    folder = tmp_path_factory.mktemp("calling")
    async with edge_rig(folder, extra, registration_min=1, keep_alive=1, wrong_passwords=3) as rig:
        outside = InboundRoute("outside", f"sip:{rig.fallback.host}:{rig.fallback.port}", "0*", (INTERNAL,), 30.0)
        await rig.directory.put(outside)
        yield rig
        await rig.empty(60)


Stand = Callable[..., Awaitable[Phone]]


@pytest_asyncio.fixture(loop_scope="session")
async def stand(phones: EdgeRig) -> AsyncIterator[Stand]:
    """Registers a phone, for as long as the test runs."""
    made: list[tuple[Phone, str]] = []

    async def register(login: str, ip: str = ELSEWHERE) -> Phone:
        endpoint = await phone(phones.edge, login, PASSWORD, ip)
        made.append((endpoint, login))
        source = f"{ip}:{endpoint.port}"

        def known() -> bool:
            status = phones.controller.phone(login)
            return status is not None and status.source == source

        await eventually(known)
        return endpoint

    yield register
    for endpoint, login in made:
        await endpoint.register(phones.edge, login, PASSWORD, expires=0)
        endpoint.close()


async def places(rig: EdgeRig, caller: Phone, login: str, number: str) -> tuple[Dialed, Call]:
    """A call of a phone that is held."""
    dialed = await caller.call(rig.edge, login, number)
    return dialed, await rig.held(dialed)


# --- whose call it is ------------------------------------------------------------------------------------------------


async def test_a_phone_that_dials_a_queue_is_challenged_and_its_call_held(phones: EdgeRig, stand: Stand) -> None:
    anna = await stand("5001")
    first = anna.invite(phones.edge, "9000", from_header=f"<sip:5001@{phones.edge[0]}>")
    challenge = await first.ended()
    assert challenge.status == 407
    assert 'realm="callgate"' in challenge.header("Proxy-Authenticate")
    assert phones.find(first) is None
    dialed, call = await places(phones, anna, "5001", "9000")
    assert (call.trunk, call.route, call.dialled) == (INTERNAL, "queue:support", "9000")
    assert (call.caller.number, call.caller.source, call.window) == ("5001", f"{ELSEWHERE}:{anna.port}", 60.0)
    assert isinstance(await phones.decide(call, refuse("busy")), Applied)
    assert (await dialed.ended()).status == 486


async def test_a_phone_calls_a_phone(phones: EdgeRig, stand: Stand) -> None:
    anna, bert = await stand("5001"), await stand("5002")
    dialed, call = await places(phones, anna, "5001", "5002")
    assert call.route == "phone:5002"
    await phones.ring(call, "5002")
    final = await dialed.ended()
    assert final.status == 200
    await hears(bert, "ACK")
    dialed.acknowledge = False
    dialed.reinvite("v=0\r\n")
    await eventually(lambda: len(bert.invites) == 2)
    dialed.ack(dialed.finals[-1])
    await eventually(lambda: len(bert.saw("ACK")) == 2)
    bert.bye(bert.invites[0])
    await dialed.until(lambda each: [one.method for one in each.requests] == ["BYE"])
    await phones.told(call, Kind.ENDED)
    assert call.hung_up_by == "destination"


async def test_a_phone_calls_out_by_a_route_of_the_phones(phones: EdgeRig, stand: Stand) -> None:
    anna = await stand("5001")
    dialed, call = await places(phones, anna, "5001", "0301234")
    assert (call.trunk, call.route) == (INTERNAL, "outside")
    assert isinstance(await phones.decide(call, Accept()), Applied)
    assert (await dialed.ended()).status == 200
    assert (await dialed.hang_up()).status == 200
    await phones.told(call, Kind.ENDED)


async def test_who_answers_sees_no_credentials_and_no_event_has_them(phones: EdgeRig, stand: Stand) -> None:
    anna, bert = await stand("5001"), await stand("5002")
    bert.behave = ring
    before = len(phones.events)
    extra = 'Authorization: Digest username="5001", realm="other", nonce="1", uri="sip:x", response="2"'
    dialed = await anna.call(phones.edge, "5001", "5002", headers=(extra,))
    call = await phones.held(dialed)
    await phones.ring(call, "5002")
    await hears(bert, "INVITE")
    assert "Proxy-Authorization: Digest" in dialed.request
    assert "uthorization" not in bert.invites[0].text
    assert not [event for event in phones.events[before:] if "Digest" in repr(event)]
    dialed.cancel()
    assert (await dialed.ended()).status == 487


async def test_the_phones_of_a_trunks_address_are_phones(phones: EdgeRig, stand: Stand) -> None:
    anna = await stand("5001", "127.0.0.1")
    dialed, call = await places(phones, anna, "5001", "9000")
    assert call.trunk == INTERNAL
    await phones.decide(call, refuse())
    await dialed.ended()
    from_trunk, held = await phones.call()
    assert held.trunk == "loopback"
    await phones.decide(held, refuse())
    await from_trunk.ended()


async def test_a_phone_has_no_other_name_than_its_login(phones: EdgeRig, stand: Stand) -> None:
    here, there = await stand("5003", "127.0.0.1"), await stand("5004")
    for endpoint in (here, there):
        dialed = await endpoint.call(phones.edge, "5003", "9000", from_header=f"<sip:5009@{phones.edge[0]}>")
        assert (await dialed.ended()).status == 403
        assert phones.find(dialed) is None


async def test_a_phone_with_several_lines_calls_with_each(phones: EdgeRig, stand: Stand) -> None:
    desk = await stand("5003")
    assert (await desk.register(phones.edge, "5004", PASSWORD)).status == 200
    await eventually(lambda: phones.controller.phone("5004") is not None)
    for login in ("5003", "5004"):
        dialed, call = await places(phones, desk, login, "9000")
        assert call.caller.number == login
        await phones.decide(call, refuse())
        await dialed.ended()


async def test_who_is_not_registered_gets_403_whoever_he_says_he_is(phones: EdgeRig, stand: Stand) -> None:
    """Nobody learns here which logins there are."""
    await stand("5001")
    stranger = await unregistered(ELSEWHERE)
    for login in ("5001", "5005", "nobody"):
        dialed = await stranger.call(phones.edge, login, "9000", password=PASSWORD)
        assert (await dialed.ended()).status == 403
        assert dialed.cseq == 1, "without a challenge"
    stranger.close()


async def test_a_phone_that_has_left_gets_403(phones: EdgeRig, stand: Stand) -> None:
    bert = await stand("5006")
    await bert.register(phones.edge, "5006", PASSWORD, expires=0)
    assert (await (await bert.call(phones.edge, "5006", "9000")).ended()).status == 403


async def test_a_phone_that_has_left_a_trunks_address_is_the_trunk_again(phones: EdgeRig, stand: Stand) -> None:
    bert = await stand("5006", "127.0.0.1")
    await bert.register(phones.edge, "5006", PASSWORD, expires=0)
    dialed = await bert.call(phones.edge, "5006", "31")
    call = await phones.held(dialed)
    assert call.trunk == "loopback"
    await phones.decide(call, refuse())
    await dialed.ended()


async def test_a_registration_that_is_over_is_one_no_more(phones: EdgeRig) -> None:
    bert = await unregistered(ELSEWHERE)
    assert (await bert.register(phones.edge, "5007", PASSWORD, expires=1)).status == 200
    await asyncio.sleep(2.1)
    assert (await (await bert.call(phones.edge, "5007", "9000")).ended()).status == 403
    bert.close()


# --- the password ----------------------------------------------------------------------------------------------------


async def test_wrong_passwords_count_as_with_registrations(phones: EdgeRig, stand: Stand) -> None:
    before = phones.controller.health().counters["failed_registrations"]
    carl = await stand("5008", GUESSER)
    for _ in range(3):
        dialed = await carl.call(phones.edge, "5008", "9000", password="guessed")
        assert (await dialed.ended()).status == 407
    assert (await (await carl.call(phones.edge, "5008", "9000")).ended()).status == 403
    assert (await carl.register(phones.edge, "5008", PASSWORD)).status == 403
    await eventually(lambda: phones.controller.health().counters["failed_registrations"] >= before + 4)
    other = await stand("5008")
    dialed, call = await places(phones, other, "5008", "9000")
    await phones.decide(call, refuse())
    await dialed.ended()


async def test_credentials_of_another_phone_are_wrong(phones: EdgeRig, stand: Stand) -> None:
    anna = await stand("5001")
    await stand("5002")
    identity = f"<sip:5001@{phones.edge[0]}>"
    challenge = (await anna.invite(phones.edge, "9000", from_header=identity).ended()).header("Proxy-Authenticate")
    uri = f"sip:9000@{phones.edge[0]}:{phones.edge[1]}"
    stolen = f"Proxy-Authorization: {digest(challenge, 'INVITE', uri, '5002', PASSWORD)}"
    assert (await anna.invite(phones.edge, "9000", from_header=identity, headers=(stolen,)).ended()).status == 407


async def test_a_phone_that_is_switched_off_cannot_call(phones: EdgeRig, stand: Stand) -> None:
    dora = await stand("5009")
    await phones.directory.put(phone_entry("5009", enabled=False))
    await phones.in_edge()
    assert (await (await dora.call(phones.edge, "5009", "9000")).ended()).status == 403


# --- what it can dial ------------------------------------------------------------------------------------------------


async def test_a_number_that_nobody_has_is_404(phones: EdgeRig, stand: Stand) -> None:
    anna = await stand("5001")
    assert (await (await anna.call(phones.edge, "5001", "7777")).ended()).status == 404


async def test_queues_and_phones_are_no_numbers_of_a_trunk(phones: EdgeRig) -> None:
    for number in ("9000", "5001"):
        assert (await phones.caller.invite(phones.edge, number).ended()).status == 404


async def test_a_call_that_leads_back_to_the_edge_ends_there(phones: EdgeRig, stand: Stand) -> None:
    anna = await stand("5001")
    dialed, call = await places(phones, anna, "5001", "0301234")
    await phones.ring(call, target(f"sip:9000@{phones.edge[0]}:{phones.edge[1]}"))
    returned = await phones.told(call, Kind.RETURNED)
    assert returned.status in (403, 482)
    await phones.decide(call, refuse())
    await dialed.ended()


async def test_without_a_controller_a_phone_gets_480(phones: EdgeRig, stand: Stand) -> None:
    anna = await stand("5001")
    phones.kill_link()
    await phones.unlinked()
    try:
        dialed = await anna.call(phones.edge, "5001", "9000")
        assert (await dialed.ended()).status == 480
    finally:
        await phones.link()


async def test_a_controller_that_comes_later_finds_a_phones_call(phones: EdgeRig, stand: Stand) -> None:
    anna = await stand("5001")
    dialed, call = await places(phones, anna, "5001", "9000")
    phones.kill_link()
    phones.events.clear()
    await phones.link()
    again = await phones.held(dialed)
    assert (again.id, again.trunk, again.route, again.window) == (call.id, INTERNAL, "queue:support", 60.0)
    assert [event.login for event in phones.events if isinstance(event, PhoneEvent)]
    await phones.decide(again, refuse())
    await dialed.ended()


# --- ways ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ended_by", ["caller", "destination", "controller"])
async def test_a_phone_behind_nat_calls_and_is_reached_within_the_call(
    phones: EdgeRig, stand: Stand, ended_by: str
) -> None:
    hans, bert = await unregistered(ELSEWHERE), await stand("5002")
    hans.inside = "10.11.12.13:5060"
    assert (await hans.register(phones.edge, "5001", PASSWORD)).status == 200
    dialed, call = await places(phones, hans, "5001", "5002")
    await phones.ring(call, "5002")
    assert (await dialed.ended()).status == 200
    await hears(bert, "ACK")
    assert f"{ELSEWHERE}:{hans.port}" in bert.invites[0].header("Contact")
    if ended_by == "caller":
        assert (await dialed.hang_up()).status == 200
        await hears(bert, "BYE")
    elif ended_by == "destination":
        bert.bye(bert.invites[0])
    else:
        assert isinstance(await phones.controller.hang_up(call.id, TEST), HungUp)
    if ended_by != "caller":
        await dialed.until(lambda each: [one.method for one in each.requests] == ["BYE"])
    await phones.told(call, Kind.ENDED)
    assert call.hung_up_by == ended_by
    await hans.register(phones.edge, "5001", PASSWORD, expires=0)
    hans.close()


async def test_a_phone_calls_over_its_tcp_connection(phones: EdgeRig, stand: Stand) -> None:
    ines, bert = await tcp_phone(phones.edge, "5001", PASSWORD), await stand("5002")
    dialed, call = await places(phones, ines, "5001", "5002")
    assert call.trunk == INTERNAL
    await phones.ring(call, "5002")
    assert (await dialed.ended()).status == 200
    await hears(bert, "ACK")
    bert.bye(bert.invites[0])
    await dialed.until(lambda each: [one.method for one in each.requests] == ["BYE"])
    await phones.told(call, Kind.ENDED)
    ines.close()


async def test_a_phone_calls_by_ipv6(phones: EdgeRig) -> None:
    edge = ("::1", phones.edge[1])
    anna = await phone(edge, "5001", PASSWORD, "::1")
    dialed = await anna.call(edge, "5001", "9000")
    call = await phones.held(dialed)
    assert call.trunk == INTERNAL
    await phones.decide(call, refuse())
    assert (await dialed.ended()).status == 603
    await anna.register(edge, "5001", PASSWORD, expires=0)
    anna.close()


async def test_a_phone_cancels(phones: EdgeRig, stand: Stand) -> None:
    anna, bert = await stand("5001"), await stand("5002")
    bert.behave = ring
    dialed, call = await places(phones, anna, "5001", "5002")
    await phones.ring(call, "5002")
    await phones.told(call, Kind.RINGING)
    dialed.cancel()
    assert (await dialed.ended()).status == 487
    await hears(bert, "CANCEL")
    await phones.told(call, Kind.CANCELLED)


async def test_prack_and_update_go_both_ways_between_phones(phones: EdgeRig, stand: Stand) -> None:
    anna, bert = await stand("5001"), await stand("5002")
    bert.behave = answer
    dialed, call = await places(phones, anna, "5001", "5002")
    await phones.ring(call, "5002")
    await dialed.ended()
    for number, method in enumerate(("PRACK", "UPDATE"), start=dialed.cseq + 1):
        anna.send(dialed.within(method, number), phones.edge)
        await hears(bert, method)
    assert (await dialed.hang_up()).status == 200


async def test_a_real_telephone_calls_a_queue(phones: EdgeRig, tmp_path: Path) -> None:
    host = f"127.0.0.1:{phones.edge[1]}"
    account = f'<sip:5005@{host}>;auth_user=5005;auth_pass="{PASSWORD}";regint=60'
    async with baresip(tmp_path / "telephone", account) as telephone:
        await eventually(lambda: phones.controller.phone("5005") is not None)
        await telephone.command("dial", f"sip:9000@{host}")
        await phones.until(lambda: any(call.caller.number == "5005" for call in phones.controller.live()))
        call = next(call for call in phones.controller.live() if call.caller.number == "5005")
        assert (call.trunk, call.route) == (INTERNAL, "queue:support")
        bot = await phones.target()
        await phones.ring(call, bot)
        await phones.told(call, Kind.ANSWERED)
        await hears(bot, "ACK")
        assert isinstance(await phones.controller.hang_up(call.id, TEST), HungUp)
        await phones.told(call, Kind.ENDED)


async def test_whoever_is_no_trunk_and_no_phone_calls_nobody(phones: EdgeRig) -> None:
    stranger = await caller(ELSEWHERE)
    assert (await stranger.invite(phones.edge, "9000").ended()).status == 403
    stranger.close()
