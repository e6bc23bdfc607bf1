"""Access tokens are known again, everything else is refused in Graph's words; notification tokens can be validated."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from callgate.dialects.graph.model import Refused
from callgate.dialects.graph.tokens import AUDIENCE, ROLES
from callgate.directory.model import Bot
from tests.dialects.graph.identity import BOT, OTHER, OTHER_TENANT, TENANT, Clock, Identity, identity
from tests.dialects.serving import served

ISSUER = "https://api.botframework.com"


def refusal(parts: Identity, authorization: str) -> tuple[int, str, str]:
    """How an Authorization header is refused: status, code and message."""
    with pytest.raises(Refused) as refused:
        parts.tokens.caller(authorization)
    return refused.value.status, refused.value.code, refused.value.message


def unauthenticated(message: str) -> tuple[int, str, str]:
    return 401, "InvalidAuthenticationToken", message


INVALID_SIGNATURE = unauthenticated("Access token validation failure. Invalid signature.")
UNREADABLE = unauthenticated("CompactToken parsing failed with error code: 80049217")
OUT_OF_TIME = unauthenticated("Access token has expired or is not yet valid.")


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def decoded(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def resigned(parts: Identity, token: str, **claims: Any) -> str:
    """The token with other claims, signed with the right key all the same."""
    key = parts.keys.current
    private = key.pair.as_pem(private=True)
    return jwt.encode({**decoded(token), **claims}, private, "RS256", headers={"kid": key.kid})


async def test_a_token_says_whose_it_is_and_what_roles_it_has(tmp_path: Path) -> None:
    async with identity(tmp_path) as parts:
        caller = parts.tokens.caller(f"Bearer {parts.tokens.access(BOT)}")
        assert caller.bot is BOT
        assert caller.roles == set(ROLES)
        assert parts.tokens.caller(f"bearer   {parts.tokens.access(OTHER)} ").bot is OTHER


async def test_an_access_token_has_the_claims_of_version_1(tmp_path: Path) -> None:
    async with identity(tmp_path) as parts:
        claims = decoded(parts.tokens.access(BOT))
        now = int(parts.clock.at)
        assert (claims["aud"], claims["iss"]) == (AUDIENCE, f"https://sts.windows.net/{TENANT}/")
        assert (claims["appid"], claims["tid"], claims["ver"], claims["idtyp"]) == (BOT.app_id, TENANT, "1.0", "app")
        assert (claims["iat"], claims["nbf"], claims["exp"]) == (now - 300, now - 300, now + 3599)
        assert claims["sub"] == claims["oid"] != decoded(parts.tokens.access(OTHER))["oid"]
        assert claims["roles"] == list(ROLES)


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "  ", "Basic YTpi", "Token abc", "Bearer\tx"])
async def test_a_header_without_a_bearer_token_is_told_that_it_is_empty(tmp_path: Path, authorization: str) -> None:
    async with identity(tmp_path) as parts:
        assert refusal(parts, authorization) == unauthenticated("Access token is empty.")


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "STATICTOKEN",
        "a.b",
        "a.b.c",
        "..",
        "a.b.c.d",
        "é.b.c",
        "e30.e30.e30",
        "W10.e30.",
        "bnVsbA.e30.",
        "A" * 9000,
    ],
)
async def test_what_is_no_token_cannot_be_parsed(tmp_path: Path, token: str) -> None:
    async with identity(tmp_path) as parts:
        assert refusal(parts, f"Bearer {token}") == UNREADABLE


async def test_a_token_that_is_not_signed_by_us_is_refused(tmp_path: Path) -> None:
    async with identity(tmp_path / "ours") as parts, identity(tmp_path / "theirs") as others:
        token = parts.tokens.access(BOT)
        header, payload, signature = token.split(".")
        kid = parts.keys.current.kid
        changed = encoded({**decoded(token), "appid": OTHER.app_id, "tid": OTHER_TENANT})
        public = parts.keys.current.pair.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        forged = _hmac(encoded({"alg": "HS256", "typ": "JWT", "kid": kid}), payload, public)
        for bad in (
            others.tokens.access(BOT),
            f"{header}.{changed}.{signature}",
            f"{header}.{payload}.{signature[:-4]}AAAA",
            f"{header}.{payload}.",
            f"{encoded({'alg': 'none', 'kid': kid})}.{payload}.",
            f"{encoded({'alg': 'none', 'kid': kid})}.{payload}.{signature}",
            f"{encoded({'alg': 'RS256'})}.{payload}.{signature}",
            f"{encoded({'alg': 'RS256', 'kid': [kid]})}.{payload}.{signature}",
            f"{encoded({'alg': ['RS256'], 'kid': kid})}.{payload}.{signature}",
            f"{encoded({'alg': 'RS256', 'kid': kid, 'crit': ['x'], 'x': 1})}.{payload}.{signature}",
            forged,
        ):
            assert refusal(parts, f"Bearer {bad}") == INVALID_SIGNATURE
        assert parts.tokens.caller(f"Bearer {token}").bot is BOT


def _hmac(header: str, payload: str, secret: bytes) -> str:
    """HS256 by hand: PyJWT itself refuses to sign with a public key."""
    signature = hmac.new(secret, f"{header}.{payload}".encode(), hashlib.sha256).digest()
    return f"{header}.{payload}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


async def test_a_token_for_somebody_else_is_refused_though_we_signed_it(tmp_path: Path) -> None:
    async with identity(tmp_path) as parts:
        token = parts.tokens.access(BOT)
        told = "Access token validation failure. Invalid audience."
        assert refusal(parts, f"Bearer {parts.tokens.notification(BOT)}") == unauthenticated(told)
        assert refusal(parts, f"Bearer {resigned(parts, token, aud=BOT.app_id)}") == unauthenticated(told)
        told = "Access token validation failure. Invalid issuer."
        assert refusal(parts, f"Bearer {resigned(parts, token, iss=ISSUER)}") == unauthenticated(told)
        told = "Access token validation failure."
        assert refusal(parts, f"Bearer {resigned(parts, token, roles='all')}") == unauthenticated(told)


async def test_a_token_is_good_from_its_beginning_to_its_end_and_the_skew_beside(tmp_path: Path) -> None:
    async with identity(tmp_path, clock_skew=300.0, token_lifetime=3600.0) as parts:
        token = f"Bearer {parts.tokens.access(BOT)}"
        start = parts.clock.at
        for at in (start - 600, start, start + 3900):
            parts.clock.at = at
            assert parts.tokens.caller(token).bot is BOT
        for at in (start - 601, start + 3901):
            parts.clock.at = at
            assert refusal(parts, token) == OUT_OF_TIME


async def test_a_bot_that_is_disabled_removed_or_moved_is_refused_at_once(tmp_path: Path) -> None:
    async with identity(tmp_path) as parts:
        token = f"Bearer {parts.tokens.access(BOT)}"
        assert parts.tokens.caller(token).bot is BOT
        forbidden = (403, "7504", "Insufficient enterprise tenant permissions, cannot access this API.")
        parts.directory.become(msgspec.structs.replace(BOT, enabled=False))
        assert refusal(parts, token) == forbidden
        parts.directory.become(OTHER)
        assert refusal(parts, token) == forbidden
        parts.directory.become(msgspec.structs.replace(BOT, tenant=OTHER_TENANT))
        assert refusal(parts, token) == (403, "7505", "Request authorization tenant mismatch.")
        changed = msgspec.structs.replace(BOT, display_name="Changed")
        parts.directory.become(changed)
        assert parts.tokens.caller(token).bot is changed


async def test_a_token_outlives_restarts_and_rotations(tmp_path: Path) -> None:
    clock = Clock()
    async with identity(tmp_path, clock=clock, key_rotation=600.0) as parts:
        token = f"Bearer {parts.tokens.access(BOT)}"
    async with identity(tmp_path, clock=clock, key_rotation=600.0) as parts:
        was = parts.keys.current.kid
        for _ in range(6):
            clock.at += 600
            await parts.keys.renew()
        assert parts.keys.current.kid != was
        assert parts.tokens.caller(token).bot is BOT


async def test_a_token_that_is_known_is_not_verified_again(tmp_path: Path) -> None:
    async with identity(tmp_path, token_cache=2) as parts:
        first, second, third = (f"Bearer {parts.tokens.access(BOT)}" for _ in range(3))
        parts.tokens.caller(first)
        parts.tokens.caller(second)
        parts.keys.find = lambda kid: None  # type: ignore[method-assign]  # from here on no signature can be right
        parts.tokens.caller(first)
        assert refusal(parts, third) == INVALID_SIGNATURE
        parts.tokens.caller(second)


async def test_the_tokens_that_are_remembered_are_bounded(tmp_path: Path) -> None:
    async with identity(tmp_path, token_cache=2) as parts:
        first, second, third = (f"Bearer {parts.tokens.access(BOT)}" for _ in range(3))
        for token in (first, second, first, third):
            parts.tokens.caller(token)
        parts.keys.find = lambda kid: None  # type: ignore[method-assign]  # as above
        parts.tokens.caller(first)
        parts.tokens.caller(third)
        assert refusal(parts, second) == INVALID_SIGNATURE


async def test_a_known_token_costs_microseconds(tmp_path: Path) -> None:
    """CPU time, which other processes do not change; the bound is ten times what it takes."""
    async with identity(tmp_path) as parts:
        token = f"Bearer {parts.tokens.access(BOT)}"
        parts.tokens.caller(token)
        start = time.thread_time()
        for _ in range(1000):
            parts.tokens.caller(token)
        assert (time.thread_time() - start) / 1000 < 100e-6


# --- notifications ---------------------------------------------------------------------------------------------------


class Validator:
    """A bot that checks who notifies it: with PyJWT, and the keys that the OpenID configuration leads to."""

    def __init__(self, port: int, bot: Bot = BOT) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._bot = bot

    async def accepts(self, token: str) -> dict[str, Any]:
        """The claims.

        Raises:
            jwt.PyJWTError: it is not a notification's token for this bot.
        """
        return await asyncio.to_thread(self._claims, token)

    def _claims(self, token: str) -> dict[str, Any]:
        finder = jwt.PyJWKClient(f"{self._base}/graph/.well-known/keys", cache_keys=False)
        key = finder.get_signing_key_from_jwt(token)
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=self._bot.app_id,
            issuer=ISSUER,
            options={"require": ["aud", "iss", "exp", "nbf", "iat", "tid"]},
        )
        return claims


async def test_a_bot_validates_a_notification_token_with_the_published_keys(tmp_path: Path) -> None:
    async with identity(tmp_path) as parts, served({"/graph": parts.oauth}) as port:
        claims = await Validator(port).accepts(parts.tokens.notification(BOT))
        assert set(claims) == {"aud", "iss", "iat", "nbf", "exp", "tid"}
        assert (claims["aud"], claims["tid"], claims["iss"]) == (BOT.app_id, TENANT, ISSUER)
        assert claims["exp"] - claims["iat"] == 3900
        assert claims["nbf"] == claims["iat"] == int(parts.clock.at) - 300


async def test_a_bot_refuses_tokens_that_are_changed_or_not_for_it(tmp_path: Path) -> None:
    async with identity(tmp_path) as parts, served({"/graph": parts.oauth}) as port:
        validator, token = Validator(port), parts.tokens.notification(BOT)
        header, payload, signature = token.split(".")
        kid = parts.keys.current.kid
        changed = encoded({**decoded(token), "tid": OTHER_TENANT})
        public = parts.keys.current.pair.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        refused = {
            f"{header}.{changed}.{signature}": jwt.InvalidSignatureError,
            parts.tokens.notification(OTHER): jwt.InvalidAudienceError,
            parts.tokens.access(BOT): jwt.InvalidIssuerError,
            f"{encoded({'alg': 'none', 'kid': kid})}.{payload}.": jwt.InvalidAlgorithmError,
            _hmac(encoded({"alg": "HS256", "kid": kid}), payload, public): jwt.InvalidAlgorithmError,
        }
        for bad, error in refused.items():
            with pytest.raises(error):
                await validator.accepts(bad)
        await validator.accepts(token)


@pytest.mark.parametrize("hours", [-2, 2])
async def test_a_bot_refuses_what_has_expired_or_is_not_yet_valid(tmp_path: Path, hours: int) -> None:
    async with identity(tmp_path) as parts, served({"/graph": parts.oauth}) as port:
        parts.clock.at += hours * 3600
        await parts.keys.renew()
        error = jwt.ExpiredSignatureError if hours < 0 else jwt.ImmatureSignatureError
        with pytest.raises(error):
            await Validator(port).accepts(parts.tokens.notification(BOT))


async def test_a_bot_whose_clock_is_slow_takes_a_fresh_token(tmp_path: Path) -> None:
    async with identity(tmp_path) as parts, served({"/graph": parts.oauth}) as port:
        parts.clock.at += 290  # ours is that much ahead of the bot's
        await Validator(port).accepts(parts.tokens.notification(BOT))


async def test_a_notification_token_is_used_again_until_a_quarter_of_its_life_is_left(tmp_path: Path) -> None:
    async with identity(tmp_path, notification_lifetime=4000.0, clock_skew=300.0) as parts:
        token = parts.tokens.notification(BOT)
        parts.clock.at += 2699
        assert parts.tokens.notification(BOT) == token
        parts.clock.at += 1
        assert parts.tokens.notification(BOT) != token


async def test_a_notification_token_is_made_anew_for_another_key_tenant_or_time(tmp_path: Path) -> None:
    async with identity(tmp_path, key_rotation=900.0) as parts:
        first = parts.tokens.notification(BOT)
        parts.clock.at += 900
        await parts.keys.renew()
        second = parts.tokens.notification(BOT)
        assert jwt.get_unverified_header(second)["kid"] == parts.keys.current.kid
        assert jwt.get_unverified_header(first)["kid"] != parts.keys.current.kid
        moved = msgspec.structs.replace(BOT, tenant=OTHER_TENANT)
        assert decoded(parts.tokens.notification(moved))["tid"] == OTHER_TENANT
        parts.clock.at -= 10  # somebody sets the clock
        assert decoded(parts.tokens.notification(moved))["iat"] == int(parts.clock.at) - 300


async def test_a_lifetime_shorter_than_the_skew_still_makes_good_tokens(tmp_path: Path) -> None:
    async with identity(tmp_path, notification_lifetime=60.0, clock_skew=300.0) as parts:
        claims = decoded(parts.tokens.notification(BOT))
        assert claims["nbf"] <= parts.clock.at < claims["exp"]


async def test_no_token_is_in_a_repr(tmp_path: Path) -> None:
    async with identity(tmp_path) as parts:
        token = parts.tokens.notification(BOT)
        assert token not in repr(vars(parts.tokens))


# --- anything --------------------------------------------------------------------------------------------------------

_PIECES = st.text(st.characters(max_codepoint=255), max_size=40) | st.builds(
    encoded,
    st.dictionaries(
        st.sampled_from(["alg", "kid", "typ", "b64", "crit", "jwk", "x5c", "zip"]),
        st.none() | st.booleans() | st.integers() | st.sampled_from(["RS256", "none", "HS256", ""]) | st.just(["b64"]),
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_PIECES, max_size=5).map(".".join) | st.text(st.characters(max_codepoint=255)))
@example("Bearer " + base64.urlsafe_b64encode(b"[" * 3000).decode() + ".e30.")
@example("Bearer " + encoded({"alg": "RS256", "b64": False, "crit": ["b64"]}) + "..")
def test_no_header_makes_anything_but_a_refusal(unstarted: Identity, text: str) -> None:
    for authorization in (text, f"Bearer {text}"):
        with pytest.raises(Refused) as refused:
            unstarted.tokens.caller(authorization)
        assert refused.value.status == 401


@pytest.fixture(scope="module")
def unstarted(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    """The parts with keys, but without a loop."""
    parts = Identity(tmp_path_factory.mktemp("state"), BOT, OTHER)

    async def make_keys() -> None:
        await parts.keys.start()
        await parts.keys.stop()

    asyncio.run(make_keys())
    return parts
