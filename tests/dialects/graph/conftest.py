"""What the tests of the calls API share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .bots import Bots
from .rig import Rig, make_state, running


@pytest.fixture(scope="session")
def made_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder to copy."""
    return make_state(tmp_path_factory.mktemp("state"))


@pytest.fixture
async def rig(tmp_path: Path, made_state: Path) -> AsyncIterator[Rig]:
    """The dialect, with a greeter that decides the desk's calls."""
    async with Bots().serving() as bots, running(tmp_path, made_state, bots) as made:
        yield made
