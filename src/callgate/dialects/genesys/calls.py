"""``me/calls``: the calls at the agent's phone, and what he does with them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from callgate.core.calls import CallId
from callgate.dialects.genesys import ids, resources, wire
from callgate.dialects.genesys.errors import GenesysError, Status, not_found, not_now, out_of_range
from callgate.dialects.genesys.operations import Operation
from callgate.dialects.genesys.requests import Reply, Request, collection, otherwise, single, success
from callgate.queues.port import AgentCall, ContactCentre, Outcome

#: The operations of calls that the vendor's API has besides (Genesys, "Call Resource", "Voice API").
_OTHER_OPERATIONS = frozenset(
    (
        "AttachUserData", "CompleteConference", "CompleteTransfer", "DeleteUserData", "DeleteUserDataPair", "Hold",
        "InitiateConference", "InitiateTransfer", "PauseCallRecording", "ResumeCallRecording", "Retrieve", "SendDtmf",
        "SingleStepConference", "StartCallRecording", "StopCallRecording", "UpdateUserData",
    )
)  # fmt: skip


class Calls:
    """The endpoints. ``now`` gives Unix seconds."""

    def __init__(self, centre: ContactCentre, now: Callable[[], float]) -> None:
        self._centre = centre
        self._now = now
        self._plain: Mapping[str, Callable[[str, CallId], Awaitable[Outcome]]] = {
            "Answer": centre.answer,
            "Reject": centre.reject,
            "Hangup": centre.hang_up,
        }
        #: What goes to a number, by the name that the contact centre has for it.
        self._elsewhere = {"Redirect": "redirect", "SingleStepTransfer": "transfer"}

    async def list(self, request: Request) -> Reply:
        """GET me/calls"""
        shown = self.shown(request)
        return collection(request, "calls", [(call.uri, call) for call in shown])

    async def get(self, request: Request) -> Reply:
        """GET me/calls/{id}"""
        return single(request, "call", self._shown(request, self._find(request)))

    async def operate(self, request: Request) -> Reply:
        """POST me/calls/{id}: done when it has happened."""
        operation = Operation.read(request.body)
        request.require_voice()
        call = self._find(request)
        plain = self._plain.get(operation.name)
        if plain is not None:
            return _answer(operation.name, await plain(request.agent, call.call))
        kind = self._elsewhere.get(operation.name)
        if kind is None:
            raise operation.unknown(_OTHER_OPERATIONS)
        number = operation.number()
        if kind not in self._centre.operations(call):
            raise _not_now(operation.name)
        return _answer(operation.name, await self._centre.transfer(request.agent, call.call, number))

    def shown(self, request: Request) -> tuple[wire.Call, ...]:
        """All calls at the agent's phone."""
        return tuple(self._shown(request, call) for call in self._centre.calls(request.agent))

    def _shown(self, request: Request, call: AgentCall) -> wire.Call:
        number = request.status.agent.number
        return resources.call(call, number, self._centre.operations(call), request.base, self._now())

    def _find(self, request: Request) -> AgentCall:
        identity = ids.call_of(request.id)
        call = None if identity is None else self._centre.call(request.agent, identity)
        if call is None:
            raise not_found("The call")
        return call


def _answer(operation: str, outcome: Outcome) -> Reply:
    match outcome:
        case Outcome.DONE:
            return success()
        case Outcome.UNKNOWN:
            raise not_found("The call")
        case Outcome.NOT_NOW:
            raise _not_now(operation)
        case Outcome.FORBIDDEN:
            message = f"{operation} is forbidden: the call was not delivered by a queue"
            raise GenesysError(Status.FORBIDDEN, message, http=403)
        case Outcome.BAD_TARGET:
            raise out_of_range("destination.phoneNumber leads nowhere")
        case Outcome.FAILED:
            raise not_now(f"{operation} was not done: the phone, or the SIP side, could or would not do it")
        case Outcome.SILENT:
            message = f"{operation} is under way: what comes of it is told as a notification"
            return otherwise(Status.INCOMPLETE, message, http=202)


def _not_now(operation: str) -> GenesysError:
    return not_now(f"{operation} is not possible in the call's current state")
