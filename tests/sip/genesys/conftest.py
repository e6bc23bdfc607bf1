"""One running Callgate for all tests of this folder that do not need their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.sip.genesys.rig import QueueRig, queue_rig_on


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[QueueRig]:
    async with queue_rig_on(tmp_path_factory.mktemp("genesys")) as rig:
        yield rig
        for trouble in ("Traceback", "could not be read", "CRITICAL", "BUG"):
            assert trouble not in rig.sip.system.log


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def registered(centre: QueueRig) -> AsyncIterator[None]:
    """Phones stay registered for five minutes only; and no call of one test is in the way of the next."""
    await centre.register()
    yield
    await centre.hang_up_all()
