from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from .rig import Rig, yeastar_rig


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """The dialect with two trunks, two applications that may do everything, and the usual settings."""
    async with yeastar_rig() as made:
        yield made
