"""Who may use the API: an account with its sid and token, for itself alone."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from callgate.dialects.rcml.rest.wire import ROOT
from callgate.settings import RcmlSettings

from .rig import ACME, ASLEEP, BEYOND, Rig, authorization, client, serving

NO_LOGINS = [
    "",
    "Basic",
    "Basic !!!",
    "Basic QUM=",
    "Basic /////w==",
    "Bearer QUM6eA==",
    "Digest username=x",
    "Basic " + "A" * 10_000,
]


async def test_who_does_not_say_who_he_is_is_asked(rig: Rig) -> None:
    for given in NO_LOGINS:
        reply = await rig.outside.get(f"{ROOT}/Accounts/{ACME.sid}/Calls.json", headers={"Authorization": given})
        assert (reply.status_code, reply.content) == (401, b"")
        assert reply.headers["www-authenticate"] == 'Basic realm="Restcomm realm"'


@pytest.mark.parametrize(("sid", "token"), [(ACME.sid, BEYOND.token), ("AC" + "9" * 32, ACME.token), (ACME.sid, "")])
async def test_a_wrong_sid_or_token_is_refused(rig: Rig, sid: str, token: str) -> None:
    reply = await rig.outside.get(f"{ROOT}/Accounts/{ACME.sid}", auth=(sid, token))
    assert (reply.status_code, reply.content) == (401, b"")


async def test_the_word_basic_may_be_written_in_any_case(rig: Rig) -> None:
    header = authorization(ACME).replace("Basic", "bAsIc")
    reply = await rig.outside.get(f"{rig.base}/Calls.json", headers={"Authorization": header})
    assert reply.status_code == 200


async def test_what_the_token_is_the_md5_of_is_as_good_as_the_token(rig: Rig) -> None:
    password = "what somebody made up"
    token = hashlib.md5(password.encode()).hexdigest()
    await rig.directory.put(msgspec.structs.replace(BEYOND, token=token))
    for given in (token, password):
        reply = await rig.outside.get(f"{ROOT}/Accounts/{BEYOND.sid}", auth=(BEYOND.sid, given))
        assert reply.status_code == 200


async def test_a_suspended_account_is_told_so_and_only_with_its_token(rig: Rig) -> None:
    reply = await rig.outside.get(f"{ROOT}/Accounts/{ASLEEP.sid}", auth=(ASLEEP.sid, ASLEEP.token))
    assert (reply.status_code, reply.text) == (403, "Provided Account is not active")
    reply = await rig.outside.get(f"{ROOT}/Accounts/{ASLEEP.sid}", auth=(ASLEEP.sid, "wrong"))
    assert reply.status_code == 401


async def test_another_account_is_forbidden_whether_it_exists_or_not(rig: Rig) -> None:
    for other in (BEYOND.sid, "AC" + "9" * 32, "acme", "AC"):
        for below in ("", "/Calls.json", "/IncomingPhoneNumbers.json", "/Clients", "/Nothing"):
            assert (await rig.http.get(f"{rig.host}{ROOT}/Accounts/{other}{below}")).status_code == 403


async def test_what_belongs_to_another_account_is_not_there(rig: Rig) -> None:
    call, number = rig.log_call(), await rig.make_number()
    application, phone = await rig.make_application(), await rig.make_client()
    async with client(rig.host, BEYOND) as other:
        for path in (
            f"Calls/{call.sid}.json",
            f"IncomingPhoneNumbers/{number['sid']}.json",
            f"Applications/{application['sid']}.json",
            f"Clients/{phone['sid']}.json",
        ):
            assert (await other.get(path)).status_code == 404
            assert (await other.post(path, data={"Url": "http://a.example"})).status_code in (404, 406)
            if "Calls" not in path:
                assert (await other.delete(path)).status_code == 404
        for path in ("Calls", "IncomingPhoneNumbers", "Notifications"):
            assert (await other.get(f"{path}.json")).json()["total"] == 0
        for path in ("Applications", "Clients"):
            assert (await other.get(f"{path}.json")).json() == []
        taken = await other.post(
            "IncomingPhoneNumbers.json",
            data={"PhoneNumber": "2003", "VoiceApplicationSid": application["sid"]},
        )
        assert taken.status_code == 400
    assert (rig.live.ended, rig.live.runs) == ([], [])


async def test_who_guesses_is_blocked_for_a_while_and_others_are_not(tmp_path: Path) -> None:
    async with serving(tmp_path, rcml=RcmlSettings(lockout_failures=3, lockout_seconds=60.0)) as rig:
        url = f"{ROOT}/Accounts/{BEYOND.sid}"
        for _ in range(3):
            assert (await rig.outside.get(url, auth=(BEYOND.sid, "wrong"))).status_code == 401
        blocked = await rig.outside.get(url, auth=(BEYOND.sid, BEYOND.token))
        assert (blocked.status_code, blocked.headers["retry-after"]) == (429, "60")
        assert (await rig.http.get("Calls.json")).status_code == 200
        rig.control.time += 61
        assert (await rig.outside.get(url, auth=(BEYOND.sid, BEYOND.token))).status_code == 200


async def test_a_login_that_succeeds_forgives_those_that_failed(tmp_path: Path) -> None:
    async with serving(tmp_path, rcml=RcmlSettings(lockout_failures=2)) as rig:
        url = f"{ROOT}/Accounts/{BEYOND.sid}"
        for _ in range(4):
            assert (await rig.outside.get(url, auth=(BEYOND.sid, "wrong"))).status_code == 401
            assert (await rig.outside.get(url, auth=(BEYOND.sid, BEYOND.token))).status_code == 200


async def test_a_token_that_the_operator_changes_is_void_at_once(rig: Rig) -> None:
    await rig.directory.put(msgspec.structs.replace(ACME, token="AnotherTokenThatNobodyKnowsYet00"))
    assert (await rig.http.get("Calls.json")).status_code == 401


async def test_no_token_is_ever_logged(rig: Rig) -> None:
    with capture_logs() as logs:
        for token in ("wrong-token-of-somebody", ACME.token):
            for _ in range(25):
                await rig.outside.get(f"{ROOT}/Accounts/{ACME.sid}", auth=(ACME.sid, token))
    assert any(line["event"].startswith("address blocked") for line in logs)
    assert ACME.token not in str(logs)
    assert "wrong-token" not in str(logs)
