"""What the tests of this dialect's HTTP client share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from .applications import Applications


@pytest.fixture
async def applications() -> AsyncIterator[Applications]:
    """A server by plain HTTP."""
    made = Applications()
    async with made.serving():
        yield made
