"""What each event of a call means for queues and for the agents at whose phones it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from callgate.core.calls import Call
from callgate.core.events import CallEvent, Kind
from callgate.core.queues.model import Place
from callgate.core.queues.waiting import AT_A_PHONE
from callgate.core.verdicts import Accept, Dial, Redirect, Target
from callgate.directory.model import INTERNAL, Agent
from callgate.queues.announcements import Announcements
from callgate.queues.commands import Commands, is_elsewhere, refusal_of
from callgate.queues.floor import Floor, decider
from callgate.queues.port import AgentCall, CallState, Outcome
from callgate.queues.sending import Sending

#: Why a call has returned that the edge has no room to dial for any more.
_CROWDED = "Too Many Targets"


class CallEvents:
    """Hears every event of every call, in order."""

    def __init__(self, floor: Floor, commands: Commands, sending: Sending, announcements: Announcements) -> None:
        self._floor = floor
        self._commands = commands
        self._sending = sending
        self._announcements = announcements

    def hear(self, event: CallEvent) -> None:
        """Something has happened to a call."""
        call = event.call
        match event.kind:
            case Kind.HELD | Kind.PASSED:
                self.placed(call)
                if event.kind is Kind.HELD:
                    self.route(call)
            case Kind.ROUTED | Kind.RINGING:
                self._rings(call)
            case Kind.ANSWERED:
                self._answered(call)
            case Kind.RETURNED:
                self._returned(event)
            case _:
                self._over(event)
        self.kept(call)

    def kept(self, call: Call) -> None:
        """What has become of the call is kept, and its caller told if it waits."""
        placement = self._floor.distributor.placement(call.id)
        if placement is not None and placement.place is Place.WAITING:
            self._announcements.add(call.id)
        self._floor.save(call.id)

    # --- coming in ---------------------------------------------------------------------------------------------------

    def placed(self, call: Call) -> None:
        """If an agent's phone has placed the call, it is at that phone."""
        agent = self._floor.staff.with_phone(call.caller.number) if call.trunk == INTERNAL else None
        if agent is None:
            return
        route = self._floor.directory.route_of(call.route)
        inside = route is not None and bool(route.queue or route.phone)
        self._begin(
            AgentCall(
                call.id,
                agent.name,
                CallState.DIALING,
                call.dialled,
                call.dialled,
                "",
                "internal" if inside else "outbound",
                call.received,
            )
        )

    def route(self, call: Call) -> None:
        """Bring a held call to its route's queue or phone, if it leads to one."""
        floor = self._floor
        route = floor.directory.route_of(call.route)
        if route is None:
            return
        if route.queue:
            floor.step(floor.distributor.enter(call.id, route.queue, call.received, floor.now()))
        elif route.phone:
            self._sending.ring(call.id, route.phone)

    # --- at a phone --------------------------------------------------------------------------------------------------

    def _rings(self, call: Call) -> None:
        floor = self._floor
        if floor.distributor.placement(call.id) is not None and is_elsewhere(floor, call):
            floor.step(floor.distributor.over(call.id, floor.now()))
            for each in floor.calls.at(call.id):  # it goes on for who has placed it
                floor.step(floor.distributor.busy(each.agent, call.id, floor.now()))
        for agent in self._rung(call):
            self._ring(call, agent)

    def _ring(self, call: Call, agent: Agent) -> None:
        """The agent's phone rings, as the contact centre sees it: the INVITE is on its way."""
        floor = self._floor
        placement = floor.distributor.placement(call.id)
        queue = placement.queue if placement is not None and placement.agent == agent.name else ""
        known = floor.directory.queues.get(queue)
        kind: Literal["internal", "inbound"] = "internal" if call.trunk == INTERNAL else "inbound"
        self._begin(
            AgentCall(
                call.id,
                agent.name,
                CallState.RINGING,
                call.caller.number,
                call.dialled if known is None else known.number,
                queue,
                kind,
                floor.now(),
            )
        )

    def _begin(self, call: AgentCall) -> None:
        if self._floor.calls.begin(call) and not call.queue:
            self._floor.step(self._floor.distributor.busy(call.agent, call.call, self._floor.now()))

    def _rung(self, call: Call) -> Iterator[Agent]:
        """The agents whose phones ring for the call, as far as that is known."""
        verdict = call.record.verdict if call.record is not None else None if call.controlled else Accept()
        match verdict:
            case Dial(targets=targets):
                rung = targets
            case Redirect(uri=uri, mode="relay"):
                rung = (Target(uri),)
            case Accept() if call.destination:
                rung = (Target(call.destination),)
            case _:
                rung = ()
        for each in rung:
            agent = self._floor.staff.rung_by(each)
            if agent is not None:
                yield agent

    def _answered(self, call: Call) -> None:
        self._rings(call)
        floor, now = self._floor, self._floor.now()
        ringing = [each for each in floor.calls.at(call.id) if each.state is CallState.RINGING]
        if call.target is not None:
            agent = floor.staff.rung_by(call.target)
            answered_by = "" if agent is None else agent.name
        else:  # dialled through an earlier controller: by the one whose phone rang, if it was one
            answered_by = ringing[0].agent if len(ringing) == 1 else ""
        for each in ringing:
            if each.agent != answered_by:
                floor.release(each)
        placement = floor.distributor.placement(call.id)
        if placement is not None and placement.place in AT_A_PHONE:
            floor.counts(placement.queue).answered += 1
            floor.step(floor.distributor.answered(call.id, now))
        for each in floor.calls.at(call.id):
            floor.calls.move(each, CallState.ESTABLISHED, now)
        self._sending.drop(call.id)
        # Where it was sent to may be quicker than the word of its dialling; else somebody was quicker than an agent.
        floor.outcomes.tell(call.id, Outcome.DONE if self._sending.is_going(call.id) else Outcome.NOT_NOW)

    # --- leaving -----------------------------------------------------------------------------------------------------

    def _returned(self, event: CallEvent) -> None:
        floor, call, now = self._floor, event.call, self._floor.now()
        agent = floor.staff.get(self._commands.dialled(call.id))
        if agent is not None:  # its INVITE was out, and the refusal was quicker than the word of that
            self._ring(call, agent)
        for each in floor.calls.at(call.id):
            if each.state is CallState.RINGING:
                floor.release(each)
        if self._sending.go(call):
            return
        if floor.distributor.placement(call.id) is not None:
            floor.step(floor.distributor.returned(call.id, now, crowded=event.phrase == _CROWDED))
        else:
            self._nobody_there(call, event.status)
        self._floor.outcomes.tell(call.id, Outcome.DONE)

    def _nobody_there(self, call: Call, status: int) -> None:
        """A call that is in no queue has found nobody: it belongs to its route again, if that is ours."""
        route = self._floor.directory.route_of(call.route)
        if route is not None and route.phone:
            self._floor.tasks.start(self._commands.refuse(call.id, refusal_of(status), decider(route.phone)))
        else:
            self.route(call)

    def _over(self, event: CallEvent) -> None:
        floor, call = self._floor, event.call
        placement = floor.distributor.placement(call.id)
        if placement is not None and placement.place is not Place.CONNECTED and event.kind is Kind.CANCELLED:
            floor.counts(placement.queue).abandoned += 1
        phones = floor.calls.at(call.id)
        for each in phones:
            floor.calls.move(each, CallState.RELEASED, floor.now())
        if placement is not None or phones or floor.is_ours(call):  # most calls of others are none of our business
            floor.step(floor.distributor.over(call.id, floor.now()))
        self._sending.drop(call.id)
        self._floor.outcomes.tell(call.id, Outcome.NOT_NOW)
