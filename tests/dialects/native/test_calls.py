"""Looking at calls: those that live and those that ended not long ago."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from callgate.core.reports import Progress
from callgate.settings import NativeSettings, Settings

from .rig import Rig, problem, serving


async def listed(rig: Rig, **query: str | int | list[str]) -> list[str]:
    page = await rig.http.get("/v1/calls", params=query)
    assert page.status_code == 200
    return [call["id"] for call in page.json()["items"]]


async def test_the_newest_comes_first_and_ended_calls_are_still_there(rig: Rig) -> None:
    held, refused, cancelled = (rig.control.ring() for _ in range(3))
    await rig.post(f"/v1/calls/{refused.id}/refuse")
    rig.control.report(cancelled, Progress.CANCELLED, 487)
    assert await listed(rig) == [cancelled.id, refused.id, held.id]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"trunk": "second"}, "b"),
        ({"trunk": "none"}, ""),
        ({"route": "support"}, "c"),
        ({"caller": "5503301"}, "ca"),
        ({"caller": "55*"}, "cba"),
        ({"caller": "*"}, "cba"),
        ({"dialled": "20*"}, "ba"),
        ({"dialled": "2002"}, "a"),
        ({"state": "held"}, "cb"),
        ({"state": ["held", "refused"]}, "cba"),
        ({"state": "refused", "trunk": "main"}, "a"),
        ({"state": "refused", "trunk": "second"}, ""),
    ],
)
async def test_all_conditions_hold(rig: Rig, query: dict[str, str | list[str]], found: str) -> None:
    calls = {
        "a": rig.control.ring("main", number="5503301", dialled="2002"),
        "b": rig.control.ring("second", number="5599", dialled="2003"),
        "c": rig.control.ring("main", route="support", number="5503301", dialled="3000"),
    }
    await rig.post(f"/v1/calls/{calls['a'].id}/refuse")
    assert await listed(rig, **query) == [calls[name].id for name in found]


async def test_pages_together_are_the_whole_list(rig: Rig) -> None:
    rung = [rig.control.ring().id for _ in range(25)]
    pages, cursor = [], ""
    while True:
        page = (await rig.http.get("/v1/calls", params={"limit": 10, "cursor": cursor})).json()
        pages.append([call["id"] for call in page["items"]])
        cursor = page["next"]
        if cursor is None:
            break
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [identity for page in pages for identity in page] == rung[::-1]


async def test_no_more_ended_calls_are_listed_than_the_setting_says(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(Settings(), native=NativeSettings(recent_calls=2))
    async with serving(tmp_path, settings) as rig:
        ended = [rig.control.ring() for _ in range(4)]
        for call in ended:
            rig.control.report(call, Progress.CANCELLED, 487)
        assert await listed(rig) == [ended[3].id, ended[2].id]
        assert (await rig.http.get(f"/v1/calls/{ended[0].id}")).json()["state"] == "cancelled"


async def test_one_call(rig: Rig) -> None:
    call = rig.control.ring()
    body = (await rig.http.get(f"/v1/calls/{call.id}")).json()
    assert body["id"] == call.id
    assert (body["state"], body["deadline"], body["lapse"]) == ("held", call.received + 10, {"action": "accept"})
    assert body["caller"]["from_header"] == '"Ann" <sip:5503301@192.0.2.10>;tag=1'
    for unknown in ("019b76da-a8fa-7000-8000-000000000001", "x"):
        problem(await rig.http.get(f"/v1/calls/{unknown}"), 404, "unknown-call")
