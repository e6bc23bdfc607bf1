"""Queues, agents and routes to phones that nobody answers, though each entry of the directory is right by itself."""

from __future__ import annotations

from collections.abc import Iterator

from callgate.cli.checks.finding import Finding, warning
from callgate.directory.model import Agent, Directory, InboundRoute


def queues(known: Directory) -> Iterator[Finding]:
    """Queues without agents, agents without queues or with a disabled phone, routes whose calls nobody gets."""
    served = {name for agent in known.agents.values() if agent.enabled for name in agent.queues}
    for queue in known.queues.values():
        if queue.name not in served:
            yield warning(
                f"queue {queue.name}",
                "no enabled agent serves it: its calls wait for nobody",
                f"callgate agent add NAME --phone LOGIN --queue {queue.name}, or callgate agent set NAME --queue …",
            )
    for agent in known.agents.values():
        if agent.enabled:
            yield from _agent(known, agent)
    for route in known.routes.values():
        if route.queue or route.phone:
            yield from _route(known, route)


def _agent(known: Directory, agent: Agent) -> Iterator[Finding]:
    subject = f"agent {agent.name}"
    if not agent.queues:
        yield warning(subject, "serves no queue: no call is offered", f"callgate agent set {agent.name} --queue NAME")
    if agent.phone and not _rings(known, agent.phone):
        yield warning(
            subject,
            f"phone {agent.phone} is disabled: it cannot be rung",
            f"callgate phone set {agent.phone} --enabled",
        )


def _route(known: Directory, route: InboundRoute) -> Iterator[Finding]:
    subject = f"route {route.name}"
    if route.phone and not _rings(known, route.phone):
        yield warning(
            subject,
            f"phone {route.phone} is disabled: nobody gets its calls",
            f"callgate phone set {route.phone} --enabled, or callgate route set {route.name} --phone LOGIN",
        )
    trunks = [trunk for name, trunk in known.trunks.items() if not route.trunks or name in route.trunks]
    free = [trunk.name for trunk in trunks if not trunk.control]
    if free:
        leads = f"queue {route.queue}" if route.queue else f"phone {route.phone}"
        where = "straight to its destination" if route.destination else "nowhere"
        yield warning(
            subject,
            f"control is off on trunk {', '.join(free)}: calls from there do not come to {leads}, they go {where}",
            f"callgate trunk control {free[0]} on",
        )


def _rings(known: Directory, login: str) -> bool:
    phone = known.phones.get(login)
    return phone is None or phone.enabled  # one that is not there is told already
