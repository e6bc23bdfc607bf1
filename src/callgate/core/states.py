"""The states of a call and its moves: everything that moves a call's state is in this file, and it is data.

A move is what happened to the call, as the edge or the gate saw it. Reports of the edge come from several of its
processes, so that, say, the destination's 180 can be read before the acknowledgement of the route command that caused
it: such pairs stand in the table as what they are. A pair that is not in the table contradicts what is known already
(a refusal of a call that rings, say) and changes nothing.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a call is. The last five are final."""

    HELD = "held"
    DECIDED = "decided"
    ROUTED = "routed"
    RINGING = "ringing"
    ANSWERED = "answered"
    REFUSED = "refused"
    REDIRECTED = "redirected"
    CANCELLED = "cancelled"
    FAILED = "failed"
    COMPLETED = "completed"


class Move(StrEnum):
    """What happens to a call."""

    DECIDE = "decide"  #: a verdict was claimed and its command is on the way to the edge
    ROUTE = "route"  #: the edge relayed the INVITE to a destination
    REFUSE = "refuse"  #: the edge sent the refusal to the caller
    REDIRECT = "redirect"  #: the edge sent 302 to the caller
    CANCEL = "cancel"  #: the caller cancelled, and got 487
    RING = "ring"  #: the destination sent a provisional response (180, 183)
    ANSWER = "answer"  #: the destination answered (200)
    FAIL = "fail"  #: the destination refused or could not be reached, or the edge lost the call
    END = "end"  #: the established call was ended (BYE)
    RETURN = "return"  #: none of the targets that were dialled answered: the call is held again


FINAL = frozenset({State.REFUSED, State.REDIRECTED, State.CANCELLED, State.FAILED, State.COMPLETED})

#: Held, or decided with the command not yet acknowledged: the caller has had no final response yet.
UNDECIDED = frozenset({State.HELD, State.DECIDED})

_AFTER_HOLD = {
    Move.ROUTE: State.ROUTED,
    Move.REFUSE: State.REFUSED,
    Move.CANCEL: State.CANCELLED,
    Move.RING: State.RINGING,
    Move.ANSWER: State.ANSWERED,
    Move.FAIL: State.FAILED,
    Move.END: State.COMPLETED,
}
_AFTER_ROUTE = {
    Move.RETURN: State.HELD,
    Move.CANCEL: State.CANCELLED,
    Move.ANSWER: State.ANSWERED,
    Move.FAIL: State.FAILED,
    Move.END: State.COMPLETED,
}

TRANSITIONS: dict[State, dict[Move, State]] = {
    State.HELD: {Move.DECIDE: State.DECIDED, **_AFTER_HOLD},
    State.DECIDED: {Move.REDIRECT: State.REDIRECTED, Move.RETURN: State.HELD, **_AFTER_HOLD},
    State.ROUTED: {Move.ROUTE: State.ROUTED, Move.RING: State.RINGING, **_AFTER_ROUTE},
    State.RINGING: {Move.ROUTE: State.RINGING, Move.RING: State.RINGING, **_AFTER_ROUTE},
    State.ANSWERED: {
        Move.ROUTE: State.ANSWERED,
        Move.RING: State.ANSWERED,
        Move.ANSWER: State.ANSWERED,
        Move.FAIL: State.FAILED,
        Move.END: State.COMPLETED,
    },
    **{final: {} for final in FINAL},
}


def after(state: State, move: Move) -> State | None:
    """The state that ``move`` leads to from ``state``; ``None``: it cannot happen there."""
    return TRANSITIONS[state].get(move)


def picture() -> str:
    """The table as a Mermaid state diagram; ``docs/concepts.md`` holds it and a test compares the two."""
    lines = ["stateDiagram-v2", "    [*] --> held", "    [*] --> routed: not controlled"]
    for state, moves in TRANSITIONS.items():
        for move, following in moves.items():
            if following is not state:
                lines.append(f"    {state} --> {following}: {move}")
    lines += [f"    {state} --> [*]" for state in State if state in FINAL]
    return "\n".join(lines)
