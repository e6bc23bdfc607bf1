"""The places of a queue's call and its moves: everything that moves a call from place to place is in this table.

A pair that is not in the table changes nothing: a call that nobody was offered cannot come back, say. A call that was
rejected, or whose agent has gone, can still be answered: the phone was quicker than the word to stop.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal

from callgate.core.queues.model import Place


class Move(StrEnum):
    """What happens to a call of a queue."""

    OFFER = "offer"  #: an agent's phone is dialled for it
    REJECT = "reject"  #: the agent gives it back while his phone rings
    WITHDRAW = "withdraw"  #: the agent logged out, or his phone is gone, while it rang
    RETURN = "return"  #: the phone has stopped, and nobody has answered
    ANSWER = "answer"  #: the agent has answered
    OVERFLOW = "overflow"  #: the queue does not keep it any longer
    LEAVE = "leave"  #: an agent sent it elsewhere
    END = "end"  #: the call is over


#: The call is in the queue no more (as Mermaid writes the end).
LEFT: Final = "[*]"

#: An agent's phone is dialled for the call, or is being told to stop.
AT_A_PHONE = frozenset({Place.OFFERED, Place.REJECTED, Place.WITHDRAWN})

_After = Place | Literal["[*]"]

_AT_A_PHONE: dict[Move, _After] = {
    Move.RETURN: Place.WAITING,
    Move.ANSWER: Place.CONNECTED,
    Move.LEAVE: LEFT,
    Move.END: LEFT,
}

TRANSITIONS: dict[Place, dict[Move, _After]] = {
    Place.WAITING: {Move.OFFER: Place.OFFERED, Move.OVERFLOW: LEFT, Move.LEAVE: LEFT, Move.END: LEFT},
    Place.OFFERED: {Move.REJECT: Place.REJECTED, Move.WITHDRAW: Place.WITHDRAWN, **_AT_A_PHONE},
    Place.REJECTED: _AT_A_PHONE,
    Place.WITHDRAWN: _AT_A_PHONE,
    Place.CONNECTED: {Move.END: LEFT},
}


def after(place: Place, move: Move) -> Place | Literal["[*]"] | None:
    """The place that ``move`` leads to from ``place``; ``None``: it cannot happen there."""
    return TRANSITIONS[place].get(move)


def picture() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {Place.WAITING}"]
    for place, moves in TRANSITIONS.items():
        lines += [f"    {place} --> {following}: {move}" for move, following in moves.items()]
    return "\n".join(lines)
