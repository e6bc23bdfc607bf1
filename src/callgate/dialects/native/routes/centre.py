"""Queues and agents as they are now, and what an agent is from now on."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from callgate.core.queues.model import Presence
from callgate.dialects.native import errors, paths, wire_queues
from callgate.dialects.native.operations import NoQuery, Operation, Reply, Request, json_reply
from callgate.dialects.native.routes.pages import PageQuery, names_on
from callgate.dialects.native.wire import Limit, Page
from callgate.directory.errors import shown
from callgate.directory.service import DirectoryService
from callgate.queues.port import AgentCall, AgentStatus, ContactCentre, QueueStatus, WaitingCall


class LineQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which part of a line."""

    cursor: Annotated[
        str, Meta(pattern="^[0-9]{0,9}$", description="`next` of the page before; left out: from the first in line.")
    ] = ""
    limit: Annotated[Limit, Meta(description="How many calls, 1 to 1000.")] = 100


class Centre:
    """The operations on what happens in queues; ``centre`` is ``None`` where none runs."""

    def __init__(self, centre: ContactCentre | None, directory: DirectoryService) -> None:
        self._centre = centre
        self._directory = directory

    async def queue_status(self, request: Request[NoQuery, None]) -> Reply:
        return json_reply(_queue_shown(self._queue(request)))

    async def queue_statuses(self, request: Request[PageQuery, None]) -> Reply:
        centre, shown = self._running(), list[wire_queues.QueueStatus]()
        names, following = names_on(request.query, sorted(self._directory.current.queues))
        for name in names:
            status = centre.queue(name)
            if status is not None:
                shown.append(_queue_shown(status))
            await asyncio.sleep(0)  # each looks at all agents, and calls must not wait for a thousand of them
        return json_reply(Page(shown, following))

    async def queue_calls(self, request: Request[LineQuery, None]) -> Reply:
        queue, query = self._queue(request), request.query
        line = self._running().waiting(queue.name)
        first = int(query.cursor or "0")
        last = first + query.limit
        page = [_waiting_shown(place, call) for place, call in enumerate(line[first:last], start=first + 1)]
        return json_reply(Page(page, str(last) if last < len(line) else None))

    async def agent_status(self, request: Request[NoQuery, None]) -> Reply:
        return json_reply(self._agent_shown(self._agent(request)))

    async def agent_statuses(self, request: Request[PageQuery, None]) -> Reply:
        centre = self._running()
        names, following = names_on(request.query, sorted(self._directory.current.agents))
        shown = [self._agent_shown(status) for name in names if (status := centre.agent(name)) is not None]
        return json_reply(Page(shown, following))

    async def set_state(self, request: Request[NoQuery, wire_queues.AgentState]) -> Reply:
        status, presence = self._agent(request), Presence(request.body.state)
        name = status.agent.name
        if not status.agent.enabled and presence is not Presence.LOGGED_OUT:
            raise errors.ProblemError(errors.AGENT_STATE, f"agent {shown(name)} is disabled")
        if not self._running().present(name, presence):
            raise errors.ProblemError(
                errors.AGENT_STATE, f"agent {shown(name)} is {status.presence.value}, and cannot be {presence.value}"
            )
        return json_reply(self._agent_shown(self._agent(request)))

    def operations(self) -> list[Operation[Any, Any]]:
        unknown = (errors.UNKNOWN_ENTRY, errors.UNAVAILABLE)
        return [
            Operation(
                "GET",
                paths.QUEUE_STATUS,
                self.queue_status,
                "Queues",
                "Get how a queue is now: who waits, and who could answer",
                reply=wire_queues.QueueStatus,
                problems=unknown,
            ),
            Operation(
                "GET",
                paths.QUEUE_STATUSES,
                self.queue_statuses,
                "Queues",
                "List by name how the queues are now",
                query=PageQuery,
                reply=Page[wire_queues.QueueStatus],
                problems=(errors.UNAVAILABLE,),
            ),
            Operation(
                "GET",
                paths.QUEUE_CALLS,
                self.queue_calls,
                "Queues",
                "List the calls that wait in a queue, the next one first",
                query=LineQuery,
                reply=Page[wire_queues.WaitingCall],
                problems=unknown,
            ),
            Operation(
                "GET",
                paths.AGENT_STATUS,
                self.agent_status,
                "Agents",
                "Get how an agent is now, with the calls of the phone",
                reply=wire_queues.AgentStatus,
                problems=unknown,
            ),
            Operation(
                "GET",
                paths.AGENT_STATUSES,
                self.agent_statuses,
                "Agents",
                "List by name how the agents are now, with the calls of their phones",
                query=PageQuery,
                reply=Page[wire_queues.AgentStatus],
                problems=(errors.UNAVAILABLE,),
            ),
            Operation(
                "POST",
                paths.AGENT_STATE,
                self.set_state,
                "Agents",
                "Log an agent in or out, or make it ready or not ready",
                scope="decide",
                body=wire_queues.AgentState,
                reply=wire_queues.AgentStatus,
                problems=(*unknown, errors.AGENT_STATE),
                example=wire_queues.AgentState("ready"),
            ),
        ]

    def _running(self) -> ContactCentre:
        if self._centre is None:
            raise errors.ProblemError(errors.UNAVAILABLE, "no queues run here")
        return self._centre

    def _queue(self, request: Request[Any, Any]) -> QueueStatus:
        name = request.parameters["name"]
        found = self._running().queue(name)
        if found is None:
            raise errors.ProblemError(errors.UNKNOWN_ENTRY, f"there is no queue {shown(name)}")
        return found

    def _agent(self, request: Request[Any, Any]) -> AgentStatus:
        name = request.parameters["name"]
        found = self._running().agent(name)
        if found is None:
            raise errors.ProblemError(errors.UNKNOWN_ENTRY, f"there is no agent {shown(name)}")
        return found

    def _agent_shown(self, status: AgentStatus) -> wire_queues.AgentStatus:
        agent = status.agent
        calls = [_call_shown(call) for call in self._running().calls(agent.name)]
        state = status.presence.value
        return wire_queues.AgentStatus(agent.name, agent.number, state, status.since, status.registered, calls)


def _queue_shown(status: QueueStatus) -> wire_queues.QueueStatus:
    return wire_queues.QueueStatus(**msgspec.structs.asdict(status))


def _waiting_shown(place: int, call: WaitingCall) -> wire_queues.WaitingCall:
    agent = call.agent or None
    return wire_queues.WaitingCall(place, call.call, call.number, call.since, call.priority, agent, call.offers)


def _call_shown(call: AgentCall) -> wire_queues.AgentCall:
    return wire_queues.AgentCall(
        call.call,
        call.state.value,
        call.other,
        call.dialled,
        call.queue or None,
        call.kind,
        call.began,
        call.answered or None,
    )
