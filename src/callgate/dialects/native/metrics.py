"""Metrics for Prometheus: counted from the events, and read from the health report and from all that other parts
measure when somebody asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, GCCollector, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from callgate import __version__
from callgate.core.calls import Call
from callgate.core.control import CallControl
from callgate.core.control import Health as HealthReport
from callgate.core.events import CallEvent, Delivery, Event, Kind, VerdictEvent
from callgate.core.verdicts import Accept, Dial, Redirect, Refuse, Verdict
from callgate.measures import Measure

#: From the fastest decision over a local link to one that waited for a second try, in seconds.
_DECISION_BUCKETS = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
#: How long calls are held: from a machine's answer to the longest window, in seconds.
_HOLD_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0)
#: What ends a hold.
_RELEASES = frozenset({Kind.ROUTED, Kind.REFUSED, Kind.REDIRECTED, Kind.CANCELLED})


class Metrics:
    """The registry, and the listener that fills it.

    Args:
        measures: what other parts measure.
    """

    media_type = CONTENT_TYPE_PLAIN_0_0_4

    def __init__(self, control: CallControl, measures: Iterable[Measure]) -> None:
        self._measures = measures
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        registry.register(_HealthCollector(control.health))
        calls = Counter(
            "callgate_call_events", "What happened to calls, by kind of event.", ["kind"], registry=registry
        )
        self._calls = {kind: calls.labels(kind.value) for kind in Kind}
        self._verdicts = Counter(
            "callgate_verdicts",
            "Verdicts given, by dialect, what they asked for, the refusal's reason or status, and what came of them.",
            ["dialect", "action", "reason", "result"],
            registry=registry,
        )
        self._decisions = Histogram(
            "callgate_decision_duration_seconds",
            "From a verdict's arrival to the edge's acknowledgement.",
            ["dialect"],
            buckets=_DECISION_BUCKETS,
            registry=registry,
        )
        self._holds = Histogram(
            "callgate_hold_duration_seconds",
            "From the INVITE to the first end of its hold: routed, refused, redirected or cancelled.",
            buckets=_HOLD_BUCKETS,
            registry=registry,
        )
        self._deliveries = Counter(
            "callgate_deliveries",
            "Tries to deliver an event to an application, by dialect, channel and whether it was delivered.",
            ["dialect", "channel", "result"],
            registry=registry,
        )
        self._delivery_seconds = Histogram(
            "callgate_delivery_duration_seconds",
            "How long a try to deliver an event to an application took.",
            ["channel"],
            registry=registry,
        )
        # Looking up a child by its labels takes longer than all else here, and there are few.
        self._verdict_children: dict[tuple[str, str, str, str], tuple[Counter, Histogram]] = {}

    def hear(self, event: Event) -> None:
        """Count an event."""
        match event:
            case CallEvent(kind=kind, call=call):
                self._calls[kind].inc()
                if kind in _RELEASES and call.controlled and _first_hold(call):
                    self._holds.observe(max(0.0, event.at - call.received))
            case VerdictEvent():
                labels = (event.decider.dialect, *_labels(event.verdict), event.result)
                children = self._verdict_children.get(labels)
                if children is None:
                    children = (self._verdicts.labels(*labels), self._decisions.labels(event.decider.dialect))
                    self._verdict_children[labels] = children
                verdicts, decisions = children
                verdicts.inc()
                decisions.observe(event.seconds)
            case Delivery():
                result = "delivered" if event.result == "delivered" else "failed"
                self._deliveries.labels(event.dialect, event.channel, result).inc()
                self._delivery_seconds.labels(event.channel).observe(event.seconds)

    async def text(self) -> bytes:
        """All metrics in Prometheus' text format; as they are now, though it is written with pauses for the calls."""
        measures = list(self._measures)
        pieces = [generate_latest(self._registry)]
        for measure in measures:
            await asyncio.sleep(0)  # one with a thousand labels takes some milliseconds
            pieces.append(_written(measure))
        return b"".join(pieces)


class _HealthCollector(Collector):
    """What the health report knows, as it is at the moment of asking."""

    def __init__(self, health: Callable[[], HealthReport]) -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        health = self._health()
        info = GaugeMetricFamily("callgate_build_info", "The versions that run.", labels=["version", "edge_version"])
        info.add_metric([__version__, health.edge_version], 1)
        yield info
        yield GaugeMetricFamily("callgate_edge_up", "Whether a call can be held and decided now.", int(health.linked))
        yield GaugeMetricFamily(
            "callgate_edge_has_directory",
            "Whether the edge has the directory as it is now.",
            int(health.directory_in_edge),
        )
        yield GaugeMetricFamily("callgate_calls_held", "Calls that wait for a verdict now.", health.held)
        yield GaugeMetricFamily("callgate_calls_live", "Calls that have not ended now.", health.live)
        edge = CounterMetricFamily(
            "callgate_edge_calls",
            "Calls that the edge dealt with alone since it started, by why.",
            labels=["why"],
        )
        for why, count in sorted(health.counters.items()):
            edge.add_metric([why], count)
        yield edge
        entries = GaugeMetricFamily(
            "callgate_edge_entries", "Entries of the edge's tables of calls now, by table.", labels=["table"]
        )
        for table, count in sorted(health.entries.items()):
            entries.add_metric([table], count)
        yield entries
        yield GaugeMetricFamily(
            "callgate_journal_backlog_entries", "Journal entries that wait for SQL.", health.backlog
        )
        yield CounterMetricFamily("callgate_journal_dropped_entries", "Journal entries that were lost.", health.dropped)

    def describe(self) -> Iterator[Metric]:
        return iter(())  # the names are known without asking for the health report at registration


def _written(measure: Measure) -> bytes:
    kind = CounterMetricFamily if measure.kind == "counter" else GaugeMetricFamily
    family = kind(measure.name, measure.text, labels=[measure.label] if measure.label else [])
    for label, value in measure.values.items():
        family.add_metric([label] if measure.label else [], value)
    registry = CollectorRegistry()
    registry.register(_Family(family))
    return generate_latest(registry)


class _Family(Collector):
    """One metric."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterator[Metric]:
        yield self._family

    def describe(self) -> Iterator[Metric]:
        return iter(())


def _first_hold(call: Call) -> bool:
    """Whether the hold that ends is the first: neither has the call been let go before, nor has it returned."""
    dialled = call.record is not None and isinstance(call.record.verdict, Dial)
    return call.ringing is None and call.answered is None and call.attempts == int(dialled)


def _labels(verdict: Verdict) -> tuple[str, str]:
    """What a verdict asks for, and of a refusal its reason or, without one, its status."""
    match verdict:
        case Accept():
            return "accept", ""
        case Redirect():
            return "redirect", ""
        case Dial():
            return "dial", ""
        case Refuse():
            return "refuse", verdict.reason or str(verdict.status)
