"""What the tests of the calls API stand on: the whole dialect over real HTTP, a real directory in SQLite, real bots.

The calls are the real gate's; its edge is played by the test.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import httpx
import msgspec

from callgate.core.calls import Call
from callgate.core.gate import Terms
from callgate.database import engine as database
from callgate.database.migrate import upgrade
from callgate.dialects.graph.keys import KeyRing
from callgate.dialects.graph.plugin import Graph
from callgate.dialects.port import Dialect, Surroundings
from callgate.directory.model import Bot, InboundRoute, Phone, Trunk, lapse_verdict
from callgate.directory.service import DirectoryService
from callgate.journal.reader import JournalReader
from callgate.settings import DirectorySettings, GraphSettings, JournalSettings, Settings
from tests.dialects.control import GateControl, incoming
from tests.dialects.serving import PATIENCE, served

from .bots import Bots, Heard

TENANT = "632899f8-2ea1-4604-8413-27bd2892079f"
SECRET = "a-secret-of-bots"
TERMS = Terms("sip:192.0.2.20", 15.0, lapse_verdict("temporarily_unavailable"))
#: The callbacks of the bots, on the server that plays them.
GREETER_PATH, SECOND_PATH, OTHER_PATH = "/api/calls", "/second", "/other"


class Control(GateControl):
    """An edge that the test plays, by the machine's clock."""

    def now(self) -> float:
        return time.time()

    def ring(self, sequence: int = 1, *, route: str = "desk", number: str = "+15551234", dialled: str = "2002") -> Call:
        """A call comes in and is held."""
        call = incoming(
            sequence, self.now(), trunk="main", route=route, number=number, dialled=dialled, controlled=True
        )
        return self.admit(call, TERMS)


class Rig(msgspec.Struct):
    """``http`` asks as the greeter below /v1.0, ``outside`` as nobody below nothing."""

    control: Control
    directory: DirectoryService
    graph: Graph
    bots: Bots
    greeter: Bot
    second: Bot
    other: Bot
    settings: Settings
    http: httpx.AsyncClient
    outside: httpx.AsyncClient
    host: str
    tokens: dict[str, str]

    def client(self, bot: Bot, version: str = "v1.0") -> httpx.AsyncClient:
        """A client of a bot, whose URLs are relative to the version."""
        return client(f"{self.host}/{version}/", self.tokens[bot.name])

    async def act(self, call: Call | str, action: str, body: object = None, bot: Bot | None = None) -> httpx.Response:
        """A bot (the greeter) posts an action."""
        identity = call if isinstance(call, str) else call.id
        async with self.client(bot or self.greeter) as http:
            return await http.post(f"communications/calls/{identity}/{action}", json={} if body is None else body)

    async def heard(self, count: int, path: str = GREETER_PATH) -> list[Heard]:
        """Wait for so many notifications to a bot, the greeter; no more of them than that have come."""
        heard = await self.bots.heard(path, count)
        assert len(heard) == count
        return heard

    async def told(self, count: int, path: str = GREETER_PATH) -> list[str]:
        """The same, in short."""
        return [f"{heard.change} {heard.state}" for heard in await self.heard(count, path)]

    async def answered(self, call: Call) -> None:
        """The greeter answers, and its media too."""
        reply = await self.act(call, "answer", ANSWER)
        assert reply.status_code == 202, reply.text
        self.control.answers(call)


#: Made once, for each takes a while.
_TLS = ssl.create_default_context()
#: The least body of an answer.
ANSWER: dict[str, Any] = {
    "acceptedModalities": ["audio"],
    "mediaConfig": {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"},
}


def to_phone(number: str) -> dict[str, Any]:
    """A target of a redirect."""
    return {"identity": {"phone": {"@odata.type": "#microsoft.graph.identity", "id": number}}}


def to_user(identity: str) -> dict[str, Any]:
    return {"identity": {"user": {"@odata.type": "#microsoft.graph.identity", "id": identity}}}


def error(reply: httpx.Response) -> tuple[int, str, str]:
    """The status, code and message of an error, whose form is checked."""
    (told,) = reply.json().values()
    assert set(reply.json()) == {"error"}
    assert set(told) == {"code", "message", "innerError"}
    assert set(told["innerError"]) == {"date", "request-id", "client-request-id"}
    assert told["innerError"]["request-id"] == str(UUID(reply.headers["request-id"]))
    assert told["innerError"]["client-request-id"] == reply.headers["client-request-id"]
    time.strptime(told["innerError"]["date"], "%Y-%m-%dT%H:%M:%S")
    return reply.status_code, told["code"], told["message"]


def client(url: str, token: str | None) -> httpx.AsyncClient:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=PATIENCE, verify=_TLS, trust_env=False)


async def token_of(bot: Bot, http: httpx.AsyncClient) -> str:
    """The access token that the bot's secret gets it."""
    form = {
        "client_id": bot.app_id,
        "client_secret": SECRET,
        "grant_type": "client_credentials",
        "scope": "https://graph.microsoft.com/.default",
    }
    reply = await http.post(f"/{bot.tenant}/oauth2/v2.0/token", data=form)
    assert reply.status_code == 200, reply.text
    return cast(str, reply.json()["access_token"])


def make_state(folder: Path) -> Path:
    """A state folder with its tables and its signing keys: both take a while, and are made once for all tests."""

    async def make() -> None:
        ring = KeyRing(folder, GraphSettings(), time.time)
        await ring.start()
        await ring.stop()
        engine = database.create(Settings(state=folder, run=folder))
        await upgrade(engine)
        await engine.dispose()

    asyncio.run(make())
    return folder


@contextlib.asynccontextmanager
async def running(folder: Path, state: Path, bots: Bots) -> AsyncIterator[Rig]:
    shutil.copytree(state, folder, dirs_exist_ok=True)
    settings = Settings(
        state=folder,
        run=folder,
        graph=GraphSettings(http_callbacks=True, notification_retries=0),
        journal=JournalSettings(interval=0.01),
        directory=DirectorySettings(hash_memory=8, hash_passes=1),
    )
    engine = database.create(settings)
    directory = DirectoryService(engine, settings.directory)
    await directory.start()
    hashes = (directory.hasher.hash(SECRET),)
    greeter, second, other = (
        Bot(
            name,
            f"2891555a-92ff-42e6-80fa-6e1300c6b5c{index}",
            TENANT,
            bots.on(path),
            f"sip:{name}@192.0.2.40",
            secret_hashes=hashes,
        )
        for index, (name, path) in enumerate(
            {"greeter": GREETER_PATH, "second": SECOND_PATH, "other": OTHER_PATH}.items()
        )
    )
    greeter = msgspec.structs.replace(greeter, display_name="Calling Bot")
    await directory.apply(
        [
            Trunk("main", ("192.0.2.1",)),
            greeter,
            second,
            other,
            Phone("alice", "a" * 32),
            Phone("asleep", "a" * 32, enabled=False),
            InboundRoute("desk", "sip:192.0.2.20", outbound="sip:carrier.example.com", bots=("greeter",)),
            InboundRoute("pair", "sip:192.0.2.20", did="3*", bots=("greeter", "second")),
            InboundRoute("theirs", "sip:192.0.2.20", did="4*", bots=("other",)),
            InboundRoute("nobody", "sip:192.0.2.20", did="5*"),
        ]
    )
    control = Control()
    graph = Graph(Surroundings(control, directory, JournalReader(engine), settings, engine))
    dialect: Dialect = graph
    await dialect.start()
    try:
        async with served(dialect.mounts) as port:
            host = f"http://127.0.0.1:{port}"
            async with client(host, None) as outside:
                tokens = {bot.name: await token_of(bot, outside) for bot in (greeter, second, other)}
            async with client(f"{host}/v1.0/", tokens["greeter"]) as http, client(host, None) as outside:
                yield Rig(
                    control, directory, graph, bots, greeter, second, other, settings, http, outside, host, tokens
                )
    finally:
        await dialect.stop()
        await directory.stop()
        await engine.dispose()


def whole(heard: Heard) -> dict[str, Any]:
    """What stays the same in every telling of a whole call."""
    changing = ("@odata.etag", "state", "callbackUri")
    return {name: value for name, value in heard.resource.items() if name not in changing}
