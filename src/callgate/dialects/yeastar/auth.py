"""Who asks: client ids and secrets, access and refresh tokens, and the lockout of addresses that guess.

All of it is in memory: after a restart applications get new tokens, as they do after any TOKEN EXPIRED.
Source: Yeastar P-Series developer guide, "Get Access Token", "Refresh Access Token", "Remove Blocked API IP Addresses".
"""

from __future__ import annotations

import asyncio
import secrets
import string

import msgspec

from callgate.dialects import lockout
from callgate.dialects.port import Surroundings
from callgate.dialects.yeastar.errors import ApiError, Code
from callgate.dialects.yeastar.wire import InvalidParam, TokenReply
from callgate.directory.model import Client

_ALPHABET = string.ascii_letters + string.digits
_TOKEN_LENGTH = 32


class Session(msgspec.Struct, eq=False):
    """One login: the pair of tokens it holds now, and until when (Unix seconds) each is good."""

    client: str
    secret_hash: str
    access: str
    access_until: float
    refresh: str
    refresh_until: float
    revoked: bool = False


class Tokens:
    """All live logins."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._directory = surroundings.directory
        self._now = surroundings.control.now
        self._settings = surroundings.settings.yeastar
        self._by_access: dict[str, Session] = {}
        self._by_refresh: dict[str, Session] = {}
        self._by_client: dict[str, list[Session]] = {}

    def issue(self, client: Client) -> TokenReply:
        """A new pair for a client that has just proved who it is.

        Raises:
            ApiError: the client has as many live access tokens as it may have.
        """
        self._forget_expired(client.name)
        self._check_limit(client.name)
        session = Session(client.name, client.secret_hash, "", 0.0, "", 0.0)
        self._by_client.setdefault(client.name, []).append(session)
        return self._give_pair(session)

    def refresh(self, refresh_token: str) -> TokenReply:
        """A new pair for the old one, both of whose tokens are void from now on.

        Raises:
            ApiError: the refresh token is unknown or expired, or the client has too many live access tokens.
        """
        session = self._by_refresh.get(refresh_token)
        if session is None or session.refresh_until <= self._now() or self._client(session) is None:
            raise ApiError(Code.TOKEN_EXPIRED, "the refresh token is unknown or expired: get a new pair with get_token")
        if session.access_until <= self._now():
            self._check_limit(session.client)
        return self._give_pair(session)

    def authorise(self, access_token: str) -> tuple[Session, Client]:
        """Whose token this is.

        Raises:
            ApiError: it is unknown or expired, or its client is gone or has got another secret.
        """
        session = self._by_access.get(access_token)
        if session is not None and session.access_until > self._now():
            client = self._client(session)
            if client is not None:
                return session, client
        raise ApiError(Code.TOKEN_EXPIRED)

    def revoke(self, session: Session) -> None:
        """Make both tokens of this login void."""
        session.revoked = True
        self._by_access.pop(session.access, None)
        self._by_refresh.pop(session.refresh, None)
        of_client = self._by_client.get(session.client, [])
        if session in of_client:
            of_client.remove(session)
        if not of_client:
            self._by_client.pop(session.client, None)

    def revoke_orphans(self) -> None:
        """Make the tokens void whose client is gone or has got another secret."""
        sessions = [session for of_client in self._by_client.values() for session in of_client]
        for session in sessions:
            if self._client(session) is None:
                self.revoke(session)

    def good_until(self, session: Session) -> float:
        """Until when (Unix seconds) something opened with this login may stay open; 0.0 if not at all any more.

        As long as its client holds any live access token, unless this very login was revoked.
        """
        if session.revoked or self._client(session) is None:
            return 0.0
        of_client = self._by_client.get(session.client, ())
        return max((other.access_until for other in of_client), default=0.0)

    def _client(self, session: Session) -> Client | None:
        client = self._directory.current.clients.get(session.client)
        if client is None or client.secret_hash != session.secret_hash or client.dialect != "yeastar":
            return None
        return client

    def _give_pair(self, session: Session) -> TokenReply:
        now, settings = self._now(), self._settings
        self._by_access.pop(session.access, None)
        self._by_refresh.pop(session.refresh, None)
        session.access, session.refresh = new_token(), new_token()
        session.access_until = now + settings.access_token_lifetime
        session.refresh_until = now + settings.refresh_token_lifetime
        self._by_access[session.access] = session
        self._by_refresh[session.refresh] = session
        return TokenReply(
            access_token_expire_time=int(settings.access_token_lifetime),
            access_token=session.access,
            refresh_token_expire_time=int(settings.refresh_token_lifetime),
            refresh_token=session.refresh,
        )

    def _check_limit(self, client: str) -> None:
        now = self._now()
        live = [session.access_until for session in self._by_client.get(client, ()) if session.access_until > now]
        if len(live) >= self._settings.token_limit:
            raise ApiError(
                Code.MAX_LIMITATION,
                f"{len(live)} access tokens are live, the next one expires in {min(live) - now:.0f} s: "
                "use one of them, or revoke one with del_token",
            )

    def _forget_expired(self, client: str) -> None:
        now = self._now()
        for session in list(self._by_client.get(client, ())):
            if session.refresh_until <= now and session.access_until <= now:
                self.revoke(session)


def new_token() -> str:
    """32 letters and digits from the system's random source."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_TOKEN_LENGTH))


class Lockout(lockout.Lockout):
    """The addresses that guess, in this dialect's words."""

    def check(self, address: str) -> None:
        """
        Raises:
            ApiError: the address is blocked; the text says for how long.
        """
        left = self.left(address)
        if left:
            raise ApiError(Code.ADDRESS_BLOCKED, f"too many failed logins, this address is blocked for {left:.0f} s")


class Login:
    """Checks client ids and secrets, a few at a time: Argon2 is meant to be expensive."""

    def __init__(self, surroundings: Surroundings, lockout: Lockout) -> None:
        self._directory = surroundings.directory
        self._lockout = lockout
        settings = surroundings.settings.yeastar
        self._slots = asyncio.Semaphore(settings.login_concurrency)
        self._limit = settings.login_concurrency + settings.login_backlog
        self._pending = 0
        self._hasher = surroundings.directory.hasher

    async def client(self, client_id: str, secret: str, address: str) -> Client:
        """The client of that id and secret.

        Raises:
            ApiError: wrong, or the address is blocked, or too many logins are waiting.
        """
        self._lockout.check(address)
        if self._pending >= self._limit:
            raise ApiError(Code.OVERLOAD, f"{self._pending} logins are waiting: try again")
        self._pending += 1
        try:
            async with self._slots:
                self._lockout.check(address)
                client = self._find(client_id)
                secret_hash = client.secret_hash if client is not None else None
                right = await asyncio.to_thread(self._hasher.verify, secret_hash, secret)
                if not right or client is None:
                    self._lockout.failed(address)
                    raise ApiError(Code.FAILURE, invalid=(InvalidParam("username or password", value="error"),))
        finally:
            self._pending -= 1
        self._lockout.clear(address)
        return client

    def _find(self, client_id: str) -> Client | None:
        for client in self._directory.current.clients.values():
            if client.client_id == client_id and client.dialect == "yeastar":
                return client
        return None
