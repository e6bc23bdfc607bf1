"""The directory as a directory file: TOML out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from callgate.directory.model import LOCAL_KEY, ApiKey, Client, Directory, InboundRoute, Trunk, Webhook

_HEAD = """\
# Callgate's directory. Secrets and keys stand here as hashes; apply this file to put it back.
"""
_NO_SECRETS = """\
# The secrets of webhooks are left out: where the directory has the webhook, it keeps its secret.
"""


def export(directory: Directory, *, include_secrets: bool = False) -> str:
    """The directory as TOML text, every key spelled out; applied again, it changes nothing.

    Client secrets and API keys come as hashes, which are all that the directory has. The secrets that sign webhooks
    come only with ``include_secrets``. Numbers of trunks and routes do not come: they belong to one installation.
    """
    trunks = sorted(directory.trunks.values(), key=lambda trunk: trunk.number)
    routes = sorted(directory.routes.values(), key=lambda route: route.number)
    tables = [
        *map(_trunk, trunks),
        *map(_route, routes),
        *(_client(client, include_secrets) for _, client in sorted(directory.clients.items())),
        *(_key(key) for name, key in sorted(directory.keys.items()) if name != LOCAL_KEY),
    ]
    left_out = not include_secrets and any(client.webhooks for client in directory.clients.values())
    return "\n".join([_HEAD + (_NO_SECRETS if left_out else ""), *tables])


def _trunk(trunk: Trunk) -> str:
    return _table("trunk", trunk, ("name", "sources", "control", "refuse", "lapse"))


def _route(route: InboundRoute) -> str:
    return _table("route", route, ("name", "did", "trunks", "destination", "window", "lapse"))


def _client(client: Client, include_secrets: bool) -> str:
    keys = ("name", "client_id", "secret_hash", "dialect", "see", "decide", "webhook_timeout", "webhook_retries")
    return "".join([_table("client", client, keys), *(_webhook(one, include_secrets) for one in client.webhooks)])


def _webhook(webhook: Webhook, include_secrets: bool) -> str:
    keys = ("url", "secret", "method", "events") if include_secrets else ("url", "method", "events")
    return _table("client.webhook", webhook, keys)


def _key(key: ApiKey) -> str:
    return _table("key", key, ("name", "digest", "scope"))


def _table(header: str, entry: msgspec.Struct, keys: Iterable[str]) -> str:
    return f"[[{header}]]\n" + "".join(_lines(entry, keys))


def _lines(entry: msgspec.Struct, keys: Iterable[str]) -> Iterator[str]:
    for key in keys:
        value = getattr(entry, key)
        if value is not None:
            # Strings, numbers, booleans and arrays of them are the same in JSON and in TOML.
            yield f"{key} = {msgspec.json.encode(value).decode()}\n"
