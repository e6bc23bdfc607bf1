"""After a start: what an earlier controller has kept, and what the edge says of each call, brought together.

The edge knows which calls wait, ring or are answered, and that is believed; what was kept says in whose queue and at
whose phone. A call that rings at nobody knows whom rings on, and comes to its queue if nobody answers.
"""

from __future__ import annotations

import msgspec

from callgate.core.calls import Call
from callgate.core.queues.model import Place, Placement, Presence
from callgate.core.queues.waiting import AT_A_PHONE
from callgate.core.states import State
from callgate.queues.events import CallEvents
from callgate.queues.floor import Floor
from callgate.queues.port import AgentCall, CallState
from callgate.queues.store import Saved, SavedCall

_DIALLED = frozenset({State.DECIDED, State.ROUTED, State.RINGING})


def restore_presences(floor: Floor, saved: Saved) -> None:
    """The agents are what they were, since then."""
    for each in saved.presences:
        if floor.staff.get(each.agent) is None:
            floor.store.presence(msgspec.structs.replace(each, presence=Presence.LOGGED_OUT))
            continue
        first = Presence.READY if each.presence is Presence.AFTER_CALL_WORK else each.presence
        floor.step(floor.distributor.present(each.agent, first, each.since))
        if each.presence is Presence.AFTER_CALL_WORK:
            seconds = each.until - each.since if each.until else 0.0
            floor.step(floor.distributor.present(each.agent, each.presence, each.since, seconds=seconds))


def restore_calls(floor: Floor, saved: Saved, events: CallEvents) -> None:
    """Every live call is where it was; nobody is offered one before all are there."""
    for call in sorted(floor.control.live(), key=lambda call: (call.received, call.id)):
        kept = saved.calls.get(call.id, SavedCall(call.id, None, ()))
        for one in kept.phones:
            _restore_phone(floor, call, one)
        if call.state is not State.ANSWERED:
            events.placed(call)
        _restore_place(floor, call, kept.placement, events)
        events.kept(call)


def _restore_phone(floor: Floor, call: Call, one: AgentCall) -> None:
    if floor.staff.get(one.agent) is None:
        return
    if call.state is State.ANSWERED and one.state is not CallState.ESTABLISHED:
        one = msgspec.structs.replace(one, state=CallState.ESTABLISHED, answered=call.answered or floor.now())
    elif one.state is CallState.RINGING and call.state not in _DIALLED:
        return
    floor.calls.begin(one)
    if not one.queue:
        floor.step(floor.distributor.busy(one.agent, one.call, floor.now()))


def _restore_place(floor: Floor, call: Call, kept: Placement | None, events: CallEvents) -> None:
    route = floor.directory.route_of(call.route)
    match call.state:
        case State.HELD if kept is not None or (route is not None and route.queue):
            placement = kept or Placement(call.id, route.queue if route else "", call.received)
            placement = msgspec.structs.replace(placement, place=Place.WAITING, agent="")
        case State.HELD:
            events.route(call)
            return
        case State.ANSWERED if kept is not None and kept.agent:
            placement = msgspec.structs.replace(kept, place=Place.CONNECTED)
        case state if state in _DIALLED and kept is not None and kept.place in AT_A_PHONE:
            placement = kept
        case _:
            return
    floor.step(floor.distributor.restore(placement, floor.now()))
