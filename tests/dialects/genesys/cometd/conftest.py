from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from .rig import Rig
from .rig import rig as make_rig


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """A CometD server with the usual settings."""
    async with make_rig() as made:
        yield made
