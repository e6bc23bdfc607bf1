"""What the tests of the API share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from .rig import Rig, running


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """The API, with three agents."""
    async with running() as made:
        yield made
