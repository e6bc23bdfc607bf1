"""Logging in: tokens as documented, their lifetimes and their number, and the lockout of addresses that guess."""

from __future__ import annotations

import asyncio
import re

import pytest
import structlog

from callgate.directory.model import Client
from callgate.settings import YeastarSettings

from .rig import SECRET, SECRET_HASH, Reply, Rig, client, yeastar_rig

WRONG = {
    "errcode": -1,
    "errmsg": "FAILURE",
    "invalid_param_list": [{"field": "username or password", "value": "error"}],
}


async def fail(rig: Rig) -> Reply:
    return await rig.post("get_token", {"username": "desk-id", "password": "wrong"})


async def works(rig: Rig, token: str) -> bool:
    reply = await rig.get("trunk/list", token)
    assert reply.errcode in (0, 10004)
    return reply.errcode == 0


async def test_get_token_answers_as_documented(rig: Rig) -> None:
    reply = await rig.post("get_token", {"username": "desk-id", "password": SECRET})
    assert list(reply.json) == [
        "errcode",
        "errmsg",
        "access_token_expire_time",
        "access_token",
        "refresh_token_expire_time",
        "refresh_token",
    ]
    assert (reply.json["access_token_expire_time"], reply.json["refresh_token_expire_time"]) == (1800, 86400)
    for name in ("access_token", "refresh_token"):
        assert re.fullmatch("[A-Za-z0-9]{32}", reply.json[name])


@pytest.mark.parametrize(("username", "password"), [("desk-id", "wrong"), ("nobody", SECRET), ("desk", SECRET)])
async def test_a_wrong_client_id_or_secret_fails_as_documented(rig: Rig, username: str, password: str) -> None:
    reply = await rig.post("get_token", {"username": username, "password": password})
    assert (reply.status, reply.json) == (200, WRONG)


async def test_a_client_whose_hash_is_no_hash_cannot_log_in() -> None:
    async with yeastar_rig(Client("broken", "broken-id", "plaintext")) as rig:
        assert (await rig.post("get_token", {"username": "broken-id", "password": "plaintext"})).json == WRONG


async def test_a_token_expires_after_its_lifetime(rig: Rig) -> None:
    token = await rig.token()
    rig.control.shift = 1799.0
    assert await works(rig, token)
    rig.control.shift = 1801.0
    reply = await rig.get("trunk/list", token)
    assert reply.json == {"errcode": 10004, "errmsg": "TOKEN EXPIRED"}


async def test_a_refresh_gives_a_new_pair_and_voids_the_old_one(rig: Rig) -> None:
    old = await rig.login()
    reply = await rig.post("refresh_token", {"refresh_token": old["refresh_token"]})
    new = reply.json
    assert list(new) == list(old)
    assert not {old["access_token"], old["refresh_token"]} & {new["access_token"], new["refresh_token"]}
    assert await works(rig, new["access_token"])
    assert not await works(rig, old["access_token"])
    assert (await rig.post("refresh_token", {"refresh_token": old["refresh_token"]})).errcode == 10004


async def test_a_refresh_token_outlives_its_access_token_by_far(rig: Rig) -> None:
    pair = await rig.login()
    rig.control.shift = 86_000.0
    reply = await rig.post("refresh_token", {"refresh_token": pair["refresh_token"]})
    assert await works(rig, reply.json["access_token"])
    rig.control.shift += 86_401.0
    again = await rig.post("refresh_token", {"refresh_token": reply.json["refresh_token"]})
    assert again.errcode == 10004


async def test_del_token_voids_both_tokens(rig: Rig) -> None:
    pair = await rig.login()
    assert (await rig.get("del_token", pair["access_token"])).json == {"errcode": 0, "errmsg": "SUCCESS"}
    assert not await works(rig, pair["access_token"])
    assert (await rig.post("refresh_token", {"refresh_token": pair["refresh_token"]})).errcode == 10004
    assert (await rig.get("del_token", pair["access_token"])).errcode == 10004


async def test_a_ninth_token_is_given_only_when_one_is_free(rig: Rig) -> None:
    tokens = [await rig.token() for _ in range(8)]
    assert all([await works(rig, token) for token in tokens])
    reply = await rig.post("get_token", {"username": "desk-id", "password": SECRET})
    assert (reply.errcode, reply.json["errmsg"]) == (60002, "MAX LIMITATION EXCEEDED")
    assert "8 access tokens are live" in reply.json["submsg"]
    assert await works(rig, await rig.token("crm"))  # the limit is each application's own
    await rig.get("del_token", tokens[0])
    assert await works(rig, await rig.token())
    rig.control.shift = 1801.0
    assert await works(rig, await rig.token())


async def test_a_full_application_can_still_refresh_a_live_pair_but_not_an_expired_one(rig: Rig) -> None:
    expired = await rig.login()
    rig.control.shift = 1801.0
    live = [await rig.login() for _ in range(8)]
    assert (await rig.post("refresh_token", {"refresh_token": live[0]["refresh_token"]})).errcode == 0
    assert (await rig.post("refresh_token", {"refresh_token": expired["refresh_token"]})).errcode == 60002


async def test_tokens_die_with_their_client(rig: Rig) -> None:
    pair = await rig.login()
    rig.directory.remove_client("desk")
    assert not await works(rig, pair["access_token"])
    rig.directory.put(client("desk"))  # another client of the same name does not inherit them
    assert not await works(rig, pair["access_token"])
    assert (await rig.post("refresh_token", {"refresh_token": pair["refresh_token"]})).errcode == 10004


async def test_tokens_die_when_the_secret_changes(rig: Rig) -> None:
    desk, crm = await rig.token("desk"), await rig.token("crm")
    rig.directory.put(client("desk", secret_hash=SECRET_HASH + "x"))
    assert not await works(rig, desk)
    assert await works(rig, crm)


async def test_the_fifth_failure_in_a_row_blocks_the_address_until_the_lockout_is_over(rig: Rig) -> None:
    token = await rig.token("crm")
    for _ in range(5):
        assert (await fail(rig)).json == WRONG
    reply = await rig.post("get_token", {"username": "desk-id", "password": SECRET})
    assert (reply.errcode, reply.json["errmsg"]) == (70004, "ACCOUNT IP BLOCKED")
    assert "600 s" in reply.json["submsg"]
    assert (await rig.post("refresh_token", {"refresh_token": "x" * 32})).errcode == 70004
    assert await works(rig, token)  # who holds a token is not guessing
    assert [blocked.address for blocked in rig.yeastar.blocked()] == ["127.0.0.1"]
    rig.control.shift = 601.0
    assert rig.yeastar.blocked() == []
    assert await works(rig, await rig.token())


async def test_an_operator_can_unblock_an_address(rig: Rig) -> None:
    for _ in range(5):
        await fail(rig)
    assert rig.yeastar.unblock("127.0.0.1") is True
    assert rig.yeastar.unblock("127.0.0.1") is False
    assert await works(rig, await rig.token())


async def test_a_success_forgets_the_failures_before_it(rig: Rig) -> None:
    for _ in range(3):
        for _ in range(4):
            await fail(rig)
        await rig.get("del_token", await rig.token())
    assert rig.yeastar.blocked() == []


async def test_an_expired_token_does_not_count_as_a_failed_login(rig: Rig) -> None:
    for _ in range(10):
        assert not await works(rig, "x" * 32)
        assert (await rig.post("refresh_token", {"refresh_token": "x" * 32})).errcode == 10004
    assert await works(rig, await rig.token())


async def test_only_so_many_addresses_are_remembered() -> None:
    async with yeastar_rig(yeastar=YeastarSettings(lockout_addresses=3, lockout_failures=1)) as rig:
        lockout = rig.yeastar._lockout
        for last in range(10):
            lockout.failed(f"192.0.2.{last}")
        assert [blocked.address for blocked in lockout.blocked()] == ["192.0.2.7", "192.0.2.8", "192.0.2.9"]


async def test_more_logins_at_once_than_may_wait_are_told_to_try_again() -> None:
    settings = YeastarSettings(login_concurrency=1, login_backlog=1, token_limit=50)
    async with yeastar_rig(yeastar=settings) as rig:
        asked = [rig.post("get_token", {"username": "desk-id", "password": SECRET}) for _ in range(30)]
        codes = {reply.errcode for reply in await asyncio.gather(*asked)}
        assert codes == {0, 70082}
        assert await works(rig, await rig.token())


async def test_no_secret_reaches_the_log(rig: Rig) -> None:
    with structlog.testing.capture_logs() as logs:
        pair = await rig.login()
        for _ in range(5):
            await rig.post("get_token", {"username": "desk-id", "password": "guessed-secret"})
    text = repr(logs)
    assert "address blocked after failed logins" in text
    for secret in (SECRET, "guessed-secret", pair["access_token"], pair["refresh_token"], SECRET_HASH):
        assert secret not in text
