"""docs/api.md says what the API does: every path, scope, event and problem, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from callgate.core.events import Kind
from callgate.dialects.native.errors import KINDS

from .rig import Rig

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text()


async def test_the_table_of_paths_is_complete(rig: Rig) -> None:
    described = (await rig.http.get("/v1/openapi.json")).json()["paths"]
    served = {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}
    told = set(re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /v1[^`]*)`", PAGE))
    assert told == served


def test_every_problem_and_every_kind_of_event_is_told() -> None:
    for name in [*KINDS, *(kind.value for kind in Kind)]:
        assert f"`{name}`" in PAGE
