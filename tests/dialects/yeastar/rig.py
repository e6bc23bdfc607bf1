"""What the tests of this dialect stand on: the real gate behind a stand-in for the edge, and a real HTTP server."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, cast

import aiohttp
import msgspec

from callgate.core.calls import Call
from callgate.core.gate import Terms
from callgate.core.verdicts import Accept, Verdict
from callgate.dialects.port import Surroundings
from callgate.dialects.yeastar.plugin import Yeastar
from callgate.directory.model import Client, Directory, Entry, InboundRoute, Trunk
from callgate.directory.secrets import SecretHasher
from callgate.settings import DirectorySettings, HttpSettings, Settings, YeastarSettings
from tests.dialects.control import GateControl, incoming
from tests.dialects.serving import PATIENCE, served

#: Cheap to verify, so that tests do not wait.
CHEAP = DirectorySettings(hash_memory=8, hash_passes=1)
SECRET = "n0tAsecretFromAnyVendorsManual00"
SECRET_HASH = SecretHasher(CHEAP).hash(SECRET)


class StandInControl(GateControl):
    """Its clock is the machine's, moved by ``shift`` seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.shift = 0.0
        self._sequences = itertools.count(0x91)

    def ring(
        self,
        *,
        trunk: str = "peer-to-41",
        number: str = "5503301",
        dialled: str = "2002",
        destination: str = "sip:2002@127.0.0.1:5080",
        window: float = 10.0,
        lapse: Verdict | None = None,
        sequence: int | None = None,
        received: float | None = None,
        controlled: bool = True,
    ) -> Call:
        """A call comes in."""
        call = incoming(
            next(self._sequences) if sequence is None else sequence,
            self.now() if received is None else received,
            trunk=trunk,
            route="all",
            number=number,
            dialled=dialled,
            controlled=controlled,
        )
        return self.admit(call, Terms(destination, window, lapse or Accept()))

    def now(self) -> float:
        return time.time() + self.shift


class StandInDirectory:
    """A directory that a test changes by putting other entries there."""

    def __init__(self, *entries: Entry) -> None:
        self.current = Directory.of(entries)
        self.hasher = SecretHasher(CHEAP)
        self._listeners: list[Callable[[Directory, object], None]] = []

    def put(self, *entries: Entry) -> None:
        """Add or replace these."""
        self._become(Directory.of([*_entries(self.current), *entries]))

    def remove_client(self, name: str) -> None:
        gone = self.current.clients[name]
        self._become(Directory.of(entry for entry in _entries(self.current) if entry is not gone))

    def listen(self, listener: Callable[[Directory, object], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _become(self, directory: Directory) -> None:
        self.current = directory
        for listener in list(self._listeners):
            listener(directory, None)


def _entries(directory: Directory) -> Iterator[Entry]:
    yield from directory.trunks.values()
    yield from directory.routes.values()
    yield from directory.clients.values()
    yield from directory.keys.values()


def client(name: str, **fields: Any) -> Client:
    """An application whose client id is its name and ``-id``, with :data:`SECRET`."""
    return Client(**{"name": name, "client_id": f"{name}-id", "secret_hash": SECRET_HASH, **fields})


def default_entries() -> list[Entry]:
    return [
        Trunk("peer-to-41", ("192.0.2.1",), number=27),
        Trunk("test-peer-trunking", ("192.0.2.16/28",), number=29),
        InboundRoute("all", "sip:127.0.0.1:5080", number=3),
        client("desk"),
        client("crm"),
    ]


class Reply(msgspec.Struct):
    """An HTTP reply: its status, its body as received and as JSON."""

    status: int
    raw: bytes

    @property
    def json(self) -> dict[str, Any]:
        return cast(dict[str, Any], msgspec.json.decode(self.raw))

    @property
    def errcode(self) -> int:
        return cast(int, self.json["errcode"])


class Rig:
    """A Yeastar dialect behind a real server, and a way to speak to it."""

    def __init__(self, control: StandInControl, directory: StandInDirectory, yeastar: Yeastar, port: int) -> None:
        self.control = control
        self.directory = directory
        self.yeastar = yeastar
        self.port = port
        self.base = f"http://127.0.0.1:{port}/openapi/v1.0"
        self.websocket_base = f"ws://127.0.0.1:{port}/openapi/v1.0"
        self.http = aiohttp.ClientSession()

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        json: object = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """One request; ``headers`` replace the usual ones."""
        if json is not None:
            body = msgspec.json.encode(json)
        usual = {"User-Agent": "OpenAPI", "Content-Type": "application/json"}
        url = path if path.startswith("http") else f"{self.base}/{path}"
        if token is not None:
            url += f"{'&' if '?' in url else '?'}access_token={token}"
        async with self.http.request(
            method,
            url,
            data=body,
            headers=usual if headers is None else headers,
            skip_auto_headers=("User-Agent",),
            timeout=aiohttp.ClientTimeout(PATIENCE),
        ) as response:
            return Reply(response.status, await response.read())

    async def get(self, path: str, token: str | None = None) -> Reply:
        return await self.request("GET", path, token=token)

    async def post(self, path: str, json: object, token: str | None = None) -> Reply:
        return await self.request("POST", path, json=json, token=token)

    async def login(self, name: str = "desk") -> dict[str, Any]:
        reply = await self.post("get_token", {"username": f"{name}-id", "password": SECRET})
        assert reply.errcode == 0, reply.raw
        return reply.json

    async def token(self, name: str = "desk") -> str:
        return cast(str, (await self.login(name))["access_token"])

    async def accept(self, channel: str, token: str) -> Reply:
        return await self.post("call/accept_inbound", {"channel_id": channel}, token)

    async def refuse(self, channel: str, token: str) -> Reply:
        return await self.post("call/refuse_inbound", {"channel_id": channel}, token)


@contextlib.asynccontextmanager
async def yeastar_rig(
    *entries: Entry, yeastar: YeastarSettings | None = None, http: HttpSettings | None = None
) -> AsyncIterator[Rig]:
    """The dialect with these directory entries (or the usual ones) and settings."""
    control = StandInControl()
    directory = StandInDirectory(*(entries or default_entries()))
    settings = Settings(yeastar=yeastar or YeastarSettings(), http=http or HttpSettings())
    # The stand-ins have what this dialect uses of what they stand in for.
    plugin = Yeastar(Surroundings(control, cast(Any, directory), cast(Any, None), settings, cast(Any, None)))
    await plugin.start()
    async with served(plugin.mounts) as port:
        rig = Rig(control, directory, plugin, port)
        try:
            yield rig
        finally:
            await rig.http.close()
            await plugin.stop()
