"""The tables of a directory file as they are written: one typed shape for each, and the entries they become."""

from __future__ import annotations

from typing import Literal

import msgspec

from callgate.directory.model import (
    WINDOW_DEFAULT,
    ApiKey,
    Client,
    InboundRoute,
    Kind,
    Trunk,
    Webhook,
)
from callgate.directory.secrets import digest, new_webhook_secret

#: Stands in a client's ``secret_hash`` until the file is known to be right: hashing is slow.
UNHASHED = "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAA"


class TrunkTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[trunk]]``"""

    name: str
    sources: tuple[str, ...]
    control: bool = True
    refuse: str = "rejected"
    lapse: str = "accept"

    def entry(self) -> Trunk:
        return Trunk(self.name, self.sources, self.control, self.refuse, self.lapse)


class RouteTable(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """``[[route]]``"""

    name: str
    destination: str
    did: str = "*"
    trunks: tuple[str, ...] = ()
    window: float = WINDOW_DEFAULT
    lapse: str | None = None

    def entry(self) -> InboundRoute:
        return InboundRoute(self.name, self.destination, self.did, self.trunks, self.window, self.lapse)


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

    def entry(self) -> ApiKey:
        return ApiKey(self.name, digest(self.key or "") if self.digest is None else self.digest, self.scope)


Table = TrunkTable | RouteTable | ClientTable | KeyTable

#: The shape of each kind's tables.
SHAPES: dict[Kind, type[Table]] = {
    "trunk": TrunkTable,
    "route": RouteTable,
    "client": ClientTable,
    "key": KeyTable,
}
