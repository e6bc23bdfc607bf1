"""Who asks: HTTP Basic credentials (RFC 7617) first, then the JSESSIONID cookie of the session that they began.

Source: Genesys, "CSRF Protection" and "Interpreting a Response". Sessions are in memory: after a restart agents log in
again.
"""

from __future__ import annotations

import asyncio
import binascii
import hashlib
import hmac
import math
import re
import secrets
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Callable

import msgspec

from callgate.dialects.asgi import Scope
from callgate.dialects.genesys.errors import access_denied, locked_out, too_many_logins
from callgate.dialects.genesys.model import BASE, Login
from callgate.dialects.lockout import Lockout
from callgate.directory.model import Agent
from callgate.directory.service import DirectoryService
from callgate.settings import GenesysSettings

COOKIE = "JSESSIONID"
#: A host and port as they stand in a URL; what else is in a Host header is not put into one.
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253})(:[0-9]{1,5})?")
#: How much of a user name the lockout remembers.
_USER_LIMIT = 128


class _Session(msgspec.Struct, eq=False):
    """An HTTP session; ``proof`` stands for the password that began it, ``carried``: its cookie has come back."""

    id: str
    cookie: str
    agent: str
    secret_hash: str
    proof: bytes
    base: str
    used: float
    carried: bool = False

    def __repr__(self) -> str:
        return f"_Session(id={self.id!r}, agent={self.agent!r})"  # no secret in any log


class Logins:
    """All HTTP sessions: a :class:`~callgate.dialects.genesys.model.Doorkeeper`.

    A client that sends its credentials each time, and takes no cookie, stays in one session, and its password is
    verified once. Who guesses is blocked: an address, for the user that it tries to be. ``now`` gives Unix seconds.
    """

    def __init__(self, directory: DirectoryService, settings: GenesysSettings, now: Callable[[], float]) -> None:
        self._directory = directory
        self._hasher = directory.hasher
        self._settings = settings
        self._base_url = settings.base_url.rstrip("/")
        self._now = now
        self._lockout = Lockout(settings, now)
        self._slots = asyncio.Semaphore(settings.login_concurrency)
        self._limit = settings.login_concurrency + settings.login_backlog
        self._pending = 0
        self._pepper = secrets.token_bytes(32)
        #: By id, the least recently used first.
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self._by_cookie: dict[str, _Session] = {}
        self._by_agent: dict[str, list[_Session]] = {}
        #: Called with the id of each session that is over.
        self.ended: Callable[[str], None] = lambda session: None

    def __len__(self) -> int:
        """How many sessions there are."""
        return len(self._sessions)

    # --- letting in ---------------------------------------------------------------------------------------------------

    async def admit(self, scope: Scope) -> Login:
        """The login of a request or WebSocket, by its cookie, or by its Basic credentials.

        The cookie goes before, unless the credentials are another user's.

        Raises:
            GenesysError: neither is right, the address is blocked, or too many passwords are being verified.
        """
        user, password = _basic(scope)
        session = self._of_cookie(scope)
        if session is not None and user in ("", session.agent):
            session.carried = True
        elif not user:
            raise access_denied()
        else:
            session = self._uncarried(user, password) or await self._log_in(scope, user, password)
        return self._use(session, scope)

    def recognise(self, scope: Scope) -> Login | None:
        """The login of a request by its cookie alone."""
        session = self._of_cookie(scope)
        if session is None:
            return None
        session.carried = True
        return self._use(session, scope)

    def alive(self, session: str) -> bool:
        """Whether that session still lives; asking does not prolong it."""
        self._expire()
        found = self._sessions.get(session)
        return found is not None and self._agent_of(found) is not None

    def base(self, agent: str) -> str:
        """What an agent's URIs begin with, as the last of his requests was sent; "" while he has no session."""
        sessions = self._by_agent.get(agent)
        return max(sessions, key=lambda session: session.used).base if sessions else ""

    # --- ending -------------------------------------------------------------------------------------------------------

    def end(self, session: str) -> str:
        """End a session; gives the value of a Set-Cookie header that makes its client forget it."""
        found = self._sessions.get(session)
        if found is not None:
            self._drop(found)
        return f"{self._cookie('')}; Max-Age=0"

    def end_orphans(self) -> None:
        """End the sessions whose agent is gone, is not enabled any more, or has another password."""
        for session in list(self._sessions.values()):
            if self._agent_of(session) is None:
                self._drop(session)

    # --- sessions -----------------------------------------------------------------------------------------------------

    def _of_cookie(self, scope: Scope) -> _Session | None:
        self._expire()
        for value in _cookies(scope):
            session = self._by_cookie.get(value)
            if session is not None and self._agent_of(session) is not None:
                return session
        return None

    def _uncarried(self, user: str, password: str) -> _Session | None:
        """The session that these credentials have begun already, of a client that does not send its cookie."""
        proof = self._proof(user, password)
        for session in self._by_agent.get(user, ()):
            right = hmac.compare_digest(session.proof, proof)
            if right and not session.carried and self._agent_of(session) is not None:
                return session
        return None

    async def _log_in(self, scope: Scope, user: str, password: str) -> _Session:
        agent = await self._verified(scope, user, password)
        proof = self._proof(user, password)
        session = self._uncarried(user, password)  # another request of the same client was faster
        if session is None:
            session = _Session(secrets.token_hex(8), secrets.token_urlsafe(24), user, agent.secret_hash, proof, "", 0.0)
            while len(self._sessions) >= self._settings.session_limit:
                self._drop(next(iter(self._sessions.values())))
            self._sessions[session.id] = self._by_cookie[session.cookie] = session
            self._by_agent.setdefault(user, []).append(session)
        return session

    async def _verified(self, scope: Scope, user: str, password: str) -> Agent:
        client = scope.get("client")
        who = f"{client[0] if client else ''} {user[:_USER_LIMIT]}"
        self._refuse_blocked(who)
        if self._pending >= self._limit:
            raise too_many_logins()
        self._pending += 1
        try:
            async with self._slots:
                self._refuse_blocked(who)
                agent = self._directory.current.agents.get(user)
                secret_hash = agent.secret_hash if agent is not None and agent.enabled else None
                right = await asyncio.to_thread(self._hasher.verify, secret_hash, password)
        finally:
            self._pending -= 1
        if not right or agent is None:
            self._lockout.failed(who)
            raise access_denied()
        self._lockout.clear(who)
        return agent

    def _refuse_blocked(self, who: str) -> None:
        left = math.ceil(self._lockout.left(who))
        if left:
            raise locked_out(left)

    def _use(self, session: _Session, scope: Scope) -> Login:
        session.used = self._now()
        session.base = self._base(scope)
        if session.id in self._sessions:
            self._sessions.move_to_end(session.id)
        return Login(session.agent, session.id, "" if session.carried else self._cookie(session.cookie))

    def _expire(self) -> None:
        oldest = self._now() - self._settings.session_idle
        while self._sessions:
            session = next(iter(self._sessions.values()))
            if session.used > oldest:
                return
            self._drop(session)

    def _drop(self, session: _Session) -> None:
        del self._sessions[session.id], self._by_cookie[session.cookie]
        of_agent = self._by_agent[session.agent]
        of_agent.remove(session)
        if not of_agent:
            del self._by_agent[session.agent]
        self.ended(session.id)

    def _agent_of(self, session: _Session) -> Agent | None:
        agent = self._directory.current.agents.get(session.agent)
        return agent if agent is not None and agent.enabled and agent.secret_hash == session.secret_hash else None

    def _proof(self, user: str, password: str) -> bytes:
        return hmac.digest(self._pepper, f"{user}\0{password}".encode(), hashlib.sha256)

    def _cookie(self, value: str) -> str:
        secure = "; Secure" if self._settings.secure_cookies else ""
        return f"{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax{secure}"

    def _base(self, scope: Scope) -> str:
        if self._base_url:
            return f"{self._base_url}{BASE}"
        scheme = "https" if scope["scheme"] in ("https", "wss") else "http"
        host = _header(scope, b"host")
        if not _HOST.fullmatch(host):
            name, port = scope["server"]
            host = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
        return f"{scheme}://{host}{BASE}"


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def _cookies(scope: Scope) -> list[str]:
    """The values of every JSESSIONID: browsers may hold one of another path beside Callgate's."""
    given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie"]
    pairs = [pair.strip().partition("=") for line in given for pair in line.split(";")]
    return [value for name, _, value in pairs if name == COOKIE]


def _basic(scope: Scope) -> tuple[str, str]:
    scheme, _, encoded = _header(scope, b"authorization").strip().partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return user, password
