"""Accept and refuse: from the bytes of a request to the envelope, and from the gate's answers to the vendor's words.

Source: Yeastar P-Series developer guide, "Accept a Call" and "Refuse a Call". Success is said only when the edge has
carried the verdict out. The pages say of a late call to them only that it does not take effect: it is answered with
70132, and ``submsg`` says what became of the call.
"""

from __future__ import annotations

import msgspec

from callgate.core.answers import (
    AlreadyDecided,
    Answer,
    Applied,
    CancelledByCaller,
    EdgeFailed,
    EdgeSilent,
    Lapsed,
    NoDestination,
    NotHeld,
    UnknownCall,
)
from callgate.core.calls import Call
from callgate.core.verdicts import Accept, Decider, Dial, Redirect, Refuse, Verdict, refusal
from callgate.dialects.port import Surroundings
from callgate.dialects.yeastar.errors import ApiError, Code
from callgate.dialects.yeastar.events import local_time
from callgate.dialects.yeastar.requests import Request, read_json
from callgate.dialects.yeastar.spelling import call_id_of, find_channel
from callgate.dialects.yeastar.wire import CallReply, ChannelRequest
from callgate.directory.model import Client

DIALECT = "yeastar"
_ACCEPT = Accept()
_channel_request = msgspec.json.Decoder(ChannelRequest)


class Decisions:
    """The two endpoints that decide."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._control = surroundings.control
        self._directory = surroundings.directory

    async def accept_inbound(self, request: Request, client: Client) -> CallReply:
        """Route the call on to its inbound route's destination, at once."""
        call = self._find(request, client)
        return await self._decide(call, _ACCEPT, client)

    async def refuse_inbound(self, request: Request, client: Client) -> CallReply:
        """Refuse the call with its trunk's reason; the destination does not ring."""
        call = self._find(request, client)
        trunk = self._directory.current.trunks.get(call.trunk) if call is not None else None
        return await self._decide(call, refusal(trunk.refuse if trunk is not None else None), client)

    def _find(self, request: Request, client: Client) -> Call | None:
        """The call that is meant; ``None`` if there is none that this client may see."""
        call = find_channel(self._control, read_json(request.body, _channel_request).channel_id)
        if call is None or not client.may_see(call.trunk):
            return None
        if not client.may_decide(call.trunk):
            raise ApiError(Code.ACCESS_DENIED, f"this client may see the calls of trunk {call.trunk}, not decide them")
        return call

    async def _decide(self, call: Call | None, verdict: Verdict, client: Client) -> CallReply:
        answer = await self._control.decide(
            call.id if call is not None else None, verdict, Decider(DIALECT, client.name)
        )
        if isinstance(answer, Applied):
            return CallReply(call_id=call_id_of(answer.call))
        raise explain(answer)


def explain(answer: Answer) -> ApiError:
    """What an application is told whose verdict had no effect."""
    match answer:
        case UnknownCall():
            return ApiError(Code.CHANNEL_NOT_FOUND)
        case AlreadyDecided(first=first):
            by, at = first.decider.application, local_time(first.at)
            return _not_supported(f"already {past_tense(first.verdict)} by {by} at {at}")
        case Lapsed(call=call, default=default):
            became = past_tense(default.verdict)
            return _not_supported(
                f"the window passed at {local_time(call.deadline)}, the default was applied: the call was {became}"
            )
        case CancelledByCaller():
            return _not_supported("the call was cancelled by the caller")
        case NotHeld(call=call):
            return _not_supported(f"the call was not held: Control Inbound Call of trunk {call.trunk} was off")
        case NoDestination(call=call):
            return _not_supported(f"inbound route {call.route} has no destination to route the call to")
        case EdgeFailed(status=status):
            heard = f"the caller got {status}" if status else "the call is lost"
            return _not_supported(f"the edge could not do it: {heard}")
        case EdgeSilent():
            return _not_supported("the edge did not confirm it: what the caller heard is not known yet")
        case Applied():
            return ApiError(Code.SUCCESS)


def past_tense(verdict: Verdict) -> str:
    """What a verdict did with its call."""
    match verdict:
        case Accept():
            return "accepted"
        case Refuse(status=status, phrase=phrase):
            return f"refused ({status} {phrase})"
        case Redirect():
            return "redirected"
        case Dial():
            return "connected"


def _not_supported(submsg: str) -> ApiError:
    return ApiError(Code.NOT_SUPPORTED, submsg)
