"""Client assertions: tokens that a bot signs with the key of its certificate instead of sending a secret.

Sources: RFC 7523 sections 2.2 and 3; Microsoft Entra "Application authentication certificate credentials" (claims, and
the headers ``x5t`` and ``x5t#S256``). ``jti`` is not remembered: Microsoft's libraries send one assertion for as long
as it is good, with every request (MSAL Python: ``create_regenerative_assertion``), and Entra takes it.
"""

from __future__ import annotations

import base64
import datetime
from collections.abc import Collection
from functools import lru_cache
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from callgate.dialects.graph.oauth_errors import OAuthError, unreadable_assertion, wrong_assertion
from callgate.directory.model import Bot

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ("RS256", "PS256")
#: An assertion that would be good for longer (seconds) is refused: who found it could use it as long. Microsoft's
#: libraries make them for ten minutes.
LONGEST = 86_400.0
#: An assertion is never longer, in characters; certificate chains may be in it.
_LIMIT = 49_152


class _Registry(jws.JWSRegistry):
    max_header_length = 32_768


#: Headers that are not known are left aside (RFC 7515 section 4), but for those that are marked critical.
_REGISTRY = _Registry(algorithms=ALGORITHMS, strict_check_header=False)


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    sub: str
    aud: str | tuple[str, ...]
    exp: float
    nbf: float | None = None


class _Certificate(msgspec.Struct, frozen=True, eq=False):
    key: RSAKey
    thumbprints: frozenset[str]
    begins: float
    ends: float


def subject(assertion: str) -> str:
    """Who an assertion says that it is of, before it is checked: for requests without ``client_id``.

    Raises:
        OAuthError: it cannot be read.
    """
    return _read(_parts(assertion)).sub


def check(assertion: str, bot: Bot, audiences: Collection[str], now: float, skew: float) -> None:
    """That a bot made this assertion for this server, and that it is good now.

    Args:
        assertion: the token.
        bot: who it must be of.
        audiences: the URLs that mean this endpoint, in lower case.
        now: Unix seconds.
        skew: by how many seconds clocks may differ.

    Raises:
        OAuthError: what is wrong, with Azure's code for it.
    """
    parts = _parts(assertion)
    claims = _read(parts)
    _check_signature(parts, bot, now, skew)
    if not claims.iss.lower() == claims.sub.lower() == bot.app_id:
        raise wrong_assertion(
            700021, "Client assertion application identifier doesn't match 'client_id' parameter ('iss' and 'sub')."
        )
    given = (claims.aud,) if isinstance(claims.aud, str) else claims.aud
    if not any(audience.lower() in audiences for audience in given):
        expected = " or ".join(sorted(audiences))
        raise wrong_assertion(
            700023, f"Client assertion audience claim does not match Realm issuer: 'aud' must be {expected}."
        )
    begins = claims.nbf if claims.nbf is not None else float("-inf")
    if not begins - skew <= now < claims.exp + skew:
        raise wrong_assertion(700024, "Client assertion is not within its valid time range.")
    if claims.exp > now + LONGEST + skew:
        raise wrong_assertion(
            700024, f"Client assertion is good for too long: 'exp' is more than {LONGEST:.0f} s away."
        )


def _parts(assertion: str) -> jws.CompactSignature:
    if len(assertion) > _LIMIT or not assertion.isascii():
        raise unreadable_assertion(f"at most {_LIMIT} ASCII characters")
    try:
        parts = jws.extract_compact(assertion.encode(), registry=_REGISTRY)
        parts.headers().get("alg")
    except Exception:  # what is wrong with the form of a token has no common type in the library
        raise unreadable_assertion("it must be three parts in Base64url, the first with 'alg'") from None
    return parts


def _read(parts: jws.CompactSignature) -> _Claims:
    try:
        return msgspec.json.decode(parts.payload, type=_Claims)
    except msgspec.MsgspecError:
        raise unreadable_assertion("it needs the claims 'iss', 'sub', 'aud' and 'exp'") from None


def _check_signature(parts: jws.CompactSignature, bot: Bot, now: float, skew: float) -> None:
    headers = parts.headers()
    algorithm = headers.get("alg")
    if algorithm not in ALGORITHMS:
        raise wrong_assertion(700027, f"Client assertion is not signed with {' or '.join(ALGORITHMS)}.")
    certificates = [_certificate(pem) for pem in bot.certificates]
    named = next((headers[name] for name in ("x5t#S256", "x5t", "kid") if name in headers), None)
    if named is not None:
        certificates = [found for found in certificates if _normal(named) in found.thumbprints]
    if not certificates:
        raise _wrong_signature("The key was not found")
    signer = next((one for one in certificates if _is_signed(parts, one.key)), None)
    if signer is None:
        raise _wrong_signature("The provided signature value did not match the expected signature value")
    if not signer.begins - skew <= now <= signer.ends + skew:
        raise _wrong_signature("The key used is expired, or not valid yet")


def _is_signed(parts: jws.CompactSignature, key: RSAKey) -> bool:
    try:
        return jws.validate_compact(parts, key, registry=_REGISTRY)
    except JoseError:
        return False


def _wrong_signature(reason: str) -> OAuthError:
    return wrong_assertion(
        700027,
        f"Client assertion contains an invalid signature. [Reason - {reason}.] The bot's certificates are in "
        "Callgate's directory.",
    )


@lru_cache(maxsize=1024)
def _certificate(pem: str) -> _Certificate:
    """A certificate of the directory, which has checked it."""
    read = x509.load_pem_x509_certificate(pem.encode())
    key = read.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    thumbprints: set[str] = set()
    for algorithm in (hashes.SHA1(), hashes.SHA256()):
        digest = read.fingerprint(algorithm)
        thumbprints |= {digest.hex(), base64.urlsafe_b64encode(digest).rstrip(b"=").decode()}
    begins, ends = read.not_valid_before_utc, read.not_valid_after_utc
    return _Certificate(RSAKey.import_key(key), frozenset(thumbprints), _seconds(begins), _seconds(ends))


def _seconds(moment: datetime.datetime) -> float:
    return moment.timestamp()


def _normal(named: Any) -> str:
    """A thumbprint as it is compared: Base64url as it is, hex (which some libraries give as ``kid``) in lower case."""
    text = str(named).rstrip("=")
    return text.lower() if len(text) in (40, 64) else text
