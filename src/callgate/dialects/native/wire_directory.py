"""The shapes of the directory as ``/v1`` has them: trunks, inbound routes, clients, keys. Durations are seconds.

A shape to create or replace an entry refuses unknown fields; of a patch, only what is there changes.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from callgate.dialects.native.wire import Scope
from callgate.dialects.native.wire_rcml import Binding, BindingPatch


class Trunk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A SIP trunk. ``sources`` are IP addresses and networks in CIDR form; ``control`` is *Control Inbound Call*.

    ``refuse`` names the reason for a refusal that gives none; ``lapse`` is "accept" or a reason's name: what a call
    gets that nobody decides. ``number`` is the id that Yeastar clients see; 0 or left out: given by Callgate.
    """

    name: str
    sources: list[str]
    control: bool = True
    refuse: str = "rejected"
    lapse: str = "accept"
    number: int = 0


class TrunkPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of a trunk is to change."""

    sources: list[str] | UnsetType = UNSET
    control: bool | UnsetType = UNSET
    refuse: str | UnsetType = UNSET
    lapse: str | UnsetType = UNSET


class Route(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where calls to a DID go. ``did``: "2002" exactly, "55*" by prefix, "*" any. ``trunks`` empty: every trunk.

    ``trunks`` may name "phones": the calls that registered phones place. ``destination`` is a SIP URI. ``window`` 1–60
    s; left out or null: 10, or 15 with ``bots``, or 60 with ``queue`` or ``phone``. ``lapse`` "accept", a reason's
    name, or null: "temporarily_unavailable" with one of these, else the trunk's. Only a route with ``rcml``, ``bots``,
    ``queue`` or ``phone`` that lapses with a reason can be without destination (""). ``outbound`` is the SIP URI,
    without a user part, that numbers are dialled through; "": through the host of ``destination``. ``bots`` names those
    that are told of its calls. In ``queue`` its calls wait for an agent, at ``phone`` (a login) they ring; a route with
    one of these has neither the other nor ``bots`` or ``rcml``.
    """

    name: str
    destination: str = ""
    did: str = "*"
    trunks: list[str] = []
    window: float | None = None
    lapse: str | None = None
    number: int = 0
    outbound: str = ""
    rcml: Binding | None = None
    bots: list[str] = []
    queue: str = ""
    phone: str = ""


class RoutePatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of an inbound route is to change; of ``rcml`` what is there, null takes it away.

    A ``window`` of null is 10, or 15 with bots, or 60 with a queue or a phone.
    """

    destination: str | UnsetType = UNSET
    did: str | UnsetType = UNSET
    trunks: list[str] | UnsetType = UNSET
    window: float | UnsetType | None = UNSET
    lapse: str | UnsetType | None = UNSET
    outbound: str | UnsetType = UNSET
    rcml: BindingPatch | UnsetType | None = UNSET
    bots: list[str] | UnsetType = UNSET
    queue: str | UnsetType = UNSET
    phone: str | UnsetType = UNSET


class WebhookRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where events are pushed to. ``events`` are event ids, empty: all.

    ``secret`` left out: a webhook of the same URL keeps its secret, a new one gets a random one, told in the reply.
    """

    url: str
    method: Literal["POST", "GET"] = "POST"
    events: list[int] = []
    secret: str | None = None


class ClientRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An application to create, or to put in the place of one.

    ``client_id`` and ``secret`` left out: kept, or made at random for a new client and told in the reply, once.
    ``see`` and ``decide`` name trunks; ["*"] is every trunk.
    """

    name: str
    client_id: str | None = None
    secret: str | None = None
    dialect: Literal["yeastar"] = "yeastar"
    see: list[str] = msgspec.field(default_factory=lambda: ["*"])
    decide: list[str] = msgspec.field(default_factory=lambda: ["*"])
    webhooks: list[WebhookRequest] = []
    webhook_timeout: float = 5.0
    webhook_retries: int = 3


class ClientPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of a client is to change; ``webhooks`` is the whole new list."""

    client_id: str | UnsetType = UNSET
    secret: str | UnsetType = UNSET
    see: list[str] | UnsetType = UNSET
    decide: list[str] | UnsetType = UNSET
    webhooks: list[WebhookRequest] | UnsetType = UNSET
    webhook_timeout: float | UnsetType = UNSET
    webhook_retries: int | UnsetType = UNSET


class Webhook(msgspec.Struct, frozen=True):
    """``secret`` is only there in the reply that made it."""

    url: str
    method: Literal["POST", "GET"]
    events: list[int]
    secret: str | UnsetType = UNSET


class Client(msgspec.Struct, frozen=True):
    """An application that speaks a vendor's dialect. ``secret`` is only there in the reply that made it."""

    name: str
    client_id: str
    dialect: str
    see: list[str]
    decide: list[str]
    webhooks: list[Webhook]
    webhook_timeout: float
    webhook_retries: int
    secret: str | UnsetType = UNSET


class KeyRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``scope``: "read" looks, "decide" also decides and hangs up, "admin" also edits the directory."""

    name: str
    scope: Scope = "decide"


class KeyPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of a key is to change."""

    scope: Scope | UnsetType = UNSET


class Key(msgspec.Struct, frozen=True):
    """A key of this API. ``key`` is only there in the reply that made it."""

    name: str
    scope: Scope
    key: str | UnsetType = UNSET


class DirectoryChange(msgspec.Struct, frozen=True):
    """What applying a directory file changed (or would change): entries as "trunk main", "route sales", …"""

    added: list[str]
    changed: list[str]
    removed: list[str]
    unchanged: int
    dry_run: bool
