"""One running Callgate for all tests of this folder that do not need their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.sip.rig import Rig, rig_on


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    async with rig_on(tmp_path_factory.mktemp("sip"), tables=_EDGE) as rig:
        yield rig


#: Short enough for tests, long enough for a busy machine.
_EDGE = "destination_timeout = 2\nring_timeout = 3"
