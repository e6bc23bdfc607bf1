"""When the edge has told all that it has, that is told too."""

from __future__ import annotations

from structlog.testing import capture_logs

from callgate.core.events import PhoneEvent, Synced

from .rig import Rig
from .test_life import relinked
from .test_phones import frame


async def test_a_new_link_is_told_behind_all_that_the_edge_has(rig: Rig) -> None:
    rig.events.clear()
    rig.edge.snapshot = [frame("anna"), frame("bert")]
    with capture_logs():
        await relinked(rig)
    assert [type(event) for event in rig.events] == [PhoneEvent, PhoneEvent, Synced]
