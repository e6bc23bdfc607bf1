"""A whole shift: every call is served once, in its order, whatever agents, phones and callers do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sip.genesys.many import many

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="function"), pytest.mark.timeout(300)]

_AGENTS, _CALLERS = 50, 500


@pytest.fixture(autouse=True)
def registered() -> None:
    """This test has a rig of its own."""


async def test_fifty_agents_serve_five_hundred_callers_once_and_in_order(tmp_path: Path) -> None:
    async with many(tmp_path, agents=_AGENTS) as centre:
        await centre.arrive(_CALLERS)
        await centre.serve(240)
        courses = list(centre.courses.values())
        for course in courses:
            statuses = {final.status for final in course.call.finals}
            if statuses == {487}:
                assert course.hangs_up
            else:
                assert statuses == {200}
                assert len(course.served_by) == 1
                assert course.did.index("answered") == len(course.did) - 1
        # A call is rung for the first time when at most as many older ones have not been as agents are free at once.
        first = [course.rung[0][0] if course.rung else None for course in courses]
        for index, at in enumerate(first):
            if at is not None:
                older = [each for each in first[:index] if each is not None and each > at]
                assert len(older) < _AGENTS, (index, len(older))
        # A Reject that came too late (its caller had hung up) was told so.
        assert set(centre.rejected) <= {0, 2, 6}
        assert centre.rejected.count(0) > _CALLERS * 0.1
        assert sum(course.did.count("busy") for course in courses) > 5
