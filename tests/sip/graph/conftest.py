"""One running Callgate for all tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.sip.graph.rig import GraphRig, graph_rig_on


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def graph(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GraphRig]:
    async with graph_rig_on(tmp_path_factory.mktemp("graph")) as rig:
        yield rig
        for trouble in ("Traceback", "could not be read", "CRITICAL", "BUG"):
            assert trouble not in rig.sip.system.log
