"""What the bench prints, and whether the floors are held."""

from __future__ import annotations

import msgspec
from rich.console import Console
from rich.table import Table

from bench.machine import Machine
from bench.measure import Percentiles
from bench.queues import AGENTS, CALLERS, Shift
from bench.scenarios import DOCUMENT_STEADY, STEADY, Documents, Latency, Loop, Memory, Neighbours, Yardstick

#: Below these the bench fails: calls/s refused, calls/s routed, p99 of a whole loop in milliseconds at 800 calls/s.
FLOOR_REFUSED, FLOOR_ROUTED, FLOOR_P99_MS = 2_500, 1_200, 5.0

_PARTS = ("edge", "controller", "application", "load")


class Report(msgspec.Struct, frozen=True):
    """One run; what was not asked for is ``None``."""

    machine: Machine
    yardstick: Yardstick | None = None
    refuse: Loop | None = None
    route: Loop | None = None
    documents: Documents | None = None
    neighbours: Neighbours | None = None
    shift: Shift | None = None
    memory: Memory | None = None

    def misses(self) -> list[str]:
        """The floors that this run does not hold."""
        misses = []
        for name, loop, floor in (("refused", self.refuse, FLOOR_REFUSED), ("routed", self.route, FLOOR_ROUTED)):
            if loop is None:
                continue
            if not loop.best.works or loop.best.rate < floor:
                misses.append(f"{loop.best.rate:,.0f} calls/s {name}: the floor is {floor:,}")
            if loop.latency.whole.p99 >= FLOOR_P99_MS:
                p99 = loop.latency.whole.p99
                misses.append(f"p99 of {p99} ms at {STEADY} calls/s {name}: the floor is {FLOOR_P99_MS:g} ms")
        if self.neighbours is not None and self.neighbours.ended < self.neighbours.waiting:
            told = f"of {self.neighbours.waiting:,} calls whose application never answered {self.neighbours.ended:,}"
            misses.append(f"{told} got their 500")
        if self.shift is not None and self.shift.wrong:
            misses.append(f"{self.shift.wrong} of {CALLERS} queued calls were not served once")
        if self.memory is not None and self.memory.refused < self.memory.held:
            misses.append(f"of {self.memory.held:,} held calls {self.memory.refused:,} were refused right")
        return misses


def show(report: Report, console: Console) -> None:
    """Print a run as tables."""
    machine = report.machine
    versions = " · ".join(f"{name} {version}" for name, version in machine.versions.items())
    console.print(f"{machine.cores} cores, {machine.processor}, {machine.memory_mb // 1024} GB, Linux {machine.kernel}")
    console.print(f"load average before the run: {machine.load:.2f} · {versions}\n")
    console.print(_rates(report))
    console.print(_latencies(report))
    if report.neighbours is not None:
        console.print(_neighbours(report.neighbours))
    if report.shift is not None:
        console.print(_shift(report.shift))
    if report.memory is not None:
        console.print(_memory(report.memory))


def _rates(report: Report) -> Table:
    table = Table(title="Highest rate: 99.9 % right, at most 0.1 % sent again, no queue that grows")
    for column in ("", "calls/s", "of alone", *_PARTS):
        table.add_column(column, justify="left" if not column else "right")
    alone = report.yardstick.best.rate if report.yardstick else 0.0
    rows = [("Kamailio alone", report.yardstick.best)] if report.yardstick else []
    rows += [("refused", report.refuse.best)] if report.refuse else []
    rows += [("routed, answered, hung up", report.route.best)] if report.route else []
    rows += [("refused by a document", report.documents.best)] if report.documents else []
    for name, step in rows:
        share = f"{step.rate / alone:.0%}" if alone else ""
        table.add_row(name, f"{step.rate:,.0f}", share, *_cpu(step.cpu_ms))
    table.caption = "edge to load: CPU milliseconds a call"
    return table


def _latencies(report: Report) -> Table:
    table = Table(title=f"Latency at {STEADY} calls/s, in milliseconds: p50 / p99")
    for column in ("", "told", "decided", "whole", *_PARTS):
        table.add_column(column, justify="left" if not column else "right")
    if report.yardstick:
        steady = report.yardstick.steady
        table.add_row("Kamailio alone", "", "", _spread(steady.whole), *_cpu(steady.cpu_ms))
    for name, loop in (("refused", report.refuse), ("routed", report.route)):
        if loop:
            table.add_row(name, *_spreads(loop.latency), *_cpu(loop.latency.step.cpu_ms))
    if report.documents:
        table.add_row(f"refused by a document, {DOCUMENT_STEADY}/s", "", "", _spread(report.documents.latency))
    table.caption = "told: INVITE to event · decided: HTTP request to final response · whole: INVITE to final response"
    return table


def _neighbours(beside: Neighbours) -> Table:
    title = f"{beside.rate:,.0f} calls/s of one route beside {beside.waiting:,} whose application never answers"
    table = Table(title=title)
    for column in ("", "p50 / p99, ms"):
        table.add_column(column, justify="left" if not column else "right")
    table.add_row("alone", _spread(beside.alone))
    table.add_row("beside them", _spread(beside.beside))
    memory = beside.controller_waiting - beside.controller_before
    table.caption = (
        f"{beside.right:.2%} right · {memory:.0f} MB more in the controller · {beside.ended:,} got their 500"
    )
    return table


def _shift(shift: Shift) -> Table:
    table = Table(title=f"{CALLERS} callers, {AGENTS} agents of one queue")
    for column in ("", "p50 / p99, ms"):
        table.add_column(column, justify="left" if not column else "right")
    table.add_row("an agent's BYE to the next INVITE at his phone", _spread(shift.freed))
    table.add_row("an agent's Reject to the INVITE at the next phone", _spread(shift.rejecting))
    cpu = ", ".join(f"{part} {value:.2f}" for part, value in shift.cpu.items())
    table.caption = (
        f"{shift.served} served once, {shift.hung_up} hung up, {shift.rejected} rejects, in {shift.seconds:.1f} s · "
        f"CPU ms a call: {cpu}"
    )
    return table


def _memory(memory: Memory) -> Table:
    table = Table(title=f"{memory.held:,} calls held at once")
    for column in ("", "before, MB", "held, MB", "kB a call"):
        table.add_column(column, justify="left" if not column else "right")
    rows = (
        ("edge, shared memory in use", memory.edge_before, memory.edge_held),
        ("controller, resident", memory.controller_before, memory.controller_held),
    )
    for name, before, held in rows:
        table.add_row(name, f"{before:.0f}", f"{held:.0f}", f"{(held - before) * 1024 / max(1, memory.held):.1f}")
    table.caption = f"{memory.refused:,} of them then refused right, within {memory.seconds:.1f} s"
    return table


def _cpu(each: dict[str, float]) -> list[str]:
    return [f"{each[part]:.3f}" if part in each else "" for part in _PARTS]


def _spread(values: Percentiles) -> str:
    return f"{values.p50:.2f} / {values.p99:.2f}"


def _spreads(latency: Latency) -> list[str]:
    return [_spread(latency.told), _spread(latency.decided), _spread(latency.whole)]
