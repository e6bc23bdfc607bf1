"""What is measured of queues and agents."""

from __future__ import annotations

from typing import Any

import pytest

from callgate.core.queues.model import Presence
from callgate.directory.model import Agent, Queue
from callgate.queues.measures import centre_measures

from .rig import Rig, settle


def measured(rig: Rig, queue: str = "support") -> dict[str, float]:
    """What is measured of one queue, by the names of the metrics."""
    return {
        measure.name.removeprefix("callgate_queue_"): measure.values[queue]
        for measure in centre_measures(rig.centre)
        if measure.label == "queue"
    }


def presences(rig: Rig) -> dict[str, float]:
    return next(dict(measure.values) for measure in centre_measures(rig.centre) if measure.label == "presence")


async def test_a_queue_without_calls_and_agents_has_its_measures_too(rig: Rig) -> None:
    assert set(measured(rig).values()) == {0}
    assert measured(rig) == measured(rig, "sales")
    assert presences(rig) == {"logged_out": 2, "not_ready": 0, "ready": 0, "after_call_work": 0}


async def test_calls_that_wait_ring_and_are_with_agents(rig: Rig) -> None:
    rig.ready("kristi", "paul")
    first, _second, _third = rig.arrive(), rig.arrive(), rig.arrive()
    await settle()
    rig.control.rings(first)
    rig.control.answers(first)
    await rig.clock.advance(7)
    assert measured(rig) == {
        "waiting_calls": 2,
        "ringing_calls": 1,
        "longest_wait_seconds": 7,
        "connected_calls": 1,
        "logged_in_agents": 2,
        "ready_agents": 0,
        "answered_calls": 1,
        "abandoned_calls": 0,
        "overflowed_calls": 0,
    }
    assert set(measured(rig, "sales").values()) == {0}


async def test_agents_by_what_they_are(rig: Rig) -> None:
    rig.ready("kristi")
    rig.centre.present("paul", Presence.NOT_READY)
    assert presences(rig) == {"logged_out": 0, "not_ready": 1, "ready": 1, "after_call_work": 0}
    assert (measured(rig)["logged_in_agents"], measured(rig)["ready_agents"]) == (2, 1)
    rig.control.registers("5001", contacts=0)
    assert (measured(rig)["logged_in_agents"], measured(rig)["ready_agents"]) == (2, 0)


async def test_who_hung_up_and_who_waited_too_long(rig: Rig) -> None:
    rig.control.cancels(rig.arrive())
    rig.arrive()
    await rig.clock.advance(600)
    now = measured(rig)
    assert (now["answered_calls"], now["abandoned_calls"], now["overflowed_calls"]) == (0, 1, 1)
    assert now["longest_wait_seconds"] == 0


async def test_a_thousand_queues_are_measured_in_one_pass_over_the_agents(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    queues = [Queue(f"queue-{number}", str(100_000 + number)) for number in range(1_000)]
    agents = [
        Agent(f"agent-{number}", "hash", f"{number:032x}", address=f"sip:{number}@192.0.2.1", queues=(queue.name,))
        for number, queue in enumerate(queues)
    ]
    rig.directory.put(*queues, *agents)
    floor = rig.centre._floor
    passes: list[str] = []

    def counted(part: object, name: str) -> None:
        real = getattr(part, name)

        def method() -> Any:
            passes.append(name)
            return real()

        monkeypatch.setattr(part, name, method)

    counted(floor.distributor, "agents")
    counted(floor.calls, "connected")
    rig.ready("agent-999")
    assert measured(rig, "queue-999")["ready_agents"] == 1
    assert sorted(passes) == ["agents", "connected"]
