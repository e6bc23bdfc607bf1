"""Entries listed beside how they are: with few requests, and right while the directory changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from callgate.cli.status import with_statuses
from tests.dialects.native.rig import KEYS, serving
from tests.unit.cli.console import run_beside
from tests.unit.directory.queue_entries import ANN, KRISTI, PHONE, SALES, SUPPORT


class Named(msgspec.Struct, frozen=True):
    name: str


def test_an_entry_that_is_removed_or_added_between_the_two_lists_is_not_shown() -> None:
    listed = with_statuses([Named("a"), Named("removed"), Named("z")], [Named("z"), Named("added"), Named("a")])
    assert listed == [(Named("a"), Named("a")), (Named("z"), Named("z"))]


@pytest.mark.parametrize("group", ["phone", "queue", "agent"])
async def test_a_list_asks_once_for_all_statuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: str) -> None:
    asked: list[str] = []
    ask = httpx.Client.request

    def request(self: httpx.Client, method: str, path: str, **more: Any) -> httpx.Response:
        asked.append(path)
        return ask(self, method, path, **more)

    monkeypatch.setattr(httpx.Client, "request", request)
    async with serving(tmp_path) as rig:
        await rig.directory.apply([PHONE, msgspec.structs.replace(PHONE, name="5009"), SUPPORT, SALES, KRISTI, ANN])
        monkeypatch.setenv("CALLGATE_URL", f"http://{rig.address}")
        monkeypatch.setenv("CALLGATE_KEY", KEYS["admin"])
        assert len((await run_beside(group, "list", "--json")).json) == 2
    assert asked == [f"/v1/{group}s", f"/v1/status/{group}s"]
