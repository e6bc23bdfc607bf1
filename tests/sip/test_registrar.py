"""Phones register at the edge from anywhere, and are rung where they are."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from callgate.core.answers import Applied, HungUp
from callgate.core.control import PhoneStatus
from callgate.core.events import Kind
from callgate.core.verdicts import refuse
from tests.sip.baresip import baresip
from tests.sip.edge_rig import PASSWORD, TEST, EdgeRig, edge_rig, hears, phone_entry
from tests.sip.phone import phone, tcp_phone, unregistered
from tests.sip.user_agent import Message, caller, ring
from tests.system import eventually

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]

LOGINS = ("anna", "bert", "carl", "dora", "emil", "fred", "gina", "hans", "ines", "jana", "kurt", "lena", "mina")
RETURNING = tuple(f"returning-{number}" for number in range(8))
#: No trunk has this address.
ELSEWHERE = "127.0.0.9"
#: Seconds after which the edge, which looks each second, has removed the registrations that are over.
SWEPT = 2.5


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def phones(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EdgeRig]:
    """An edge that knows phones; registrations may be as short as a second."""
    extra = [*map(phone_entry, LOGINS + RETURNING), phone_entry("off", enabled=False)]
    folder = tmp_path_factory.mktemp("phones")
    async with edge_rig(folder, extra, registration_min=1, keep_alive=1, wrong_passwords=3) as rig:
        yield rig
        await rig.empty(60)


async def gone(rig: EdgeRig, login: str) -> None:
    await eventually(lambda: rig.controller.phone(login) is None)


async def known(rig: EdgeRig, login: str, contacts: int = 1) -> PhoneStatus:
    """The phone's status, when it has so many contacts."""

    def there() -> bool:
        status = rig.controller.phone(login)
        return status is not None and status.contacts == contacts

    await eventually(there)
    status = rig.controller.phone(login)
    assert status is not None
    return status


# --- registering -----------------------------------------------------------------------------------------------------


async def test_a_phone_registers_with_its_password(phones: EdgeRig) -> None:
    anna = await unregistered(ELSEWHERE)
    reply = await anna.register(phones.edge, "anna", PASSWORD)
    assert [each.status for each in anna.registered] == [401, 200]
    challenge = anna.registered[0].header("WWW-Authenticate")
    assert 'realm="callgate"' in challenge
    assert 'qop="auth"' in challenge
    assert f"<sip:anna@{ELSEWHERE}:{anna.port}>;expires=300" in reply.header("Contact")
    assert await known(phones, "anna") == PhoneStatus("anna", 1, f"{ELSEWHERE}:{anna.port}")
    assert [each.login for each in phones.controller.phones()] == ["anna"]
    anna.close()


async def test_a_phone_leaves(phones: EdgeRig) -> None:
    bert = await phone(phones.edge, "bert", PASSWORD)
    await known(phones, "bert")
    assert (await bert.register(phones.edge, "bert", PASSWORD, expires=0)).status == 200
    await gone(phones, "bert")
    _, call = await phones.call()
    await phones.ring(call, "bert")
    assert (await phones.told(call, Kind.RETURNED)).status == 480
    await phones.decide(call, refuse())
    bert.close()


async def test_what_leaves_one_place_says_nothing_of_where_the_phone_is(phones: EdgeRig) -> None:
    one, two = [await phone(phones.edge, "mina", PASSWORD, ELSEWHERE) for _ in range(2)]
    assert (await known(phones, "mina", 2)).source == f"{ELSEWHERE}:{two.port}"
    await one.register(phones.edge, "mina", PASSWORD, expires=0)
    assert await known(phones, "mina") == PhoneStatus("mina", 1, f"{ELSEWHERE}:{two.port}")
    await two.register(phones.edge, "mina", PASSWORD, expires=0)
    await gone(phones, "mina")
    for each in (one, two):
        each.close()


async def test_a_phone_that_leaves_one_place_as_it_comes_to_another_is_there(phones: EdgeRig) -> None:
    """Two workers have its requests, and what is told last has to be true."""
    before = await phone(phones.edge, "lena", PASSWORD, ELSEWHERE)
    for _ in range(40):
        after = await unregistered(ELSEWHERE)
        await asyncio.gather(
            before.register(phones.edge, "lena", PASSWORD, expires=0), after.register(phones.edge, "lena", PASSWORD)
        )
        await asyncio.sleep(0.02)
        assert await known(phones, "lena") == PhoneStatus("lena", 1, f"{ELSEWHERE}:{after.port}")
        before.close()
        before = after
    await before.register(phones.edge, "lena", PASSWORD, expires=0)
    await gone(phones, "lena")
    before.close()


async def test_an_unknown_login_is_answered_as_a_wrong_password(phones: EdgeRig) -> None:
    before = phones.controller.health().counters.get("failed_registrations", 0)
    one = await unregistered("127.0.0.11")
    other = await unregistered("127.0.0.12")
    wrong = await one.register(phones.edge, "carl", "not the password")
    unknown = await other.register(phones.edge, "nobody", "not the password")
    off = await other.register(phones.edge, "off", PASSWORD)
    assert likeness(wrong) == likeness(unknown) == likeness(off)
    assert wrong.status == 401
    assert phones.controller.phone("carl") is None
    assert phones.controller.phone("off") is None
    await eventually(lambda: phones.controller.health().counters["failed_registrations"] == before + 3)
    one.close()
    other.close()


def likeness(reply: Message) -> str:
    """A response without what differs from one to the next."""
    text = re.sub(r'(?m)nonce="[^"]+"|^(Via|From|To|Call-ID|CSeq):.*$', "", reply.text)
    return re.sub(r"\s+", " ", text)


async def test_nobody_registers_for_somebody_else(phones: EdgeRig) -> None:
    anna = await unregistered()
    assert (await anna.register(phones.edge, "anna", PASSWORD, to="carl")).status == 403
    assert phones.controller.phone("carl") is None
    anna.close()


async def test_too_many_wrong_passwords_shut_out_their_address_alone(phones: EdgeRig) -> None:
    one = await unregistered("127.0.0.13")
    for _ in range(3):
        assert (await one.register(phones.edge, "carl", "guessed")).status == 401
    assert (await one.register(phones.edge, "carl", PASSWORD)).status == 403
    assert len(one.registered) == 7  # the last one without a challenge
    other = await phone(phones.edge, "carl", PASSWORD, "127.0.0.14")
    one.close()
    other.close()


@pytest.mark.parametrize(("wanted", "given"), [(100_000, 3600), (None, 300), (20, 20)])
async def test_how_long_a_registration_lasts(phones: EdgeRig, wanted: int | None, given: int) -> None:
    dora = await unregistered()
    reply = await dora.register(phones.edge, "dora", PASSWORD, expires=wanted)
    assert f";expires={given}" in reply.header("Contact")
    assert (await dora.register(phones.edge, "dora", PASSWORD, expires=0)).status == 200
    dora.close()


async def test_a_registration_that_is_not_renewed_is_over(phones: EdgeRig) -> None:
    emil = await unregistered()
    assert (await emil.register(phones.edge, "emil", PASSWORD, expires=2)).status == 200
    await known(phones, "emil")
    await gone(phones, "emil")
    _, call = await phones.call()
    await phones.ring(call, "emil")
    assert (await phones.told(call, Kind.RETURNED)).status == 480
    await phones.decide(call, refuse())
    assert not emil.invites
    emil.close()


async def test_whoever_is_no_trunk_may_register_but_not_call(phones: EdgeRig) -> None:
    stranger = await caller(ELSEWHERE)
    assert (await stranger.invite(phones.edge, "3").ended()).status == 403
    stranger.close()


# --- being rung ------------------------------------------------------------------------------------------------------


async def test_a_phone_is_rung_and_answers(phones: EdgeRig) -> None:
    fred = await phone(phones.edge, "fred", PASSWORD, ELSEWHERE)
    dialed, call = await phones.call()
    assert isinstance(await phones.ring(call, "fred"), Applied)
    assert (await dialed.ended()).status == 200
    assert fred.invites[0].number == "fred"
    await phones.told(call, Kind.ANSWERED)
    assert call.target is not None
    assert call.target.phone == "fred"
    assert (await dialed.hang_up()).status == 200
    await hears(fred, "BYE")
    fred.close()


async def test_all_places_of_a_phone_ring_and_are_one_target(phones: EdgeRig) -> None:
    desk, pocket = await phone(phones.edge, "gina", PASSWORD), await phone(phones.edge, "gina", PASSWORD)
    desk.behave = ring
    await known(phones, "gina", 2)
    first = await phones.target(ring)
    dialed, call = await phones.call()
    await phones.ring(call, first, "gina")
    assert (await dialed.ended()).status == 200
    await phones.told(call, Kind.ANSWERED)
    assert call.target is not None
    assert call.target.phone == "gina"
    await hears(desk, "CANCEL")
    await hears(first, "CANCEL")
    assert len(pocket.invites) == 1
    await dialed.hang_up()
    desk.close()
    pocket.close()


async def test_a_phone_behind_nat_is_rung_where_it_spoke_from(phones: EdgeRig) -> None:
    hans = await unregistered(ELSEWHERE)
    hans.inside = "10.11.12.13:5060"
    assert (await hans.register(phones.edge, "hans", PASSWORD)).status == 200
    assert (await known(phones, "hans")).source == f"{ELSEWHERE}:{hans.port}"
    await hears(hans, "OPTIONS")  # keeps the way through its NAT open
    for ended_by in ("caller", "controller"):
        hans.invites.clear()
        hans.others.clear()
        dialed, call = await phones.call()
        await phones.ring(call, "hans")
        answer = await dialed.ended()
        assert hans.invites[0].first_line.startswith("INVITE sip:hans@10.11.12.13:5060")
        assert f"{ELSEWHERE}:{hans.port}" in answer.header("Contact")
        await hears(hans, "ACK")
        if ended_by == "caller":
            assert (await dialed.hang_up()).status == 200
        else:
            assert isinstance(await phones.controller.hang_up(call.id, TEST), HungUp)
        await hears(hans, "BYE")
        await phones.told(call, Kind.ENDED)
        assert call.hung_up_by == ended_by
    hans.close()


async def test_a_phone_is_rung_on_its_tcp_connection_and_gone_with_it(phones: EdgeRig) -> None:
    ines = await tcp_phone(phones.edge, "ines", PASSWORD)
    await known(phones, "ines")
    dialed, call = await phones.call()
    await phones.ring(call, "ines")
    assert (await dialed.ended()).status == 200
    await hears(ines, "ACK")
    assert (await dialed.hang_up()).status == 200
    await hears(ines, "BYE")
    ines.close()
    await gone(phones, "ines")


async def test_a_phone_that_is_back_before_its_lost_connection_was_missed_stays(phones: EdgeRig) -> None:
    lost = await tcp_phone(phones.edge, "ines", PASSWORD)
    await known(phones, "ines")
    lost.close()
    await asyncio.sleep(0.2)
    back = await phone(phones.edge, "ines", PASSWORD, ELSEWHERE)
    await asyncio.sleep(SWEPT)
    assert await known(phones, "ines") == PhoneStatus("ines", 1, f"{ELSEWHERE}:{back.port}")
    await back.register(phones.edge, "ines", PASSWORD, expires=0)
    await gone(phones, "ines")
    back.close()


async def test_a_phone_that_comes_back_as_its_registration_ends_stays(phones: EdgeRig) -> None:
    async def comes_back(login: str, late: float) -> None:
        before, after = await unregistered(ELSEWHERE), await unregistered(ELSEWHERE)
        assert (await before.register(phones.edge, login, PASSWORD, expires=1)).status == 200
        await asyncio.sleep(1 + late)
        assert (await after.register(phones.edge, login, PASSWORD)).status == 200
        await asyncio.sleep(SWEPT)
        assert await known(phones, login) == PhoneStatus(login, 1, f"{ELSEWHERE}:{after.port}")
        await after.register(phones.edge, login, PASSWORD, expires=0)
        await gone(phones, login)
        before.close()
        after.close()

    await asyncio.gather(*(comes_back(login, late / 8) for late, login in enumerate(RETURNING)))


async def test_a_phone_that_is_switched_off_in_the_directory_is_not_rung(phones: EdgeRig) -> None:
    jana = await phone(phones.edge, "jana", PASSWORD)
    directory = phones.directory
    await directory.apply([msgspec.structs.replace(directory.current.phones["jana"], enabled=False)])
    await phones.in_edge()
    _, call = await phones.call()
    await phones.ring(call, "jana")
    assert (await phones.told(call, Kind.RETURNED)).status == 480
    await phones.decide(call, refuse())
    assert not jana.invites
    assert (await jana.register(phones.edge, "jana", PASSWORD)).status == 401
    jana.close()


async def test_a_controller_that_comes_later_is_told_who_is_registered(phones: EdgeRig) -> None:
    kurt = await phone(phones.edge, "kurt", PASSWORD)
    await known(phones, "kurt")
    phones.kill_link()
    await phones.link()
    assert (await known(phones, "kurt")).source == f"127.0.0.1:{kurt.port}"
    kurt.close()


async def test_a_real_telephone_registers_and_is_rung(phones: EdgeRig, tmp_path: Path) -> None:
    host = f"127.0.0.1:{phones.edge[1]}"
    account = f'<sip:dora@{host}>;auth_user=dora;auth_pass="{PASSWORD}";regint=60;answermode=auto'
    async with baresip(tmp_path / "telephone", account):
        await known(phones, "dora")
        dialed, call = await phones.call()
        await phones.ring(call, "dora")
        assert (await dialed.ended()).status == 200
        await phones.told(call, Kind.ANSWERED)
        assert isinstance(await phones.controller.hang_up(call.id, TEST), HungUp)
        await phones.told(call, Kind.ENDED)
    await gone(phones, "dora")
