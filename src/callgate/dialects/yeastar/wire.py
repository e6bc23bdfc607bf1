"""The vendor's shapes, typed: requests, replies, events.

Source: Yeastar P-Series developer guide; each shape names its page. Member order is the order on the wire.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Text = Annotated[str, Meta(min_length=1)]

# --- requests --------------------------------------------------------------------------------------------------------


class GetToken(msgspec.Struct, frozen=True):
    """Page "Get Access Token": the client id and the client secret, as they are."""

    username: Text
    password: Text


class RefreshToken(msgspec.Struct, frozen=True):
    """Page "Refresh Access Token": the latest refresh token."""

    refresh_token: Text


class ChannelRequest(msgspec.Struct, frozen=True, gc=False):
    """Page "Accept a Call", "Refuse a Call", "Hang Up a Call"."""

    channel_id: Text


class TopicList(msgspec.Struct, frozen=True):
    """Page "Monitor Events via WebSocket": the events to be told from now on."""

    topic_list: list[int]


class CallQuery(msgspec.Struct, frozen=True):
    """Page "Query Information of Calls": exactly one of the three."""

    call_id: str | None = None
    type: Literal["inbound", "outbound", "internal"] | None = None
    extension: str | None = None


class Paging(msgspec.Struct, frozen=True):
    """What every list understands."""

    page: Annotated[int, Meta(ge=1)] = 1
    page_size: Annotated[int, Meta(ge=1, le=1000)] = 20
    order_by: Literal["asc", "desc"] = "asc"


class TrunkListQuery(Paging, frozen=True):
    """Page "Query Trunk List" and "Search Trunks"; ``search_value`` is part of a name or an address."""

    sort_by: Literal["id", "name", "type", "host_port", "def_outbound_cid", "username"] = "id"
    search_value: str = ""


class RouteListQuery(Paging, frozen=True):
    """The list of inbound routes."""

    sort_by: Literal["id", "name", "pos"] = "pos"


class OneId(msgspec.Struct, frozen=True):
    """One entry by its id."""

    id: int


class SeveralIds(msgspec.Struct, frozen=True):
    """Several entries by their ids, with commas between."""

    ids: Annotated[str, Meta(pattern=r"^[0-9]{1,18}(,[0-9]{1,18})*$")]


# --- replies ---------------------------------------------------------------------------------------------------------


class InvalidParam(msgspec.Struct, frozen=True, omit_defaults=True):
    """A parameter that is missing (``validation_type`` "required") or wrong (``value``)."""

    field: str
    validation_type: str | None = None
    value: str | None = None


class ErrorReply(msgspec.Struct, frozen=True, omit_defaults=True):
    """Page "Response Result": the envelope of an error."""

    errcode: int
    errmsg: str
    submsg: str | None = None
    invalid_param_list: tuple[InvalidParam, ...] | None = None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The envelope of a success."""

    errcode: int = 0
    errmsg: str = "SUCCESS"


class TokenReply(Reply, frozen=True, kw_only=True):
    """A pair of tokens; the times are lifetimes in seconds."""

    access_token_expire_time: int
    access_token: str
    refresh_token_expire_time: int
    refresh_token: str


class CallReply(Reply, frozen=True, kw_only=True):
    """Something was done with this call."""

    call_id: str


class TrunkRow(msgspec.Struct, frozen=True):
    """A trunk. ``status``: 0 unknown, 1 idle, 2 busy."""

    id: int
    status: int
    name: str
    type: str
    host_port: str
    def_outbound_cid: str


class TrunkReply(Reply, frozen=True, kw_only=True):
    data: TrunkRow


class TrunkListReply(Reply, frozen=True, kw_only=True):
    total_number: int
    data: list[TrunkRow]


class DidPattern(msgspec.Struct, frozen=True):
    did_pattern: str


class TrunkName(msgspec.Struct, frozen=True):
    id: int
    name: str


class InboundRouteRow(msgspec.Struct, frozen=True):
    """An inbound route, in the words of "Add an Inbound Route"."""

    id: int
    name: str
    did_option: str
    did_pattern_list: list[DidPattern]
    cid_option: str
    cid_pattern_list: list[str]
    trunk_list: list[TrunkName]
    def_dest: str
    def_dest_value: str
    pos: int


class InboundRouteListReply(Reply, frozen=True, kw_only=True):
    total_number: int
    last_pos: int
    data: list[InboundRouteRow]


class WebhookRow(msgspec.Struct, frozen=True):
    url: str
    secret: str
    request_method: str
    event_ids: list[int]


class WebhookSettings(msgspec.Struct, frozen=True):
    """Page "Query Webhook Event Push Settings"; the timeout is in seconds."""

    enb_webhook_event_push: int
    webhook_event_push_list: list[WebhookRow]
    webhook_event_push_timeout: int
    webhook_event_push_retry_count: int
    webhook_event_ids: list[int]


class WebhookReply(Reply, frozen=True, kw_only=True):
    data: WebhookSettings


# --- events ----------------------------------------------------------------------------------------------------------


class MemberStatus(StrEnum):
    """Page "(30011) Call State Changed": what a party of a call is doing."""

    ALERT = "ALERT"  #: the caller hears ringback
    RING = "RING"  #: the callee rings
    ANSWERED = "ANSWERED"  #: the caller is connected
    ANSWER = "ANSWER"  #: the callee has answered
    BYE = "BYE"


class InboundLeg(msgspec.Struct, frozen=True, gc=False):
    from_: str = msgspec.field(name="from")
    to: str
    trunk_name: str
    channel_id: str
    member_status: MemberStatus
    call_path: str = ""


class ExtensionLeg(msgspec.Struct, frozen=True, gc=False):
    number: str
    channel_id: str
    member_status: MemberStatus
    call_path: str = ""


class InboundMember(msgspec.Struct, frozen=True, gc=False):
    """The caller, who comes in over a trunk."""

    inbound: InboundLeg


class ExtensionMember(msgspec.Struct, frozen=True, gc=False):
    """The destination."""

    extension: ExtensionLeg


Member = InboundMember | ExtensionMember


class CallMembers(msgspec.Struct, frozen=True, gc=False):
    """``msg`` of 30016 and 30011, and a row of "Query Information of Calls"."""

    call_id: str
    members: list[Member]


class CallsReply(Reply, frozen=True, kw_only=True):
    data: list[CallMembers]


EndStatus = Literal["ANSWERED", "NO ANSWER", "BUSY"]


class CallEnd(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """``msg`` of 30012, Call End Details; durations in seconds, ``time_start`` in local time."""

    call_id: str
    time_start: str
    call_from: str
    call_to: str
    call_duration: int
    talk_duration: int
    src_trunk_name: str
    dst_trunk_name: str = ""
    pin_code: str = ""
    status: EndStatus
    type: str = "Inbound"
    recording: str = ""
    did_number: str
    agent_ring_time: int = 0


class CallFailure(msgspec.Struct, frozen=True, gc=False):
    """``msg`` of 30015, Call Failure Report."""

    call_id: str
    reason: str
    members: list[Member]


class Pushed(msgspec.Struct, frozen=True, gc=False):
    """What an application is sent: ``msg`` is JSON in a string."""

    type: int
    sn: str
    msg: str


class TestMessage(msgspec.Struct, frozen=True):
    """What a webhook is sent to try it out."""

    event: str = "test"
