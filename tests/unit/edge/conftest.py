from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from .fake import FakeEdge, running
from .listener import Heard, Linked


@pytest.fixture
async def linked() -> AsyncIterator[Linked]:
    """A link that is up, with what it heard."""
    edge = FakeEdge()
    async with running(edge) as address:
        linked = Linked(edge, address, Heard())
        await linked.link.connect()
        yield linked
        linked.link.close()
