"""Bots that are told of no call or cannot log in, though each entry of the directory is right by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from callgate.cli.checks.finding import Finding, warning
from callgate.directory.certificates import end_of
from callgate.directory.graph import BotIndex
from callgate.directory.model import Bot, Directory, InboundRoute


def bots(known: Directory, now: datetime | None = None) -> Iterator[Finding]:
    """Bots that no route names, or whose certificates have ended; routes whose calls none of their bots is told of."""
    named = {name for route in known.routes.values() for name in route.bots}
    for bot in known.bots.values():
        if bot.name not in named:
            yield warning(
                f"bot {bot.name}",
                "no inbound route names it: it is told of no call",
                f"callgate route set ROUTE --bot {bot.name}",
            )
        yield from _certificates(bot, now or datetime.now(UTC))
    for route in known.routes.values():
        if route.bots:
            yield from _route(known, route)


def _certificates(bot: Bot, now: datetime) -> Iterator[Finding]:
    ended = [end for certificate in bot.certificates if (end := end_of(certificate)) < now]
    if not ended:
        return
    if len(ended) < len(bot.certificates):
        what = f"{len(ended)} of its {len(bot.certificates)} certificates have ended"
    else:
        what = f"its certificate ended on {max(ended):%Y-%m-%d}"
    rest = "" if len(ended) < len(bot.certificates) or bot.secret_hashes else ": it cannot log in"
    yield warning(f"bot {bot.name}", f"{what}{rest}", f"callgate bot set {bot.name} --certificate FILE")


def _route(known: Directory, route: InboundRoute) -> Iterator[Finding]:
    subject = f"route {route.name}"
    found = [known.bots[name] for name in route.bots if name in known.bots]
    if not any(bot.enabled for bot in found):
        yield warning(
            subject,
            f"none of its bots is enabled: {', '.join(route.bots)}",
            f"callgate bot set {route.bots[0]} --enabled, or callgate route set {route.name} --no-bots",
        )
    elif not route.did.endswith("*") and not BotIndex.of(known).bots_of(route, route.did):
        yield warning(
            subject,
            f"none of its bots is told of calls to {route.did}: their numbers leave it out",
            f"callgate bot set {route.bots[0]} --number '{route.did}'",
        )
    trunks = [trunk for name, trunk in known.trunks.items() if not route.trunks or name in route.trunks]
    free = [trunk.name for trunk in trunks if not trunk.control]
    if free:
        where = "straight to its destination" if route.destination else "nowhere"
        yield warning(
            subject,
            f"control is off on trunk {', '.join(free)}: no bot is told of calls from there, they go {where}",
            f"callgate trunk control {free[0]} on",
        )
