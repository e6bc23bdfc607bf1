"""Kamailio with its modules, and SIPp."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from callgate.cli.checks.finding import Finding, error, ok, warning
from callgate.edge.configuration import TESTED, find_kamailio, modules_needed
from callgate.edge.errors import EdgeError
from callgate.settings import Settings


def kamailio(settings: Settings) -> Iterator[Finding]:
    """Installed, recent enough, with every module that the configuration loads."""
    try:
        found = find_kamailio(settings.edge.kamailio)
    except EdgeError as refusal:
        text, _, remedy = str(refusal).partition(": ")
        yield error("kamailio", text, remedy)
        return
    version = f"{'.'.join(map(str, found.version))} at {found.program}"
    if found.version[:2] in TESTED:
        yield ok("kamailio", version)
    else:
        yield warning(
            "kamailio",
            f"{version}; Callgate's tests have run with {' and '.join(f'{major}.{minor}' for major, minor in TESTED)}",
            "run make test of Callgate on this machine before calls depend on it",
        )
    yield ok("kamailio modules", f"all {len(modules_needed())} in {found.modules}")


def sipp(settings: Settings) -> Iterator[Finding]:
    """Only `ring`, `demo` and `destination` need it."""
    found = shutil.which("sipp")
    if found is None:
        yield warning("sipp", "not installed; only ring, demo and destination need it", "apt-get install sip-tester")
    else:
        yield ok("sipp", found)
