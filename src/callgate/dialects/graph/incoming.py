"""A call as a bot sees it: its members from the gate's call, and the notifications of its changes.

All ids but the call's own are made from it, so that they are the same again after a restart.
"""

from __future__ import annotations

import re
from uuid import NAMESPACE_URL, uuid5

import msgspec

from callgate.core.calls import Call
from callgate.dialects.graph.model import CallState, ChangeType
from callgate.dialects.graph.states import Form
from callgate.dialects.graph.wire import (
    CallResource,
    CommsNotification,
    CommsNotifications,
    Identity,
    IdentitySet,
    IncomingContext,
    Invited,
    MediaConfig,
    MediaState,
    Participant,
    ResultInfo,
)
from callgate.directory.model import Bot

_NUMBER = re.compile(r"\+?[0-9*#]{1,32}")
_json = msgspec.json.Encoder()


def chain_id(call: Call) -> str:
    """What connects everything that is told of one call: its callChainId, and the scenario of its notifications."""
    return _derived(call, "chain")


def source_of(call: Call) -> IdentitySet:
    """The caller: a number is a phone; anybody else is a user, whose SIP URI is the id."""
    caller = call.caller
    name = caller.name or None
    if _NUMBER.fullmatch(caller.number):
        return IdentitySet(phone=Identity(caller.number, name))
    return IdentitySet(user=Identity(caller.uri, name or caller.number or None))


class View(msgspec.Struct, frozen=True, gc=False):
    """What stays the same of a call for one bot while the call lives."""

    path: str
    source: Participant
    target: Invited
    chain: str
    tenant: str
    call: str

    @classmethod
    def of(cls, call: Call, bot: Bot) -> View:
        name = bot.display_name or bot.name
        called = IdentitySet(application=Identity(bot.app_id, name), application_instance=Identity(call.dialled))
        return cls(
            path=f"/communications/calls/{call.id}",
            source=Participant(source_of(call), _derived(call, "source")),
            target=Invited(called, _derived(call, bot.app_id)),
            chain=chain_id(call),
            tenant=bot.tenant,
            call=call.id,
        )

    def notification(
        self, change: ChangeType, form: Form, state: CallState, callback: str, *, etag: int, result: ResultInfo | None
    ) -> bytes:
        """The JSON that tells the bot of this change; ``etag`` counts them."""
        match form:
            case Form.MINIMAL:
                resource = CallResource(odata_id=self.path)
            case Form.WHOLE:
                resource = self._whole(state, callback, etag)
            case _:
                told = msgspec.UNSET if result is None or form is Form.STATE else result
                resource = CallResource(odata_id=self.path, odata_etag=_etag(etag), state=state, result_info=told)
        notification = CommsNotification(change, f"/app/calls/{self.call}", self.path, resource)
        return _json.encode(CommsNotifications((notification,)))

    def resource(self, context: str, state: CallState, callback: str, etag: int, media: MediaConfig | None) -> bytes:
        """The JSON of the call for who asks for it. What Callgate never has is there and null, as in the vendor's."""
        return _json.encode(
            msgspec.structs.replace(
                self._whole(state, callback, etag),
                odata_context=context,
                result_info=None,
                media_config=media,
                media_state=MediaState("active") if state == "established" else None,
                ringing_timeout_in_seconds=None,
                subject=None,
                answered_by=None,
                chat_info=None,
                meeting_info=None,
                transcription=None,
                tone_info=None,
            )
        )

    def _whole(self, state: CallState, callback: str, etag: int) -> CallResource:
        return CallResource(
            odata_id=self.path,
            odata_etag=_etag(etag),
            state=state,
            direction="incoming",
            callback_uri=callback,
            source=self.source,
            targets=(self.target,),
            tenant_id=self.tenant,
            my_participant_id=self.target.id,
            incoming_context=IncomingContext(self.source.id),
            requested_modalities=("audio",),
            id=self.call,
            call_chain_id=self.chain,
        )


def _etag(number: int) -> str:
    return f'W/"{number}"'


def _derived(call: Call, what: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"callgate:{call.id}/{what}"))
