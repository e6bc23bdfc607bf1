"""What applications of this API do all day, message by message, with the libraries they use."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from callgate.core.reports import Progress
from callgate.core.states import State
from callgate.dialects.port import Dialect
from callgate.settings import YeastarSettings
from tests.dialects.serving import PATIENCE, until

from .rig import SECRET, Rig, yeastar_rig


class Desk:
    """An application that takes calls of known numbers only, written as an outsider would."""

    def __init__(self, rig: Rig) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{rig.port}/openapi/v1.0/", headers={"User-Agent": "OpenAPI"}, timeout=PATIENCE
        )
        self._websocket_url = f"ws://127.0.0.1:{rig.port}/openapi/v1.0/subscribe"
        self._tokens: dict[str, Any] = {}
        self.allowed = {"5503301"}
        self.heartbeats = 0
        self.renewals = 0
        self.events: list[tuple[int, dict[str, Any]]] = []
        self.ready = asyncio.Event()

    async def authenticate(self) -> None:
        answer = await self._http.post("get_token", json={"username": "desk-id", "password": SECRET})
        self._tokens = answer.json()
        assert self._tokens["errmsg"] == "SUCCESS"

    async def call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        """With a new token and once again if it has expired, as production clients do it."""
        while True:
            parameters = {**arguments.pop("params", {}), "access_token": self._tokens["access_token"]}
            answer = await self._http.request(method, path, params=parameters, **arguments)
            reply: dict[str, Any] = answer.json()
            if "TOKEN EXPIRED" not in reply["errmsg"]:
                return reply
            refreshed = await self._http.post("refresh_token", json={"refresh_token": self._tokens["refresh_token"]})
            self._tokens = refreshed.json()
            self.renewals += 1

    async def run(self) -> None:
        async with connect(f"{self._websocket_url}?access_token={self._tokens['access_token']}") as websocket:
            await websocket.send(json.dumps({"topic_list": [30011, 30012, 30015, 30016]}))
            assert json.loads(await websocket.recv()) == {"errcode": 0, "errmsg": "SUCCESS"}
            self.ready.set()
            beating = asyncio.create_task(self._beat(websocket))
            try:
                async for message in websocket:
                    if message == "heartbeat response":
                        self.heartbeats += 1
                        continue
                    event = json.loads(message)
                    content = json.loads(event["msg"])
                    self.events.append((event["type"], content))
                    if event["type"] == 30016:
                        await self._decide(content["members"][0]["inbound"])
            finally:
                beating.cancel()

    async def _decide(self, inbound: dict[str, str]) -> None:
        verb = "accept" if inbound["from"] in self.allowed else "refuse"
        reply = await self.call("POST", f"call/{verb}_inbound", json={"channel_id": inbound["channel_id"]})
        assert reply["errmsg"] == "SUCCESS"

    async def _beat(self, websocket: Any) -> None:
        while True:
            await websocket.send("heartbeat")
            await asyncio.sleep(0.1)

    async def close(self) -> None:
        await self.call("GET", "del_token")
        await self._http.aclose()


async def test_this_is_a_dialect_as_callgate_wants_it() -> None:
    async with yeastar_rig() as rig:
        dialect: Dialect = rig.yeastar
        assert dialect.name == "yeastar"
        assert list(dialect.mounts) == ["/openapi"]


async def test_a_day_at_the_desk() -> None:
    async with yeastar_rig(yeastar=YeastarSettings(idle_timeout=10.0)) as rig:
        desk = Desk(rig)
        await desk.authenticate()
        trunks = await desk.call("GET", "trunk/list", params={"page": 1, "page_size": 100})
        assert [trunk["name"] for trunk in trunks["data"]] == ["peer-to-41", "test-peer-trunking"]
        working = asyncio.create_task(desk.run())
        await desk.ready.wait()

        welcome = rig.control.ring(number="5503301")
        await until(lambda: welcome.state is State.ROUTED)
        rig.control.report(welcome, Progress.RINGING, 180)
        rig.control.report(welcome, Progress.ANSWERED, 200)
        live = await desk.call("GET", "call/query", params={"type": "inbound"})
        assert list(live["data"][0]["members"][1]) == ["extension"]

        spam = rig.control.ring(number="900123")
        await until(lambda: spam.state is State.REFUSED)
        assert spam.status == 603

        rig.control.shift = 1750.0  # the access token is about to expire, then it has
        assert (await desk.call("POST", "call/hangup", json={"channel_id": _channel(desk, 30016, 0)}))["errcode"] == 0
        assert desk.renewals == 0
        rig.control.shift = 1900.0
        assert (await desk.call("GET", "trunk/list"))["errcode"] == 0
        assert desk.renewals == 1

        late = rig.control.ring(number="5503301")
        await until(lambda: late.state is State.ROUTED)
        rig.control.report(late, Progress.FAILED, 486, "Busy Here")
        await until(lambda: len(desk.events) == 12 and desk.heartbeats > 3)
        assert [topic for topic, _ in desk.events] == [
            *(30016, 30011, 30011),  # rings, answered
            *(30016, 30011, 30012),  # refused
            *(30011, 30012),  # hung up
            *(30016, 30015, 30011, 30012),  # busy
        ]
        await desk.close()
        with pytest.raises(ConnectionClosedError, match="token expired"):
            await asyncio.wait_for(working, PATIENCE)  # its WebSocket was closed with its login


def _channel(desk: Desk, topic: int, member: int) -> str:
    first = next(content for kind, content in desk.events if kind == topic)
    channel: str = next(iter(first["members"][member].values()))["channel_id"]
    return channel
