"""Bots of Microsoft Graph's dialect: a secret is told once, in the reply that made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import msgspec
from msgspec import UNSET

from callgate.dialects.native import errors, paths, wire, wire_graph
from callgate.dialects.native.operations import NoQuery, Operation, Reply, Request
from callgate.dialects.native.routes.entries import Edited, Entries, changes_of
from callgate.dialects.native.routes.hashing import hashed
from callgate.directory.certificates import separated
from callgate.directory.model import Bot, Directory
from callgate.directory.secrets import new_client_secret


class Bots(Entries[Bot, wire_graph.Bot, wire_graph.BotRequest, wire_graph.BotPatch]):
    """The bots."""

    kind = "bot"
    tag = "Bots"
    read_scope = "admin"
    paths = (paths.BOTS, paths.BOT)
    shown = wire_graph.Bot
    page = wire.Page[wire_graph.Bot]
    written = wire_graph.BotRequest
    patch = wire_graph.BotPatch
    example = wire_graph.BotRequest(
        "greeter", "https://bot.example.com/callbacks", "sip:media.example.com:5060", redirects=["4420*"]
    )
    patch_example = wire_graph.BotPatch(enabled=False)

    def entries(self, directory: Directory) -> Mapping[str, Bot]:
        return directory.bots

    def show(self, edited: Edited[Bot]) -> wire_graph.Bot:
        bot = edited.entry
        return wire_graph.Bot(
            bot.name,
            bot.app_id,
            bot.tenant,
            bot.callback,
            bot.media,
            bot.display_name,
            len(bot.secret_hashes),
            list(bot.certificates),
            list(bot.numbers),
            list(bot.redirects),
            bot.enabled,
            edited.secrets.get("", UNSET),
        )

    async def make(self, written: wire_graph.BotRequest, former: Bot | None) -> Edited[Bot]:
        changes, secrets = changes_of(written), dict[str, str]()
        secret = changes.pop("secret")
        if secret is None and former is None and not written.certificates:
            secret = secrets[""] = new_client_secret()
        kept = former.secret_hashes if former else ()
        changes["secret_hashes"] = kept if secret is None else (await hashed(self._directory.hasher, secret),)
        changes["app_id"] = written.app_id or (former.app_id if former else str(uuid4()))
        changes["tenant"] = written.tenant or (former.tenant if former else str(uuid4()))
        changes["certificates"] = _separated(written.certificates)
        return Edited(Bot(**changes), secrets)

    async def change(self, entry: Bot, patch: wire_graph.BotPatch) -> Edited[Bot]:
        changes = changes_of(patch)
        secret = changes.pop("secret", None)
        if secret is not None:
            changes["secret_hashes"] = (await hashed(self._directory.hasher, secret),)
        if "certificates" in changes:
            changes["certificates"] = _separated(changes["certificates"])
        return Edited(msgspec.structs.replace(entry, **changes))

    def operations(self) -> list[Operation[Any, Any]]:
        return [
            *super().operations(),
            Operation(
                "POST",
                paths.BOT_SECRET,
                self._new_secret,
                self.tag,
                "Give a bot a new secret; the one that it had last stays good, or ends at once",
                scope="admin",
                body=wire_graph.NewSecret,
                body_optional=True,
                reply=self.shown,
                problems=(errors.UNKNOWN_ENTRY, errors.UNAVAILABLE),
                example=wire_graph.NewSecret(),
            ),
        ]

    async def _new_secret(self, request: Request[NoQuery, wire_graph.NewSecret]) -> Reply:
        secret = new_client_secret()
        async with self._editing:
            bot = self._named(request)
            # The newest is the first, and there are two at most: the one that it uses, and the one that it changes to.
            kept = bot.secret_hashes[:1] if request.body.keep else ()
            hashes = (await hashed(self._directory.hasher, secret), *kept)
            return await self._store(Edited(msgspec.structs.replace(bot, secret_hashes=hashes), {"": secret}))


def _separated(texts: Sequence[str]) -> tuple[str, ...]:
    """The certificates in those texts, each of which may hold several."""
    return tuple(certificate for text in texts for certificate in separated(text))
