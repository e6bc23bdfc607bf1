from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .rig import Rig, serving


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """The API with three accounts and a number, and the usual settings."""
    async with serving(tmp_path) as made:
        yield made
