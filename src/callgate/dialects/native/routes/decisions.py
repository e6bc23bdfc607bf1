"""Accept, refuse, redirect, hang up: the operations on the hot path."""

from __future__ import annotations

import re
from typing import Any

from callgate.core.answers import (
    AlreadyDecided,
    Answer,
    Applied,
    CancelledByCaller,
    EdgeFailed,
    EdgeSilent,
    HangUpAnswer,
    HungUp,
    Lapsed,
    NoDestination,
    NotHeld,
    NotLive,
    UnknownCall,
)
from callgate.core.calls import CallId
from callgate.core.control import CallControl
from callgate.core.reasons import UnknownReasonError
from callgate.core.verdicts import Accept, Decider, Redirect, Refuse, Verdict, VerdictError, redirect, refuse
from callgate.dialects.native import errors, paths
from callgate.dialects.native.mapping import call_of, decision_of
from callgate.dialects.native.operations import NoQuery, Operation, Reply, Request, json_reply
from callgate.dialects.native.wire import EmptyRequest, Outcome, RedirectRequest, RefuseRequest

DIALECT = "native"

_UUID = re.compile(r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_PROBLEMS = (errors.UNKNOWN_CALL, errors.EDGE_FAILED, errors.EDGE_SILENT)
_DECISION_PROBLEMS = (
    errors.ALREADY_DECIDED,
    errors.LAPSED,
    errors.CANCELLED_BY_CALLER,
    errors.NOT_HELD,
    errors.NO_DESTINATION,
    *_PROBLEMS,
)


class Decisions:
    """Gives verdicts and hangs up, in the name of the key that asks."""

    def __init__(self, control: CallControl) -> None:
        self._control = control

    async def accept(self, request: Request[NoQuery, EmptyRequest]) -> Reply:
        return await self._decide(request, Accept())

    async def refuse(self, request: Request[NoQuery, RefuseRequest]) -> Reply:
        return await self._decide(request, refusal(request.body))

    async def redirect(self, request: Request[NoQuery, RedirectRequest]) -> Reply:
        return await self._decide(request, redirection(request.body))

    async def hang_up(self, request: Request[NoQuery, EmptyRequest]) -> Reply:
        call = call_id(request.parameters["id"])
        if call is None:
            return answer_reply(UnknownCall())
        return answer_reply(await self._control.hang_up(call, Decider(DIALECT, request.application)))

    async def _decide(self, request: Request[NoQuery, Any], verdict: Verdict) -> Reply:
        decider = Decider(DIALECT, request.application)
        return answer_reply(await self._control.decide(call_id(request.parameters["id"]), verdict, decider))

    def operations(self) -> list[Operation[Any, Any]]:
        return [
            Operation(
                "POST",
                paths.ACCEPT,
                self.accept,
                "Calls",
                "Accept a held call: it goes on to its inbound route's destination",
                scope="decide",
                body=EmptyRequest,
                body_optional=True,
                reply=Outcome,
                problems=_DECISION_PROBLEMS,
                example={},
            ),
            Operation(
                "POST",
                paths.REFUSE,
                self.refuse,
                "Calls",
                "Refuse a held call: the caller gets exactly this response, and the destination never rings",
                scope="decide",
                body=RefuseRequest,
                body_optional=True,
                reply=Outcome,
                problems=_DECISION_PROBLEMS,
                example=RefuseRequest(status=480, phrase="Closed today", headers={"Retry-After": "3600"}),
            ),
            Operation(
                "POST",
                paths.REDIRECT,
                self.redirect,
                "Calls",
                "Send a held call elsewhere",
                scope="decide",
                body=RedirectRequest,
                reply=Outcome,
                problems=_DECISION_PROBLEMS,
                example=RedirectRequest("sip:2002@192.0.2.10:5060"),
            ),
            Operation(
                "POST",
                paths.HANG_UP,
                self.hang_up,
                "Calls",
                "End a live call: BYE both ways, or a refusal with 603 if it is not answered yet",
                scope="decide",
                body=EmptyRequest,
                body_optional=True,
                reply=Outcome,
                problems=(errors.NOT_LIVE, *_PROBLEMS),
                example={},
            ),
        ]


def call_id(text: str) -> CallId | None:
    """The call id of a path, ``None`` for what cannot be one."""
    return CallId(text.lower()) if _UUID.fullmatch(text) else None


def refusal(body: RefuseRequest) -> Refuse:
    """The refusal asked for.

    Raises:
        ProblemError: 422, a field is out of bounds.
    """
    try:
        return refuse(body.reason, status=body.status, phrase=body.phrase, headers=body.headers)
    except UnknownReasonError as error:
        raise errors.invalid("$.reason", str(error)) from None
    except VerdictError as error:
        raise errors.invalid(f"$.{error.field}", str(error)) from None


def redirection(body: RedirectRequest) -> Redirect:
    """The redirection asked for.

    Raises:
        ProblemError: 422, the URI is none.
    """
    try:
        return redirect(body.uri, body.mode)
    except VerdictError as error:
        raise errors.invalid(f"$.{error.field}", str(error)) from None


def answer_reply(answer: Answer | HangUpAnswer) -> Reply:
    """The reply to a decision that has been carried out.

    Raises:
        ProblemError: it was not; each typed answer is a type of problem.
    """
    match answer:
        case Applied(call=call, status=status):
            return json_reply(Outcome("applied", status, call_of(call)))
        case HungUp(call=call):
            return json_reply(Outcome("hung_up", call.status or 0, call_of(call)))
        case AlreadyDecided(call=call, first=first):
            by = f"{first.decider.application} ({first.decider.dialect})"
            text = f"call {call.id} was decided by {by} before"
            raise errors.ProblemError(errors.ALREADY_DECIDED, text, call=call_of(call), decision=decision_of(first))
        case Lapsed(call=call, default=default):
            text = f"the window of call {call.id} is over, the default has been applied"
            raise errors.ProblemError(errors.LAPSED, text, call=call_of(call), decision=decision_of(default))
        case CancelledByCaller(call=call):
            text = f"the caller of call {call.id} hung up before"
            raise errors.ProblemError(errors.CANCELLED_BY_CALLER, text, call=call_of(call))
        case NotHeld(call=call):
            text = f"call {call.id} on trunk {call.trunk} was not held for a decision"
            raise errors.ProblemError(errors.NOT_HELD, text, call=call_of(call))
        case NoDestination(call=call):
            text = f"inbound route {call.route} has no destination to route the call to; the call is still held"
            raise errors.ProblemError(errors.NO_DESTINATION, text, call=call_of(call))
        case NotLive(call=call):
            raise errors.ProblemError(errors.NOT_LIVE, f"call {call.id} is {call.state}", call=call_of(call))
        case EdgeFailed(call=call, status=status):
            text = f"the edge could not do it, the call is {call.state}"
            raise errors.ProblemError(errors.EDGE_FAILED, text, call=call_of(call), status_sent=status)
        case EdgeSilent(call=call):
            raise errors.ProblemError(errors.EDGE_SILENT, call=call_of(call))
        case UnknownCall():
            raise errors.ProblemError(errors.UNKNOWN_CALL)
