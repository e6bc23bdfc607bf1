"""What one Dial has dialled: a record for each target, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from callgate.core.calls import Call
from callgate.core.events import Kind
from callgate.core.verdicts import Dial
from callgate.dialects.rcml import parameters
from callgate.dialects.rcml.model import FINAL_STATUSES, CallRecord, Log, Status
from callgate.dialects.rcml.sids import call_sid, leg_sid
from callgate.dialects.rcml.statuses import of_dialled


class Dialled(msgspec.Struct, frozen=True):
    """What came of a Dial, as its action is told: ``status``, the sid of who was dialled, seconds it lasted and rang.

    ``sip`` is the SIP status that it failed with. ``over``: the caller's call has ended with it.
    """

    status: Status
    sip: int = 0
    sid: str | None = None
    seconds: int | None = None
    rang: int | None = None
    over: bool = False


class Dialling:
    """The calls to the targets of one Dial.

    ``outcome`` is what came of it, or ``None`` if the call was decided by somebody else, or is over without an answer.
    """

    def __init__(
        self, call: Call, dial: Dial, names: Sequence[str], *, account_sid: str, log: Log, began: float
    ) -> None:
        self.outcome: asyncio.Future[Dialled | None] = asyncio.get_running_loop().create_future()
        self._call = call
        self._log = log
        self._targets = dial.targets
        self._answered_at: float | None = None
        self._began = began
        attempt = call.attempts + 1  # the gate numbers it so when it claims the call
        caller = dial.caller_id or parameters.from_number(call)
        self._legs = [
            CallRecord(
                sid=leg_sid(call.id, attempt, index),
                account_sid=account_sid,
                parent_sid=call_sid(call.id),
                phone_number_sid=None,
                from_=caller,
                to=name,
                direction="outbound-dial",
                status="queued",
                caller_name=None,
                forwarded_from=None,
                created=began,
                updated=began,
            )
            for index, name in enumerate(names)
        ]
        self._first = 0

    @property
    def sid(self) -> str:
        """The sid of who has answered, else of the first target."""
        return self._legs[self._first].sid

    def rings(self, at: float) -> None:
        """The INVITEs are out."""
        for index, leg in enumerate(self._legs):
            if leg.status == "queued":
                self._become(index, "ringing", at)

    def answered(self, at: float) -> None:
        """One of the targets has answered, the others are cancelled."""
        self.rings(at)
        target = self._call.target
        self._first = next((index for index, each in enumerate(self._targets) if each is target), 0)
        self._answered_at = at
        for index in range(len(self._legs)):
            self._become(index, "in-progress" if index == self._first else "canceled", at)

    def returned(self, status: int, at: float, *, withdrawn: bool = False) -> None:
        """Nobody has answered; ``withdrawn``: because it was cancelled from here."""
        self.rings(at)
        became: Status = "canceled" if withdrawn else of_dialled(status)
        for index in range(len(self._legs)):
            self._become(index, became, at)
        self._settle(Dialled(became, status, self.sid, None, int(at - self._began)))

    def ended(self, kind: Kind, at: float) -> None:
        """The caller's call is over."""
        answered = self._answered_at
        if answered is None:
            for index, leg in enumerate(self._legs):
                if leg.status != "queued":  # else it was never sent
                    self._become(index, "canceled", at)
            self.give_up()
            return
        status: Status = "completed" if kind is Kind.ENDED else "failed"
        self._become(self._first, status, at)
        rang, lasted = int(answered - self._began), int(at - answered)
        self._settle(Dialled(status, 0, self.sid, lasted, rang, over=True))

    def give_up(self) -> None:
        """Whoever waits need not wait any longer."""
        self._settle(None)

    def _settle(self, outcome: Dialled | None) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)

    def _become(self, index: int, status: Status, at: float) -> None:
        leg = self._legs[index]
        if leg.status in FINAL_STATUSES:
            return
        started = at if status == "in-progress" else leg.started
        over = status in FINAL_STATUSES
        rang = leg.ring_seconds
        if rang is None and status != "ringing":
            rang = int(at - self._began)
        self._legs[index] = leg = msgspec.structs.replace(
            leg, status=status, updated=at, started=started, ended=at if over else None, ring_seconds=rang
        )
        self._log.call(leg)
