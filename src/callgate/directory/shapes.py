"""The tables of a directory file as they are written: one typed shape for each, and the entries they become.

``entry(former)`` is given the entry of that name that the directory has; what a table may leave out is kept from it.
"""

from __future__ import annotations

from typing import Literal
from uuid import uuid4

import msgspec

from callgate.directory import sids
from callgate.directory.certificates import separated
from callgate.directory.model import (
    Account,
    Agent,
    ApiKey,
    Application,
    Bot,
    Client,
    InboundRoute,
    Kind,
    Phone,
    Queue,
    RcmlNumber,
    RcmlVoice,
    Trunk,
    Webhook,
    window_or_default,
)
from callgate.directory.secrets import digest, ha1, new_token, new_webhook_secret
from callgate.directory.sids import new_sid
from callgate.directory.urls import restored

#: Stands for the hash of the secret of a client, a bot or an agent until the file is known to be right: hashing is
#: slow.
UNHASHED = "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAA"
#: Stands in a phone's ``ha1`` that has none: its table is wrong, which is told.
NO_HA1 = "0" * 32


class TrunkTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[trunk]]``"""

    name: str
    sources: tuple[str, ...]
    control: bool = True
    refuse: str = "rejected"
    lapse: str = "accept"

    def entry(self, former: Trunk | None) -> Trunk:
        return Trunk(self.name, self.sources, self.control, self.refuse, self.lapse)


class VoiceTable(msgspec.Struct, frozen=True, gc=False):
    """The keys of an :class:`RcmlVoice`, which stand among others."""

    voice_url: str = ""
    voice_method: Literal["POST", "GET"] = "POST"
    voice_fallback_url: str = ""
    voice_fallback_method: Literal["POST", "GET"] = "POST"
    status_callback: str = ""
    status_callback_method: Literal["POST", "GET"] = "POST"

    def voice(self, former: RcmlVoice | None) -> RcmlVoice:
        """The entry's part; a password that is not shown is kept."""
        return restored(RcmlVoice(*(getattr(self, key) for key in RcmlVoice.__struct_fields__)), former)


class AccountTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[account]]``: sid and token are kept, or made."""

    name: str
    sid: str | None = None
    token: str | None = None
    friendly_name: str = ""
    status: Literal["active", "suspended"] = "active"
    numbers: tuple[str, ...] = ("*",)
    destination: str = ""
    outbound: str = ""
    sign: bool = True

    def entry(self, former: Account | None) -> Account:
        return Account(
            self.name,
            _sid(self.sid, former, sids.ACCOUNT),
            self.token if self.token is not None else former.token if former else new_token(),
            self.friendly_name,
            self.status,
            self.numbers,
            self.destination,
            self.outbound,
            self.sign,
        )


class ApplicationTable(VoiceTable, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[[application]]``"""

    name: str
    account: str
    sid: str | None = None
    friendly_name: str = ""

    def entry(self, former: Application | None) -> Application:
        sid = _sid(self.sid, former, sids.APPLICATION)
        return Application(
            self.name, self.account, sid, self.friendly_name, self.voice(former.voice if former else None)
        )


class RcmlTable(VoiceTable, frozen=True, gc=False, forbid_unknown_fields=True, kw_only=True):
    """``[route.rcml]``"""

    account: str
    application: str = ""
    on_failure: Literal["refuse", "lapse"] = "refuse"
    friendly_name: str = ""
    sid: str | None = None

    def number(self, former: RcmlNumber | None) -> RcmlNumber:
        return RcmlNumber(
            self.account,
            _sid(self.sid, former, sids.NUMBER),
            self.application,
            self.voice(former.voice if former else None),
            self.on_failure,
            self.friendly_name,
        )


class BotTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[bot]]``: ``secret`` in clear, or ``secret_hashes``, or what it has; ids are kept, or made.

    ``certificate`` is the text of one PEM file, with one certificate or several in it.
    """

    name: str
    callback: str
    media: str
    app_id: str | None = None
    tenant: str | None = None
    display_name: str = ""
    secret: str | None = None
    secret_hashes: tuple[str, ...] | None = None
    certificate: str | None = None
    numbers: tuple[str, ...] = ("*",)
    redirects: tuple[str, ...] = ("*",)
    enabled: bool = True

    def entry(self, former: Bot | None) -> Bot:
        """The bot, its secret not yet hashed."""
        kept = former.secret_hashes if former else ()
        return Bot(
            self.name,
            self.app_id or (former.app_id if former else str(uuid4())),
            self.tenant or (former.tenant if former else str(uuid4())),
            self.callback,
            self.media,
            self.display_name,
            self.secret_hashes if self.secret_hashes is not None else kept if self.secret is None else (UNHASHED,),
            separated(self.certificate) if self.certificate else (),
            self.numbers,
            self.redirects,
            self.enabled,
        )


class RouteTable(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """``[[route]]``"""

    name: str
    destination: str = ""
    did: str = "*"
    trunks: tuple[str, ...] = ()
    window: float | None = None
    lapse: str | None = None
    outbound: str = ""
    rcml: RcmlTable | None = None
    bots: tuple[str, ...] = ()
    queue: str = ""
    phone: str = ""

    def entry(self, former: InboundRoute | None) -> InboundRoute:
        return InboundRoute(
            self.name,
            self.destination,
            self.did,
            self.trunks,
            window_or_default(self.window, self.bots, self.queue or self.phone),
            self.lapse,
            outbound=self.outbound,
            rcml=None if self.rcml is None else self.rcml.number(former.rcml if former else None),
            bots=self.bots,
            queue=self.queue,
            phone=self.phone,
        )


class PhoneTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[phone]]``: ``password`` in clear, or ``ha1``, or what it has."""

    name: str
    password: str | None = None
    ha1: str | None = None
    friendly_name: str = ""
    account: str = ""
    sid: str | None = None
    enabled: bool = True

    def entry(self, former: Phone | None) -> Phone:
        kept = former.ha1 if former else NO_HA1
        return Phone(
            self.name,
            self.ha1 if self.ha1 is not None else kept if self.password is None else ha1(self.name, self.password),
            self.friendly_name,
            self.account,
            # A phone without an account has no sid.
            _sid(self.sid, former, sids.CLIENT) if self.account else self.sid or "",
            self.enabled,
        )


class QueueTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[queue]]``"""

    name: str
    number: str
    priority: int = 0
    length: int = 100
    wait: float = 600.0
    overflow: str = ""
    refusal: str = "temporarily_unavailable"
    ring: float = 20.0
    after_call_work: float = 0.0
    missed: Literal["not_ready", "ready"] = "not_ready"
    reject_pause: float = 60.0

    def entry(self, former: Queue | None) -> Queue:
        return Queue(*(getattr(self, key) for key in Queue.__struct_fields__))


class AgentTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[agent]]``: ``password`` in clear, or ``secret_hash``, or what it has; its id is kept, or made."""

    name: str
    password: str | None = None
    secret_hash: str | None = None
    id: str | None = None
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    address: str = ""
    queues: tuple[str, ...] = ()
    features: tuple[str, ...] = ("api-voice",)
    enabled: bool = True

    def entry(self, former: Agent | None) -> Agent:
        """The agent, its password not yet hashed."""
        kept = former.secret_hash if former else UNHASHED
        return Agent(
            self.name,
            self.secret_hash if self.secret_hash is not None else kept if self.password is None else UNHASHED,
            self.id or (former.id if former else ""),
            self.first_name,
            self.last_name,
            self.phone,
            self.address,
            self.queues,
            self.features,
            self.enabled,
        )


class WebhookTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[client.webhook]]``"""

    url: str
    secret: str | None = None
    method: Literal["POST", "GET"] = "POST"
    events: tuple[int, ...] = ()


class ClientTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[client]]``: ``secret`` in clear, or ``secret_hash``."""

    name: str
    client_id: str
    secret: str | None = None
    secret_hash: str | None = None
    dialect: Literal["yeastar"] = "yeastar"
    see: tuple[str, ...] = ("*",)
    decide: tuple[str, ...] = ("*",)
    webhook_timeout: float = 5.0
    webhook_retries: int = 3
    webhook: tuple[WebhookTable, ...] = ()

    def entry(self, former: Client | None) -> Client:
        """The client, its secret not yet hashed. A webhook without a secret keeps that of its URL, or gets one."""
        kept = {webhook.url: webhook.secret for webhook in former.webhooks} if former else {}
        return Client(
            name=self.name,
            client_id=self.client_id,
            secret_hash=UNHASHED if self.secret_hash is None else self.secret_hash,
            dialect=self.dialect,
            see=self.see,
            decide=self.decide,
            webhooks=tuple(
                Webhook(
                    url=one.url,
                    secret=one.secret if one.secret is not None else kept.get(one.url) or new_webhook_secret(),
                    method=one.method,
                    events=one.events,
                )
                for one in self.webhook
            ),
            webhook_timeout=self.webhook_timeout,
            webhook_retries=self.webhook_retries,
        )


class KeyTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[key]]``: ``key`` in clear, or its ``digest``."""

    name: str
    key: str | None = None
    digest: str | None = None
    scope: Literal["read", "decide", "admin"] = "decide"

    def entry(self, former: ApiKey | None) -> ApiKey:
        return ApiKey(self.name, digest(self.key or "") if self.digest is None else self.digest, self.scope)


Table = (
    TrunkTable
    | AccountTable
    | ApplicationTable
    | BotTable
    | RouteTable
    | PhoneTable
    | QueueTable
    | AgentTable
    | ClientTable
    | KeyTable
)

#: The shape of each kind's tables.
SHAPES: dict[Kind, type[Table]] = {
    "trunk": TrunkTable,
    "account": AccountTable,
    "application": ApplicationTable,
    "bot": BotTable,
    "route": RouteTable,
    "phone": PhoneTable,
    "queue": QueueTable,
    "agent": AgentTable,
    "client": ClientTable,
    "key": KeyTable,
}


class SubTable(msgspec.Struct, frozen=True):
    """A table inside another: its shape, its header, the kind of its rules, whether there may be several."""

    shape: type[msgspec.Struct]
    header: str
    rules: Literal["webhook", "rcml"]
    many: bool = False


#: The sub-tables, by their key.
SUB_TABLES = {
    "webhook": SubTable(WebhookTable, "[[client.webhook]]", "webhook", many=True),
    "rcml": SubTable(RcmlTable, "[route.rcml]", "rcml"),
}


def _sid(given: str | None, former: Account | Application | RcmlNumber | Phone | None, prefix: str) -> str:
    """The sid given, else the former one, else a new one."""
    return given or (former.sid if former else "") or new_sid(prefix)
