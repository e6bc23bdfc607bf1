"""Carrying out: what the distributor wants done, and what follows from it, become verdicts on calls."""

from __future__ import annotations

import structlog

from callgate.core.answers import Answer, Applied, EdgeFailed, EdgeSilent, UnknownCall
from callgate.core.calls import Call, CallId
from callgate.core.queues.model import Effect, Offer, Overflow, Withdraw
from callgate.core.queues.waiting import AT_A_PHONE
from callgate.core.states import State
from callgate.core.verdicts import Decider, Refuse, Target, VerdictError, dial, redirect, refusal, refuse
from callgate.queues.floor import Floor, decider
from callgate.queues.port import Outcome
from callgate.queues.staff import target_of

log = structlog.get_logger(__name__)

#: What is refused with, where nothing says more.
UNAVAILABLE = "temporarily_unavailable"
#: What a phone's refusal is for the caller, where it is not the same: the phone's own affairs are none of his.
_REASONS = {486: "busy", 408: UNAVAILABLE, 480: UNAVAILABLE, 487: UNAVAILABLE, 503: UNAVAILABLE}


class Dialling:
    """One dialling whose outcome the edge has not told yet; ``agent`` is whose phone it is, "" for nobody's."""

    def __init__(self, agent: str) -> None:
        self.agent = agent


class Commands:
    """Each command is a task that ends with the edge's answer; what comes of it is told as events of the call."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._dialling: dict[CallId, Dialling] = {}

    def dialled(self, call: CallId) -> str:
        """Whose phone is being dialled for the call, without the edge having said that it is; "" for nobody's."""
        dialling = self._dialling.get(call)
        return "" if dialling is None else dialling.agent

    def carry_out(self, effect: Effect) -> None:
        """Do what the distributor wants done."""
        match effect:
            case Offer():
                self._floor.tasks.start(self._offer(effect))
            case Withdraw(call):
                self._floor.tasks.start(self._withdraw(call))
            case Overflow(call, queue):
                self._floor.tasks.start(self._overflow(call, queue))

    # --- queues ------------------------------------------------------------------------------------------------------

    async def _offer(self, offer: Offer) -> None:
        agent = self._floor.staff.get(offer.agent)
        placement = self._floor.distributor.placement(offer.call)
        number = 0 if placement is None else placement.offers
        try:
            if agent is not None:
                answer = await self.dial(
                    offer.call, target_of(agent), offer.ring, decider(agent.name), agent=agent.name
                )
                if isinstance(answer, Applied):
                    return
        except VerdictError:
            log.exception("an agent's phone cannot be dialled", agent=offer.agent)
        self._not_dialled(offer.call, number)

    async def _withdraw(self, call: CallId) -> None:
        match await self._floor.control.withdraw(call):
            case EdgeFailed():
                self._floor.outcomes.tell(call, Outcome.FAILED)
            case EdgeSilent():
                self._floor.outcomes.tell(call, Outcome.SILENT)
            case UnknownCall():
                self._floor.step(self._floor.distributor.over(call, self._floor.now()))

    async def _overflow(self, call: CallId, name: str) -> None:
        queue = self._floor.directory.queues.get(name)
        if queue is not None and queue.overflow:
            try:
                await self._floor.control.decide(call, redirect(queue.overflow), decider(name))
                return
            except VerdictError:
                log.exception("a queue's overflow is no SIP URI", queue=name)
        await self.refuse(call, refusal(UNAVAILABLE if queue is None else queue.refusal), decider(name))

    def _not_dialled(self, identity: CallId, number: int) -> None:
        """The call's offer of that number could not be carried out: tell the distributor what the call is."""
        floor = self._floor
        call, placement, now = floor.control.find(identity), floor.distributor.placement(identity), floor.now()
        if placement is None or placement.offers != number:
            return
        if call is None or call.ended is not None or is_elsewhere(floor, call):
            floor.step(floor.distributor.over(identity, now))
            floor.outcomes.tell(identity, Outcome.NOT_NOW)
        elif call.state is State.HELD and placement.place in AT_A_PHONE:
            floor.step(floor.distributor.returned(identity, now))
            floor.outcomes.tell(identity, Outcome.DONE)
        floor.save(identity)

    # --- calls -------------------------------------------------------------------------------------------------------

    async def dial(self, call: CallId, whom: Target, seconds: float, who: Decider, *, agent: str = "") -> Answer:
        """Ring a phone; ``agent`` is whose it is."""
        self._dialling[call] = dialling = Dialling(agent)
        try:
            return await self._floor.control.decide(call, dial((whom,), ring_seconds=seconds), who)
        finally:
            if self._dialling.get(call) is dialling:  # else it has returned, and the next one is dialled
                del self._dialling[call]

    async def refuse(self, call: CallId, verdict: Refuse, who: Decider) -> None:
        """Refuse a held call; if that is not possible, it is not held any more, or has its window's default."""
        answer = await self._floor.control.decide(call, verdict, who)
        if isinstance(answer, EdgeFailed | EdgeSilent | UnknownCall):
            log.warning("a call could not be refused", call=call, answer=type(answer).__name__)


def is_elsewhere(floor: Floor, call: Call) -> bool:
    """Whether somebody else has decided the call, so that it is not the queue's any more."""
    return call.state not in (State.HELD, State.DECIDED) and not floor.is_ours(call)


def refusal_of(status: int) -> Refuse:
    """What the caller is refused with when the one phone that he called did not take the call, with that status."""
    if status in _REASONS or not 400 <= status <= 699 or status in (401, 407):
        return refusal(_REASONS.get(status, UNAVAILABLE))
    return refuse(status=status)
