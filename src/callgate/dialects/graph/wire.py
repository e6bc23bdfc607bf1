"""The shapes of the call resource, its notifications, and the bodies of the actions.

Sources: Microsoft Graph's pages of the call resource, of commsNotification, of participantInfo, identitySet and
resultInfo, and of the actions answer, reject and redirect. Enumerations are in lower camel case and result codes are
integers: the vendor's clients take no others.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from callgate.dialects.graph.model import CallState, ChangeType

_TYPE = "@odata.type"
_NAMESPACE = "#microsoft.graph."

#: How many targets one redirect may name, and how long (seconds) they may ring.
TARGET_LIMIT = 25
RING_MIN, RING_MAX = 15, 90
#: How long they ring if the request does not say: one target, several targets.
RING_ONE, RING_SEVERAL = 55, 60


class Shape(msgspec.Struct, frozen=True, gc=False, rename="camel", tag_field=_TYPE):
    """What is sent: each object says its type."""


class Identity(Shape, frozen=True, gc=False, omit_defaults=True, tag=f"{_NAMESPACE}identity"):
    """Somebody: a number, a SIP URI, or an application's id; ``display_name`` is left out where there is none."""

    id: str
    display_name: str | None = None
    tenant_id: str | None = None


class IdentitySet(Shape, frozen=True, gc=False, omit_defaults=True, tag=f"{_NAMESPACE}identitySet"):
    """One party. ``phone`` and ``application_instance`` are open members of the type."""

    user: Identity | None = None
    phone: Identity | None = None
    application: Identity | None = None
    application_instance: Identity | None = None


class Participant(Shape, frozen=True, gc=False, tag=f"{_NAMESPACE}participantInfo"):
    """The caller."""

    identity: IdentitySet
    id: str
    endpoint_type: Literal["default"] = "default"
    region: None = None
    language_id: None = None


class Invited(Shape, frozen=True, gc=False, tag=f"{_NAMESPACE}invitationParticipantInfo"):
    """Who is called: the bot."""

    identity: IdentitySet
    id: str
    endpoint_type: Literal["default"] = "default"
    region: None = None
    language_id: None = None


class IncomingContext(Shape, frozen=True, gc=False, tag=f"{_NAMESPACE}incomingContext"):
    """Who of the participants calls."""

    source_participant_id: str


class ResultInfo(Shape, frozen=True, gc=False, tag=f"{_NAMESPACE}resultInfo"):
    """Why a call is over: a SIP status, the vendor's code for the circumstances (0: it publishes none), and a text."""

    code: int
    subcode: int
    message: str


class MediaState(Shape, frozen=True, gc=False, tag=f"{_NAMESPACE}callMediaState"):
    """Whether there is audio."""

    audio: Literal["active", "inactive"]


class MediaConfig(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Which kind of media a bot has answered with. Callgate sends the call to the bot's SIP address with either."""

    odata_type: str = msgspec.field(name=_TYPE)


class CallResource(Shape, frozen=True, gc=False, kw_only=True, tag=f"{_NAMESPACE}call"):
    """A call as one bot sees it; a notification leaves out what it does not tell."""

    odata_context: str | UnsetType = msgspec.field(default=UNSET, name="@odata.context")
    odata_id: str = msgspec.field(name="@odata.id")
    odata_etag: str | UnsetType = msgspec.field(default=UNSET, name="@odata.etag")
    state: CallState | UnsetType = UNSET
    direction: Literal["incoming"] | UnsetType = UNSET
    callback_uri: str | UnsetType = UNSET
    source: Participant | UnsetType = UNSET
    targets: tuple[Invited, ...] | UnsetType = UNSET
    tenant_id: str | UnsetType = UNSET
    my_participant_id: str | UnsetType = UNSET
    incoming_context: IncomingContext | UnsetType = UNSET
    requested_modalities: tuple[Literal["audio"], ...] | UnsetType = UNSET
    id: str | UnsetType = UNSET
    call_chain_id: str | UnsetType = UNSET
    result_info: ResultInfo | UnsetType | None = UNSET
    media_config: MediaConfig | UnsetType | None = UNSET
    media_state: MediaState | UnsetType | None = UNSET
    ringing_timeout_in_seconds: UnsetType | None = UNSET
    subject: UnsetType | None = UNSET
    answered_by: UnsetType | None = UNSET
    chat_info: UnsetType | None = UNSET
    meeting_info: UnsetType | None = UNSET
    transcription: UnsetType | None = UNSET
    tone_info: UnsetType | None = UNSET


class CommsNotification(Shape, frozen=True, gc=False, tag=f"{_NAMESPACE}commsNotification"):
    """One change of one call. ``resource`` is the deprecated path, which the service still sends."""

    change_type: ChangeType
    resource: str
    resource_url: str
    resource_data: CallResource


class CommsNotifications(Shape, frozen=True, gc=False, tag=f"{_NAMESPACE}commsNotifications"):
    """The body that is posted to a bot."""

    value: tuple[CommsNotification, ...]


# --- requests: what is not known in them is ignored, as the vendor does

_Text = Annotated[str, Meta(max_length=2048)]


class RejectBody(msgspec.Struct, frozen=True, rename="camel"):
    """``POST …/reject``."""

    reason: _Text | None = None
    callback_uri: str | None = None


class AnswerBody(msgspec.Struct, frozen=True, rename="camel"):
    """``POST …/answer``."""

    accepted_modalities: Annotated[list[_Text], Meta(min_length=1, max_length=16)]
    media_config: dict[str, Any]
    callback_uri: str | None = None


class RedirectTarget(msgspec.Struct, frozen=True):
    """One invitationParticipantInfo: its identity has one member that says who is meant."""

    identity: dict[str, Any]


class RedirectBody(msgspec.Struct, frozen=True, rename="camel"):
    """``POST …/redirect``."""

    targets: Annotated[list[RedirectTarget], Meta(min_length=1, max_length=TARGET_LIMIT)]
    timeout: Annotated[int, Meta(ge=RING_MIN, le=RING_MAX)] | None = None
    callback_uri: str | None = None
