"""What the tests of the REST API stand on: a real directory and a real log in SQLite, and a real HTTP server."""

from __future__ import annotations

import contextlib
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal, cast

import httpx
import msgspec
from lxml import etree

from callgate.core.calls import CallId, call_id
from callgate.database import engine as database
from callgate.database.migrate import upgrade
from callgate.dialects.port import Surroundings
from callgate.dialects.rcml.model import CallRecord, LiveCallError, Method, Notification, Status
from callgate.dialects.rcml.rest.routes import MOUNT, Api
from callgate.dialects.rcml.rest.wire import ROOT
from callgate.dialects.rcml.sids import call_sid
from callgate.dialects.rcml.store import Store
from callgate.directory.model import Account, Entry, InboundRoute, RcmlNumber, RcmlVoice, Trunk
from callgate.directory.service import DirectoryService
from callgate.journal.reader import JournalReader
from callgate.settings import DirectorySettings, JournalSettings, RcmlSettings, Settings
from tests.dialects.serving import PATIENCE, served

#: 28 June 2018, 13:56:33.25 UTC.
NOW = 1_530_194_193.25
ACME = Account(
    "acme",
    "AC" + "a" * 32,
    "TokenOfAcmeThatNobodyElseKnows01",
    friendly_name="Acme Ltd",
    numbers=("15105555*", "2002", "9*"),
    destination="sip:pbx.example.com",
    outbound="sip:carrier.example.com",
    created=NOW,
    updated=NOW,
)
BEYOND = Account("beyond", "AC" + "b" * 32, "TokenOfBeyondThatNobodyElseKnows")
ASLEEP = Account("asleep", "AC" + "c" * 32, "TokenOfAsleepThatNobodyElseKnows", status="suspended")
VOICE_URL = "https://app.example.com/voice"
#: A number of the operator's own directory file.
HOTLINE = InboundRoute(
    "hotline",
    "sip:desk.example.com",
    did="442079460000",
    window=20.0,
    lapse="busy",
    rcml=RcmlNumber("acme", "PN" + "d" * 32, voice=RcmlVoice(VOICE_URL), created=NOW, updated=NOW),
)
ENTRIES: tuple[Entry, ...] = (
    Trunk("carrier", ("192.0.2.1",)),
    ACME,
    BEYOND,
    ASLEEP,
    HOTLINE,
    InboundRoute("taken", "sip:pbx.example.com", did="15105555000"),
)


class PlayedControl:
    """The clock, which stands until it is moved."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> float:
        return self.time


class PlayedCalls:
    """Live calls that a test plays, as ``LiveCalls``. ``error`` is raised by whatever changes one.

    With ``over_meanwhile`` each ends in the very moment.
    """

    def __init__(self) -> None:
        self.statuses: dict[CallId, Status] = {}
        self.ended: list[tuple[CallId, str]] = []
        self.runs: list[tuple[CallId, str, str, str, str]] = []
        self.error: LiveCallError | None = None
        self.over_meanwhile = False

    def status(self, call: CallId) -> Status | None:
        return self.statuses.get(call)

    async def end(self, call: CallId, status: Literal["canceled", "completed"]) -> bool:
        self._fail()
        self.ended.append((call, status))
        return self.statuses.pop(call, None) is not None and not self.over_meanwhile

    async def run(self, call: CallId, url: str, method: Method, fallback_url: str, fallback_method: Method) -> bool:
        self._fail()
        self.runs.append((call, url, method, fallback_url, fallback_method))
        return call in self.statuses

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error


class Rig(msgspec.Struct):
    """The API of :data:`ACME` and others. ``http`` asks as ACME, below its account; ``outside`` asks as nobody."""

    control: PlayedControl
    directory: DirectoryService
    store: Store
    live: PlayedCalls
    http: httpx.AsyncClient
    outside: httpx.AsyncClient
    base: str
    #: Where a client's URLs are relative to: ``http://127.0.0.1:…``.
    host: str

    def log_call(self, number: int = 1, **fields: Any) -> CallRecord:
        """The ``number``-th call is logged; one that is not over is live."""
        record = a_call(number, **fields)
        self.store.call(record)
        if record.status in ("queued", "ringing", "in-progress") and record.parent_sid is None:
            self.live.statuses[call_number(number)] = record.status
        return record

    async def make_number(self, number: str = "+15105555001", **fields: str) -> dict[str, Any]:
        reply = await self.http.post(
            "IncomingPhoneNumbers.json", data={"PhoneNumber": number, "VoiceUrl": VOICE_URL, **fields}
        )
        assert reply.status_code == 200, reply.text
        return cast(dict[str, Any], reply.json())

    async def make_application(self, **fields: str) -> dict[str, Any]:
        data = {"FriendlyName": "Reception", "RcmlUrl": VOICE_URL, **fields}
        reply = await self.http.post("Applications.json", data=data)
        assert reply.status_code == 200, reply.text
        return cast(dict[str, Any], reply.json())

    async def make_client(self, login: str = "alice", **fields: str) -> dict[str, Any]:
        data = {"Login": login, "Password": "correct horse", **fields}
        reply = await self.http.post("Clients.json", data=data)
        assert reply.status_code == 200, reply.text
        return cast(dict[str, Any], reply.json())


def call_number(number: int) -> CallId:
    """The id of the ``number``-th call, which came in that many seconds after :data:`NOW`."""
    return call_id(NOW + number, number, 7)


def a_call(number: int = 1, **fields: Any) -> CallRecord:
    record = CallRecord(
        sid=call_sid(call_number(number)),
        account_sid=ACME.sid,
        parent_sid=None,
        phone_number_sid="PN" + "d" * 32,
        from_="+15551234",
        to="442079460000",
        direction="inbound",
        status="ringing",
        caller_name="Ann",
        forwarded_from=None,
        created=NOW + number,
        updated=NOW + number,
    )
    return msgspec.structs.replace(record, **fields)


def a_notification(number: int = 1, **fields: Any) -> Notification:
    notification = Notification(
        sid=f"NO{number:032x}",
        account_sid=ACME.sid,
        call_sid=a_call().sid,
        log=1,
        code=13910,
        text="line 3: length is wrong",
        at=NOW + number,
        request_url=VOICE_URL,
        request_method="POST",
        request_variables="CallSid=CA1&To=2002",
    )
    return msgspec.structs.replace(notification, **fields)


def xml(reply: httpx.Response) -> etree._Element:
    """The element in the envelope of a reply."""
    assert reply.headers["content-type"] == "application/xml"
    root = etree.fromstring(reply.content)
    assert (root.tag, len(root)) == ("RestcommResponse", 1)
    return root[0]


def tags(element: etree._Element) -> list[str]:
    return [str(child.tag) for child in element]


def attributes(element: etree._Element) -> dict[str, str]:
    return {str(name): str(value) for name, value in element.attrib.items()}


def texts(element: etree._Element, tag: str) -> list[str | None]:
    return [found.text for found in element.iter(tag)]


def authorization(account: Account) -> str:
    """The header that an account logs in with."""
    return f"Basic {b64encode(f'{account.sid}:{account.token}'.encode()).decode()}"


def client(host: str, account: Account | None) -> httpx.AsyncClient:
    """A client of an account, whose URLs are relative to it."""
    return httpx.AsyncClient(
        base_url=host if account is None else f"{host}{ROOT}/Accounts/{account.sid}/",
        auth=None if account is None else (account.sid, account.token),
        timeout=PATIENCE,
        trust_env=False,
    )


@contextlib.asynccontextmanager
async def serving(folder: Path, *, rcml: RcmlSettings | None = None) -> AsyncIterator[Rig]:
    settings = Settings(
        state=folder,
        run=folder,
        rcml=rcml or RcmlSettings(),
        journal=JournalSettings(interval=0.01, keep_days=0),
        directory=DirectorySettings(hash_memory=8, hash_passes=1),
    )
    engine = database.create(settings)
    await upgrade(engine)
    directory = DirectoryService(engine, settings.directory)
    await directory.start()
    await directory.apply(ENTRIES)
    control, live, store = PlayedControl(), PlayedCalls(), Store(engine, settings)
    await store.start()
    # Of the calls this API wants nothing but the clock.
    surroundings = Surroundings(cast(Any, control), directory, JournalReader(engine), settings, engine)
    try:
        async with served({MOUNT: Api(surroundings, store, live)}) as port:
            host = f"http://127.0.0.1:{port}"
            async with client(host, ACME) as http, client(host, None) as outside:
                yield Rig(control, directory, store, live, http, outside, f"{ROOT}/Accounts/{ACME.sid}", host)
    finally:
        await store.stop()
        await directory.stop()
        await engine.dispose()
