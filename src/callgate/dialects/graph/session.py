"""What one bot knows of one call: the state it was told last, and where it is told the next."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import msgspec

from callgate.core.calls import Call
from callgate.core.events import CallEvent, Kind
from callgate.core.states import State
from callgate.core.verdicts import EARLIER, GUARD, STOP, WINDOW, Decider, Dial, Redirect, Refuse, Verdict
from callgate.dialects.graph import results
from callgate.dialects.graph.incoming import View
from callgate.dialects.graph.model import DIALECT, CallState, ChangeType, Notification, Notifier
from callgate.dialects.graph.states import Form, Happening, after
from callgate.dialects.graph.wire import MediaConfig, ResultInfo
from callgate.directory.model import Bot

_BY_DEFAULT = (WINDOW, GUARD, STOP, EARLIER)


class Intent(msgspec.Struct, frozen=True, eq=False):
    """What a request wants to do with the call, and what is so from the moment that it is done."""

    verdict: Verdict
    callback: str | None = None
    media: MediaConfig | None = None


class Session:
    """One bot's call. ``refuse`` is called when a redirect has found nobody, with the SIP status of the failure."""

    def __init__(self, call: Call, bot: Bot, notifier: Notifier, refuse: Callable[[Session, int], None]) -> None:
        self.call = call
        self.bot = bot
        self.decider = Decider(DIALECT, bot.name)
        self.state: CallState = "incoming"
        self._callback = bot.callback
        self._media: MediaConfig | None = None
        self._view = View.of(call, bot)
        self._notifier = notifier
        self._refuse = refuse
        self._etag = 0
        self._intents: list[Intent] = []
        self._hanging_up = False
        #: What the last of its targets said when nobody had answered: a SIP status, 0: nobody in time.
        self._returned = 0

    def begin(self) -> None:
        """Tell the bot that there is a call, until its window is over."""
        self._tell("created", Form.WHOLE, None, self.call.deadline)

    def resource(self, context: str) -> bytes:
        """The call for a bot that asks for it."""
        return self._view.resource(context, self.state, self._callback, self._etag, self._media)

    # --- what the bot wants ------------------------------------------------------------------------------------------

    def intends(self, intent: Intent) -> None:
        """This is about to be asked of the gate: the event of it may come before the answer."""
        self._intents.append(intent)

    def done(self, intent: Intent) -> None:
        """It was done; what was dialled may have returned before that was known, and then no event has told it."""
        if self.state == "incoming" and isinstance(intent.verdict, Dial) and self.call.state is State.HELD:
            self._take(intent.verdict)
            self._step(Happening.REDIRECTING)
            self._refuse(self, self._returned)

    def gives_up(self, intent: Intent) -> None:
        """It was not done."""
        if intent in self._intents:
            self._intents.remove(intent)

    def hangs_up(self) -> None:
        """The end is about to be asked for."""
        self._hanging_up = True

    def not_hung_up(self) -> None:
        """The end could not be had."""
        self._hanging_up = False

    @property
    def hanging_up(self) -> bool:
        return self._hanging_up

    def hung_up(self) -> None:
        """The end is on its way."""
        self._step(Happening.HANGING_UP)

    # --- what happens ------------------------------------------------------------------------------------------------

    def hear(self, event: CallEvent) -> None:
        """Something has happened to the call."""
        kind = event.kind
        if kind is Kind.RETURNED:
            self._returned = event.status
            if self.state != "incoming":
                self._refuse(self, event.status)
            return
        if self.state == "incoming" and kind is not Kind.HELD:
            self._decided(kind)
        match kind:
            case Kind.ANSWERED:
                self._step(Happening.CONNECTED)
            case Kind.CANCELLED | Kind.FAILED | Kind.ENDED | Kind.REFUSED | Kind.REDIRECTED:
                self._over(kind)
            case Kind.ROUTED if self.state == "redirecting" and not self._is_ours():
                self._decided_elsewhere()  # in the moment in which nobody had answered

    def _decided(self, kind: Kind) -> None:
        """The first that is heard behind the decision, whichever report that is."""
        record = self.call.record
        if record is None:
            return
        if not self._is_ours():
            self._decided_elsewhere()
            return
        self._take(record.verdict)
        match record.verdict:
            case Redirect():
                self._step(Happening.ANSWERING)
            case Dial():
                self._step(Happening.REDIRECTING)
            case Refuse() if kind is Kind.REFUSED and not self._hanging_up:
                self._step(Happening.REJECTED)

    def _take(self, verdict: Verdict) -> None:
        for intent in self._intents:
            if intent.verdict is verdict:
                self._callback = intent.callback or self._callback
                self._media = intent.media
        self._intents.clear()

    def _over(self, kind: Kind) -> None:
        if self._hanging_up:
            self._step(Happening.HANGING_UP)
            self._step(Happening.OVER, results.ENDED)
        elif kind in (Kind.REFUSED, Kind.REDIRECTED) and not self._is_ours():
            self._decided_elsewhere()
        else:
            self._step(Happening.OVER, results.of_end(kind, self.call))

    def _decided_elsewhere(self) -> None:
        record = self.call.record
        if record is not None and record.decider in _BY_DEFAULT:
            self._step(Happening.LAPSED, results.LAPSED)
        else:
            self._step(Happening.DECIDED_ELSEWHERE, results.COMPLETED_ELSEWHERE)

    def _is_ours(self) -> bool:
        record = self.call.record
        return record is not None and record.decider == self.decider

    # --- what is told ------------------------------------------------------------------------------------------------

    def _step(self, happening: Happening, result: ResultInfo | None = None) -> None:
        step = after(self.state, happening)
        if step is None:
            return
        self.state = step.state
        if step.change is not None:
            self._tell(step.change, step.form, result, None)

    def _tell(self, change: ChangeType, form: Form, result: ResultInfo | None, deadline: float | None) -> None:
        self._etag += 1
        body = self._view.notification(change, form, self.state, self._callback, etag=self._etag, result=result)
        self._notifier.tell(
            Notification(
                bot=self.bot,
                call=self.call.id,
                change=change,
                callback=self._callback,
                body=body,
                scenario=self._view.chain,
                message=str(uuid4()),
                deadline=deadline,
                moved=self._moved,
            )
        )

    def _moved(self, callback: str) -> None:
        self._callback = callback

    @property
    def over(self) -> bool:
        """Nothing more is to be told."""
        return self.state == "terminated"
