"""The port that dialects speak to: calls to look at, verdicts to give, events to hear."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec

from callgate.core.answers import Answer, HangUpAnswer, TalkAnswer, TransferAnswer, WithdrawAnswer
from callgate.core.calls import Call, CallId, Sequence
from callgate.core.events import Delivery, Event
from callgate.core.verdicts import Decider, Verdict

#: Called for each event, in order, on the event loop. It must return at once: take what is needed, never wait.
Listener = Callable[[Event], None]


class Health(msgspec.Struct, frozen=True):
    """How Callgate is. ``linked``: the edge can hold a call and the controller can decide it, right now.
    ``directory_in_edge``: it has the directory as it is now, so that the last change holds for the next INVITE.

    ``counters`` are the edge's own since it started: "unknown_source", "no_route", "no_controller" (defaults applied
    because no controller was connected), "guard" (defaults applied by the guard timer), "failed_registrations" (of
    phones, with a wrong password or an unknown login). ``edge_version`` is Kamailio's.
    ``backlog`` journal entries wait for SQL, ``dropped`` were lost because the backlog was full. ``entries`` is how
    many entries each of the edge's tables of calls has; without calls all become empty.
    """

    linked: bool
    directory_in_edge: bool
    edge_version: str
    held: int
    live: int
    counters: dict[str, int]
    backlog: int = 0
    dropped: int = 0
    entries: dict[str, int] = {}


class PhoneStatus(msgspec.Struct, frozen=True):
    """A phone that is registered at the edge: its login, in how many places it is, and where it spoke from last."""

    login: str
    contacts: int
    source: str


class CallControl(Protocol):
    """What a dialect may do. The application object that stands behind it owns the gate and the link to the edge."""

    def find(self, call: CallId) -> Call | None:
        """The call of that id, live or ended not long ago."""
        ...

    def find_sequence(self, sequence: Sequence) -> Call | None:
        """The call of that sequence number, live or ended not long ago."""
        ...

    def live(self) -> Iterable[Call]:
        """All calls that have not ended, oldest first."""
        ...

    async def decide(self, call: CallId | None, verdict: Verdict, decider: Decider) -> Answer:
        """Give a verdict and learn what came of it; returns when the edge has acknowledged it.

        A ``Dial`` is applied when the INVITEs are out; what comes of them is told as events: RINGING, ANSWERED, or
        RETURNED when the call is held again, for the route's window.

        ``None`` as the call records a verdict for a call that the dialect could not even name.
        """
        ...

    async def hang_up(self, call: CallId, decider: Decider) -> HangUpAnswer:
        """End a live call: BYE both ways if it is established; a call not yet answered is refused with 603."""
        ...

    async def hold_on(self, call: CallId, seconds: float, *, status: int = 0, phrase: str = "") -> Answer:
        """Hold a held call for ``seconds`` from now on, in place of what is left of its window.

        With ``status`` (a provisional one, 180 to 199) the caller gets that response, which keeps his network waiting.
        Returns when the edge has armed its guard anew; any answer but ``Applied`` says why it has not.
        """
        ...

    async def withdraw(self, call: CallId) -> WithdrawAnswer:
        """Cancel what was dialled. The call is then held again (RETURNED), if nobody answers in that very moment."""
        ...

    async def talk(self, call: CallId) -> TalkAnswer:
        """Have the phone that rings for a dialled call answer it: NOTIFY with ``Event: talk``, as if it was picked up.

        Not every phone can do that. One that refuses or stays silent rings on.
        """
        ...

    async def transfer(self, call: CallId, uri: str) -> TransferAnswer:
        """Have the caller of an established call call a SIP URI instead: REFER (RFC 3515), a blind transfer.

        When the caller's side has taken it, the call is ended on both sides. A caller's side that refuses or stays
        silent is still in the call.

        Raises:
            VerdictError: that is no SIP URI.
        """
        ...

    def phones(self) -> Iterable[PhoneStatus]:
        """The phones that are registered, those that a ``Dial`` can ring."""
        ...

    def phone(self, login: str) -> PhoneStatus | None:
        """The phone with that login, if it is registered."""
        ...

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Hear every event from now on; call what is returned to stop."""
        ...

    def delivered(self, delivery: Delivery) -> None:
        """Tell the journal and the metrics how a delivery to an application went."""
        ...

    def health(self) -> Health:
        """How the edge, its link and the journal are."""
        ...

    def now(self) -> float:
        """The time, in Unix seconds, by the clock that all of Callgate uses."""
        ...
