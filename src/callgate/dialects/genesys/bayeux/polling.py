"""Long polling (The Bayeux Protocol Specification 1.0, "The long-polling Transport")."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from callgate.dialects.asgi import Receive, Scope, Send
from callgate.dialects.genesys.bayeux import http
from callgate.dialects.genesys.bayeux.messages import MalformedError, UnreadableError, array, read
from callgate.dialects.genesys.bayeux.protocol import Protocol
from callgate.dialects.genesys.bayeux.sessions import Poll
from callgate.dialects.genesys.errors import GenesysError, Status
from callgate.dialects.genesys.model import Login


async def serve(
    protocol: Protocol,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    login: Login,
    now: Callable[[], float],
    limit: int,
) -> None:
    """One request, from its body to its reply.

    Raises:
        GenesysError: it is no POST, too large, or not JSON.
        GoneError: the client hung up.
    """
    if scope["method"] != "POST":
        raise GenesysError(Status.FORBIDDEN, "CometD is spoken with POST", http=405, headers=((b"allow", b"POST"),))
    body = await http.read_body(scope, receive, limit)
    try:
        replies = protocol.receive(read(body), login, now())
    except UnreadableError as error:
        raise GenesysError(Status.PARAMETER_MISSING, f"The body has no Bayeux messages: {error}", http=400) from None
    except MalformedError as error:
        replies = [error.reply]
    if isinstance(replies, Poll):
        if await _hung_up(replies, receive):
            protocol.abandon(replies)
            raise http.GoneError
        text = protocol.finish(replies)
    else:
        text = array(replies)
    await http.reply(send, text, login.set_cookie)


async def _hung_up(poll: Poll, receive: Receive) -> bool:
    """Wait until the poll is to be answered; true if its connection broke instead."""
    woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    poll.wake = lambda: None if woken.done() else woken.set_result(None)
    hanging_up = asyncio.ensure_future(receive())
    try:
        await asyncio.wait((woken, hanging_up), timeout=poll.timeout, return_when=asyncio.FIRST_COMPLETED)
        return hanging_up.done()
    finally:
        hanging_up.cancel()
