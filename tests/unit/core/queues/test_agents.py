"""The table of presences is complete, and its picture shows all of it."""

from __future__ import annotations

import re

import pytest

from callgate.core.queues.agents import SAID, TRANSITIONS, Agent, Turn, after, picture
from callgate.core.queues.model import AgentView, Presence


def test_every_presence_has_its_row_and_is_reached() -> None:
    assert set(TRANSITIONS) == set(Presence)
    assert {following for turns in TRANSITIONS.values() for following in turns.values()} == set(Presence)


@pytest.mark.parametrize("presence", [presence for presence in Presence if presence is not Presence.LOGGED_OUT])
@pytest.mark.parametrize("said", Presence)
def test_who_is_logged_in_can_say_anything(presence: Presence, said: Presence) -> None:
    same = presence is said and said is not Presence.AFTER_CALL_WORK
    assert after(presence, SAID[said]) is (None if same else said)


def test_after_call_work_needs_a_login() -> None:
    assert after(Presence.LOGGED_OUT, Turn.WORK) is None
    assert after(Presence.LOGGED_OUT, Turn.READY) is Presence.READY
    assert after(Presence.LOGGED_OUT, Turn.NOT_READY) is Presence.NOT_READY


@pytest.mark.parametrize("presence", Presence)
def test_only_a_ready_agent_gets_time_for_after_call_work(presence: Presence) -> None:
    assert after(presence, Turn.WRAP_UP) is (Presence.AFTER_CALL_WORK if presence is Presence.READY else None)


def test_the_same_presence_once_more_goes_on_being_the_one_that_it_was() -> None:
    agent = Agent(AgentView("anna"))
    assert agent.make(Turn.READY, 1.0)
    assert not agent.make(Turn.READY, 2.0)
    assert (agent.view.since, agent.view.idle_since) == (1.0, 1.0)


def test_the_picture_has_an_arrow_for_each_turn_that_changes_the_presence() -> None:
    arrows = re.findall(r"^    (\w+) --> (\w+): (\w+)$", picture(), re.MULTILINE)
    assert arrows == [
        (presence, following, turn)
        for presence, turns in TRANSITIONS.items()
        for turn, following in turns.items()
        if following is not presence
    ]
