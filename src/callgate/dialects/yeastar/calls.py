"""Calls to look at and to hang up.

Source: Yeastar P-Series developer guide, "Query Information of Calls" and "Hang Up a Call".
"""

from __future__ import annotations

import msgspec

from callgate.core.answers import EdgeFailed, EdgeSilent, HungUp, NotLive, UnknownCall
from callgate.core.calls import Call
from callgate.core.states import FINAL
from callgate.core.verdicts import Decider
from callgate.dialects.port import Surroundings
from callgate.dialects.yeastar.decide import DIALECT
from callgate.dialects.yeastar.errors import ApiError, Code
from callgate.dialects.yeastar.events import members
from callgate.dialects.yeastar.requests import Request, read_json, read_parameters
from callgate.dialects.yeastar.spelling import call_id_of, destination_number, find_call_id, find_either_channel
from callgate.dialects.yeastar.wire import (
    CallMembers,
    CallQuery,
    CallReply,
    CallsReply,
    ChannelRequest,
    InvalidParam,
)
from callgate.directory.model import Client

_channel_request = msgspec.json.Decoder(ChannelRequest)


class Calls:
    """The endpoints on live calls."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._control = surroundings.control

    async def query(self, request: Request, client: Client) -> CallsReply:
        """The live calls of that id, type or extension."""
        asked = read_parameters(request, CallQuery)
        given = [name for name in ("call_id", "type", "extension") if getattr(asked, name) is not None]
        if len(given) != 1:
            names = given or ["call_id", "type", "extension"]
            raise ApiError(
                Code.PARAMETER,
                "give exactly one of call_id, type and extension",
                invalid=tuple(InvalidParam(name, validation_type="one_of") for name in names),
            )
        calls = [call for call in self._asked_for(asked) if client.may_see(call.trunk)]
        if not calls:
            raise ApiError(Code.DATA_NOT_FOUND, "there is no such call now")
        return CallsReply(data=[CallMembers(call_id_of(call), members(call)) for call in calls])

    def _asked_for(self, asked: CallQuery) -> list[Call]:
        if asked.call_id is not None:
            call = find_call_id(self._control, asked.call_id)
            return [call] if call is not None and call.state not in FINAL else []
        if asked.extension is not None:
            return [call for call in self._control.live() if destination_number(call) == asked.extension]
        return list(self._control.live()) if asked.type == "inbound" else []

    async def hang_up(self, request: Request, client: Client) -> CallReply:
        """End a live call: BYE both ways, or a refusal if it was not answered yet."""
        call = find_either_channel(self._control, read_json(request.body, _channel_request).channel_id)
        if call is None or not client.may_see(call.trunk):
            raise ApiError(Code.CHANNEL_NOT_FOUND)
        if not client.may_decide(call.trunk):
            raise ApiError(Code.ACCESS_DENIED, f"this client may see the calls of trunk {call.trunk}, not end them")
        match await self._control.hang_up(call.id, Decider(DIALECT, client.name)):
            case HungUp(call=ended):
                return CallReply(call_id=call_id_of(ended))
            case NotLive():
                raise ApiError(Code.CHANNEL_NOT_FOUND, "the call is over already")
            case UnknownCall():
                raise ApiError(Code.CHANNEL_NOT_FOUND)
            case EdgeFailed():
                raise ApiError(Code.FAILURE, "the edge could not end the call")
            case EdgeSilent():
                raise ApiError(Code.FAILURE, "the edge did not confirm it: whether the call has ended is not known yet")
