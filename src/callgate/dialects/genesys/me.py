"""``me``: the agent, with what is asked for of his things, and the beginning and end of his session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from callgate.core.queues.model import Presence
from callgate.dialects.genesys import resources
from callgate.dialects.genesys.calls import Calls
from callgate.dialects.genesys.errors import Status, not_found, out_of_range
from callgate.dialects.genesys.logins import Logins
from callgate.dialects.genesys.operations import Operation, present
from callgate.dialects.genesys.queues import Queues
from callgate.dialects.genesys.requests import Reply, Request, collection, otherwise, single, success
from callgate.queues.port import ContactCentre


class Me:
    """The endpoints."""

    def __init__(self, centre: ContactCentre, logins: Logins, calls: Calls, queues: Queues) -> None:
        self._centre = centre
        self._logins = logins
        self._subresources: Mapping[str, Callable[[Request], Any]] = {
            "devices": lambda request: (resources.device(request.status, request.base),),
            "channels": lambda request: (resources.channel(request.status, request.base),),
            "calls": calls.shown,
            "chats": lambda _: (),
            "skills": lambda _: (),
            "groups": lambda _: (),
            "features": lambda request: tuple(feature for _, feature in _features(request)),
            "settings": lambda _: {},
            "queues": queues.shown,
        }

    async def get(self, request: Request) -> Reply:
        """GET me, with those of ``subresources`` that there are."""
        user = resources.user(request.status.agent, request.base)
        wanted = request.subresources
        things = {name: of(request) for name, of in self._subresources.items() if name in wanted or "*" in wanted}
        return single(request, "user", msgspec.structs.replace(user, **things))

    async def user(self, request: Request) -> Reply:
        """GET users/{id}, as the user's ``uri`` has it: the agent himself."""
        if request.id != request.status.agent.id:
            raise not_found("The user")
        return await self.get(request)

    async def features(self, request: Request) -> Reply:
        """GET me/features"""
        return collection(request, "features", _features(request))

    async def feature(self, request: Request) -> Reply:
        """GET features/{id}, as a feature's ``uri`` has it: one that the agent has."""
        if request.id not in request.status.agent.features:
            raise not_found("The feature")
        return single(request, "feature", resources.feature(request.id, request.base))

    async def settings(self, request: Request) -> Reply:
        """GET me/settings: there are none."""
        return success(settings={})

    async def operate(self, request: Request) -> Reply:
        """POST me: begin or end the session, or change what the agent is in all channels."""
        operation = Operation.read(request.body)
        if operation.name == "EndContactCenterSession":
            return self._end(request)
        request.require_voice()
        if operation.name == "StartContactCenterSession":
            return self._start(request, operation)
        return present(request, self._centre, operation.presence())

    def _start(self, request: Request, operation: Operation) -> Reply:
        """Log the agent in. Place, login code, queue and device are the directory's, whatever the client says.

        Who is logged in already stays what he is: a desktop that comes back does not make its agent not ready.
        """
        channels = operation.channels()
        others = ", ".join(channel[:32] for channel in channels if channel != resources.VOICE)
        if resources.VOICE not in channels:
            raise out_of_range(f"There is no channel {others[:200]} here, only {resources.VOICE}")
        if request.status.presence is Presence.LOGGED_OUT:
            present(request, self._centre, Presence.NOT_READY)
        if others:
            message = f"{resources.VOICE} is started; there is no channel {others[:200]} here"
            return otherwise(Status.PARTIAL_SUCCESS, message, http=200)
        return success()

    def _end(self, request: Request) -> Reply:
        self._centre.present(request.agent, Presence.LOGGED_OUT)
        forget = self._logins.end(request.login.session)
        return msgspec.structs.replace(success(), headers=((b"set-cookie", forget.encode()),))


def _features(request: Request) -> list[tuple[str, Any]]:
    shown = [resources.feature(identity, request.base) for identity in request.status.agent.features]
    return [(feature.uri, feature) for feature in shown]
