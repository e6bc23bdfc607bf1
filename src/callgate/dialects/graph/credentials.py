"""How a bot proves who it is to the token endpoint: by a secret, or by an assertion that it has signed."""

from __future__ import annotations

import asyncio
import binascii
import math
from base64 import b64decode
from collections.abc import Callable, Collection, Mapping
from urllib.parse import unquote_plus

import msgspec

from callgate.dialects.graph import assertions
from callgate.dialects.graph.oauth_errors import (
    locked,
    missing,
    no_credential,
    overloaded,
    unreadable_assertion,
    wrong_secret,
)
from callgate.dialects.lockout import Lockout
from callgate.directory.model import Bot
from callgate.directory.service import DirectoryService
from callgate.settings import GraphSettings


class Credential(msgspec.Struct, frozen=True):
    """Who a request says that it comes from, and what shall prove it: one of ``secret`` and ``assertion`` is given."""

    client_id: str
    secret: str
    assertion: str

    def __repr__(self) -> str:
        return f"Credential(client_id={self.client_id!r})"  # no secret in any log


def read(form: Mapping[str, str], authorization: str) -> Credential:
    """The credential in a form, or by HTTP Basic (RFC 6749 section 2.3.1); if both are there, the form counts.

    Raises:
        OAuthError: there is no client id, no credential, or one of a type that is not known.
    """
    basic_id, basic_secret = _basic(authorization)
    assertion = form.get("client_assertion", "")
    if assertion:
        kind = form.get("client_assertion_type", "")
        if not kind:
            raise missing("client_assertion_type")
        if kind != assertions.ASSERTION_TYPE:
            raise unreadable_assertion(f"client_assertion_type must be {assertions.ASSERTION_TYPE}")
    client_id = form.get("client_id", "") or basic_id
    if not client_id and assertion:
        client_id = assertions.subject(assertion)
    if not client_id:
        raise missing("client_id")
    secret = form.get("client_secret", "")
    if not secret and not assertion and client_id == basic_id:
        secret = basic_secret
    if not secret and not assertion:
        raise no_credential()
    return Credential(client_id, secret, assertion)


class Credentials:
    """Checks credentials. Secrets a few at a time and in threads, because Argon2 is meant to be expensive.

    Who guesses is blocked: an address, for the bot that it tries to be. Others at the same address, behind the same
    proxy say, are not blocked with it; nor are assertions, which cannot be guessed.
    """

    def __init__(self, directory: DirectoryService, settings: GraphSettings, now: Callable[[], float]) -> None:
        self._hasher = directory.hasher
        self._now = now
        self._skew = settings.clock_skew
        self._lockout = Lockout(settings, now)
        self._slots = asyncio.Semaphore(settings.login_concurrency)
        self._limit = settings.login_concurrency + settings.login_backlog
        self._pending = 0

    async def check(self, given: Credential, bot: Bot, address: str, audiences: Collection[str]) -> None:
        """That the bot sent this.

        Args:
            given: what the request says.
            bot: the bot of its client id.
            address: where it came from.
            audiences: what an assertion may name as its audience, in lower case.

        Raises:
            OAuthError: it is wrong, the address is blocked, or too many are waiting.
        """
        if given.assertion:
            assertions.check(given.assertion, bot, audiences, self._now(), self._skew)
            return
        who = f"{address} {bot.app_id}"
        self._refuse_blocked(who)
        if self._pending >= self._limit:
            raise overloaded()
        self._pending += 1
        try:
            async with self._slots:
                self._refuse_blocked(who)
                right = await asyncio.to_thread(self._matches, bot, given.secret)
        finally:
            self._pending -= 1
        if not right:
            self._lockout.failed(who)
            raise wrong_secret(bot.app_id)
        self._lockout.clear(who)

    def _refuse_blocked(self, who: str) -> None:
        left = math.ceil(self._lockout.left(who))
        if left:
            raise locked(left)

    def _matches(self, bot: Bot, secret: str) -> bool:
        return any(self._hasher.verify(secret_hash, secret) for secret_hash in bot.secret_hashes)


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.strip().partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return unquote_plus(user), unquote_plus(password)
