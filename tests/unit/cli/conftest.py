from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests must not depend on what the developer has set."""
    for name in list(os.environ):
        if name.startswith("CALLGATE_"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def no_log_among_the_output() -> Iterator[None]:
    """The servers of these tests run in this process, and would log to the standard output of the commands."""
    with capture_logs():
        yield
