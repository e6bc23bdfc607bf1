"""With acknowledgements, a client sees every event once and in order, whatever becomes of the replies."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callgate.dialects.genesys.bayeux.messages import event
from callgate.dialects.genesys.bayeux.protocol import Protocol
from callgate.dialects.genesys.bayeux.sessions import Poll
from callgate.dialects.genesys.model import CALLS
from callgate.settings import GenesysSettings

from .talk import SETTINGS, connected, data, numbers, values


def test_each_reply_to_a_poll_has_a_number() -> None:
    talker = connected(Protocol(SETTINGS), ack=True)
    assert talker.fetches(advice={"timeout": 0})[0]["ext"] == {"ack": 2}
    assert talker.fetches(advice={"timeout": 0})[0]["ext"] == {"ack": 3}


def test_a_reply_that_was_lost_is_made_up_for_by_the_next() -> None:
    protocol = Protocol(SETTINGS)
    talker = connected(protocol, ack=True)
    poll = talker.waits()
    protocol.publish("anna", CALLS, data(1))
    protocol.finish(poll)  # and does not arrive
    protocol.publish("anna", CALLS, data(2))
    assert numbers(talker.fetches()) == [1, 2]
    assert talker.waits()


def test_what_was_acknowledged_is_not_sent_again() -> None:
    protocol = Protocol(SETTINGS)
    talker = connected(protocol, ack=True)
    protocol.publish("anna", CALLS, data(1))
    assert numbers(talker.fetches()) == [1]
    protocol.publish("anna", CALLS, data(2))
    assert numbers(talker.fetches()) == [2]


def test_events_that_are_not_acknowledged_count_as_waiting() -> None:
    protocol = Protocol(SETTINGS)
    talker = connected(protocol, ack=True)
    for number in range(SETTINGS.event_queue):
        protocol.publish("anna", CALLS, data(number))
        talker.say(talker.message("/meta/connect", ext={"ack": 1}))
    assert protocol.counts.full == 0
    protocol.publish("anna", CALLS, data(9))
    assert protocol.counts.full == 1


def test_bytes_of_events_wait_until_they_are_acknowledged() -> None:
    protocol = Protocol(GenesysSettings(event_bytes=3 * len(event(CALLS, data(1)))))
    talker = connected(protocol, ack=True)
    for number in range(6):
        protocol.publish("anna", CALLS, data(number))
        assert numbers(talker.fetches()) == [number]
    lost = talker.batch
    for number in range(3):
        protocol.publish("anna", CALLS, data(number))
        talker.say(talker.message("/meta/connect", ext={"ack": lost}))
    assert protocol.counts.full == 0
    protocol.publish("anna", CALLS, data(9))
    assert protocol.counts.full == 1


def test_a_client_that_asked_for_acknowledgements_and_sends_none_is_not_told_for_ever() -> None:
    protocol = Protocol(SETTINGS)
    talker = connected(protocol, ack=True)
    protocol.publish("anna", CALLS, data(1))
    assert numbers(talker.fetches(ext={})) == [1]
    assert talker.waits(ext={})


@given(
    st.lists(
        st.sampled_from(["event", "poll", "poll, reply lost", "poll, broken while it waits", "poll twice, first lost"]),
        max_size=60,
    )
)
def test_nothing_is_lost_and_nothing_comes_twice_over_broken_polls(steps: list[str]) -> None:
    protocol = Protocol(GenesysSettings(event_queue=100))
    talker = connected(protocol, ack=True)
    published, seen = 0, list[int]()

    def publish() -> None:
        nonlocal published
        protocol.publish("anna", CALLS, data(published))
        published += 1

    for step in steps:
        if step == "event":
            publish()
            continue
        polled = talker.connect()
        if isinstance(polled, Poll):
            publish()
            if step == "poll, broken while it waits":
                protocol.abandon(polled)
                continue
            if step == "poll twice, first lost":
                again = talker.connect()
                assert not isinstance(again, Poll)
                protocol.finish(polled)
                polled = again
            else:
                polled = values(protocol.finish(polled))
        if step != "poll, reply lost":
            seen += numbers(talker.heard(polled))
    last = talker.connect()
    if not isinstance(last, Poll):
        seen += numbers(talker.heard(last))
    assert seen == list(range(published))
