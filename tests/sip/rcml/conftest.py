"""One running Callgate for all tests of this folder that do not need their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.sip.rcml.rig import RcmlRig, rcml_rig_on


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def rcml(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RcmlRig]:
    async with rcml_rig_on(tmp_path_factory.mktemp("rcml"), tables=_TABLES) as rig:
        yield rig
        for trouble in ("Traceback", "could not be read", "CRITICAL", "BUG"):
            assert trouble not in rig.sip.system.log


#: Short enough for tests, long enough for a busy machine.
_TABLES = "destination_timeout = 2\nring_timeout = 3\n[rcml]\ntimeout = 2.0\n"
