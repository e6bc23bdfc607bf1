"""Checks: each entry by itself, and the directory as a whole."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Literal

import msgspec

from callgate.directory.errors import NOT_SHOWN, Mistake, Path, Problem, shown
from callgate.directory.model import WEBHOOK_LIMIT, Client, Directory, Entry, InboundRoute, Kind, Trunk, kind_of
from callgate.directory.rules import RULES, Rule, is_source, shown_at


def normal(entry: Entry) -> Entry:
    """The same entry in its one spelling: canonical addresses, reasons in lower case, no "+" before a DID."""
    match entry:
        case Trunk():
            sources = tuple(dict.fromkeys(_normal_source(source) for source in entry.sources))
            refuse, lapse = entry.refuse.lower(), entry.lapse.lower()
            return msgspec.structs.replace(entry, sources=sources, refuse=refuse, lapse=lapse)
        case InboundRoute():
            did = entry.did.removeprefix("+")
            lapse_or_none = entry.lapse and entry.lapse.lower()
            if did == entry.did and lapse_or_none == entry.lapse:
                return entry
            return msgspec.structs.replace(entry, did=did, lapse=lapse_or_none)
        case _:
            return entry


def check_entry(entry: Entry) -> list[Problem]:
    """What is wrong with one entry, whatever else is in the directory."""
    kind = kind_of(entry)
    problems = [Problem(kind, entry.name, *found) for found in _check(kind, entry, ())]
    if isinstance(entry, Client):
        for place, webhook in enumerate(entry.webhooks):
            problems += [Problem(kind, entry.name, *found) for found in _check("webhook", webhook, ("webhooks", place))]
        problems += _check_webhook_list(entry)
    return problems


def check_directory(directory: Directory, also_trunks: Collection[str] = ()) -> list[Problem]:
    """Where entries, in their normal form, do not fit each other; of two that clash, the later one is told.

    ``also_trunks`` are names of trunks that exist although they are not in this directory (their own tables in a file
    are wrong, which has been told already).
    """
    trunks = {*directory.trunks, *also_trunks}
    return [
        *_unique("trunk", _sources(directory), "a source that no other trunk has"),
        *_unique("route", _matches(directory), "a DID that no other route of the same trunk has"),
        *_unique(
            "client",
            (
                (client.client_id, client.name, ("client_id",), client.client_id)
                for client in directory.clients.values()
            ),
            "a client id of its own",
        ),
        *_unique(
            "key", ((key.digest, key.name, ("digest",), None) for key in directory.keys.values()), "a key of its own"
        ),
        *_named_trunks(
            "route", ((route.name, {"trunks": route.trunks}) for route in directory.routes.values()), trunks
        ),
        *_named_trunks(
            "client",
            ((client.name, {"see": client.see, "decide": client.decide}) for client in directory.clients.values()),
            {*trunks, "*"},
        ),
    ]


def check_value(key: str, value: Any, rule: Rule) -> Iterator[Mistake]:
    """Where the value of one key breaks its rule."""
    if not rule.each:
        if not rule.holds(value):
            yield (key,), shown_at(key, value), rule.expected
    elif not rule.least <= len(value) <= rule.most:
        yield (key,), shown(value), f"{rule.least} to {rule.most} {rule.expected}"
    else:
        for place, item in enumerate(value):
            if not rule.holds(item):
                yield (key, place), shown(item) + _network_of(key, item), rule.expected
            elif item in value[:place]:
                yield (key, place), shown(item), "each only once"


def _check(kind: Kind | Literal["webhook"], values: object, place: Path) -> Iterator[Mistake]:
    for key, rule in RULES[kind].items():
        for path, text, expected in check_value(key, getattr(values, key), rule):
            yield (*place, *path), text, expected


def _network_of(key: str, source: object) -> str:
    """A hint for the commonest mistake: an address with a prefix length, where the network was meant."""
    if key != "sources" or not isinstance(source, str) or "/" not in source:
        return ""
    try:
        return f" (did you mean {shown(str(ipaddress.ip_network(source, strict=False)))}?)"
    except ValueError:
        return ""


def _check_webhook_list(client: Client) -> Iterator[Problem]:
    expected = RULES["client"]["webhooks"].expected
    if len(client.webhooks) > WEBHOOK_LIMIT:
        yield Problem("client", client.name, ("webhooks",), f"{len(client.webhooks)} webhooks", expected)
    urls = Counter[str]()
    for place, webhook in enumerate(client.webhooks):
        urls[webhook.url] += 1
        if urls[webhook.url] == 2:
            yield Problem("client", client.name, ("webhooks", place, "url"), shown_at("url", webhook.url), expected)


#: What must be unique, the name of its entry, where it is there, and its value to show.
_Claim = tuple[object, str, Path, str | None]


def _sources(directory: Directory) -> Iterator[_Claim]:
    for trunk in directory.trunks.values():
        for place, source in enumerate(trunk.sources):
            yield source, trunk.name, ("sources", place), source


def _matches(directory: Directory) -> Iterator[_Claim]:
    for route in directory.routes.values():
        for trunk in route.trunks or ("",):
            yield (trunk, route.did), route.name, ("did",), route.did


def _unique(kind: Kind, claims: Iterable[_Claim], expected: str) -> Iterator[Problem]:
    owners: dict[object, str] = {}
    told: set[tuple[str, str]] = set()
    for claimed, name, path, value in claims:
        owner = owners.setdefault(claimed, name)
        if owner != name and (owner, name) not in told:
            told.add((owner, name))
            yield Problem(kind, name, path, NOT_SHOWN if value is None else shown(value), expected, clash=owner)


def _named_trunks(
    kind: Kind, entries: Iterable[tuple[str, Mapping[str, tuple[str, ...]]]], known: Collection[str]
) -> Iterator[Problem]:
    for name, lists in entries:
        for key, trunks in lists.items():
            for place, trunk in enumerate(trunks):
                if trunk not in known:
                    yield Problem(kind, name, (key, place), shown(trunk), "the name of a trunk that exists")


def _normal_source(source: str) -> str:
    if not is_source(source):
        return source
    network = ipaddress.ip_network(source)
    return str(network.network_address if network.prefixlen == network.max_prefixlen else network)
