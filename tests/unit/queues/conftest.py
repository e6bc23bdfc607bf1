from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from .rig import Rig


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """Two phones are registered, their agents logged out; at the end nothing is left of it."""
    rig = Rig()
    await rig.link("5001", "5002")
    rig.notices.clear()
    yield rig
    await rig.stop()
    assert rig.clock.timers == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}
