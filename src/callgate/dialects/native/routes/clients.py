"""Clients of the vendor dialects: their secrets are told once, in the reply that made them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from callgate.dialects.native import paths, wire, wire_directory
from callgate.dialects.native.operations import Operation
from callgate.dialects.native.routes.entries import Edited, Entries, changes_of
from callgate.dialects.native.routes.hashing import hashed
from callgate.directory.model import Client, Directory, Webhook
from callgate.directory.secrets import new_client_id, new_client_secret, new_webhook_secret


class Clients(Entries[Client, wire_directory.Client, wire_directory.ClientRequest, wire_directory.ClientPatch]):
    """The clients with their webhooks."""

    kind = "client"
    tag = "Clients"
    read_scope = "admin"
    paths = (paths.CLIENTS, paths.CLIENT)
    shown = wire_directory.Client
    page = wire.Page[wire_directory.Client]
    written = wire_directory.ClientRequest
    patch = wire_directory.ClientPatch
    example = wire_directory.ClientRequest(
        "crm",
        decide=["main"],
        webhooks=[wire_directory.WebhookRequest("https://crm.example.com/events", events=[30016])],
    )
    patch_example = wire_directory.ClientPatch(decide=["*"])

    def entries(self, directory: Directory) -> Mapping[str, Client]:
        return directory.clients

    def show(self, edited: Edited[Client]) -> wire_directory.Client:
        client, secrets = edited.entry, edited.secrets
        return wire_directory.Client(
            client.name,
            client.client_id,
            client.dialect,
            list(client.see),
            list(client.decide),
            [
                wire_directory.Webhook(
                    webhook.url, webhook.method, list(webhook.events), secrets.get(webhook.url, UNSET)
                )
                for webhook in client.webhooks
            ],
            client.webhook_timeout,
            client.webhook_retries,
            secrets.get("", UNSET),
        )

    async def make(self, written: wire_directory.ClientRequest, former: Client | None) -> Edited[Client]:
        secrets: dict[str, str] = {}
        if written.secret is not None:
            secret_hash = await self._hash(written.secret)
        elif former is not None:
            secret_hash = former.secret_hash
        else:
            secrets[""] = new_client_secret()
            secret_hash = await self._hash(secrets[""])
        client_id = written.client_id
        if client_id is None:
            client_id = former.client_id if former is not None else new_client_id()
        client = Client(
            written.name,
            client_id,
            secret_hash,
            written.dialect,
            tuple(written.see),
            tuple(written.decide),
            _webhooks(written.webhooks, former, secrets),
            written.webhook_timeout,
            written.webhook_retries,
        )
        return Edited(client, secrets)

    async def change(self, entry: Client, patch: wire_directory.ClientPatch) -> Edited[Client]:
        changes, secrets = changes_of(patch), dict[str, str]()
        secret = changes.pop("secret", None)
        if secret is not None:
            changes["secret_hash"] = await self._hash(secret)
        if "webhooks" in changes:
            changes["webhooks"] = _webhooks(changes["webhooks"], entry, secrets)
        return Edited(msgspec.structs.replace(entry, **changes), secrets)

    def operations(self) -> list[Operation[Any, Any]]:
        return [
            *super().operations(),
            self._rotation(paths.CLIENT_ROTATE, "Give a client a new secret; the old one ends at once", self._rotated),
        ]

    async def _rotated(self, entry: Client) -> Edited[Client]:
        secret = new_client_secret()
        return Edited(msgspec.structs.replace(entry, secret_hash=await self._hash(secret)), {"": secret})

    async def _hash(self, secret: str) -> str:
        return await hashed(self._directory.hasher, secret)


def _webhooks(
    written: Sequence[wire_directory.WebhookRequest], former: Client | None, secrets: dict[str, str]
) -> tuple[Webhook, ...]:
    """The webhooks asked for; new secrets go into ``secrets`` too."""
    known = {webhook.url: webhook.secret for webhook in former.webhooks} if former else {}
    webhooks = []
    for one in written:
        secret = one.secret if one.secret is not None else known.get(one.url)
        if secret is None:
            secret = secrets[one.url] = new_webhook_secret()
        webhooks.append(Webhook(one.url, secret, one.method, tuple(one.events)))
    return tuple(webhooks)
