"""The directory's entries and the immutable directory that holds them.

Entries are plain values; whoever changes something makes a new :class:`Directory`. Names are the primary keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from callgate.core.reasons import by_name
from callgate.core.verdicts import Accept, Verdict, refusal

#: The bounds of a window, in seconds.
WINDOW_MIN, WINDOW_MAX, WINDOW_DEFAULT = 1.0, 60.0, 10.0
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


class InboundRoute(msgspec.Struct, frozen=True, gc=False):
    """Where calls to a DID go.

    ``did`` is matched with the request URI's user part, a leading "+" left aside: ``2002`` exactly, ``55*`` by prefix,
    ``*`` any. Exact goes before prefix, a longer prefix before a shorter one, a route that names the trunk before one
    that does not. ``trunks`` empty: every trunk. ``destination`` is a SIP URI; without a user part the dialled number
    is kept. ``window`` in seconds. ``lapse`` as with the trunk; ``None``: the trunk's.
    """

    name: str
    destination: str
    did: str = "*"
    trunks: tuple[str, ...] = ()
    window: float = WINDOW_DEFAULT
    lapse: str | None = None
    number: int = 0


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

Entry = Trunk | InboundRoute | Client | ApiKey

#: The four kinds of entries, as the directory file and the errors call them.
Kind = Literal["trunk", "route", "client", "key"]
KINDS: tuple[Kind, ...] = ("trunk", "route", "client", "key")

_KIND_OF: dict[type, Kind] = {Trunk: "trunk", InboundRoute: "route", Client: "client", ApiKey: "key"}


def kind_of(entry: Entry) -> Kind:
    """Which kind an entry is of."""
    return _KIND_OF[type(entry)]


class Directory(msgspec.Struct, frozen=True):
    """Everything that is configured while running, as one immutable value."""

    trunks: dict[str, Trunk] = {}
    routes: dict[str, InboundRoute] = {}
    clients: dict[str, Client] = {}
    keys: dict[str, ApiKey] = {}

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Directory:
        """A directory of these entries; a later one of the same kind and name replaces an earlier one."""
        directory = cls({}, {}, {}, {})
        for entry in entries:
            match entry:
                case Trunk():
                    directory.trunks[entry.name] = entry
                case InboundRoute():
                    directory.routes[entry.name] = entry
                case Client():
                    directory.clients[entry.name] = entry
                case ApiKey():
                    directory.keys[entry.name] = entry
        return directory

    def of_kind(self, kind: Kind) -> Mapping[str, Entry]:
        """The entries of one kind, by name."""
        by_kind: dict[Kind, Mapping[str, Entry]] = {
            "trunk": self.trunks,
            "route": self.routes,
            "client": self.clients,
            "key": self.keys,
        }
        return by_kind[kind]

    def entries(self) -> Iterator[Entry]:
        """Every entry: trunks, routes, clients, keys."""
        for kind in KINDS:
            yield from self.of_kind(kind).values()

    def lapse_of(self, route: InboundRoute, trunk: Trunk) -> Verdict:
        """The verdict for a call on that route that nobody decides."""
        return lapse_verdict(route.lapse if route.lapse is not None else trunk.lapse)


def lapse_verdict(lapse: str) -> Verdict:
    """Accept for "accept", or the refusal of a named reason."""
    return Accept() if lapse == "accept" else refusal(by_name(lapse).name)
