"""The directory as a directory file: TOML out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from callgate.directory.model import (
    LOCAL_KEY,
    Account,
    Agent,
    ApiKey,
    Application,
    Bot,
    Client,
    Directory,
    InboundRoute,
    Phone,
    Queue,
    RcmlVoice,
    Trunk,
    Webhook,
)
from callgate.directory.urls import hidden

_HEAD = """\
# Callgate's directory. Secrets and keys stand here as hashes; apply this file to put it back.
"""
_NO_SECRETS = """\
# The secrets of {left_out} are left out: where the directory has such an entry, it keeps its secret.
"""
_VOICE = RcmlVoice.__struct_fields__


def export(directory: Directory, *, include_secrets: bool = False) -> str:
    """The directory as TOML text, every key spelled out that is not empty; applied again, it changes nothing.

    Secrets of clients, bots, agents and API keys come as hashes, which are all that the directory has. What is a secret
    as it stands comes only with ``include_secrets``: of webhooks, accounts, phones, and passwords in URLs. Numbers of
    trunks and routes and the times of entries do not come: they belong to one installation.
    """
    secret = _Secrets(include_secrets)
    trunks = sorted(directory.trunks.values(), key=lambda trunk: trunk.number)
    routes = sorted(directory.routes.values(), key=lambda route: route.number)
    tables = [
        *map(_trunk, trunks),
        *(secret.account(account) for _, account in sorted(directory.accounts.items())),
        *(secret.application(application) for _, application in sorted(directory.applications.items())),
        *(_bot(bot) for _, bot in sorted(directory.bots.items())),
        *map(secret.route, routes),
        *(secret.phone(phone) for _, phone in sorted(directory.phones.items())),
        *(_queue(queue) for _, queue in sorted(directory.queues.items())),
        *(_agent(agent) for _, agent in sorted(directory.agents.items())),
        *(secret.client(client) for _, client in sorted(directory.clients.items())),
        *(_key(key) for name, key in sorted(directory.keys.items()) if name != LOCAL_KEY),
    ]
    left_out = _NO_SECRETS.format(left_out=_listed(secret.left_out)) if secret.left_out else ""
    return "\n".join([_HEAD + left_out, *tables])


class _Secrets:
    """Writes the tables that hold secrets, with or without them."""

    def __init__(self, included: bool) -> None:
        self._included = included
        #: Whose secrets were left out.
        self.left_out: list[str] = []

    def account(self, account: Account) -> str:
        keys = ("name", "sid", *self._keys("accounts", "token"), "friendly_name", "status", "numbers", "destination")
        return _table("[[account]]", account, (*keys, "outbound", "sign"))

    def application(self, application: Application) -> str:
        head = _table("[[application]]", application, ("name", "account", "sid", "friendly_name"))
        return head + self._voice(application.voice)

    def route(self, route: InboundRoute) -> str:
        text = _table("[[route]]", route, ("name", "did", "trunks", "destination", "outbound", "window", "lapse"))
        text += "".join(_lines(route, ["queue", "phone"]))
        if route.bots:
            text += "".join(_lines(route, ["bots"]))
        if route.rcml is None:
            return text
        keys = ("account", "sid", "application", "on_failure", "friendly_name")
        return text + _table("[route.rcml]", route.rcml, keys) + self._voice(route.rcml.voice)

    def phone(self, phone: Phone) -> str:
        keys = ("name", *self._keys("phones", "ha1"), "friendly_name", "account", "sid", "enabled")
        return _table("[[phone]]", phone, keys)

    def client(self, client: Client) -> str:
        keys = ("name", "client_id", "secret_hash", "dialect", "see", "decide", "webhook_timeout", "webhook_retries")
        return "".join([_table("[[client]]", client, keys), *map(self._webhook, client.webhooks)])

    def _webhook(self, webhook: Webhook) -> str:
        return _table("[[client.webhook]]", webhook, ("url", *self._keys("webhooks", "secret"), "method", "events"))

    def _voice(self, voice: RcmlVoice) -> str:
        shown = voice if self._included else hidden(voice)
        if shown is not voice:
            self._leave_out("URLs with a password")
        return "".join(_lines(shown, _VOICE))

    def _keys(self, whose: str, key: str) -> tuple[str, ...]:
        """The key of a secret, if secrets are written."""
        if not self._included:
            self._leave_out(whose)
        return (key,) if self._included else ()

    def _leave_out(self, whose: str) -> None:
        if whose not in self.left_out:
            self.left_out.append(whose)


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _trunk(trunk: Trunk) -> str:
    return _table("[[trunk]]", trunk, ("name", "sources", "control", "refuse", "lapse"))


def _bot(bot: Bot) -> str:
    keys = ("name", "app_id", "tenant", "display_name", "callback", "media", "secret_hashes")
    text = _table("[[bot]]", bot, keys)
    if bot.certificates:
        text += f"certificate = {msgspec.json.encode(''.join(bot.certificates)).decode()}\n"
    return text + "".join(_lines(bot, ("numbers", "redirects", "enabled")))


def _queue(queue: Queue) -> str:
    return _table("[[queue]]", queue, Queue.__struct_fields__)


def _agent(agent: Agent) -> str:
    keys = ("name", "id", "secret_hash", "first_name", "last_name", "phone", "address", "queues", "features", "enabled")
    return _table("[[agent]]", agent, keys)


def _key(key: ApiKey) -> str:
    return _table("[[key]]", key, ("name", "digest", "scope"))


def _table(header: str, entry: msgspec.Struct, keys: Iterable[str]) -> str:
    return f"{header}\n" + "".join(_lines(entry, keys))


def _lines(entry: msgspec.Struct, keys: Iterable[str]) -> Iterator[str]:
    for key in keys:
        value = getattr(entry, key)
        if value is not None and value != "":
            # Strings, numbers, booleans and arrays of them are the same in JSON and in TOML.
            yield f"{key} = {msgspec.json.encode(value).decode()}\n"
