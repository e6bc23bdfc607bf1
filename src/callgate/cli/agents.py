"""``callgate agent …``: who answers the calls of queues."""

from __future__ import annotations

from typing import Annotated

import typer
from msgspec import UNSET

from callgate.cli import output
from callgate.cli.client import Client, at
from callgate.cli.commands import Commands
from callgate.cli.connection import connected
from callgate.cli.exits import CommandError, ExitCode
from callgate.cli.options import AsJson
from callgate.cli.status import fields_with_status, with_statuses
from callgate.cli.stdin import secret_line
from callgate.dialects.native.paths import AGENT, AGENT_PASSWORD, AGENT_STATE, AGENT_STATUS, AGENT_STATUSES, AGENTS
from callgate.dialects.native.wire import Page
from callgate.dialects.native.wire_queues import Agent, AgentPatch, AgentRequest, AgentState, AgentStatus, State

agent = Commands("Agents: they answer the calls of queues, and log in to Genesys Web Services.")

Name = Annotated[str, typer.Argument(help="The agent's user name.", show_default=False)]
AtPhone = Annotated[str | None, typer.Option("--phone", help="The login of the phone that rings.", show_default=False)]
Address = Annotated[
    str | None,
    typer.Option(
        help="The SIP URI of a phone that does not register here, as sip:5001@192.0.2.40:5060.", show_default=False
    ),
]
OfQueues = Annotated[
    list[str] | None,
    typer.Option("--queue", help="A queue whose calls are offered; may be given several times.", show_default=False),
]
FirstName = Annotated[str | None, typer.Option(help="The first name.", show_default=False)]
LastName = Annotated[str | None, typer.Option(help="The last name.", show_default=False)]
Features = Annotated[
    list[str] | None,
    typer.Option("--feature", help="A feature of the API; may be given several times.", show_default="api-voice"),
]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input, the first line.")
]
Enabled = Annotated[
    bool | None,
    typer.Option("--enabled/--disabled", help="Whether the agent can log in and is offered calls.", show_default=False),
]


@agent.command("list", "callgate agent list", "callgate agent list --json")
@connected
def list_(client: Client, as_json: AsJson = False) -> None:
    """List the agents, with what they are at this moment."""
    found = with_statuses(client.pages(AGENTS, Page[Agent]), client.pages(AGENT_STATUSES, Page[AgentStatus]))
    if as_json:
        output.print_json([fields_with_status(one, status) for one, status in found])
        return
    columns = ("AGENT", "NUMBER", "STATE", "SINCE", "REACHABLE", "CALLS", "QUEUES", "ENABLED")
    rows = (
        (
            one.name,
            status.number,
            status.state,
            _since(status),
            output.yes(status.registered),
            str(len(status.calls)),
            ", ".join(one.queues) or "-",
            output.yes(one.enabled),
        )
        for one, status in found
    )
    output.print_table(columns, rows, "no agents")


@agent.command("show", "callgate agent show ksippo")
@connected
def show(client: Client, name: Name, as_json: AsJson = False) -> None:
    """Show one agent, without the password: what is configured, and what is at this moment."""
    found, status = client.get(at(AGENT, name), Agent), client.get(at(AGENT_STATUS, name), AgentStatus)
    if as_json:
        output.print_json(fields_with_status(found, status))
        return
    _print(found)
    _print_status(status)


@agent.command(
    "add",
    "callgate agent add ksippo --phone 5001 --queue support",
    "callgate agent add ann@example.com --address sip:5002@192.0.2.40 --queue support --queue sales",
)
@connected
def add(
    client: Client,
    name: Name,
    *,
    phone: AtPhone = None,
    address: Address = None,
    queue: OfQueues = None,
    first_name: FirstName = None,
    last_name: LastName = None,
    feature: Features = None,
    password_stdin: PasswordStdin = False,
    enabled: Enabled = None,
    as_json: AsJson = False,
) -> None:
    """Add an agent; a password is made and printed, this once only, unless one is given."""
    if (phone is None) == (address is None):
        raise CommandError("say where the agent is rung: with --phone or with --address", ExitCode.USAGE)
    new = AgentRequest(
        name,
        secret_line("password") if password_stdin else None,
        "",
        first_name or "",
        last_name or "",
        phone or "",
        address or "",
        queue or [],
        ["api-voice"] if feature is None else feature,
        enabled is not False,
    )
    _print(client.send("POST", AGENTS, Agent, new), as_json)


@agent.command("set", "callgate agent set ksippo --queue support --queue sales", "callgate agent set ksippo --disabled")
@connected
def set_(
    client: Client,
    name: Name,
    *,
    phone: AtPhone = None,
    address: Address = None,
    queue: OfQueues = None,
    no_queues: Annotated[bool, typer.Option("--no-queues", help="No queue's calls are offered any more.")] = False,
    first_name: FirstName = None,
    last_name: LastName = None,
    feature: Features = None,
    enabled: Enabled = None,
    as_json: AsJson = False,
) -> None:
    """Change an agent: what is not given stays; --queue replaces all queues, --phone an address and the other way."""
    if phone and address:
        raise CommandError("give --phone or --address, not both", ExitCode.USAGE)
    if queue and no_queues:
        raise CommandError("give --queue or --no-queues, not both", ExitCode.USAGE)
    patch = AgentPatch(
        first_name=UNSET if first_name is None else first_name,
        last_name=UNSET if last_name is None else last_name,
        phone=UNSET if phone is None else phone,
        address=UNSET if address is None else address,
        queues=[] if no_queues else UNSET if queue is None else queue,
        features=UNSET if feature is None else feature,
        enabled=UNSET if enabled is None else enabled,
    )
    _print(client.send("PATCH", at(AGENT, name), Agent, patch), as_json)


@agent.command(
    "password",
    "callgate agent password ksippo",
    "pass show ksippo | callgate agent password ksippo --password-stdin",
)
@connected
def password(client: Client, name: Name, *, password_stdin: PasswordStdin = False, as_json: AsJson = False) -> None:
    """Make an agent a new password, and print it, this once only, unless one is given; the old one ends at once."""
    if password_stdin:
        patch = AgentPatch(password=secret_line("password"))
        _print(client.send("PATCH", at(AGENT, name), Agent, patch), as_json)
    else:
        _print(client.send("POST", at(AGENT_PASSWORD, name), Agent), as_json)


@agent.command("ready", "callgate agent ready ksippo")
@connected
def ready(client: Client, name: Name, as_json: AsJson = False) -> None:
    """Log an agent in, if need be, and offer calls from now on."""
    _become(client, name, "ready", as_json)


@agent.command("not-ready", "callgate agent not-ready ksippo")
@connected
def not_ready(client: Client, name: Name, as_json: AsJson = False) -> None:
    """Log an agent in, if need be, and offer no calls for now."""
    _become(client, name, "not_ready", as_json)


@agent.command("logout", "callgate agent logout ksippo")
@connected
def logout(client: Client, name: Name, as_json: AsJson = False) -> None:
    """Log an agent out: no calls are offered any more."""
    _become(client, name, "logged_out", as_json)


@agent.command("remove", "callgate agent remove ksippo")
@connected
def remove(client: Client, name: Name) -> None:
    """Remove an agent."""
    client.delete(at(AGENT, name))
    output.say(f"agent {name} removed")


def _become(client: Client, name: str, state: State, as_json: bool) -> None:
    status = client.send("POST", at(AGENT_STATE, name), AgentStatus, AgentState(state))
    if as_json:
        output.print_json(status)
        return
    output.say(f"agent {name} is {status.state}")
    if state == "ready" and not status.registered:
        output.note("The phone is not registered: no call is offered before it is.")


def _since(status: AgentStatus) -> str:
    return output.clock(status.since or None)


def _print(found: Agent, as_json: bool = False) -> None:
    if as_json:
        output.print_json(found)
        return
    fields = [
        ("agent", found.name),
        ("id", found.id),
        ("name", f"{found.first_name} {found.last_name}".strip() or "-"),
        ("phone", found.phone or found.address),
        ("queues", ", ".join(found.queues) or "-"),
        ("features", ", ".join(found.features) or "-"),
        ("enabled", output.yes(found.enabled)),
    ]
    made = [] if found.password is UNSET else [("password", found.password)]
    output.print_fields([*fields, *made])
    if made:
        output.note("The password is shown only now: Callgate keeps its hash.")


def _print_status(status: AgentStatus) -> None:
    output.print_fields(
        [
            ("state", status.state),
            ("since", _since(status)),
            ("reachable", output.yes(status.registered)),
            *(
                ("call", f"{call.state} with {call.other}, {'queue ' + call.queue if call.queue else 'direct'}")
                for call in status.calls
            ),
        ]
    )
