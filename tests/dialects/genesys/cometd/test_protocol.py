"""What the CometD server answers: sessions from their handshake to their end."""

from __future__ import annotations

import pytest

from callgate.dialects.genesys.bayeux.messages import event
from callgate.dialects.genesys.bayeux.outbox import Outbox
from callgate.dialects.genesys.bayeux.protocol import Protocol
from callgate.dialects.genesys.bayeux.sessions import MOVES, Ending, Session, State
from callgate.dialects.genesys.model import CALLS, DEVICES
from callgate.settings import GenesysSettings

from .talk import SETTINGS, Talker, connected, data, numbers

HANDSHAKE_AGAIN = {"reconnect": "handshake", "interval": 0, "timeout": 0}


@pytest.fixture
def protocol() -> Protocol:
    return Protocol(SETTINGS)


# --- handshakes ------------------------------------------------------------------------------------------------------


def test_a_handshake_makes_a_session(protocol: Protocol) -> None:
    reply = Talker(protocol).handshake()
    client_id = reply.pop("clientId")
    assert len(client_id) == 32
    assert client_id.isalnum()
    assert reply == {
        "channel": "/meta/handshake",
        "id": "1",
        "successful": True,
        "version": "1.0",
        "minimumVersion": "1.0",
        "supportedConnectionTypes": ["websocket", "long-polling"],
        "advice": {"reconnect": "retry", "interval": 0, "timeout": 30_000},
    }
    assert len(protocol) == 1


def test_acknowledgements_are_agreed_on_only_if_asked_for(protocol: Protocol) -> None:
    assert Talker(protocol, ack=True).handshake()["ext"] == {"ack": True}
    assert "ext" not in Talker(protocol).handshake()


def test_a_handshake_without_a_common_transport_fails(protocol: Protocol) -> None:
    reply = Talker(protocol).ask("/meta/handshake", supportedConnectionTypes=["callback-polling"])
    assert reply["successful"] is False
    assert reply["error"].startswith("400::")
    assert reply["advice"]["reconnect"] == "none"
    assert len(protocol) == 0


def test_what_comes_with_a_handshake_is_ignored(protocol: Protocol) -> None:
    talker = Talker(protocol)
    replies = talker.say(talker.message("/meta/subscribe", subscription=CALLS), talker.message("/meta/handshake"))
    assert isinstance(replies, list)
    assert [reply["channel"] for reply in replies] == ["/meta/handshake"]


def test_too_many_sessions_are_refused_with_an_advice(protocol: Protocol) -> None:
    for _ in range(SETTINGS.cometd_limit):
        assert Talker(protocol).handshake()["successful"]
    talker = Talker(protocol)
    reply = talker.handshake()
    assert reply["successful"] is False
    assert reply["error"] == "503::Too many sessions"
    assert reply["advice"] == {"reconnect": "handshake", "interval": 20_000, "timeout": 0}
    assert protocol.counts.refused == 1
    assert len(protocol) == SETTINGS.cometd_limit


def test_a_client_may_shake_hands_again(protocol: Protocol) -> None:
    talker = connected(protocol)
    first = talker.client_id
    assert talker.handshake()["successful"]
    assert talker.client_id != first


# --- polls -----------------------------------------------------------------------------------------------------------


def test_the_first_poll_of_a_session_is_answered_at_once(protocol: Protocol) -> None:
    talker = Talker(protocol)
    talker.handshake()
    [reply] = talker.fetches()
    assert reply == {
        "channel": "/meta/connect",
        "id": "2",
        "successful": True,
        "clientId": talker.client_id,
        "advice": {"reconnect": "retry", "interval": 0, "timeout": 30_000},
    }


@pytest.mark.parametrize(("asked", "held"), [(None, 30.0), (10_000, 10.0), (90_000, 30.0)])
def test_a_later_poll_waits_for_as_long_as_both_would(protocol: Protocol, asked: int | None, held: float) -> None:
    talker = connected(protocol)
    advice = {} if asked is None else {"advice": {"timeout": asked}}
    assert talker.waits(**advice).timeout == held


def test_a_poll_that_would_not_wait_is_answered_at_once(protocol: Protocol) -> None:
    [reply] = connected(protocol).fetches(advice={"timeout": 0})
    assert reply["successful"]


def test_a_poll_that_comes_with_other_messages_is_answered_at_once(protocol: Protocol) -> None:
    talker = connected(protocol)
    replies = talker.say(talker.message("/meta/connect"), talker.message("/meta/subscribe", subscription=DEVICES))
    assert isinstance(replies, list)
    assert [(reply["channel"], reply["successful"]) for reply in replies] == [
        ("/meta/connect", True),
        ("/meta/subscribe", True),
    ]
    assert talker.waits()


def test_a_poll_is_woken_by_an_event_and_brings_it_before_its_reply(protocol: Protocol) -> None:
    talker = connected(protocol)
    poll = talker.waits()
    woken: list[None] = []
    poll.wake = lambda: woken.append(None)
    protocol.publish("anna", CALLS, data(1))
    protocol.publish("anna", CALLS, data(2))
    assert woken
    event, *_, reply = talker.answered(poll)
    assert event == {"data": {"number": 1}, "channel": CALLS}
    assert reply["channel"] == "/meta/connect"


def test_events_that_come_between_polls_are_not_lost(protocol: Protocol) -> None:
    talker = connected(protocol)
    protocol.publish("anna", CALLS, data(1))
    protocol.publish("anna", CALLS, data(2))
    assert numbers(talker.fetches()) == [1, 2]
    assert talker.waits()


def test_a_poll_whose_time_is_over_is_answered_without_events(protocol: Protocol) -> None:
    talker = connected(protocol)
    [reply] = talker.answered(talker.waits())
    assert reply["successful"]


def test_a_second_poll_ends_the_first(protocol: Protocol) -> None:
    talker = connected(protocol)
    first = talker.waits()
    woken: list[None] = []
    first.wake = lambda: woken.append(None)
    second = talker.waits()
    assert woken
    protocol.publish("anna", CALLS, data(1))
    [reply] = talker.answered(first)
    assert reply["successful"] is False
    assert reply["error"].startswith("408::")
    assert reply["advice"]["reconnect"] == "none"
    assert numbers(talker.answered(second)) == [1]


def test_a_poll_whose_connection_broke_loses_nothing(protocol: Protocol) -> None:
    talker = connected(protocol)
    poll = talker.waits()
    protocol.publish("anna", CALLS, data(1))
    protocol.abandon(poll)
    protocol.publish("anna", CALLS, data(2))
    assert numbers(talker.fetches()) == [1, 2]


def test_a_poll_that_was_replaced_does_not_abandon_the_one_after_it(protocol: Protocol) -> None:
    talker = connected(protocol)
    first, second = talker.waits(), talker.waits()
    protocol.abandon(first)
    woken: list[None] = []
    second.wake = lambda: woken.append(None)
    protocol.publish("anna", CALLS, data(1))
    assert woken


# --- subscriptions ---------------------------------------------------------------------------------------------------


def test_only_subscribed_channels_are_heard(protocol: Protocol) -> None:
    talker = connected(protocol)
    protocol.publish("anna", DEVICES, data(1))
    protocol.publish("anna", CALLS, data(2))
    assert numbers(talker.fetches()) == [2]


@pytest.mark.parametrize("pattern", ["/**", "/v2/me/*"])
def test_a_wildcard_brings_each_event_once_with_its_own_channel(protocol: Protocol, pattern: str) -> None:
    talker = connected(protocol)
    assert talker.subscribe(pattern)["successful"]
    protocol.publish("anna", CALLS, data(1))
    protocol.publish("anna", DEVICES, data(2))
    assert [event["channel"] for event in talker.fetches()[:-1]] == [CALLS, DEVICES]


def test_wildcards_bring_nothing_of_other_agents(protocol: Protocol) -> None:
    anna, ben = connected(protocol), connected(protocol, "ben")
    ben.subscribe("/**")
    protocol.publish("anna", CALLS, data(1))
    assert ben.waits()
    assert numbers(anna.fetches()) == [1]


def test_every_session_of_an_agent_hears_his_events(protocol: Protocol) -> None:
    desktop, telephone = connected(protocol), connected(protocol)
    protocol.publish("anna", CALLS, data(1))
    assert numbers(desktop.fetches()) == numbers(telephone.fetches()) == [1]


def test_several_channels_are_subscribed_to_together_or_not_at_all(protocol: Protocol) -> None:
    talker = connected(protocol)
    refused = talker.subscribe([DEVICES, "/v2/users/ben/calls"])
    assert refused["successful"] is False
    assert refused["error"] == "403:/v2/users/ben/calls:Subscription denied"
    assert refused["subscription"] == [DEVICES, "/v2/users/ben/calls"]
    protocol.publish("anna", DEVICES, data(1))
    assert talker.waits()
    assert talker.subscribe([DEVICES, "/v2/me/channels"])["successful"]
    protocol.publish("anna", DEVICES, data(2))
    assert numbers(talker.fetches()) == [2]


@pytest.mark.parametrize("subscription", [None, [], "no channel", "/v2/*/calls"])
def test_what_is_no_channel_cannot_be_subscribed_to(protocol: Protocol, subscription: object) -> None:
    reply = connected(protocol).subscribe(subscription)
    assert reply["successful"] is False
    assert reply["error"].startswith("400::")


def test_subscriptions_are_bounded(protocol: Protocol) -> None:
    talker = connected(protocol)
    for number in range(SETTINGS.subscription_limit - 1):
        assert talker.subscribe(f"/v2/me/calls/{number}")["successful"]
    reply = talker.subscribe(DEVICES)
    assert reply["successful"] is False
    assert reply["error"] == "403::A session may have 4 subscriptions"
    assert talker.subscribe(CALLS)["successful"]


def test_what_was_unsubscribed_is_not_heard(protocol: Protocol) -> None:
    talker = connected(protocol)
    reply = talker.ask("/meta/unsubscribe", subscription=CALLS)
    assert (reply["successful"], reply["subscription"]) == (True, CALLS)
    protocol.publish("anna", CALLS, data(1))
    assert talker.waits()


@pytest.mark.parametrize(("channel", "code"), [(CALLS, "403"), ("/service/x", "403"), ("/meta/other", "404")])
def test_clients_cannot_publish(protocol: Protocol, channel: str, code: str) -> None:
    talker = connected(protocol)
    reply = talker.ask(channel, data={})
    assert reply["successful"] is False
    assert reply["error"].startswith(f"{code}:{channel}:")
    assert talker.waits()


# --- the end ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "channel", ["/meta/connect", "/meta/subscribe", "/meta/unsubscribe", "/meta/disconnect", CALLS]
)
def test_an_unknown_client_is_told_to_shake_hands(protocol: Protocol, channel: str) -> None:
    talker = Talker(protocol)
    talker.client_id = "no such"
    reply = talker.ask(channel)
    assert reply == {
        "channel": channel,
        "id": "1",
        "successful": False,
        "error": "402::Unknown client",
        "advice": HANDSHAKE_AGAIN,
    }


def test_another_agents_client_id_is_unknown(protocol: Protocol) -> None:
    anna, ben = connected(protocol), connected(protocol, "ben")
    ben.client_id = anna.client_id
    assert ben.subscribe()["error"] == "402::Unknown client"


def test_disconnect_ends_the_session_and_its_poll(protocol: Protocol) -> None:
    talker = connected(protocol)
    poll = talker.waits()
    reply = talker.ask("/meta/disconnect")
    assert (reply["channel"], reply["successful"]) == ("/meta/disconnect", True)
    [last] = talker.answered(poll)
    assert last["successful"]
    assert last["advice"]["reconnect"] == "none"
    assert len(protocol) == 0
    assert talker.fetches()[0]["error"] == "402::Unknown client"


def test_a_login_that_is_over_ends_its_sessions_and_no_others(protocol: Protocol) -> None:
    over, other = connected(protocol, login="over"), connected(protocol, login="other")
    poll, stays = over.waits(), other.waits()
    protocol.end("over")
    [reply] = over.answered(poll)
    assert reply["error"] == "402::Unknown client"
    assert reply["advice"] == HANDSHAKE_AGAIN
    assert stays.ending is None
    protocol.end("nobody's")
    assert len(protocol) == 1


def test_a_session_belongs_to_the_login_that_it_was_spoken_for_with_last(protocol: Protocol) -> None:
    talker = connected(protocol, login="first")
    talker.login = Talker(protocol, login="second").login
    talker.fetches(advice={"timeout": 0})
    protocol.end("first")
    assert talker.waits()
    protocol.end("second")
    assert len(protocol) == 0
    assert list(protocol.logins()) == []


def test_a_session_that_does_not_poll_is_dropped(protocol: Protocol) -> None:
    silent, polls = connected(protocol), connected(protocol)
    never = Talker(protocol)
    never.handshake()
    polls.now = 50.0
    polls.fetches(advice={"timeout": 0})
    protocol.expire(50.0)
    assert len(protocol) == 3
    protocol.expire(50.1)
    assert len(protocol) == 1
    assert protocol.counts.silent == 2
    assert silent.fetches()[0]["error"] == "402::Unknown client"
    assert polls.waits()


def test_a_session_whose_poll_waits_is_not_silent(protocol: Protocol) -> None:
    talker = connected(protocol)
    poll = talker.waits()
    protocol.expire(1000.0)
    assert poll.ending is None
    protocol.finish(poll)
    protocol.expire(1050.0)
    assert len(protocol) == 1
    protocol.expire(1050.1)
    assert len(protocol) == 0


def test_a_session_with_too_many_events_is_dropped(protocol: Protocol) -> None:
    talker, fetches = connected(protocol), connected(protocol)
    for number in range(SETTINGS.event_queue):
        protocol.publish("anna", CALLS, data(number))
        fetches.fetches()
    protocol.publish("anna", CALLS, data(9))
    assert protocol.counts.full == 1
    assert talker.fetches()[0]["error"] == "402::Unknown client"
    assert numbers(fetches.fetches()) == [9]


def test_a_session_with_too_many_bytes_of_events_is_dropped() -> None:
    size = len(event(CALLS, data(1)))
    protocol = Protocol(GenesysSettings(event_bytes=3 * size))
    talker, fetches = connected(protocol), connected(protocol)
    for number in range(3):
        protocol.publish("anna", CALLS, data(number))
    assert numbers(fetches.fetches()) == [0, 1, 2]
    protocol.publish("anna", CALLS, data(3))
    assert protocol.counts.full == 1
    assert talker.fetches()[0]["error"] == "402::Unknown client"
    assert numbers(fetches.fetches()) == [3]


def test_a_stopped_server_answers_waiting_polls_and_takes_no_more(protocol: Protocol) -> None:
    talker = connected(protocol)
    poll = talker.waits()
    protocol.stop()
    [reply] = talker.answered(poll)
    assert reply["successful"] is False
    assert reply["error"] == "503::Callgate stops"
    assert reply["advice"]["reconnect"] == "handshake"
    assert talker.handshake()["error"] == "503::Callgate stops"


# --- lines -----------------------------------------------------------------------------------------------------------


class Wire:
    """A WebSocket's side of sessions."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def joined(self, session: Session) -> None:
        self.told.append(("joined", session.id))

    def left(self, session: Session) -> None:
        self.told.append(("left", session.id))

    def due(self, session: Session) -> None:
        self.told.append(("due", session.id))

    def over(self, session: Session, ending: Ending) -> None:
        self.told.append((ending.name, session.id))


def test_over_a_websocket_events_do_not_wait_for_a_poll(protocol: Protocol) -> None:
    talker, wire = connected(protocol), Wire()
    poll = talker.waits(line=wire)
    protocol.publish("anna", CALLS, data(1))
    session = poll.session
    assert wire.told == [("joined", session.id), ("due", session.id)]
    assert protocol.fetch(session) == b'[{"data":{"number":1},"channel":"/v2/me/calls"}]'
    assert protocol.fetch(session) is None
    assert session.poll is poll


def test_with_acknowledgements_events_wait_for_a_poll_over_a_websocket_too(protocol: Protocol) -> None:
    talker, wire = connected(protocol, ack=True), Wire()
    poll = talker.waits(line=wire)
    protocol.publish("anna", CALLS, data(1))
    assert [what for what, _ in wire.told] == ["joined"]
    assert numbers(talker.answered(poll)) == [1]


def test_a_line_is_told_when_its_session_moves_on_or_ends(protocol: Protocol) -> None:
    talker, first, second = connected(protocol), Wire(), Wire()
    talker.connect(line=first)
    protocol.leave(talker.waits(line=second).session, first)
    protocol.end("login")
    assert [what for what, _ in first.told] == ["joined", "left"]
    assert [what for what, _ in second.told] == ["joined", "LOGGED_OUT"]


def test_events_wait_for_a_client_whose_line_is_closed(protocol: Protocol) -> None:
    talker, wire = connected(protocol), Wire()
    protocol.leave(talker.waits(line=wire).session, wire)
    protocol.publish("anna", CALLS, data(1))
    assert [what for what, _ in wire.told] == ["joined"]
    assert numbers(talker.fetches()) == [1]


# --- states ----------------------------------------------------------------------------------------------------------


def test_sessions_move_by_the_table_only() -> None:
    assert set(MOVES) == set(State)
    assert MOVES[State.GONE] == frozenset()
    session = Session("id", "anna", "login", Outbox(1, 100, acknowledged=False), heard=0.0)
    with pytest.raises(ValueError, match="new cannot become waiting"):
        session.move(State.WAITING)
