"""Who asks: Basic credentials, then the session's cookie."""

from __future__ import annotations

import asyncio
import threading
from base64 import b64encode
from http.cookies import SimpleCookie

import httpx
import msgspec
import pytest

from callgate.dialects.genesys.model import Login
from callgate.settings import GenesysSettings
from tests.dialects.serving import PATIENCE, until

from .rig import ANDY, KRISTI, PASSWORD, Rig, client, good, running, told

DENIED = (401, 20, "Access denied")


def cookie_of(reply: httpx.Response) -> str:
    (given,) = reply.headers.get_list("set-cookie")
    return given


async def ask(rig: Rig, **headers: str) -> httpx.Response:
    """One request of a client that keeps nothing."""
    async with client(rig.host, None) as http:
        return await http.get("/api/v2/me", headers=headers)


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


async def test_the_first_request_is_given_a_cookie_and_the_next_needs_nothing_else(rig: Rig) -> None:
    first = await ask(rig, authorization=basic(KRISTI.name, PASSWORD))
    assert good(first)["user"]["userName"] == "ksippo"
    cookie = SimpleCookie(cookie_of(first))["JSESSIONID"]
    assert (cookie["path"], bool(cookie["httponly"]), cookie["samesite"], cookie["secure"]) == ("/", True, "Lax", "")
    second = await ask(rig, cookie=f"theme=dark; JSESSIONID={cookie.value}")
    assert good(second)["user"]["userName"] == "ksippo"
    assert "set-cookie" not in second.headers


async def test_a_cookie_for_https_alone_says_so() -> None:
    async with running(GenesysSettings(secure_cookies=True)) as rig:
        assert "; Secure" in cookie_of(await rig.http.get("me"))


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic",
        "Basic !!!",
        "Basic " + b64encode(b"\xff\xfe").decode(),
        "Bearer abc",
        basic("ksippo", "wrong"),
        basic("ksippo", ""),
        basic("", PASSWORD),
        basic("nobody", PASSWORD),
        basic("KSIPPO", PASSWORD),
    ],
)
async def test_without_right_credentials_access_is_denied(rig: Rig, authorization: str) -> None:
    reply = await ask(rig, authorization=authorization)
    assert told(reply) == DENIED
    assert reply.headers["www-authenticate"].startswith("Basic ")
    assert "set-cookie" not in reply.headers
    assert len(rig.logins) == 0


@pytest.mark.parametrize("cookie", ["JSESSIONID=", "JSESSIONID=guessed", "jsessionid=x", "rubbish"])
async def test_an_unknown_cookie_is_no_login(rig: Rig, cookie: str) -> None:
    assert told(await ask(rig, cookie=cookie)) == DENIED


async def test_of_two_cookies_the_live_one_counts(rig: Rig) -> None:
    cookie = cookie_of(await rig.http.get("me")).partition(";")[0]
    assert (await ask(rig, cookie=f"JSESSIONID=stale; {cookie}")).status_code == 200


async def test_a_session_that_is_not_used_ends_and_one_that_is_goes_on(rig: Rig) -> None:
    cookie = cookie_of(await rig.http.get("me")).partition(";")[0]
    for _ in range(3):
        rig.clock.time += 1799
        assert (await ask(rig, cookie=cookie)).status_code == 200
    rig.clock.time += 1800
    assert told(await ask(rig, cookie=cookie)) == DENIED
    assert len(rig.logins) == 0
    assert len(rig.written.ended) == 1


async def test_asking_whether_a_session_lives_does_not_prolong_it(rig: Rig) -> None:
    await rig.http.get("me")
    login = await rig.logins.admit(scope(KRISTI.name))
    for alive in (True, False):
        rig.clock.time += 1000
        assert rig.logins.alive(login.session) is alive
    assert rig.written.ended == [login.session]


def scope(user: str, **more: object) -> dict[str, object]:
    return {
        "type": "http",
        "scheme": "http",
        "server": ("127.0.0.1", 8088),
        "client": ("192.0.2.1", 1),
        "headers": [(b"authorization", basic(user, PASSWORD).encode())],
        **more,
    }


async def test_a_client_that_takes_no_cookies_stays_in_one_session(rig: Rig) -> None:
    for _ in range(5):
        assert (await ask(rig, authorization=basic("ksippo", PASSWORD))).status_code == 200
    assert len(rig.logins) == 1
    assert told(await ask(rig, authorization=basic("ksippo", "wrong"))) == DENIED


async def test_requests_at_the_same_moment_begin_one_session(rig: Rig) -> None:
    replies = await asyncio.gather(*(ask(rig, authorization=basic("ksippo", PASSWORD)) for _ in range(4)))
    assert {reply.status_code for reply in replies} == {200}
    assert len(rig.logins) == 1


async def test_two_desktops_that_take_cookies_have_sessions_of_their_own(rig: Rig) -> None:
    async with rig.client(KRISTI) as other:
        for http in (rig.http, rig.http, other, other):
            assert (await http.get("me")).status_code == 200
    assert len(rig.logins) == 2


async def test_the_cookie_goes_before_unless_the_credentials_are_anothers(rig: Rig) -> None:
    cookie = cookie_of(await rig.http.get("me")).partition(";")[0]
    same = await ask(rig, cookie=cookie, authorization=basic("ksippo", "whatever"))
    assert good(same)["user"]["userName"] == "ksippo"
    other = await ask(rig, cookie=cookie, authorization=basic("andy", PASSWORD))
    assert good(other)["user"]["userName"] == "andy"
    wrong = await ask(rig, cookie=cookie, authorization=basic("andy", "wrong"))
    assert told(wrong) == DENIED


@pytest.mark.parametrize("change", ["removed", "disabled", "password"])
async def test_an_agent_who_may_not_any_more_is_out_at_once(rig: Rig, change: str) -> None:
    await rig.http.get("me")
    async with rig.client(ANDY) as andy:
        await andy.get("me")
        if change == "removed":
            rig.directory.remove_agent("ksippo")
        else:
            new = {"enabled": False} if change == "disabled" else {"secret_hash": rig.directory.hasher.hash("another")}
            rig.directory.put(msgspec.structs.replace(KRISTI, **new))
        assert len(rig.written.ended) == 1
        assert told(await rig.http.get("me")) == DENIED
        assert (await andy.get("me")).status_code == 200


async def test_the_oldest_session_gives_way_when_there_are_too_many() -> None:
    async with (
        running(GenesysSettings(session_limit=2)) as rig,
        rig.client(KRISTI) as first,
        rig.client(ANDY) as second,
        rig.client(ANDY) as third,
    ):
        for http in (first, first, second, second, first, third):
            await http.get("me")
        assert len(rig.logins) == 2
        assert len(rig.written.ended) == 1
        second.auth = httpx.Auth()
        assert told(await second.get("me")) == DENIED
        first.auth = httpx.Auth()
        assert (await first.get("me")).status_code == 200


async def test_who_guesses_is_blocked_and_others_are_not() -> None:
    async with running(GenesysSettings(lockout_failures=3, lockout_seconds=60.0)) as rig:
        for _ in range(3):
            assert told(await ask(rig, authorization=basic("ksippo", "wrong"))) == DENIED
        blocked = await ask(rig, authorization=basic("ksippo", PASSWORD))
        assert told(blocked)[:2] == (429, 20)
        assert blocked.headers["retry-after"] == "60"
        assert "www-authenticate" not in blocked.headers
        assert (await ask(rig, authorization=basic("andy", PASSWORD))).status_code == 200
        rig.clock.time += 60
        assert (await ask(rig, authorization=basic("ksippo", PASSWORD))).status_code == 200


async def test_more_logins_than_can_be_verified_are_told_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(GenesysSettings(login_concurrency=1, login_backlog=1)) as rig:
        done = threading.Event()
        monkeypatch.setattr(rig.directory.hasher, "verify", lambda *_: done.wait(PATIENCE))
        logins = [asyncio.create_task(ask(rig, authorization=basic(user, PASSWORD))) for user in ("ksippo", "andy")]
        await until(lambda: rig.logins._pending == 2)
        reply = await ask(rig, authorization=basic("looker", PASSWORD))
        done.set()
        assert told(reply)[:2] == (503, 4)
        assert reply.headers["retry-after"] == "1"
        assert {login.status_code for login in await asyncio.gather(*logins)} == {200}


async def test_uris_are_those_that_the_request_was_sent_to(rig: Rig) -> None:
    reply = await ask(rig, authorization=basic("ksippo", PASSWORD), host="gate.example.com:8443")
    assert good(reply)["user"]["uri"] == f"http://gate.example.com:8443/api/v2/users/{KRISTI.id}"
    assert rig.logins.base("ksippo") == "http://gate.example.com:8443/api/v2"


@pytest.mark.parametrize("host", ["a b", "x/y", "<script>", "a:b", ""])
async def test_a_host_that_is_none_gets_into_no_uri(rig: Rig, host: str) -> None:
    given = scope("ksippo")
    headers = [*given["headers"], (b"host", host.encode())]  # type: ignore[misc]  # it is a list
    await rig.logins.admit({**given, "headers": headers})
    assert rig.logins.base("ksippo") == "http://127.0.0.1:8088/api/v2"


@pytest.mark.parametrize(("scheme", "shown"), [("http", "http"), ("https", "https"), ("ws", "http"), ("wss", "https")])
async def test_uris_of_websockets_are_of_http(rig: Rig, scheme: str, shown: str) -> None:
    await rig.logins.admit(scope("ksippo", scheme=scheme))
    assert rig.logins.base("ksippo") == f"{shown}://127.0.0.1:8088/api/v2"


async def test_no_secret_is_in_a_representation(rig: Rig) -> None:
    login = await rig.logins.admit(scope("ksippo"))
    cookie = login.set_cookie.partition("=")[2].partition(";")[0]
    assert isinstance(login, Login)
    assert cookie
    shown = f"{login!r} {rig.logins._sessions!r}"
    assert "ksippo" in shown
    assert cookie not in shown
    assert PASSWORD not in shown
    assert cookie != login.session
