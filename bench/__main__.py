"""``python -m bench``: measure, print, write ``run/bench.json``; exit code 1 if a floor is missed."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

import msgspec
from rich.console import Console

from bench.machine import this_machine
from bench.queues import shift
from bench.report import Report, show
from bench.scenarios import Length, documents, memory, neighbours, whole_loop, yardstick

_PARTS = ("alone", "refuse", "route", "documents", "neighbours", "queues", "memory")


async def measure(parts: list[str], length: Length, console: Console) -> Report:
    """Run the parts that are asked for, one after the other."""
    report = Report(this_machine())
    with tempfile.TemporaryDirectory(prefix="callgate-bench-") as name:
        folder = Path(name)
        for part in parts:
            console.print(f"measuring: {part} …", style="dim")
            place = folder / part
            place.mkdir()
            match part:
                case "alone":
                    report = msgspec.structs.replace(report, yardstick=await yardstick(place, 6_000, length))
                case "refuse":
                    report = msgspec.structs.replace(report, refuse=await whole_loop(place, "refuse", 2_000, length))
                case "route":
                    report = msgspec.structs.replace(report, route=await whole_loop(place, "accept", 1_000, length))
                case "documents":
                    report = msgspec.structs.replace(report, documents=await documents(place, 800, length))
                case "neighbours":
                    report = msgspec.structs.replace(report, neighbours=await neighbours(place, length))
                case "queues":
                    report = msgspec.structs.replace(report, shift=await shift(place))
                case "memory":
                    report = msgspec.structs.replace(report, memory=await memory(place))
    return report


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Callgate on this machine.")
    parser.add_argument("parts", nargs="*", choices=[*_PARTS, []], help="what to measure (default: everything)")
    parser.add_argument("--quick", action="store_true", help="shorter steps: a glance, not a figure to quote")
    parser.add_argument("--output", type=Path, default=Path("run/bench.json"), help="where the figures go, as JSON")
    arguments = parser.parse_args()
    console = Console()
    length = Length(3.0, 2.0) if arguments.quick else Length()
    report = asyncio.run(measure(arguments.parts or list(_PARTS), length, console))
    show(report, console)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2))
    misses = report.misses()
    for miss in misses:
        console.print(miss, style="bold red")
    return 1 if misses else 0


if __name__ == "__main__":
    sys.exit(main())
