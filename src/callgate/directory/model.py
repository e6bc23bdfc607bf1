"""The directory's entries and the immutable directory that holds them.

Entries are plain values; whoever changes something makes a new :class:`Directory`. Names are the primary keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from callgate.core.reasons import by_name
from callgate.core.verdicts import Accept, Verdict, refusal

#: The bounds of a window, in seconds.
WINDOW_MIN, WINDOW_MAX, WINDOW_DEFAULT = 1.0, 60.0, 10.0
#: What a route with bots has that says nothing else: Graph's window in seconds, and the reason when it is over.
BOT_WINDOW, BOT_LAPSE = 15.0, "temporarily_unavailable"
#: The trunk of calls that registered phones place, in a route's ``trunks`` and in what is told of a call.
INTERNAL = "phones"
#: The window of a call that waits in a queue or rings a phone, in seconds: for so long the edge holds it by itself.
INTERNAL_WINDOW = 60.0
#: The realm of digest authentication. A phone's HA1 depends on it, so it is no setting.
REALM = "callgate"
#: Webhooks per client.
WEBHOOK_LIMIT = 5


class Trunk(msgspec.Struct, frozen=True):
    """A SIP trunk, known by where its INVITEs come from.

    ``sources`` are IP addresses and networks in CIDR form. ``control`` is *Control Inbound Call*: off, its calls go
    straight to their destination. ``refuse`` names the reason for a refusal that gives none (Yeastar's do not).
    ``lapse`` is what a call gets that nobody decides: "accept", or the name of a reason. ``number`` is the id that
    Yeastar clients see; 0 has it given by the store.
    """

    name: str
    sources: tuple[str, ...]
    control: bool = True
    refuse: str = "rejected"
    lapse: str = "accept"
    number: int = 0


class RcmlVoice(msgspec.Struct, frozen=True, gc=False):
    """Where an RCML document is fetched from, and where a call's statuses are told. "" is none; methods POST or GET."""

    voice_url: str = ""
    voice_method: Literal["POST", "GET"] = "POST"
    voice_fallback_url: str = ""
    voice_fallback_method: Literal["POST", "GET"] = "POST"
    status_callback: str = ""
    status_callback_method: Literal["POST", "GET"] = "POST"


class RcmlNumber(msgspec.Struct, frozen=True, gc=False):
    """An inbound route's binding to RCML: REST clients see it as one of ``account``'s IncomingPhoneNumbers.

    ``account`` is the name of an :class:`Account`, ``sid`` the number's own ("PN" and 32 hex digits). ``application``
    is the name of an :class:`Application`, whose voice URL goes before that of ``voice``. ``on_failure`` is what the
    caller gets when no document can be had, also not from the fallback URL: "refuse", the SIP status of the failure
    (404 or 500), or "lapse", what the route's lapse says (fail open). Times are Unix seconds.
    """

    account: str
    sid: str
    application: str = ""
    voice: RcmlVoice = RcmlVoice()
    on_failure: Literal["refuse", "lapse"] = "refuse"
    friendly_name: str = ""
    created: float = 0.0
    updated: float = 0.0


class InboundRoute(msgspec.Struct, frozen=True, gc=False):
    """Where calls to a DID go.

    ``did`` is matched with the request URI's user part, a leading "+" left aside: ``2002`` exactly, ``55*`` by prefix,
    ``*`` any. Exact goes before prefix, a longer prefix before a shorter one, a route that names the trunk before one
    that does not. ``trunks`` empty: every trunk. ``destination`` is a SIP URI; without a user part the dialled number
    is kept. "": the route has none, so its ``lapse`` must be a reason. ``window`` in seconds. ``lapse`` as with the
    trunk; ``None``: :data:`BOT_LAPSE` if it has bots, else the trunk's. ``outbound`` is the SIP URI, without a user
    part, that numbers are dialled through; "": through that of ``destination``. ``rcml`` is set where an RCML
    application decides the route's calls, ``bots`` names the bots that are told of them. ``queue`` names the queue that
    its calls wait in, ``phone`` the phone (a login) that they ring; a route with one of them has neither the other nor
    ``rcml`` or ``bots``.
    """

    name: str
    destination: str
    did: str = "*"
    trunks: tuple[str, ...] = ()
    window: float = WINDOW_DEFAULT
    lapse: str | None = None
    number: int = 0
    outbound: str = ""
    rcml: RcmlNumber | None = None
    bots: tuple[str, ...] = ()
    queue: str = ""
    phone: str = ""

    @property
    def own_lapse(self) -> str | None:
        """The lapse of its calls on every trunk; ``None``: the trunk's."""
        if self.lapse is not None:
            return self.lapse
        return BOT_LAPSE if self.bots or self.queue or self.phone else None


class Webhook(msgspec.Struct, frozen=True):
    """Where a client's events are posted to. ``secret`` signs them; ``events`` are event ids, empty: all."""

    url: str
    secret: str
    method: Literal["POST", "GET"] = "POST"
    events: tuple[int, ...] = ()

    def __repr__(self) -> str:
        return f"Webhook(url={self.url!r}, method={self.method!r}, events={self.events!r})"  # no secret in any log


class Client(msgspec.Struct, frozen=True):
    """An application that speaks one of the vendor dialects.

    ``client_id`` is what it logs in with, ``secret_hash`` the Argon2 hash of its secret. ``see`` and ``decide`` name
    the trunks whose calls it may see and decide; ``("*",)`` is every trunk, and what it may decide it may see.
    ``webhook_timeout`` in seconds, ``webhook_retries`` how often a failed push is sent again.
    """

    name: str
    client_id: str
    secret_hash: str
    dialect: Literal["yeastar"] = "yeastar"
    see: tuple[str, ...] = ("*",)
    decide: tuple[str, ...] = ("*",)
    webhooks: tuple[Webhook, ...] = ()
    webhook_timeout: float = 5.0
    webhook_retries: int = 3

    def may_see(self, trunk: str) -> bool:
        return "*" in self.see or trunk in self.see or self.may_decide(trunk)

    def may_decide(self, trunk: str) -> bool:
        return "*" in self.decide or trunk in self.decide


class Account(msgspec.Struct, frozen=True):
    """An RCML account: who uses the REST API, and whose applications decide calls.

    ``sid`` is "AC" and 32 hex digits. ``token`` is kept in clear, for it signs the requests to applications.
    ``numbers`` are the DIDs that the account may take by REST, each exact or a prefix (``55*``). ``destination`` and
    ``outbound`` are given to the routes of numbers that are made by REST. ``sign``: requests carry X-Twilio-Signature.
    """

    name: str
    sid: str
    token: str
    friendly_name: str = ""
    status: Literal["active", "suspended"] = "active"
    numbers: tuple[str, ...] = ("*",)
    destination: str = ""
    outbound: str = ""
    sign: bool = True
    created: float = 0.0
    updated: float = 0.0

    def __repr__(self) -> str:
        return f"Account(name={self.name!r}, sid={self.sid!r}, status={self.status!r})"  # no secret in any log


class Application(msgspec.Struct, frozen=True):
    """An RCML application of ``account`` (a name), which its numbers can name. ``sid`` is "AP" and 32 hex digits."""

    name: str
    account: str
    sid: str
    friendly_name: str = ""
    voice: RcmlVoice = RcmlVoice()
    created: float = 0.0
    updated: float = 0.0


class Phone(msgspec.Struct, frozen=True):
    """A SIP user that registers at the edge with digest authentication (RFC 3261 section 22).

    ``name`` is its login. ``ha1`` is MD5(login:realm:password) in hex, for :data:`REALM`: the password itself is kept
    nowhere. ``account`` is the name of the RCML account that sees it as a Client, ``sid`` its sid there ("CL" and 32
    hex digits), "" for none.
    """

    name: str
    ha1: str
    friendly_name: str = ""
    account: str = ""
    sid: str = ""
    enabled: bool = True
    created: float = 0.0
    updated: float = 0.0

    def __repr__(self) -> str:
        return f"Phone(name={self.name!r}, account={self.account!r})"  # no secret in any log


class Bot(msgspec.Struct, frozen=True):
    """A bot that speaks Microsoft Graph's cloud communications.

    ``app_id`` and ``tenant`` are UUIDs in lower case. ``secret_hashes`` are Argon2 hashes of its client secrets (at
    most two, so that one can be changed), ``certificates`` public certificates in PEM, one in each, that its signed
    assertions are checked with. ``callback`` is where it is told of calls, ``media`` the SIP URI that a call is routed
    to when it answers. ``numbers`` are the dialled numbers whose calls it is told of, on the routes that name it;
    ``redirects`` the numbers and SIP hosts that it may redirect calls to; both are exact, prefixes (``55*``), or
    ``*``.
    """

    name: str
    app_id: str
    tenant: str
    callback: str
    media: str
    display_name: str = ""
    secret_hashes: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ("*",)
    redirects: tuple[str, ...] = ("*",)
    enabled: bool = True

    def __repr__(self) -> str:
        return f"Bot(name={self.name!r}, app_id={self.app_id!r})"  # no secret in any log


class Queue(msgspec.Struct, frozen=True):
    """A queue: its calls wait, and ring one ready agent's phone after the other.

    ``number`` is what is dialled to reach it from a phone, and the ``dnis`` that its agents see. Calls of a higher
    ``priority`` go first, also across queues; among equals, the one that waits longest. ``length`` calls may wait, each
    for ``wait`` seconds; what is too many or too long goes to ``overflow``, a SIP URI, or, if that is "", gets the
    reason ``refusal``. A phone rings for ``ring`` seconds. ``after_call_work`` (seconds, 0: none) is given to the agent
    after each call. ``missed`` is what an agent is after a call that the phone did not take (no answer, busy,
    unreachable). An agent who rejects a call is not offered it again for ``reject_pause`` seconds, unless nobody else
    is there.
    """

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


class Agent(msgspec.Struct, frozen=True):
    """An agent of a contact centre, who logs in to Genesys Web Services.

    ``name`` is the user name. ``id`` is 32 hex digits, given by the store if "". ``secret_hash`` is the Argon2 hash of
    the password. The phone is ``phone``, the login of a :class:`Phone`, or ``address``, a SIP URI with the number as
    its user part; exactly one of them. ``queues`` names the queues whose calls are offered. ``features`` are those of
    the API (``api-voice`` lets it operate calls).
    """

    name: str
    secret_hash: str
    id: str = ""
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    address: str = ""
    queues: tuple[str, ...] = ()
    features: tuple[str, ...] = ("api-voice",)
    enabled: bool = True

    @property
    def number(self) -> str:
        """The number of the agent's phone: its login, or the user part of its address."""
        return self.phone or self.address.partition(":")[2].partition("@")[0]

    def __repr__(self) -> str:
        return f"Agent(name={self.name!r}, number={self.number!r})"  # no secret in any log


class ApiKey(msgspec.Struct, frozen=True):
    """A key of Callgate's own API. ``digest`` is the SHA-256 of the key in hex: keys are random, 256 bits.

    ``scope``: "read" looks, "decide" also decides and hangs up, "admin" also edits the directory.
    """

    name: str
    digest: str
    scope: Literal["read", "decide", "admin"] = "decide"


#: The key of this installation's own command line. It belongs to the machine, not to a directory file: exports leave it
#: out, and pruning keeps it.
LOCAL_KEY = "admin"

Entry = Trunk | Account | Application | Bot | InboundRoute | Phone | Queue | Agent | Client | ApiKey

#: The kinds of entries, as the directory file and the errors call them.
Kind = Literal["trunk", "account", "application", "bot", "route", "phone", "queue", "agent", "client", "key"]
KINDS: tuple[Kind, ...] = (
    "trunk",
    "account",
    "application",
    "bot",
    "route",
    "phone",
    "queue",
    "agent",
    "client",
    "key",
)

#: The type of each kind's entries.
TYPES: dict[Kind, type[Entry]] = {
    "trunk": Trunk,
    "account": Account,
    "application": Application,
    "bot": Bot,
    "route": InboundRoute,
    "phone": Phone,
    "queue": Queue,
    "agent": Agent,
    "client": Client,
    "key": ApiKey,
}
_KIND_OF: dict[type, Kind] = {entry_type: kind for kind, entry_type in TYPES.items()}


def kind_of(entry: Entry) -> Kind:
    """Which kind an entry is of."""
    return _KIND_OF[type(entry)]


class Directory(msgspec.Struct, frozen=True):
    """Everything that is configured while running, as one immutable value. The fields are in the order of KINDS."""

    trunks: dict[str, Trunk] = {}
    accounts: dict[str, Account] = {}
    applications: dict[str, Application] = {}
    bots: dict[str, Bot] = {}
    routes: dict[str, InboundRoute] = {}
    phones: dict[str, Phone] = {}
    queues: dict[str, Queue] = {}
    agents: dict[str, Agent] = {}
    clients: dict[str, Client] = {}
    keys: dict[str, ApiKey] = {}

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Directory:
        """A directory of these entries; a later one of the same kind and name replaces an earlier one."""
        directory = cls(*({} for _ in KINDS))
        for entry in entries:
            directory._of_kind(kind_of(entry))[entry.name] = entry
        return directory

    def of_kind(self, kind: Kind) -> Mapping[str, Entry]:
        """The entries of one kind, by name."""
        return self._of_kind(kind)

    def with_changes(self, put: Iterable[Entry] = (), gone: Iterable[tuple[Kind, str]] = ()) -> Directory:
        """A directory without the entries that are gone, and with those that are put; these come last, in order.

        So it is also with an entry that was there: of two that clash, the later one is told.
        """
        after = Directory(*(dict(self._of_kind(kind)) for kind in KINDS))
        for kind, name in gone:
            after._of_kind(kind).pop(name, None)
        for entry in put:
            entries = after._of_kind(kind_of(entry))
            entries.pop(entry.name, None)
            entries[entry.name] = entry
        return after

    def _of_kind(self, kind: Kind) -> dict[str, Any]:
        # Each kind has its own type; what goes in is chosen by kind_of(), which the checker cannot follow.
        entries: dict[str, Any] = getattr(self, f"{kind}s")
        return entries

    def entries(self) -> Iterator[Entry]:
        """Every entry, in the order of :data:`KINDS`."""
        for kind in KINDS:
            yield from self.of_kind(kind).values()

    def route_of(self, name: str) -> InboundRoute | None:
        """The inbound route of that name; also one that nobody wrote: every queue and phone can be dialled by phones.

        Those are named ``queue:<queue>`` and ``phone:<login>`` (no written route has a colon in its name).
        """
        kind, colon, of = name.partition(":")
        if not colon:
            return self.routes.get(name)
        if kind == "queue" and of in self.queues:
            return InboundRoute(name, "", self.queues[of].number, (INTERNAL,), INTERNAL_WINDOW, queue=of)
        if kind == "phone" and of in self.phones:
            return InboundRoute(name, "", of, (INTERNAL,), INTERNAL_WINDOW, phone=of)
        return None

    def trunk_of(self, name: str) -> Trunk | None:
        """The trunk of that name; :data:`INTERNAL` is that of the phones."""
        return Trunk(INTERNAL, (), lapse=BOT_LAPSE) if name == INTERNAL else self.trunks.get(name)

    def lapse_of(self, route: InboundRoute, trunk: Trunk) -> Verdict:
        """The verdict for a call on that route that nobody decides."""
        lapse = route.own_lapse
        return lapse_verdict(trunk.lapse if lapse is None else lapse)


def window_or_default(window: float | None, bots: Sequence[str], inside: str = "") -> float:
    """The window of a route with those bots, or ``inside``: that queue or phone; ``None``: the route says none."""
    if window is not None:
        return window
    return INTERNAL_WINDOW if inside else BOT_WINDOW if bots else WINDOW_DEFAULT


def lapse_verdict(lapse: str) -> Verdict:
    """Accept for "accept", or the refusal of a named reason."""
    return Accept() if lapse == "accept" else refusal(by_name(lapse).name)
