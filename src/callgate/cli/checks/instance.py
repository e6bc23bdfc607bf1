"""Whether a Callgate runs with these settings, and whether it can decide a call."""

from __future__ import annotations

from collections.abc import Iterator

from callgate.cli.checks.finding import Finding, error, ok, warning
from callgate.cli.client import Client, ProblemError, UnreachableError
from callgate.cli.connection import admin_key, own_url
from callgate.cli.exits import CommandError
from callgate.dialects.native.paths import HEALTHY, STATUS
from callgate.dialects.native.wire import Status
from callgate.settings import Settings


def runs(settings: Settings) -> bool:
    """Whether a Callgate answers at the first listener of these settings."""
    url, certificate = own_url(settings)
    try:
        with Client(url, "", certificate) as client:
            return client.text(HEALTHY).startswith("alive")
    except ProblemError:
        return True  # its monitoring is not open, but it is Callgate that says so
    except CommandError:
        return False


def instance(settings: Settings) -> Iterator[Finding]:
    """How the running Callgate says it is."""
    url, certificate = own_url(settings)
    try:
        with Client(url, admin_key(settings), certificate) as client:
            status = client.get(STATUS, Status)
    except UnreachableError:
        yield warning("running instance", f"none answers at {url}", "callgate serve")
        return
    except CommandError as refusal:
        yield warning("running instance", f"one answers at {url}, but: {refusal}", "give CALLGATE_KEY a key of it")
        return
    if status.linked:
        yield ok(
            "running instance", f"{status.version} at {url} is ready: {status.held} held, {status.live} live calls"
        )
    else:
        yield error("running instance", f"{url} is not ready: {status.why}", "see the log of callgate serve")
    if status.linked and not status.directory_in_edge:
        yield warning(
            "directory",
            "the edge does not have its last change yet, calls go by what was before",
            "if it stays so: see the log of callgate serve",
        )
    if status.dropped:
        yield warning(
            "call log",
            f"{status.dropped} entries were lost since the start, because the database was down for too long",
            "see the log of callgate serve; the setting journal.backlog is how many are kept meanwhile",
        )
    if status.counters.get("unknown_source"):
        yield warning(
            "callers",
            f"{status.counters['unknown_source']} calls came from addresses that no trunk has, and got 403",
            "if they are yours: callgate trunk set NAME --source ADDRESS",
        )
