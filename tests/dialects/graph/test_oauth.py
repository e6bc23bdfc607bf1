"""The token endpoint: who gets a token, and what everybody else is told, in Azure's form."""

from __future__ import annotations

import asyncio
import base64
import datetime
import json
import re
import threading
import uuid
from pathlib import Path
from typing import Any

import httpx
import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callgate.dialects.graph.assertions import ASSERTION_TYPE
from callgate.dialects.graph.oauth import MOUNTS, OAuth, Reply
from callgate.directory.model import Bot
from tests.dialects.graph.identity import (
    BOT,
    HASHER,
    HOST,
    OTHER,
    OTHER_TENANT,
    SCOPE,
    SECRET,
    TENANT,
    TOKEN_PATH,
    TOKEN_URL,
    Certificate,
    Identity,
    certificate,
    form,
    identity,
    told,
)
from tests.dialects.serving import served, until

CERTIFICATE = certificate()
CERTIFIED = msgspec.structs.replace(BOT, secret_hashes=(), certificates=(certificate().public, CERTIFICATE.public))


def caller(parts: Identity, reply: Reply) -> Bot:
    """Whose the token in a reply is."""
    assert reply.status == 200, reply.body
    return parts.tokens.caller(f"Bearer {told(reply)['access_token']}").bot


def error(reply: Reply) -> tuple[int, str, int]:
    """Status, error and code of a refusal; everything else in it has to be right."""
    read = told(reply)
    assert set(read) == {
        "error",
        "error_description",
        "error_codes",
        "timestamp",
        "trace_id",
        "correlation_id",
        "error_uri",
    }
    (code,) = read["error_codes"]
    ids = f" Trace ID: {read['trace_id']} Correlation ID: {read['correlation_id']} Timestamp: {read['timestamp']}"
    assert read["error_description"].startswith(f"AADSTS{code}: ")
    assert read["error_description"].endswith(ids)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", read["timestamp"])
    assert read["error_uri"].endswith(f"?code={code}")
    assert read["trace_id"] == reply.headers["x-ms-request-id"]
    assert read["correlation_id"] == reply.headers["client-request-id"]
    assert reply.headers["cache-control"] == "no-store"
    assert SECRET not in reply.body.decode()
    return reply.status, read["error"], code


async def test_a_secret_gets_a_token_whatever_else_is_in_the_form(tmp_path: Path) -> None:
    async with identity(tmp_path) as parts:
        reply = await parts.post(form(surprise="1"))
        assert set(told(reply)) == {"token_type", "expires_in", "ext_expires_in", "access_token"}
        assert (told(reply)["token_type"], told(reply)["expires_in"]) == ("Bearer", 3599)
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["content-type"] == "application/json; charset=utf-8"
        assert caller(parts, reply) is BOT
        assert told(reply)["access_token"] not in repr(reply)


async def test_two_secrets_are_good_while_one_is_changed(tmp_path: Path) -> None:
    both = msgspec.structs.replace(BOT, secret_hashes=(HASHER.hash("the-older-one"), HASHER.hash("the-newer-one")))
    async with identity(tmp_path, both) as parts:
        for secret in ("the-older-one", "the-newer-one"):
            assert caller(parts, await parts.post(form(client_secret=secret))) is both
        assert error(await parts.post(form()))[2] == 7000215


async def test_a_secret_may_come_by_http_basic(tmp_path: Path) -> None:
    async with identity(tmp_path) as parts:
        basic = "Basic " + base64.b64encode(f"{BOT.app_id}:{SECRET.replace('0', '%30')}".encode()).decode()
        assert caller(parts, await parts.post(form(client_id="", client_secret=""), authorization=basic)) is BOT
        assert caller(parts, await parts.post(form(client_secret=""), authorization=basic)) is BOT
        another = form(client_id=OTHER.app_id, client_secret="")
        assert error(await parts.post(another, authorization=basic)) == (401, "invalid_client", 7000216)
        for bad in ("Basic", "Basic !", "Basic 4pyT/w==", "Bearer x"):
            assert error(await parts.post(form(client_secret=""), authorization=bad))[2] == 7000216


@pytest.mark.parametrize("tenant", [TENANT, TENANT.upper(), "common", "organizations", "Common"])
async def test_a_tenant_is_the_bots_own_or_stands_for_it(tmp_path: Path, tenant: str) -> None:
    async with identity(tmp_path) as parts:
        reply = await parts.post(form(client_id=BOT.app_id.upper()), f"/{tenant}/oauth2/v2.0/token")
        assert caller(parts, reply) is BOT
        claims = jwt.decode(told(reply)["access_token"], options={"verify_signature": False})
        assert claims["tid"] == TENANT


@pytest.mark.parametrize(
    "scope",
    [
        SCOPE,
        "https://graph.microsoft.com//.default",
        "00000003-0000-0000-c000-000000000000/.default",
        ".default",
        f"https://{HOST}/.default",
        f"http://{HOST.upper()}:8443/.default",
        "https://callgate.example.org/.default",
        "http://127.0.0.1/.default",
        "http://localhost:8088/.default",
        "https://[::1]/.default",
    ],
)
async def test_the_scope_is_graphs_or_this_servers_default(tmp_path: Path, scope: str) -> None:
    async with identity(tmp_path, base_url="https://callgate.example.org/") as parts:
        assert caller(parts, await parts.post(form(scope=scope))) is BOT


@pytest.mark.parametrize(
    "scope",
    [
        "https://graph.microsoft.com/Calls.Initiate.All",
        "https://graph.microsoft.com",
        "https://api.botframework.com/.default",
        f"{SCOPE} offline_access",
        f"{SCOPE} {SCOPE}",
        "/.default",
        "https:///.default",
        "https://[/.default",
        f"ftp://{HOST}/.default",
        "x" * 5000,
    ],
)
async def test_any_other_scope_is_invalid(tmp_path: Path, scope: str) -> None:
    async with identity(tmp_path) as parts:
        assert error(await parts.post(form(scope=scope))) == (400, "invalid_scope", 70011)


@pytest.mark.parametrize("field", ["grant_type", "client_id", "scope"])
async def test_a_missing_field_is_named(tmp_path: Path, field: str) -> None:
    async with identity(tmp_path) as parts:
        reply = await parts.post(form(**{field: ""}))
        assert error(reply) == (400, "invalid_request", 900144)
        assert f"parameter: '{field}'" in told(reply)["error_description"]


async def test_what_is_wrong_is_told_with_azures_status_error_and_code(tmp_path: Path) -> None:
    async with identity(tmp_path) as parts:
        unknown = str(uuid.uuid4())
        cases = {
            (401, "invalid_client", 7000215): parts.post(form(client_secret="wrong")),
            (401, "invalid_client", 7000216): parts.post(form(client_secret="")),
            (400, "unauthorized_client", 700016): parts.post(form(client_id=unknown)),
            (400, "unsupported_grant_type", 70003): parts.post(form(grant_type="password")),
            (400, "invalid_request", 90002): parts.post(form(), f"/{unknown}/oauth2/v2.0/token"),
            (405, "invalid_request", 900561): parts.ask("GET", TOKEN_PATH),
            (413, "invalid_request", 90013): parts.ask("POST", TOKEN_PATH, None),
        }
        for expected, answer in cases.items():
            assert error(await answer) == expected
        swapped = await parts.post(form(client_id=SECRET, client_secret=BOT.app_id))
        assert error(swapped) == (400, "unauthorized_client", 700016)
        elsewhere = await parts.post(form(), f"/{OTHER_TENANT}/oauth2/v2.0/token")
        assert error(elsewhere) == (400, "unauthorized_client", 700016)
        domain = await parts.post(form(), "/contoso.onmicrosoft.com/oauth2/v2.0/token")
        assert error(domain) == (400, "invalid_request", 90002)
        assert "domain names are not known" in told(domain)["error_description"]


async def test_a_body_that_is_no_form_has_no_fields(tmp_path: Path) -> None:
    async with identity(tmp_path) as parts:
        body = json.dumps(form()).encode()
        reply = await parts.ask("POST", TOKEN_PATH, body, content_type="application/json")
        assert error(reply) == (400, "invalid_request", 900144)
        for bad in (b"\xff=1", b"scope=%ff", b"&".join(b"a=1" for _ in range(101))):
            assert error(await parts.ask("POST", TOKEN_PATH, bad)) == (400, "invalid_request", 90013)


async def test_a_disabled_bot_gets_no_token_and_is_told_so_only_with_its_secret(tmp_path: Path) -> None:
    async with identity(tmp_path, msgspec.structs.replace(BOT, enabled=False)) as parts:
        assert error(await parts.post(form())) == (400, "unauthorized_client", 7000112)
        assert error(await parts.post(form(client_secret="wrong"))) == (401, "invalid_client", 7000215)


async def test_the_clients_request_id_is_given_back_if_it_is_one(tmp_path: Path) -> None:
    async with identity(tmp_path) as parts:
        given_id = str(uuid.uuid4())
        assert (await parts.post(form(), client_request_id=given_id)).headers["client-request-id"] == given_id
        reply = await parts.post(form(), client_request_id="x\r\ninjected: 1")
        assert uuid.UUID(reply.headers["client-request-id"])


async def test_over_http_a_token_is_got_and_a_megabyte_is_too_much(tmp_path: Path) -> None:
    async with identity(tmp_path) as parts, served(dict.fromkeys(MOUNTS, parts.oauth)) as port:
        url = f"http://127.0.0.1:{port}{TOKEN_PATH}"
        async with httpx.AsyncClient() as client:
            answered = await client.post(url, data=form())
            assert answered.status_code == 200
            assert parts.tokens.caller(f"Bearer {answered.json()['access_token']}").bot is BOT
            large = await client.post(url, data=form(claims="x" * 1_000_000))
            assert (large.status_code, large.json()["error_codes"]) == (413, [90013])
            head = await client.head(f"http://127.0.0.1:{port}/{TENANT}/discovery/v2.0/keys")
            assert (head.status_code, head.content) == (200, b"")
            for path in (f"{TENANT}/v2.0/.well-known/openid-configuration", "graph/.well-known/keys"):
                assert (await client.get(f"http://127.0.0.1:{port}/{path}")).status_code == 200


@pytest.mark.parametrize("path", ["oauth2/token", "oauth2/v2.0/authorize", "v2.0", "oauth2/v2.0/token/x"])
async def test_what_is_not_served_is_told_with_what_is(tmp_path: Path, path: str) -> None:
    async with identity(tmp_path) as parts:
        reply = await parts.post(form(), f"/{TENANT}/{path}")
        assert error(reply) == (404, "invalid_request", 90013)
        assert "/oauth2/v2.0/token" in told(reply)["error_description"]


# --- guessing --------------------------------------------------------------------------------------------------------


async def test_who_guesses_is_blocked_for_that_bot_at_that_address_only(tmp_path: Path) -> None:
    second = msgspec.structs.replace(OTHER, secret_hashes=BOT.secret_hashes)
    async with identity(tmp_path, BOT, second, lockout_failures=3, lockout_seconds=60.0) as parts:
        for _ in range(3):
            assert error(await parts.post(form(client_secret="guess")))[2] == 7000215
        blocked = await parts.post(form())
        assert error(blocked) == (400, "invalid_client", 50053)
        assert blocked.headers["retry-after"] == "60"
        assert caller(parts, await parts.post(form(), address="192.0.2.2")) is BOT
        others = await parts.post(form(client_id=second.app_id), "/common/oauth2/v2.0/token")
        assert caller(parts, others) is second
        parts.clock.at += 61
        assert caller(parts, await parts.post(form())) is BOT


async def test_unknown_ids_push_no_one_out_of_the_lockout(tmp_path: Path) -> None:
    async with identity(tmp_path, lockout_failures=2, lockout_addresses=3) as parts:
        for _ in range(2):
            await parts.post(form(client_secret="guess"))
        for _ in range(10):
            await parts.post(form(client_id=str(uuid.uuid4())))
        assert error(await parts.post(form()))[2] == 50053


async def test_too_many_logins_at_once_are_told_to_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, most, running = threading.Event(), 0, 0
    lock = threading.Lock()
    verify = HASHER.verify

    def slow(secret_hash: str | None, secret: str) -> bool:
        nonlocal most, running
        with lock:
            running += 1
            most = max(most, running)
        gate.wait(30)
        with lock:
            running -= 1
        return verify(secret_hash, secret)

    async with identity(tmp_path, login_concurrency=2, login_backlog=1) as parts:
        monkeypatch.setattr(HASHER, "verify", slow)
        asked = [asyncio.create_task(parts.post(form())) for _ in range(4)]
        done, waiting = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED, timeout=30)
        (refused,) = done
        assert error(refused.result()) == (503, "temporarily_unavailable", 90033)
        assert refused.result().headers["retry-after"] == "1"
        await until(lambda: running == 2)
        gate.set()
        for reply in await asyncio.gather(*waiting):
            assert caller(parts, reply) is BOT
        assert most == 2
        assert caller(parts, await parts.post(form())) is BOT


# --- assertions ------------------------------------------------------------------------------------------------------


def assertion(
    parts: Identity,
    signer: Certificate = CERTIFICATE,
    algorithm: str = "RS256",
    headers: dict[str, Any] | None = None,
    **claims: Any,
) -> dict[str, str]:
    """A token request with an assertion; a claim of ``None`` is left out."""
    now = parts.clock.at
    whole = {
        "iss": BOT.app_id,
        "sub": BOT.app_id,
        "aud": TOKEN_URL,
        "exp": now + 600,
        "nbf": now,
        "jti": str(uuid.uuid4()),
        **claims,
    }
    given_claims = {name: value for name, value in whole.items() if value is not None}
    named = {"x5t": thumbprint(signer)} if headers is None else headers
    signed = jwt.encode(given_claims, signer.key, algorithm, headers=named)
    return form(client_secret="", client_assertion=signed, client_assertion_type=ASSERTION_TYPE)


def thumbprint(signer: Certificate, algorithm: hashes.HashAlgorithm | None = None) -> str:
    digest = signer.read.fingerprint(algorithm or hashes.SHA1())
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


async def test_a_signed_assertion_gets_a_token(tmp_path: Path) -> None:
    async with identity(tmp_path, CERTIFIED) as parts:
        for algorithm in ("RS256", "PS256"):
            for headers in (
                {"x5t": thumbprint(CERTIFICATE)},
                {"x5t#S256": thumbprint(CERTIFICATE, hashes.SHA256())},
                {"kid": CERTIFICATE.read.fingerprint(hashes.SHA1()).hex().upper()},
                {"kid": "ignored", "x5t": thumbprint(CERTIFICATE) + "="},
                {"x5t": thumbprint(CERTIFICATE), "x5c": ["MIIC" * 400], "unknown": 1},
                {},
            ):
                reply = await parts.post(assertion(parts, algorithm=algorithm, headers=headers))
                assert caller(parts, reply) is CERTIFIED
        claims = jwt.decode(told(reply)["access_token"], options={"verify_signature": False})
        assert claims["appidacr"] == "2"


async def test_an_assertion_names_this_endpoint_however_it_is_reached(tmp_path: Path) -> None:
    async with identity(tmp_path, CERTIFIED, base_url="https://callgate.example.org") as parts:
        for audience in (
            TOKEN_URL,
            f"https://callgate.example.org{TOKEN_PATH}",
            TOKEN_URL.upper(),
            ["https://example.com", TOKEN_URL],
        ):
            assert caller(parts, await parts.post(assertion(parts, aud=audience))) is CERTIFIED
        common = "/common/oauth2/v2.0/token"
        for audience in (f"https://{HOST}{common}", TOKEN_URL):
            assert caller(parts, await parts.post(assertion(parts, aud=audience), common)) is CERTIFIED


async def test_an_assertion_needs_no_client_id(tmp_path: Path) -> None:
    async with identity(tmp_path, CERTIFIED) as parts:
        assert caller(parts, await parts.post({**assertion(parts), "client_id": ""})) is CERTIFIED


async def test_one_assertion_serves_several_requests_as_msal_sends_it(tmp_path: Path) -> None:
    async with identity(tmp_path, CERTIFIED) as parts:
        asked = assertion(parts)
        for _ in range(2):
            assert caller(parts, await parts.post(asked)) is CERTIFIED


async def test_what_is_wrong_with_an_assertion_is_told(tmp_path: Path) -> None:
    stranger = certificate()
    async with identity(tmp_path, CERTIFIED, OTHER) as parts:
        now = parts.clock.at
        wrong = {
            700027: [
                assertion(parts, stranger),
                assertion(parts, stranger, headers={"x5t": thumbprint(CERTIFICATE)}),
                assertion(parts, stranger, headers={}),
                assertion(parts, headers={"x5t": "unknown"}),
                assertion(parts, headers={"kid": "unknown"}),
                assertion(parts, algorithm="RS512"),
            ],
            700021: [assertion(parts, iss=OTHER.app_id), assertion(parts, sub=OTHER.app_id)],
            700023: [
                assertion(parts, aud="https://login.microsoftonline.com/common/oauth2/v2.0/token"),
                assertion(parts, aud=[]),
                assertion(parts, aud=f"http://{HOST}{TOKEN_PATH}"),
            ],
            700024: [
                assertion(parts, exp=now - 301),
                assertion(parts, nbf=now + 301),
                assertion(parts, exp=now + 86_400 + 301),
            ],
        }
        for code, requests in wrong.items():
            for asked in requests:
                assert error(await parts.post(asked)) == (401, "invalid_client", code)
        other = told(await parts.post(assertion(parts, algorithm="RS512")))
        assert "not signed with RS256 or PS256" in other["error_description"]
        for skewed in (assertion(parts, exp=now - 299), assertion(parts, nbf=now + 299), assertion(parts, nbf=None)):
            assert caller(parts, await parts.post(skewed)) is CERTIFIED


async def test_an_assertion_that_cannot_be_read_is_told_to_be_malformed(tmp_path: Path) -> None:
    async with identity(tmp_path, CERTIFIED) as parts:
        good = assertion(parts)
        header, payload, _ = good["client_assertion"].split(".")
        for bad in (
            {"client_assertion": "x"},
            {"client_assertion": "a.b.c"},
            {"client_assertion": "é" * 10},
            {"client_assertion": "A" * 50_000},
            {"client_assertion": f"{header}.W10.AAAA"},
            {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
        ):
            assert error(await parts.post({**good, **bad})) == (400, "invalid_request", 50027)
        for claim in ("iss", "sub", "aud", "exp"):
            lacking: dict[str, Any] = {claim: None}
            assert error(await parts.post(assertion(parts, **lacking)))[2] == 50027
        unsigned = f"{header}.{payload}."
        assert error(await parts.post({**good, "client_assertion": unsigned}))[2] == 700027
        none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
        assert error(await parts.post({**good, "client_assertion": f"{none}.{payload}."}))[2] == 700027
        assert error(await parts.post({**good, "client_assertion_type": ""}))[2] == 900144


async def test_an_expired_certificate_signs_nothing(tmp_path: Path) -> None:
    old = certificate(days_from=-10, days_to=-1)
    async with identity(tmp_path, msgspec.structs.replace(BOT, certificates=(old.public,))) as parts:
        assert error(await parts.post(assertion(parts, old))) == (401, "invalid_client", 700027)


async def test_a_blocked_address_still_gets_a_token_by_assertion(tmp_path: Path) -> None:
    both = msgspec.structs.replace(CERTIFIED, secret_hashes=BOT.secret_hashes)
    async with identity(tmp_path, both, lockout_failures=1) as parts:
        await parts.post(form(client_secret="guess"))
        assert error(await parts.post(form()))[2] == 50053
        assert caller(parts, await parts.post(assertion(parts))) is both


# --- documents -------------------------------------------------------------------------------------------------------


async def test_the_configuration_of_a_tenant_leads_to_its_endpoints(tmp_path: Path) -> None:
    async with identity(tmp_path) as parts:
        reply = await parts.ask("GET", f"/{TENANT}/v2.0/.well-known/openid-configuration")
        read = told(reply)
        assert read["token_endpoint"] == TOKEN_URL
        assert read["authorization_endpoint"] == f"https://{HOST}/{TENANT}/oauth2/v2.0/authorize"
        assert read["jwks_uri"] == f"https://{HOST}/{TENANT}/discovery/v2.0/keys"
        token = told(await parts.post(form()))["access_token"]
        assert read["issuer"] == jwt.decode(token, options={"verify_signature": False})["iss"]
        assert reply.headers["cache-control"] == "max-age=86400, private"
        keys = await parts.ask("GET", f"/{TENANT}/discovery/v2.0/keys")
        found = {key.key_id: key for key in jwt.PyJWKSet.from_dict(told(keys)).keys}
        signer = found[jwt.get_unverified_header(token)["kid"]]
        assert jwt.decode(token, signer, ["RS256"], audience="https://graph.microsoft.com")["appid"] == BOT.app_id


async def test_the_configuration_of_any_tenant_has_a_pattern_as_issuer(tmp_path: Path) -> None:
    async with identity(tmp_path) as parts:
        read = told(await parts.ask("GET", "/common/v2.0/.well-known/openid-configuration"))
        assert read["issuer"] == "https://sts.windows.net/{tenantid}/"
        assert read["token_endpoint"] == f"https://{HOST}/common/oauth2/v2.0/token"


async def test_an_unknown_tenant_has_no_configuration(tmp_path: Path) -> None:
    async with identity(tmp_path) as parts:
        for path in ("v2.0/.well-known/openid-configuration", "discovery/v2.0/keys"):
            reply = await parts.ask("GET", f"/{uuid.uuid4()}/{path}")
            assert error(reply) == (400, "invalid_request", 90002)


@pytest.mark.parametrize("name", ["OpenIdConfiguration", "openidconfiguration", "openid-configuration"])
async def test_bots_find_the_keys_of_notifications(tmp_path: Path, name: str) -> None:
    async with identity(tmp_path, base_url="https://callgate.example.org/", notification_issuer="https://i") as parts:
        read = told(await parts.ask("GET", f"/graph/.well-known/{name}"))
        assert read["issuer"] == "https://i"
        assert read["jwks_uri"] == "https://callgate.example.org/graph/.well-known/keys"
        assert (await parts.ask("GET", "/graph/.well-known/keys")).body == parts.keys.published
        assert (await parts.ask("POST", "/graph/.well-known/keys")).headers["allow"] == "GET"


async def test_keys_may_be_kept_for_less_than_a_rotation(tmp_path: Path) -> None:
    async with identity(tmp_path, key_rotation=3600.0) as parts:
        reply = await parts.ask("GET", "/graph/.well-known/keys")
        assert reply.headers["cache-control"] == "max-age=1800, private"


@pytest.mark.parametrize("host", ["", "a b", 'x"', "evil.example.com/", "a@b", "[::1", "x:y", "é", "a" * 300])
async def test_no_url_is_made_of_what_is_no_host(tmp_path: Path, host: str) -> None:
    async with identity(tmp_path) as parts:
        reply = await parts.ask("GET", "/graph/.well-known/OpenIdConfiguration", host=host)
        assert error(reply) == (400, "invalid_request", 90013)


@pytest.mark.parametrize("host", ["LOCALHOST:8443", "[::1]:8443", "127.0.0.1", "[fe80::1]"])
async def test_urls_are_what_the_request_was_sent_to(tmp_path: Path, host: str) -> None:
    async with identity(tmp_path) as parts:
        read = told(await parts.ask("GET", "/graph/.well-known/OpenIdConfiguration", host=host))
        assert read["jwks_uri"] == f"https://{host.lower()}/graph/.well-known/keys"


def test_it_knows_its_own_paths_whatever_the_tenant() -> None:
    assert all(
        OAuth.serves(path)
        for path in (
            TOKEN_PATH,
            "/contoso.com/oauth2/v2.0/token",
            f"//{TENANT}/v2.0/.well-known/openid-configuration",
            "/common/discovery/v2.0/keys",
            "/graph/.well-known/OpenIdConfiguration",
            "/graph/.well-known/keys",
        )
    )
    assert not any(
        OAuth.serves(path) for path in ("/", "/v1.0/communications/calls/1", f"/{TENANT}", f"{TOKEN_PATH}/x", "/graph")
    )


# --- anything --------------------------------------------------------------------------------------------------------

_TEXT = st.text(max_size=30)
_VALUES = _TEXT | st.sampled_from([BOT.app_id, "client_credentials", SCOPE, ASSERTION_TYPE, "a.b.c"])
_FIELDS = st.sampled_from([*form(), "client_assertion", "client_assertion_type"]) | _TEXT


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fields=st.dictionaries(_FIELDS, _VALUES).map(lambda changed: {**form(), **changed}),
    body=st.none() | st.binary(max_size=60),
    headers=st.fixed_dictionaries(
        {
            "content_type": st.sampled_from(["", "application/x-www-form-urlencoded", "application/json", ";"]),
            "authorization": st.text(st.characters(max_codepoint=255), max_size=30).map("Basic {}".format),
        }
    ),
    tenant=_TEXT.filter(lambda text: "/" not in text and text != "") | st.just(TENANT),
)
def test_nothing_that_is_sent_makes_anything_but_a_typed_error(
    unstarted: Identity, fields: dict[str, str], body: bytes | None, headers: dict[str, str], tenant: str
) -> None:
    path = f"/{tenant}/oauth2/v2.0/token"
    replies = [asyncio.run(unstarted.post(fields, path, **headers))]
    if body is not None:
        replies.append(asyncio.run(unstarted.ask("POST", path, body, **headers)))
    for reply in replies:
        if reply.status == 200:
            assert caller(unstarted, reply) is BOT
        else:
            assert error(reply)[0] in (400, 401)


@pytest.fixture
def unstarted(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    """The parts with keys; each example has a loop of its own."""
    parts = Identity(tmp_path_factory.mktemp("state"), BOT, OTHER, lockout_failures=1_000_000)

    async def make_keys() -> None:
        await parts.keys.start()
        await parts.keys.stop()

    asyncio.run(make_keys())
    return parts


def test_the_timestamp_is_utc(tmp_path: Path) -> None:
    parts = Identity(tmp_path, BOT)
    parts.clock.at = datetime.datetime(2016, 1, 9, 2, 2, 12, tzinfo=datetime.UTC).timestamp()
    reply = asyncio.run(parts.post({}))
    assert told(reply)["timestamp"] == "2016-01-09 02:02:12Z"
