"""What the tests of the API stand on: the endpoints over real HTTP, real logins, a contact centre that the test plays.

CometD is not among it: what it would be given is written down.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import httpx
import msgspec

from callgate.dialects.asgi import Receive, Scope, Send
from callgate.dialects.genesys.events import Events
from callgate.dialects.genesys.logins import Logins
from callgate.dialects.genesys.model import Publisher
from callgate.dialects.genesys.routes import Api
from callgate.dialects.port import Surroundings
from callgate.directory.model import Agent, Directory, Entry, Phone, Queue
from callgate.directory.secrets import SecretHasher
from callgate.queues.port import ContactCentre
from callgate.settings import DirectorySettings, GenesysSettings, Settings
from tests.dialects.control import GateControl
from tests.dialects.serving import PATIENCE, served

from .centre import StandInCentre

PASSWORD = "a-password-of-agents"
#: Cheap to verify, so that tests do not wait.
CHEAP = DirectorySettings(hash_memory=8, hash_passes=1)
HASH = SecretHasher(CHEAP).hash(PASSWORD)
KRISTI = Agent("ksippo", HASH, "63630bbebf4840d7a0bffd6312bc29ff", "Kristi", "Sippola", "5001", queues=("support",))
ANDY = Agent("andy", HASH, "b" * 32, "Andy", "Otter", "5002", queues=("support", "sales"))
#: May look, and nothing else.
LOOKER = Agent("looker", HASH, "c" * 32, phone="5003", features=())
ENTRIES: tuple[Entry, ...] = (
    *(Phone(number, "a" * 32) for number in ("5001", "5002", "5003", "5005")),
    Queue("support", "9000"),
    Queue("sales", "9001"),
    KRISTI,
    ANDY,
    LOOKER,
)
#: Made once, for it takes a while.
_TLS = ssl.create_default_context()


class Clock(GateControl):
    """The time is what the test says."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 1_700_000_000.0

    def now(self) -> float:
        return self.time


class StandInDirectory:
    """A directory that a test changes."""

    def __init__(self) -> None:
        self.current = Directory.of(ENTRIES)
        self.hasher = SecretHasher(CHEAP)
        self._listeners: list[Callable[[Directory, object], None]] = []

    def put(self, *entries: Entry) -> None:
        """Add or replace these."""
        self._become(self.current.with_changes(entries))

    def remove_agent(self, name: str) -> None:
        self._become(self.current.with_changes(gone=[("agent", name)]))

    def listen(self, listener: Callable[[Directory, object], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _become(self, directory: Directory) -> None:
        self.current = directory
        for listener in tuple(self._listeners):
            listener(directory, None)


class Written:
    """A publisher that writes down what it is given, and an ASGI application that says who comes."""

    def __init__(self) -> None:
        self.published: list[tuple[str, str, Any]] = []
        self.raw: list[bytes] = []
        self.ended: list[str] = []
        self.paths: list[str] = []

    def publish(self, agent: str, channel: str, data: msgspec.Raw) -> None:
        self.raw.append(bytes(data))
        self.published.append((agent, channel, msgspec.json.decode(data)))

    def end(self, session: str) -> None:
        self.ended.append(session)

    def to(self, agent: str, channel: str) -> list[Any]:
        """What an agent was told on a channel."""
        return [data for who, where, data in self.published if (who, where) == (agent, channel)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.paths.append(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"[]"})


class Rig(msgspec.Struct):
    """``http`` asks as Kristi below /api/v2/, with her session; ``outside`` as nobody."""

    clock: Clock
    directory: StandInDirectory
    centre: StandInCentre
    logins: Logins
    written: Written
    http: httpx.AsyncClient
    outside: httpx.AsyncClient
    host: str

    def client(self, agent: Agent | None = None, password: str = PASSWORD) -> httpx.AsyncClient:
        """Another client, of that agent or of nobody, which keeps its cookies."""
        return client(f"{self.host}/api/v2/", None if agent is None else (agent.name, password))


def client(url: str, auth: tuple[str, str] | None) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, auth=auth, timeout=PATIENCE, verify=_TLS, trust_env=False)


def told(reply: httpx.Response) -> tuple[int, int, str]:
    """The HTTP status, the statusCode and the statusMessage of an error, whose form is checked."""
    body = reply.json()
    assert list(body) == ["statusCode", "statusMessage"]
    assert body["statusMessage"]
    return reply.status_code, body["statusCode"], body["statusMessage"]


def good(reply: httpx.Response) -> dict[str, Any]:
    """What a reply says that went well, without its statusCode."""
    assert reply.status_code == 200, reply.text
    body = cast(dict[str, Any], reply.json())
    assert next(iter(body)) == "statusCode"
    assert body.pop("statusCode") == 0
    return body


@contextlib.asynccontextmanager
async def running(genesys: GenesysSettings | None = None) -> AsyncIterator[Rig]:
    settings = Settings(genesys=genesys or GenesysSettings())
    clock, directory, written = Clock(), StandInDirectory(), Written()
    stand_in = cast(Any, directory)  # it has what this dialect uses of a DirectoryService
    centre = StandInCentre(stand_in, clock.now)
    port: ContactCentre = centre
    publisher: Publisher = written
    surroundings = Surroundings(clock, stand_in, cast(Any, None), settings, cast(Any, None), port)
    logins = Logins(stand_in, settings.genesys, clock.now)
    logins.ended = publisher.end
    api = Api(surroundings, centre, logins, written)
    centre.listen(Events(centre, publisher, logins.base, clock.now).hear)
    directory.listen(lambda *_: logins.end_orphans())
    async with served({"/api": api}) as number:
        host = f"http://127.0.0.1:{number}"
        async with client(f"{host}/api/v2/", (KRISTI.name, PASSWORD)) as http, client(host, None) as outside:
            yield Rig(clock, directory, centre, logins, written, http, outside, host)
