"""The endpoints, as a table, and the rules that hold for all of them.

Source: Yeastar P-Series developer guide, "Request Structure" and "Response Result": GET looks, POST does, the token is
in the query string, every request names a User-Agent, the HTTP status is always 200 and ``errcode`` tells.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus

import msgspec
import structlog

from callgate.dialects.port import Surroundings
from callgate.dialects.yeastar.auth import Lockout, Login, Tokens
from callgate.dialects.yeastar.calls import Calls
from callgate.dialects.yeastar.decide import Decisions
from callgate.dialects.yeastar.errors import ApiError, Code, missing
from callgate.dialects.yeastar.queries import Queries
from callgate.dialects.yeastar.requests import Request, access_token, read_json
from callgate.dialects.yeastar.wire import GetToken, RefreshToken, Reply, TokenReply
from callgate.directory.model import Client

VERSION = "v1.0"

_get_token = msgspec.json.Decoder(GetToken)
_refresh_token = msgspec.json.Decoder(RefreshToken)
_json = msgspec.json.Encoder()

LoginEndpoint = Callable[[Request], Awaitable[Reply]]
Endpoint = Callable[[Request, Client], Awaitable[Reply]]

log = structlog.get_logger(__name__)


class Api:
    """From a request to the bytes of its reply, without any framework."""

    def __init__(
        self, surroundings: Surroundings, tokens: Tokens, lockout: Lockout, revoked: Callable[[], None]
    ) -> None:
        self._tokens = tokens
        self._login = Login(surroundings, lockout)
        self._lockout = lockout
        self._revoked = revoked
        calls, decisions, queries = Calls(surroundings), Decisions(surroundings), Queries(surroundings)
        self._logins: dict[tuple[str, str], LoginEndpoint] = {
            ("POST", "get_token"): self._get_token,
            ("POST", "refresh_token"): self._refresh_token,
        }
        self._endpoints: dict[tuple[str, str], Endpoint] = {
            ("POST", "call/accept_inbound"): decisions.accept_inbound,
            ("POST", "call/refuse_inbound"): decisions.refuse_inbound,
            ("POST", "call/hangup"): calls.hang_up,
            ("GET", "call/query"): calls.query,
            ("GET", "del_token"): self._del_token,
            ("GET", "trunk/list"): queries.trunk_list,
            ("GET", "trunk/search"): queries.trunk_list,
            ("GET", "trunk/get"): queries.trunk_get,
            ("GET", "trunk/query"): queries.trunk_query,
            ("GET", "inbound_route/list"): queries.inbound_route_list,
            ("GET", "webhook/query"): queries.webhook_query,
        }

    async def answer(self, request: Request) -> tuple[int, bytes]:
        """The HTTP status, which is always 200, and the JSON body of the reply. Never raises."""
        try:
            reply = await self._dispatch(request)
            return HTTPStatus.OK, _json.encode(reply)
        except ApiError as error:
            return HTTPStatus.OK, _json.encode(error.reply())
        except Exception:
            log.exception("a request failed unexpectedly", method=request.method, path=request.path[:64])
            return HTTPStatus.OK, _json.encode(ApiError(Code.INTERNAL).reply())

    async def _dispatch(self, request: Request) -> Reply:
        version, _, name = request.path.partition("/")
        if version != VERSION:
            raise ApiError(Code.VERSION_UNSUPPORTED, f"the base of this API is /openapi/{VERSION}")
        key = (request.method, name)
        if key not in self._endpoints and key not in self._logins:
            raise ApiError(Code.INTERFACE_NOT_EXISTED)
        if not request.user_agent.strip():
            raise missing("User-Agent")
        login = self._logins.get(key)
        if login is not None:
            return await login(request)
        _, client = self._tokens.authorise(access_token(request.query))
        return await self._endpoints[key](request, client)

    async def _get_token(self, request: Request) -> TokenReply:
        self._lockout.check(request.address)
        asked = read_json(request.body, _get_token)
        client = await self._login.client(asked.username, asked.password, request.address)
        return self._tokens.issue(client)

    async def _refresh_token(self, request: Request) -> TokenReply:
        self._lockout.check(request.address)
        return self._tokens.refresh(read_json(request.body, _refresh_token).refresh_token)

    async def _del_token(self, request: Request, client: Client) -> Reply:
        session, _ = self._tokens.authorise(access_token(request.query))
        self._tokens.revoke(session)
        self._revoked()
        return Reply()
