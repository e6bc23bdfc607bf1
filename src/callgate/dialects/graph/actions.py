"""What a bot can do with a call: each request is a decision of the gate, and its answer in Graph's words.

Source: Microsoft Graph's pages of call: reject, answer, redirect, delete and get. Success is said only when the edge
has carried the decision out.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from callgate.core.answers import AlreadyDecided, Applied, EdgeFailed, EdgeSilent, HungUp
from callgate.core.calls import Call
from callgate.core.control import CallControl
from callgate.core.verdicts import Decider, redirect, refuse
from callgate.dialects.graph.calls import Calls
from callgate.dialects.graph.errors import bad_request, call_not_found, explained, unconfirmed
from callgate.dialects.graph.model import DIALECT, Callbacks
from callgate.dialects.graph.requests import Reply, Request
from callgate.dialects.graph.session import Intent, Session
from callgate.dialects.graph.targets import dialling
from callgate.dialects.graph.wire import AnswerBody, MediaConfig, RedirectBody, RejectBody
from callgate.directory.service import DirectoryService

#: The reasons of the vendor, and those of the gate.
REASONS = {"none": "rejected", "busy": "busy", "forbidden": "forbidden"}
_MODALITIES = {name.lower() for name in ("unknown", "audio", "video", "videoBasedScreenSharing", "data")}
#: The kinds of media configuration; one that is not known is told as the first.
_MEDIA = ("#microsoft.graph.serviceHostedMediaConfig", "#microsoft.graph.appHostedMediaConfig")
_ACCEPTED = Reply(202)

B = TypeVar("B", RejectBody, AnswerBody, RedirectBody)


class Actions:
    """The operations on one call."""

    def __init__(self, control: CallControl, directory: DirectoryService, calls: Calls, callbacks: Callbacks) -> None:
        self._control = control
        self._directory = directory
        self._calls = calls
        self._callbacks = callbacks

    async def reject(self, request: Request) -> Reply:
        """Refuse the call: the caller gets 603, 486 or 403."""
        body = _read(request.body or b"{}", RejectBody)
        reason = REASONS.get((body.reason or "none").lower())
        if reason is None:
            raise bad_request(f"reason is {(body.reason or '')[:40]!r}: use none, busy or forbidden.")
        # Never the gate's own value of that reason: the event is known by the very object.
        intent = Intent(refuse(reason), await self._callback(body.callback_uri))
        return await self._decide(request, intent)

    async def answer(self, request: Request) -> Reply:
        """Send the call to the bot's media."""
        body = _read(request.body, AnswerBody)
        for modality in body.accepted_modalities:
            if modality.lower() not in _MODALITIES:
                raise bad_request(f"acceptedModalities has {modality[:40]!r}: use audio.")
        kind = body.media_config.get("@odata.type")
        media = MediaConfig(kind if kind in _MEDIA else _MEDIA[0])
        intent = Intent(redirect(request.caller.bot.media, "relay"), await self._callback(body.callback_uri), media)
        return await self._decide(request, intent)

    async def redirect(self, request: Request) -> Reply:
        """Ring others."""
        body = _read(request.body, RedirectBody)
        callback = await self._callback(body.callback_uri)
        bot, directory = request.caller.bot, self._directory.current
        call, _ = self._find(request)
        route = None if call is None else directory.routes.get(call.route)
        if call is None or route is None:
            raise call_not_found()
        return await self._decide(request, Intent(dialling(body, bot, route, directory), callback))

    async def delete(self, request: Request) -> Reply:
        """End the call: BYE both ways if it is answered, 603 to the caller if it is not."""
        session = self._calls.session(request.call, request.caller.bot)
        if session is None:
            raise call_not_found()
        session.hangs_up()
        ended = False
        try:
            ended = await self._end(session)
        finally:
            if not ended:
                session.not_hung_up()
        session.hung_up()
        return Reply(204)

    async def get(self, request: Request) -> Reply:
        """The call, as the bot was told it last."""
        session = self._calls.session(request.call, request.caller.bot)
        if session is None:
            raise call_not_found()
        return Reply(200, session.resource(f"{request.root}/$metadata#communications/calls/$entity"))

    async def _end(self, session: Session) -> bool:
        if session.state == "incoming":
            # Not by hang_up: that would end a call that another application decides in this very moment.
            answer = await self._control.decide(session.call.id, refuse(), session.decider)
            if isinstance(answer, Applied):
                return True
            if not (isinstance(answer, AlreadyDecided) and answer.first.decider == session.decider):
                raise explained(answer, session.decider)
        match await self._control.hang_up(session.call.id, session.decider):
            case HungUp():
                return True
            case EdgeFailed() | EdgeSilent():
                raise unconfirmed()
        raise call_not_found()

    async def _decide(self, request: Request, intent: Intent) -> Reply:
        bot = request.caller.bot
        decider = Decider(DIALECT, bot.name)
        call, session = self._find(request)
        if session is not None:
            session.intends(intent)
        answer = await self._control.decide(None if call is None else call.id, intent.verdict, decider)
        if isinstance(answer, Applied):
            if session is not None:
                session.done(intent)
            return _ACCEPTED
        if session is not None and not isinstance(answer, EdgeSilent):
            session.gives_up(intent)
        raise explained(answer, decider)

    def _find(self, request: Request) -> tuple[Call | None, Session | None]:
        """The call, also one that is over, and what the bot knows of it if it is not."""
        session = self._calls.session(request.call, request.caller.bot)
        if session is not None:
            return session.call, session
        return self._calls.ended(request.call, request.caller.bot), None

    async def _callback(self, given: str | None) -> str | None:
        return None if given is None else await self._callbacks.checked(given)


def _read(body: bytes, shape: type[B]) -> B:
    """The body of an action.

    Raises:
        Refused: 400, it is not JSON, or not of that shape.
    """
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        raise bad_request(f"The request body is not as it must be: {error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise bad_request("The request body is not JSON.") from None
