"""What in a directory that is right by itself will probably not do what its owner wants."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from callgate.cli.checks.bots import bots
from callgate.cli.checks.finding import Finding, error, ok, warning
from callgate.cli.checks.queues import queues
from callgate.directory.check import check_directory
from callgate.directory.model import INTERNAL, Directory

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: How many findings of one kind are told.
_LIMIT = 10


def directory(known: Directory) -> Iterator[Finding]:
    """Trunks without routes, routes without trunks, networks that overlap, clients that may decide nothing, documents
    that are never fetched, bots that are told of no call, and queues and phones that nobody answers.
    """
    found = [
        *(
            error("directory", str(problem), "callgate export, mend it, callgate apply")
            for problem in check_directory(known)
        ),
        *_trunks(known),
        *_routes(known),
        *_overlaps(known),
        *_clients(known),
        *_documents(known),
        *bots(known),
        *queues(known),
    ]
    yield from found[:_LIMIT]
    if len(found) > _LIMIT:
        yield warning("directory", f"and {len(found) - _LIMIT} more findings", "mend those above, then check again")
    if not found:
        counts = [(len(known.trunks), "trunks"), (len(known.routes), "inbound routes"), (len(known.clients), "clients")]
        counts += [(len(known.accounts), "accounts")] if known.accounts else []
        counts += [(len(known.bots), "bots")] if known.bots else []
        counts += [(len(known.phones), "phones")] if known.phones else []
        counts += [(len(known.queues), "queues")] if known.queues else []
        counts += [(len(known.agents), "agents")] if known.agents else []
        yield ok("directory", ", ".join(f"{count} {name}" for count, name in counts))


def _trunks(known: Directory) -> Iterator[Finding]:
    if not known.trunks and not known.phones:
        yield warning("directory", "no trunk: every call gets 403", "callgate trunk add NAME --source ADDRESS")
    everywhere = any(not route.trunks for route in known.routes.values())
    routed = {name for route in known.routes.values() for name in route.trunks}
    for trunk in known.trunks.values():
        if not everywhere and trunk.name not in routed:
            yield warning(
                f"trunk {trunk.name}",
                "no inbound route takes its calls: they get 404",
                f"callgate route add NAME --trunk {trunk.name} --to sip:ADDRESS",
            )
        if (
            trunk.control
            and not any(client.may_decide(trunk.name) for client in known.clients.values())
            and (
                len(known.keys) <= 1  # the admin key alone
            )
            and not any(route.rcml or route.bots or route.queue or route.phone for route in known.routes.values())
        ):
            yield warning(
                f"trunk {trunk.name}",
                "its calls are held, and no client and no key may decide them: all wait for their window's end",
                f"callgate client add NAME --decide {trunk.name}, or callgate trunk control {trunk.name} off",
            )


def _routes(known: Directory) -> Iterator[Finding]:
    for route in known.routes.values():
        gone = [name for name in route.trunks if name not in known.trunks and name != INTERNAL]
        if gone and len(gone) == len(route.trunks):
            yield warning(
                f"route {route.name}",
                f"none of its trunks exists: {', '.join(gone)}",
                f"callgate route set {route.name} --trunk NAME, or callgate route remove {route.name}",
            )


def _overlaps(known: Directory) -> Iterator[Finding]:
    """Networks of two trunks that share addresses: the smaller one gets those calls."""
    networks = sorted(
        ((ipaddress.ip_network(source), trunk.name) for trunk in known.trunks.values() for source in trunk.sources),
        key=lambda each: (each[0].version, int(each[0].network_address), each[0].prefixlen),
    )
    around: list[tuple[Network, str]] = []
    for network, name in networks:
        while around and not _within(network, around[-1][0]):
            around.pop()
        if around and around[-1][1] != name:
            outer, owner = around[-1]
            yield warning(
                f"trunk {name}",
                f"its source {network} lies in {outer} of trunk {owner}: calls from there are on {name}",
                "if that is not meant: callgate trunk set NAME --source …",
            )
        around.append((network, name))


def _within(inner: Network, outer: Network) -> bool:
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]  # of the same version


def _clients(known: Directory) -> Iterator[Finding]:
    for client in known.clients.values():
        if not any(client.may_decide(name) for name in known.trunks):
            yield warning(
                f"client {client.name}",
                "it may decide the calls of no trunk",
                f"callgate client set {client.name} --decide TRUNK",
            )
        elif not any(trunk.control for trunk in known.trunks.values() if client.may_decide(trunk.name)):
            yield warning(
                f"client {client.name}",
                "control is off on every trunk that it may decide: it is never asked",
                "callgate trunk control TRUNK on",
            )


def _documents(known: Directory) -> Iterator[Finding]:
    """Inbound routes whose calls no document can decide, or only by failing."""
    for route in known.routes.values():
        if route.rcml is None:
            continue
        trunks = [trunk for name, trunk in known.trunks.items() if not route.trunks or name in route.trunks]
        free = [trunk.name for trunk in trunks if not trunk.control]
        if free:
            what = "they go nowhere" if not route.destination else "they go straight to its destination"
            yield warning(
                f"route {route.name}",
                f"control is off on trunk {', '.join(free)}: no document decides calls from there, {what}",
                f"callgate trunk control {free[0]} on",
            )
        application = known.applications.get(route.rcml.application)
        if application is not None and not application.voice.voice_url and not route.rcml.voice.voice_url:
            yield warning(
                f"route {route.name}",
                f"its application {application.name} has no voice URL: there is no document for its calls",
                f"callgate application set {application.name} --voice-url URL",
            )
