"""What is due when: each entry once, and in order."""

from __future__ import annotations

from callgate.core.queues.agenda import Agenda, Due

WAIT, PAUSE = (Due.WAIT, "call-1"), (Due.PAUSE, "call-1")


def test_what_is_due_is_taken_once_in_order() -> None:
    agenda = Agenda()
    agenda.set(WAIT, 20.0)
    agenda.set(PAUSE, 10.0)
    assert agenda.first() == 10.0
    assert agenda.take(9.0) == []
    assert agenda.take(20.0) == [PAUSE, WAIT]
    assert agenda.first() is None
    assert agenda.take(20.0) == []


def test_an_entry_that_is_set_anew_is_due_only_then() -> None:
    agenda = Agenda()
    agenda.set(WAIT, 20.0)
    agenda.set(WAIT, 30.0)
    assert agenda.first() == 30.0
    assert agenda.take(40.0) == [WAIT]


def test_what_is_cancelled_is_not_due() -> None:
    agenda = Agenda()
    agenda.set(WAIT, 20.0)
    agenda.set(PAUSE, 20.0)
    agenda.cancel(WAIT)
    agenda.cancel(WAIT)
    assert agenda.take(20.0) == [PAUSE]
