"""`callgate check`: queues, agents and routes whose calls nobody gets."""

from __future__ import annotations

import msgspec

from callgate.cli.checks.directory import directory
from callgate.cli.checks.queues import queues
from callgate.directory.model import Directory, Entry, Trunk
from tests.unit.directory.queue_entries import ANN, DIRECT, ENTRIES, HOTLINE, KRISTI, PHONE

TRUNK = Trunk("main", ("192.0.2.1",))


def told(*changed: Entry) -> dict[str, str]:
    """The text of each warning by its subject, after these changes; each has a remedy."""
    found = list(queues(Directory.of([TRUNK, *ENTRIES, *changed])))
    assert all(finding.grade == "warning" and finding.remedy for finding in found)
    return {finding.subject: finding.text for finding in found}


def test_a_small_contact_centre_is_in_order() -> None:
    (finding,) = directory(Directory.of([TRUNK, *ENTRIES]))
    assert (finding.grade, finding.text) == (
        "ok",
        "1 trunks, 2 inbound routes, 0 clients, 1 phones, 2 queues, 2 agents",
    )


def test_phones_among_themselves_need_no_trunk_but_a_route_for_them_has_one() -> None:
    inside = msgspec.structs.replace(HOTLINE, trunks=("phones",))
    found = directory(Directory.of([*ENTRIES, inside]))
    assert [finding.grade for finding in found] == ["ok"]


def test_a_queue_that_no_enabled_agent_serves_is_told() -> None:
    away = msgspec.structs.replace(ANN, enabled=False)
    assert told(away) == {"queue sales": "no enabled agent serves it: its calls wait for nobody"}
    assert told(away, msgspec.structs.replace(KRISTI, queues=("sales", "support"))) == {}


def test_an_agent_who_is_offered_no_call_is_told() -> None:
    assert told(msgspec.structs.replace(KRISTI, queues=())) == {"agent ksippo": "serves no queue: no call is offered"}
    assert told(msgspec.structs.replace(PHONE, enabled=False)) == {
        "agent ksippo": "phone 5001 is disabled: it cannot be rung",
        "route direct": "phone 5001 is disabled: nobody gets its calls",
    }


def test_a_trunk_whose_calls_do_not_come_to_the_queue_is_told() -> None:
    free = msgspec.structs.replace(TRUNK, control=False)
    what = "control is off on trunk main: calls from there do not come to"
    assert told(free) == {
        "route hotline": f"{what} queue support, they go nowhere",
        "route direct": f"{what} phone 5001, they go nowhere",
    }
    elsewhere = [msgspec.structs.replace(route, trunks=("phones",)) for route in (HOTLINE, DIRECT)]
    assert told(free, *elsewhere) == {}
