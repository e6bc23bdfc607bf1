"""The endpoints that stand in for login.microsoftonline.com, and the keys that bots check notifications with.

- ``POST /{tenant}/oauth2/v2.0/token``: an access token for client credentials (RFC 6749 section 4.4)
- ``GET /{tenant}/v2.0/.well-known/openid-configuration`` and ``GET /{tenant}/discovery/v2.0/keys``
- ``GET /graph/.well-known/OpenIdConfiguration`` and ``GET /graph/.well-known/keys``: those of notifications

A tenant is the UUID of one that a bot belongs to, in either letter case; "common" and "organizations" are the tenant of
whichever bot asks.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

import msgspec
import structlog

from callgate.dialects.asgi import Receive, Scope, Send
from callgate.dialects.bodies import read_within
from callgate.dialects.graph import credentials, oauth_errors, openid
from callgate.dialects.graph.addresses import base_url, is_scope
from callgate.dialects.graph.credentials import Credentials
from callgate.dialects.graph.identities import Identities
from callgate.dialects.graph.keys import KeyRing
from callgate.dialects.graph.oauth_errors import OAuthError
from callgate.dialects.graph.tokens import Tokens
from callgate.directory.service import DirectoryService
from callgate.settings import Settings

_ANY_TENANT = frozenset({"common", "organizations"})
_FORM = "application/x-www-form-urlencoded"
#: How many fields of a form are read.
_FIELD_LIMIT = 100

_TOKEN = re.compile(r"/+([^/]+)/+oauth2/+v2\.0/+token/*")
_CONFIGURATION = re.compile(r"/+([^/]+)/+v2\.0/+\.well-known/+openid-configuration/*", re.IGNORECASE)
_KEYS = re.compile(r"/+([^/]+)/+discovery/+v2\.0/+keys/*")
_BOT_CONFIGURATION = re.compile(rf"/+{openid.BOTS}/+\.well-known/+openid-?configuration/*", re.IGNORECASE)
_BOT_KEYS = re.compile(rf"/+{openid.BOTS}/+\.well-known/+keys/*")
#: The mounts (:class:`callgate.listeners.Front`) that these paths are below.
MOUNTS = ("/*/oauth2", "/*/v2.0", "/*/discovery", f"/{openid.BOTS}")
_PATHS = (_TOKEN, _CONFIGURATION, _KEYS, _BOT_CONFIGURATION, _BOT_KEYS)

log = structlog.get_logger(__name__)


class Request(msgspec.Struct, frozen=True):
    """One request.

    ``method`` in capitals, ``path`` the whole path, decoded; ``headers`` by name in lower case; ``body`` is all of it,
    ``None`` if it is larger than ``http.body_limit``. ``address`` is where it came from, ``scheme`` "http" or "https".
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None
    address: str
    scheme: str

    def __repr__(self) -> str:
        return f"Request(method={self.method!r}, path={self.path!r})"  # a secret may be in the rest


class Reply(msgspec.Struct, frozen=True):
    """What a request is answered; the body is JSON."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Reply(status={self.status})"  # a token may be in its body


class _TokenReply(msgspec.Struct, frozen=True):
    token_type: str
    expires_in: int
    ext_expires_in: int
    access_token: str


class OAuth:
    """The endpoints as an ASGI application, which gets the whole path; :meth:`serves` says which paths are its own.

    Args:
        keys: the keys that are published.
        tokens: makes the access tokens.
        directory: the bots, their secrets and certificates.
        settings: all settings.
        now: Unix seconds.
    """

    def __init__(
        self,
        keys: KeyRing,
        tokens: Tokens,
        directory: DirectoryService,
        settings: Settings,
        now: Callable[[], float],
    ) -> None:
        self._keys = keys
        self._tokens = tokens
        self._identities = Identities(directory)
        self._credentials = Credentials(directory, settings.graph, now)
        self._settings = settings.graph
        self._body_limit = settings.http.body_limit
        self._now = now

    @staticmethod
    def serves(path: str) -> bool:
        """Whether a path is one of these endpoints', whatever the tenant in it."""
        return any(pattern.fullmatch(path) for pattern in _PATHS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}
        address = scope["client"][0] if scope["client"] else ""
        try:
            body = await read_within(receive, self._body_limit)
        except ConnectionResetError:  # the client was gone before its request was whole
            return
        reply = await self.answer(Request(scope["method"], scope["path"], headers, body, address, scope["scheme"]))
        told = {"content-length": str(len(reply.body)), **reply.headers}
        sent = [(name.encode(), value.encode("latin-1")) for name, value in told.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": sent})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else reply.body})

    async def answer(self, request: Request) -> Reply:
        """Answers one request; never raises."""
        trace = str(uuid.uuid4())
        correlation = oauth_errors.correlation_id(request.headers.get("client-request-id", ""))
        told = {
            "content-type": "application/json; charset=utf-8",
            "cache-control": "no-store",
            "x-ms-request-id": trace,
            "client-request-id": correlation,
        }
        try:
            try:
                return await self._answer(request, told)
            except OAuthError:
                raise
            except Exception:
                log.exception("a token request failed unexpectedly", path=request.path[:64])
                raise oauth_errors.failed() from None
        except OAuthError as error:
            if error.retry_after:
                told["retry-after"] = str(error.retry_after)
            if error.allow:
                told["allow"] = error.allow
            return Reply(error.status, told, oauth_errors.body(error, self._now(), trace, correlation))

    async def _answer(self, request: Request, told: Mapping[str, str]) -> Reply:
        method, path, host = request.method, request.path, request.headers.get("host", "")
        if not self.serves(path):
            raise oauth_errors.no_endpoint(path)
        base = base_url(self._settings.base_url, request.scheme, host)
        if (found := _TOKEN.fullmatch(path)) is not None:
            if method != "POST":
                raise oauth_errors.wrong_method(method, "POST")
            bases = (base, base_url("", request.scheme, host))
            return Reply(200, told, msgspec.json.encode(await self._token(found[1], request, bases)))
        if method not in ("GET", "HEAD"):
            raise oauth_errors.wrong_method(method, "GET")
        told = {**told, "cache-control": f"max-age={self._keys.max_age}, private"}
        if _BOT_CONFIGURATION.fullmatch(path):
            document = openid.of_notifications(base, self._settings.notification_issuer)
            return Reply(200, told, msgspec.json.encode(document))
        if (found := _CONFIGURATION.fullmatch(path)) is not None:
            document = openid.of_tenant(base, found[1], self._tenant(found[1]) or "{tenantid}")
            return Reply(200, told, msgspec.json.encode(document))
        if (found := _KEYS.fullmatch(path)) is not None:
            self._tenant(found[1])
        return Reply(200, told, self._keys.published)

    async def _token(self, spelt: str, request: Request, bases: tuple[str, ...]) -> _TokenReply:
        tenant = self._tenant(spelt)
        form = self._form(request)
        grant = form.get("grant_type", "")
        if not grant:
            raise oauth_errors.missing("grant_type")
        if grant != "client_credentials":
            raise oauth_errors.unsupported_grant(grant)
        given = credentials.read(form, request.headers.get("authorization", ""))
        bot = self._identities.bot(given.client_id)
        if bot is None or tenant not in ("", bot.tenant):
            raise oauth_errors.unknown_application(given.client_id, spelt)
        audiences = {openid.token_endpoint(base, name).lower() for base in bases for name in (spelt, bot.tenant)}
        await self._credentials.check(given, bot, request.address, audiences)
        if not bot.enabled:
            raise oauth_errors.disabled_application(bot.app_id)
        scope = form.get("scope", "").strip()
        if not scope:
            raise oauth_errors.missing("scope")
        if not is_scope(scope, bases):
            raise oauth_errors.wrong_scope(scope)
        lifetime = int(self._settings.token_lifetime)
        token = self._tokens.access(bot, certificate=bool(given.assertion))
        return _TokenReply("Bearer", lifetime, lifetime, token)

    def _tenant(self, spelt: str) -> str:
        """A tenant as tokens name it; "" for that of whoever asks.

        Raises:
            OAuthError: it is not known.
        """
        tenant = spelt.lower()
        if tenant in _ANY_TENANT:
            return ""
        if not self._identities.is_tenant(tenant):
            raise oauth_errors.unknown_tenant(spelt)
        return tenant

    def _form(self, request: Request) -> Mapping[str, str]:
        """The fields of a form; of one given twice, the first. What is no form has none, as with Azure.

        Raises:
            OAuthError: it cannot be read.
        """
        if request.body is None:
            raise oauth_errors.too_large(self._body_limit)
        media_type = request.headers.get("content-type", "")
        if media_type and media_type.partition(";")[0].strip().lower() != _FORM:
            return {}
        try:
            text = request.body.decode("ascii")
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELD_LIMIT, errors="strict")
        except UnicodeDecodeError:
            raise oauth_errors.malformed("the body is not UTF-8, with all that is not ASCII escaped as %XX") from None
        except ValueError:
            raise oauth_errors.malformed(f"the body has more than {_FIELD_LIMIT} fields") from None
        return dict(reversed(pairs))
