"""From the domain's values to this API's shapes."""

from __future__ import annotations

from callgate.core import calls, events, verdicts
from callgate.dialects.native import wire


def call_of(call: calls.Call) -> wire.Call:
    """The call as it is now."""
    caller = call.caller
    return wire.Call(
        id=call.id,
        trunk=call.trunk,
        route=call.route,
        dialled=call.dialled,
        destination=call.destination,
        caller=wire.Caller(
            number=caller.number,
            name=caller.name,
            uri=caller.uri,
            request_uri=caller.request_uri,
            from_header=caller.from_header,
            to_header=caller.to_header,
            source=caller.source,
            sip_call_id=caller.sip_call_id,
            asserted_identity=caller.asserted_identity,
            privacy=caller.privacy,
            diversion=caller.diversion,
            headers=_headers(caller.headers),
        ),
        state=call.state,
        controlled=call.controlled,
        window=call.window,
        deadline=call.deadline,
        lapse=verdict_of(call.lapse),
        decision=None if call.record is None else decision_of(call.record),
        received=call.received,
        told=call.told,
        decided=call.decided,
        ringing=call.ringing,
        answered=call.answered,
        ended=call.ended,
        status=call.status,
        phrase=call.phrase,
        hung_up_by=call.hung_up_by,
    )


def decision_of(record: calls.VerdictRecord) -> wire.Decision:
    """Who decided what and when."""
    return wire.Decision(verdict_of(record.verdict), record.decider.dialect, record.decider.application, record.at)


def verdict_of(verdict: verdicts.Verdict) -> wire.Verdict:
    """The verdict itself."""
    match verdict:
        case verdicts.Accept():
            return wire.AcceptVerdict()
        case verdicts.Refuse():
            return wire.RefuseVerdict(
                verdict.status, verdict.phrase, verdict.cause, verdict.reason, _headers(verdict.headers)
            )
        case verdicts.Redirect():
            return wire.RedirectVerdict(verdict.uri, verdict.mode)
        case verdicts.Dial():
            return wire.DialVerdict(
                [str(target) for target in verdict.targets],
                verdict.ring_seconds,
                verdict.limit_seconds,
                verdict.caller_id,
            )


def verdict_given_of(event: events.VerdictEvent) -> wire.VerdictGiven:
    """A verdict with what came of it."""
    return wire.VerdictGiven(
        event.call,
        verdict_of(event.verdict),
        event.decider.dialect,
        event.decider.application,
        event.result,
        event.at,
        event.seconds,
    )


def delivery_of(event: events.Delivery) -> wire.Delivery:
    """A delivery with what came of it."""
    return wire.Delivery(
        event.call,
        event.dialect,
        event.application,
        event.channel,
        event.event,
        event.result,
        event.at,
        event.seconds,
    )


def _headers(headers: tuple[tuple[str, str], ...]) -> list[wire.Header]:
    return [wire.Header(name, value) for name, value in headers]
