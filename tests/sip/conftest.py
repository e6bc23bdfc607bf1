"""One running Callgate for all tests of this folder that do not need their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.sip.edge_rig import EdgeRig, edge_rig
from tests.sip.rig import Rig, empty, entries, rig_on
from tests.system import eventually


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    async with rig_on(tmp_path_factory.mktemp("sip"), tables=_EDGE) as rig:
        yield rig
        # Whatever the tests did: when the last call is over, the edge remembers none, and nothing went wrong unseen.
        for call in (await rig.native.ask("GET", "calls?limit=1000"))[1]["items"]:
            if call["ended"] is None:
                await rig.native.decide("hangup", call["id"])
        try:
            await eventually(lambda: empty(rig), 60)
        except TimeoutError:
            raise AssertionError(f"the edge still remembers {await entries(rig)}") from None
        for trouble in ("Traceback", "could not be read", "CRITICAL", "BUG"):
            assert trouble not in rig.system.log


#: Short enough for tests, long enough for a busy machine.
_EDGE = "destination_timeout = 2\nring_timeout = 3"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def edge(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EdgeRig]:
    """One edge with a controller in this process, for all tests that do not need their own."""
    async with edge_rig(tmp_path_factory.mktemp("edge")) as rig:
        yield rig
        await rig.empty(60)
