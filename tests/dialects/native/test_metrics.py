"""The metrics say what happened, in Prometheus' own text format."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from callgate.core.events import Delivery
from callgate.core.reports import AckResult, Progress
from callgate.core.verdicts import dial, refuse, target
from callgate.measures import Measure, counter, gauge

from .rig import DIALLER, KEYS, Rig, client


async def scraped(rig: Rig) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Each sample by its name and labels."""
    async with client(rig.address, None) as http:
        response = await http.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def labelled(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


async def test_verdicts_by_dialect_action_reason_and_result(rig: Rig) -> None:
    calls = [rig.control.ring() for _ in range(6)]
    await rig.post(f"/v1/calls/{calls[0].id}/refuse", {"reason": "busy"})
    await rig.post(f"/v1/calls/{calls[0].id}/refuse", {"reason": "busy"})
    await rig.post(f"/v1/calls/{calls[1].id}/refuse", {"status": 480})
    await rig.post(f"/v1/calls/{calls[2].id}/accept")
    await rig.post(f"/v1/calls/{calls[3].id}/redirect", {"uri": "sip:2002@192.0.2.99"})
    await rig.post("/v1/calls/none/accept")
    rig.control.acknowledge(AckResult.UNANSWERED)
    await rig.post(f"/v1/calls/{calls[4].id}/accept")
    found = await scraped(rig)
    for action, reason, result in (
        ("refuse", "busy", "applied"),
        ("refuse", "busy", "already_decided"),
        ("refuse", "480", "applied"),
        ("accept", "", "applied"),
        ("redirect", "", "applied"),
        ("accept", "", "unknown"),
        ("accept", "", "edge_silent"),
    ):
        labels = {"dialect": "native", "action": action, "reason": reason, "result": result}
        assert found[labelled("callgate_verdicts_total", **labels)] == 1
    assert found[labelled("callgate_decision_duration_seconds_count", dialect="native")] == 7
    assert found[labelled("callgate_decision_duration_seconds_bucket", dialect="native", le="0.001")] == 0
    assert found[labelled("callgate_decision_duration_seconds_bucket", dialect="native", le="0.002")] == 7


async def test_calls_held_and_live_and_what_happened_to_them(rig: Rig) -> None:
    answered, refused, cancelled, _held = (rig.control.ring() for _ in range(4))
    rig.control.ring(controlled=False)
    rig.control.time += 2
    await rig.post(f"/v1/calls/{answered.id}/accept")
    rig.control.report(answered, Progress.RINGING, 180)
    rig.control.report(answered, Progress.ANSWERED, 200)
    await rig.post(f"/v1/calls/{refused.id}/refuse")
    rig.control.report(cancelled, Progress.CANCELLED, 487)
    found = await scraped(rig)
    assert found[labelled("callgate_calls_held")] == 1
    assert found[labelled("callgate_calls_live")] == 3
    for kind, count in {"held": 4, "passed": 1, "routed": 1, "ringing": 1, "answered": 1, "refused": 1}.items():
        assert found[labelled("callgate_call_events_total", kind=kind)] == count
    assert found[labelled("callgate_hold_duration_seconds_count")] == 3
    assert found[labelled("callgate_hold_duration_seconds_bucket", le="1.0")] == 0
    assert found[labelled("callgate_hold_duration_seconds_bucket", le="2.5")] == 3


async def test_a_call_that_is_held_again_is_counted_as_held_once(rig: Rig) -> None:
    refused, dialled = rig.control.ring(), rig.control.ring()
    for call in (refused, dialled):
        await rig.control.decide(call.id, dial([target(phone="anna")]), DIALLER)
        rig.control.returns(call)
    await rig.control.decide(refused.id, refuse(), DIALLER)
    await rig.control.decide(dialled.id, dial([target(phone="anna")]), DIALLER)
    found = await scraped(rig)
    assert found[labelled("callgate_calls_held")] == 0
    assert found[labelled("callgate_call_events_total", kind="returned")] == 2
    assert found[labelled("callgate_hold_duration_seconds_count")] == 2
    applied = {"dialect": DIALLER.dialect, "action": "dial", "reason": "", "result": "applied"}
    assert found[labelled("callgate_verdicts_total", **applied)] == 3


async def test_deliveries_by_channel_and_result_whatever_the_words(rig: Rig) -> None:
    for number, result in enumerate(("delivered", "delivered", "status 500", "timed out")):
        rig.control.tell(Delivery(None, "yeastar", "crm", "webhook", "30016", result, float(number), 0.02))
    found = await scraped(rig)
    webhook = {"dialect": "yeastar", "channel": "webhook"}
    assert found[labelled("callgate_deliveries_total", **webhook, result="delivered")] == 2
    assert found[labelled("callgate_deliveries_total", **webhook, result="failed")] == 2
    assert found[labelled("callgate_delivery_duration_seconds_count", channel="webhook")] == 4


async def test_the_edge_and_the_journal(rig: Rig) -> None:
    found = await scraped(rig)
    assert found[labelled("callgate_edge_up")] == 1
    assert found[labelled("callgate_edge_calls_total", why="unknown_source")] == 3
    assert found[labelled("callgate_edge_calls_total", why="guard")] == 1
    assert found[labelled("callgate_journal_backlog_entries")] == 2
    assert found[labelled("callgate_journal_dropped_entries_total")] == 1
    assert any(name == "callgate_build_info" for name, _ in found)
    assert any(name == "process_resident_memory_bytes" for name, _ in found)
    assert found[labelled("callgate_edge_has_directory")] == 1
    rig.control.linked = rig.control.directory_in_edge = False
    found = await scraped(rig)
    assert (found[labelled("callgate_edge_up")], found[labelled("callgate_edge_has_directory")]) == (0, 0)


async def test_what_other_parts_measure(rig: Rig) -> None:
    sessions = 3.0
    rig.measures.add(lambda: [gauge("callgate_sessions", "Sessions now.", sessions)])
    rig.measures.add(lambda: [counter("callgate_sent", "What was sent.", 7)])
    rig.measures.add(lambda: [Measure("gauge", "callgate_waiting", "Now.", {'a "b" \\': 1, "c": 2.5}, "queue")])
    found = await scraped(rig)
    assert found[labelled("callgate_sent_total")] == 7
    assert found[labelled("callgate_waiting", queue='a "b" \\')] == 1
    assert found[labelled("callgate_waiting", queue="c")] == 2.5
    assert found[labelled("callgate_sessions")] == 3
    sessions = 4.0
    assert (await scraped(rig))[labelled("callgate_sessions")] == 4


async def test_no_label_holds_what_a_caller_or_an_application_made_up(rig: Rig) -> None:
    call = rig.control.ring(number="a-hostile-caller", headers=(("X-A", "b"),))
    await rig.post(f"/v1/calls/{call.id}/refuse", {"status": 486, "phrase": "a-hostile-phrase"})
    async with client(rig.address, None) as http:
        text = (await http.get("/metrics")).text
    assert "hostile" not in text and KEYS["admin"] not in text
