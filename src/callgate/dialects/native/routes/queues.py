"""Queues and agents in the directory: an agent's password is told once, in the reply that made it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from callgate.dialects.native import paths, wire, wire_queues
from callgate.dialects.native.operations import Operation
from callgate.dialects.native.routes.entries import Edited, Entries, changes_of
from callgate.dialects.native.routes.hashing import hashed
from callgate.directory.model import Agent, Directory, Queue
from callgate.directory.secrets import new_password


class Queues(Entries[Queue, wire_queues.Queue, wire_queues.Queue, wire_queues.QueuePatch]):
    """The queues."""

    kind = "queue"
    tag = "Queues"
    read_scope = "read"
    paths = (paths.QUEUES, paths.QUEUE)
    shown = written = wire_queues.Queue
    page = wire.Page[wire_queues.Queue]
    patch = wire_queues.QueuePatch
    example = wire_queues.Queue("support", "9000", overflow="sip:voicemail@pbx.example.com")
    patch_example = wire_queues.QueuePatch(wait=300.0)

    def entries(self, directory: Directory) -> Mapping[str, Queue]:
        return directory.queues

    def show(self, edited: Edited[Queue]) -> wire_queues.Queue:
        return wire_queues.Queue(**msgspec.structs.asdict(edited.entry))

    async def make(self, written: wire_queues.Queue, former: Queue | None) -> Edited[Queue]:
        return Edited(Queue(**changes_of(written)))

    async def change(self, entry: Queue, patch: wire_queues.QueuePatch) -> Edited[Queue]:
        return Edited(msgspec.structs.replace(entry, **changes_of(patch)))


class Agents(Entries[Agent, wire_queues.Agent, wire_queues.AgentRequest, wire_queues.AgentPatch]):
    """The agents."""

    kind = "agent"
    tag = "Agents"
    read_scope = "admin"
    paths = (paths.AGENTS, paths.AGENT)
    shown = wire_queues.Agent
    page = wire.Page[wire_queues.Agent]
    written = wire_queues.AgentRequest
    patch = wire_queues.AgentPatch
    example = wire_queues.AgentRequest(
        "ksippo", first_name="Kristi", last_name="Sippola", phone="5001", queues=["support"]
    )
    patch_example = wire_queues.AgentPatch(queues=["support", "sales"])

    def entries(self, directory: Directory) -> Mapping[str, Agent]:
        return directory.agents

    def show(self, edited: Edited[Agent]) -> wire_queues.Agent:
        agent = edited.entry
        return wire_queues.Agent(
            agent.name,
            agent.id,
            agent.first_name,
            agent.last_name,
            agent.phone,
            agent.address,
            list(agent.queues),
            list(agent.features),
            agent.enabled,
            edited.secrets.get("", UNSET),
        )

    async def make(self, written: wire_queues.AgentRequest, former: Agent | None) -> Edited[Agent]:
        changes, secrets = changes_of(written), dict[str, str]()
        password = changes.pop("password")
        if password is None and former is None:
            password = secrets[""] = new_password()
        changes["id"] = written.id or (former.id if former else "")
        changes["secret_hash"] = former.secret_hash if former and password is None else await self._hash(password)
        return Edited(Agent(**changes), secrets)

    async def change(self, entry: Agent, patch: wire_queues.AgentPatch) -> Edited[Agent]:
        changes = changes_of(patch)
        password = changes.pop("password", None)
        if password is not None:
            changes["secret_hash"] = await self._hash(password)
        if changes.get("phone"):
            changes.setdefault("address", "")
        if changes.get("address"):
            changes.setdefault("phone", "")
        return Edited(msgspec.structs.replace(entry, **changes))

    def operations(self) -> list[Operation[Any, Any]]:
        return [
            *super().operations(),
            self._rotation(
                paths.AGENT_PASSWORD, "Give an agent a new password; the old one ends at once", self._rotated
            ),
        ]

    async def _rotated(self, entry: Agent) -> Edited[Agent]:
        password = new_password()
        return Edited(msgspec.structs.replace(entry, secret_hash=await self._hash(password)), {"": password})

    async def _hash(self, password: str) -> str:
        return await hashed(self._directory.hasher, password, "password")
