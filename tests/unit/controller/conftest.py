from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .rig import Rig, make_database, rig_of


@pytest.fixture(scope="package")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database that has the directory of these tests; each test gets a copy."""
    state = tmp_path_factory.mktemp("state")
    asyncio.run(make_database(state))
    return state


@pytest.fixture
async def rig(template: Path, tmp_path: Path) -> AsyncIterator[Rig]:
    """A controller that is linked to an edge of our own."""
    async with rig_of(template, tmp_path) as made:
        yield made
