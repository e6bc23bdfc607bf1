"""Access tokens, by which bots prove who they are, and tokens of notifications, by which Callgate does.

Both are JSON Web Tokens (RFC 7519) signed with RS256, in the form that Azure gives them: access tokens of version 1.0,
notification tokens with the claims that the page "Incoming call notifications" of the Teams platform lists. ``iat`` and
``nbf`` lie back by the clock skew, as Azure's do, for bots whose clocks are slow.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from callgate.dialects.graph.identities import Identities
from callgate.dialects.graph.keys import ALGORITHM, KeyRing
from callgate.dialects.graph.model import Caller, Refused
from callgate.directory.model import Bot
from callgate.directory.service import DirectoryService
from callgate.settings import GraphSettings

#: Who access tokens are for, whatever the address of Callgate is.
AUDIENCE = "https://graph.microsoft.com"
#: The application permissions of a calling bot, as an access token lists them. A bot has all of them: what it may do is
#: said by the directory.
ROLES = (
    "Calls.AccessMedia.All",
    "Calls.Initiate.All",
    "Calls.InitiateGroupCall.All",
    "Calls.JoinGroupCall.All",
    "Calls.JoinGroupCallAsGuest.All",
)
#: An access token is never longer, in characters.
_TOKEN_LIMIT = 8_192

_EMPTY = "Access token is empty."
_UNREADABLE = "CompactToken parsing failed with error code: 80049217"
_OUT_OF_TIME = "Access token has expired or is not yet valid."


class _Claims(msgspec.Struct, frozen=True):
    """What is looked at in an access token; a notification token, which has the same signer, has no ``appid``."""

    aud: str
    iss: str
    tid: str
    nbf: float
    exp: float
    appid: str = ""
    roles: frozenset[str] = frozenset()


class _Told(msgspec.Struct, frozen=True):
    """The token that a bot's notifications carry until ``until`` (Unix seconds)."""

    token: str
    tenant: str
    kid: str
    since: float
    until: float

    def __repr__(self) -> str:
        return f"_Told(kid={self.kid!r}, until={self.until})"


class Tokens:
    """Makes tokens and knows them again; implements :class:`callgate.dialects.graph.model.Tokens`.

    Nothing here waits. A bot that is removed or not enabled is refused at once, whatever tokens it has.
    """

    def __init__(
        self, keys: KeyRing, directory: DirectoryService, settings: GraphSettings, now: Callable[[], float]
    ) -> None:
        self._keys = keys
        self._identities = Identities(directory)
        self._settings = settings
        self._now = now
        #: Tokens whose signature was right, by their SHA-256: what is known need not be verified again.
        self._known: OrderedDict[bytes, _Claims] = OrderedDict()
        self._told: OrderedDict[str, _Told] = OrderedDict()

    def access(self, bot: Bot, *, certificate: bool = False) -> str:
        """A new access token for a bot that has just proved who it is, by a secret or by a ``certificate``."""
        now, principal = self._now(), _principal(bot)
        issued = int(now - self._settings.clock_skew)
        return self._signed(
            {
                "aud": AUDIENCE,
                "iss": issuer(bot.tenant),
                "iat": issued,
                "nbf": issued,
                "exp": int(now + self._settings.token_lifetime),
                "app_displayname": bot.display_name or bot.name,
                "appid": bot.app_id,
                "appidacr": "2" if certificate else "1",
                "idp": issuer(bot.tenant),
                "idtyp": "app",
                "oid": principal,
                "roles": ROLES,
                "sub": principal,
                "tid": bot.tenant,
                "uti": uuid.uuid4().hex,
                "ver": "1.0",
            }
        )

    def caller(self, authorization: str) -> Caller:
        """Whose token an ``Authorization`` header carries (RFC 6750 section 2.1).

        Raises:
            Refused: 401 InvalidAuthenticationToken, with the vendor's message for what is wrong; 403 for a bot that is
                gone, not enabled, or of another tenant by now.
        """
        scheme, _, token = authorization.strip().partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise _unauthenticated(_EMPTY)
        claims = self._claims(token)
        now, skew = self._now(), self._settings.clock_skew
        if not claims.nbf - skew <= now <= claims.exp + skew:
            raise _unauthenticated(_OUT_OF_TIME)
        bot = self._identities.bot(claims.appid)
        if bot is None or not bot.enabled:
            raise Refused(403, "7504", "Insufficient enterprise tenant permissions, cannot access this API.")
        if bot.tenant != claims.tid:
            raise Refused(403, "7505", "Request authorization tenant mismatch.")
        return Caller(bot, claims.roles)

    def notification(self, bot: Bot) -> str:
        """A token for a notification to that bot: ``aud`` its app id, ``tid`` its tenant.

        It is the same one for a while, and always good for a quarter of its lifetime at least.
        """
        now, kid = self._now(), self._keys.current.kid
        told = self._told.get(bot.app_id)
        if told is None or told.tenant != bot.tenant or told.kid != kid or not told.since <= now < told.until:
            told = self._told[bot.app_id] = self._new_notification(bot, now, kid)
        self._told.move_to_end(bot.app_id)
        while len(self._told) > self._settings.token_cache:
            self._told.popitem(last=False)
        return told.token

    def _new_notification(self, bot: Bot, now: float, kid: str) -> _Told:
        lifetime = self._settings.notification_lifetime
        # Where a setting makes the lifetime shorter than the skew, the token still has to be good for a while.
        issued = int(now - min(self._settings.clock_skew, lifetime / 2))
        expires = issued + int(lifetime)
        token = self._signed(
            {
                "aud": bot.app_id,
                "iss": self._settings.notification_issuer,
                "iat": issued,
                "nbf": issued,
                "exp": expires,
                "tid": bot.tenant,
            }
        )
        return _Told(token, bot.tenant, kid, now, expires - lifetime / 4)

    def _signed(self, claims: dict[str, Any]) -> str:
        key = self._keys.current
        header = {"typ": "JWT", "alg": ALGORITHM, "kid": key.kid}
        return jws.serialize_compact(header, msgspec.json.encode(claims), key.pair, [ALGORITHM])

    def _claims(self, token: str) -> _Claims:
        if len(token) > _TOKEN_LIMIT or not token.isascii():
            raise _unauthenticated(_UNREADABLE)
        digest = sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known is None:
            known = self._known[digest] = self._verified(token)
            while len(self._known) > self._settings.token_cache:
                self._known.popitem(last=False)
        self._known.move_to_end(digest)
        return known

    def _verified(self, token: str) -> _Claims:
        try:
            parts = jws.extract_compact(token.encode())
            kid = parts.headers().get("kid")
        except Exception:  # what is wrong with the form of a token has no common type in the library
            raise _unauthenticated(_UNREADABLE) from None
        key = self._keys.find(kid) if isinstance(kid, str) else None
        if key is None or not _is_signed(parts, key):
            raise _unauthenticated("Access token validation failure. Invalid signature.")
        try:
            claims = msgspec.json.decode(parts.payload, type=_Claims)
        except msgspec.MsgspecError:
            raise _unauthenticated("Access token validation failure.") from None
        if claims.aud != AUDIENCE:
            raise _unauthenticated("Access token validation failure. Invalid audience.")
        if claims.iss != issuer(claims.tid):
            raise _unauthenticated("Access token validation failure. Invalid issuer.")
        return claims


def issuer(tenant: str) -> str:
    """Who issues the access tokens of a tenant, whatever the address of Callgate is."""
    return f"https://sts.windows.net/{tenant}/"


def _principal(bot: Bot) -> str:
    """The id of the bot's service principal: always the same for the same app in the same tenant."""
    return str(uuid.uuid5(uuid.UUID(bot.tenant), bot.app_id))


def _is_signed(parts: jws.CompactSignature, key: RSAKey) -> bool:
    try:
        return jws.validate_compact(parts, key, [ALGORITHM])
    except JoseError:  # another algorithm, or a header that asks for what is not supported
        return False


def _unauthenticated(message: str) -> Refused:
    return Refused(401, "InvalidAuthenticationToken", message)
