"""Checks: each entry by itself, and the directory as a whole."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from operator import attrgetter
from typing import Any, Literal

import msgspec

from callgate.directory.certificates import canonical
from callgate.directory.errors import NOT_SHOWN, Mistake, Path, Problem, shown
from callgate.directory.forms import is_source
from callgate.directory.model import (
    WEBHOOK_LIMIT,
    Account,
    Agent,
    Bot,
    Client,
    Directory,
    Entry,
    InboundRoute,
    Kind,
    Phone,
    Queue,
    Trunk,
    kind_of,
)
from callgate.directory.names import check_names
from callgate.directory.rules import REASON_NAMES, RULES, SECRET_RULES, VOICE_KEYS, Rule, shown_at


def normal(entry: Entry) -> Entry:
    """The same entry in its one spelling: canonical addresses, reasons and UUIDs in lower case, no "+" before a DID."""
    match entry:
        case Trunk():
            sources = tuple(dict.fromkeys(_normal_source(source) for source in entry.sources))
            refuse, lapse = entry.refuse.lower(), entry.lapse.lower()
            return msgspec.structs.replace(entry, sources=sources, refuse=refuse, lapse=lapse)
        case Account():
            numbers = _normal_numbers(entry.numbers)
            return entry if numbers == entry.numbers else msgspec.structs.replace(entry, numbers=numbers)
        case Bot():
            return msgspec.structs.replace(
                entry,
                app_id=entry.app_id.lower(),
                tenant=entry.tenant.lower(),
                numbers=_normal_numbers(entry.numbers),
                redirects=_normal_numbers(entry.redirects),
                certificates=tuple(dict.fromkeys(canonical(certificate) for certificate in entry.certificates)),
            )
        case InboundRoute():
            did = entry.did.removeprefix("+")
            lapse_or_none = entry.lapse and entry.lapse.lower()
            if did == entry.did and lapse_or_none == entry.lapse:
                return entry
            return msgspec.structs.replace(entry, did=did, lapse=lapse_or_none)
        case Queue():
            number, refusal = entry.number.removeprefix("+"), entry.refusal.lower()
            return msgspec.structs.replace(entry, number=number, refusal=refusal)
        case _:
            return entry


def check_entry(entry: Entry) -> list[Problem]:
    """What is wrong with one entry, whatever else is in the directory."""
    kind = kind_of(entry)
    problems = [Problem(kind, entry.name, *found) for found in _check(kind, entry, ())]
    match entry:
        case Client():
            for place, webhook in enumerate(entry.webhooks):
                found = _check("webhook", webhook, ("webhooks", place))
                problems += [Problem(kind, entry.name, *mistake) for mistake in found]
            problems += _check_webhook_list(entry)
        case InboundRoute():
            problems += [Problem(kind, entry.name, *mistake) for mistake in _check_route(entry)]
        case Agent() if bool(entry.phone) == bool(entry.address):
            found_too = shown(entry.address) if entry.address else None
            expected = "phone or address, not both" if entry.address else "the login of a phone, or an address instead"
            key = "address" if entry.address else "phone"
            problems.append(Problem(kind, entry.name, (key,), found_too, expected))
        case Bot() if not entry.secret_hashes and not entry.certificates:
            expected = f"{SECRET_RULES['secret'].expected}; or a certificate"
            problems.append(Problem(kind, entry.name, ("secret",), None, expected))
        case Phone() if bool(entry.account) != bool(entry.sid):
            expected = RULES[kind]["sid"].expected if entry.account else "no sid, because the phone has no account"
            problems.append(Problem(kind, entry.name, ("sid",), shown(entry.sid) if entry.sid else None, expected))
    return problems


def check_directory(directory: Directory, broken: Collection[tuple[str, str]] = ()) -> list[Problem]:
    """Where entries, in their normal form, do not fit each other; of two that clash, the later one is told.

    ``broken`` are kinds and names of entries that exist although they are not in this directory (their own tables in
    a file are wrong, which has been told already).
    """
    return [*_clashes(directory), *check_names(directory, broken)]


def _clashes(directory: Directory) -> Iterator[Problem]:
    """What only one entry of a kind can have."""
    yield from _unique("trunk", _sources(directory), "a source that no other trunk has")
    for kind, key, of in _WITH_SIDS:
        yield from _unique(
            kind,
            ((sid, entry.name, key, sid) for entry in directory.of_kind(kind).values() if (sid := of(entry))),
            "a sid of its own",
        )
    yield from _unique(
        "bot",
        ((bot.app_id, bot.name, ("app_id",), bot.app_id) for bot in directory.bots.values()),
        "an app id of its own",
    )
    yield from _unique(
        "queue",
        ((queue.number, queue.name, ("number",), queue.number) for queue in directory.queues.values()),
        "a number that no other queue has",
    )
    yield from _dialled_twice(directory)
    yield from _unique(
        "agent",
        ((agent.id, agent.name, ("id",), agent.id) for agent in directory.agents.values() if agent.id),
        "an id of its own",
    )
    yield from _unique("agent", _phones(directory), "a phone that no other agent has")
    yield from _unique("route", _matches(directory), "a DID that no other route of the same trunk has")
    yield from _unique(
        "client",
        ((client.client_id, client.name, ("client_id",), client.client_id) for client in directory.clients.values()),
        "a client id of its own",
    )
    yield from _unique(
        "key", ((key.digest, key.name, ("digest",), None) for key in directory.keys.values()), "a key of its own"
    )


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
                yield (key, place), shown_at(key, item) + _network_of(key, item), rule.expected
            elif item in value[:place]:
                yield (key, place), shown_at(key, item), "each only once"


def _check(kind: Kind | Literal["webhook", "rcml"], values: Any, place: Path) -> Iterator[Mistake]:
    for key, rule in RULES[kind].items():
        # The keys of an RcmlVoice stand beside those of what holds it.
        value = getattr(values.voice if key in VOICE_KEYS else values, key)
        for path, text, expected in check_value(key, value, rule):
            yield (*place, *path), text, expected


def _check_route(route: InboundRoute) -> Iterator[Mistake]:
    """What keys of a route ask of each other."""
    rcml = route.rcml
    if rcml is not None:
        yield from _check("rcml", rcml, ("rcml",))
        if not rcml.voice.voice_url and not rcml.application:
            expected = f"{RULES['rcml']['voice_url'].expected}; or an application"
            yield ("rcml", "voice_url"), None, expected
    leads = [key for key in ("rcml", "bots", "queue", "phone") if getattr(route, key)]
    if route.queue or route.phone:
        # Bots and a document can both be told of one call, but only a queue's or a phone's own side decides its calls.
        for key in leads[:-1]:
            expected = f"only one of rcml, bots, queue and phone; the route has {leads[-1]}"
            yield (key,), shown_at(key, getattr(route, key)), expected
    if route.destination:
        return
    lapse = route.own_lapse
    if not leads:
        only = "only a route with [route.rcml], bots, queue or phone can be without"
        expected = f"{RULES['route']['destination'].expected}; {only}"
        yield ("destination",), None, expected
    elif lapse is None or lapse.lower() == "accept":
        expected = f"a reason, because the route has no destination: {REASON_NAMES}"
        yield ("lapse",), None if route.lapse is None else shown(route.lapse), expected


def _normal_numbers(numbers: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(number.removeprefix("+") for number in numbers))


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


#: The kinds of entries that have a sid: where it is, and how to get it.
_WITH_SIDS: tuple[tuple[Kind, Path, Callable[[Any], str]], ...] = (
    ("account", ("sid",), attrgetter("sid")),
    ("application", ("sid",), attrgetter("sid")),
    ("route", ("rcml", "sid"), lambda route: route.rcml.sid if route.rcml else ""),
    ("phone", ("sid",), attrgetter("sid")),
)


def _sources(directory: Directory) -> Iterator[_Claim]:
    for trunk in directory.trunks.values():
        for place, source in enumerate(trunk.sources):
            yield source, trunk.name, ("sources", place), source


def _matches(directory: Directory) -> Iterator[_Claim]:
    for route in directory.routes.values():
        for trunk in route.trunks or ("",):
            yield (trunk, route.did), route.name, ("did",), route.did


def _phones(directory: Directory) -> Iterator[_Claim]:
    """The agents' phones by their numbers, which both a login and an address have."""
    for agent in directory.agents.values():
        key = "phone" if agent.phone else "address"
        yield agent.number, agent.name, (key,), agent.phone or agent.address


def _dialled_twice(directory: Directory) -> Iterator[Problem]:
    """Numbers of queues that are the login of a phone too: who dials one means one of them."""
    logins = {name.removeprefix("+"): name for name in directory.phones}
    for queue in directory.queues.values():
        login = logins.get(queue.number)
        if login is not None:
            expected = f"a number that no phone has; phone {shown(login)} has it"
            yield Problem("queue", queue.name, ("number",), shown(queue.number), expected)


def _unique(kind: Kind, claims: Iterable[_Claim], expected: str) -> Iterator[Problem]:
    owners: dict[object, str] = {}
    told: set[tuple[str, str]] = set()
    for claimed, name, path, value in claims:
        owner = owners.setdefault(claimed, name)
        if owner != name and (owner, name) not in told:
            told.add((owner, name))
            yield Problem(kind, name, path, NOT_SHOWN if value is None else shown(value), expected, clash=owner)


def _normal_source(source: str) -> str:
    if not is_source(source):
        return source
    network = ipaddress.ip_network(source)
    return str(network.network_address if network.prefixlen == network.max_prefixlen else network)
