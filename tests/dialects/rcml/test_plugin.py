"""The dialect put together: documents over HTTP, the log in SQLite, the REST API, and nothing left when it stops."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec
import pytest

from callgate.core.calls import Call
from callgate.core.gate import Terms
from callgate.core.states import State
from callgate.database import engine as database
from callgate.database.migrate import upgrade
from callgate.dialects.port import Dialect, Surroundings
from callgate.dialects.rcml.plugin import Rcml
from callgate.dialects.rcml.sids import call_sid
from callgate.directory.model import Account, InboundRoute, RcmlNumber, RcmlVoice, Trunk, lapse_verdict
from callgate.directory.service import DirectoryService
from callgate.journal.reader import JournalReader
from callgate.settings import DirectorySettings, JournalSettings, RcmlSettings, Settings
from tests.dialects.control import GateControl, incoming
from tests.dialects.serving import PATIENCE, served, until

from .applications import Applications, document, silence, status

ACCOUNT = Account("acme", "AC" + "a" * 32, "TokenOfAcmeThatNobodyElseKnows01")
TERMS = Terms("sip:192.0.2.20", 10.0, lapse_verdict("temporarily_unavailable"))


class RealTime(GateControl):
    """An edge that the test plays, by the machine's clock."""

    def now(self) -> float:
        return time.time()

    def ring(self, sequence: int = 1) -> Call:
        call = incoming(
            sequence, self.now(), trunk="main", route="sales", number="5503301", dialled="2002", controlled=True
        )
        return self.admit(call, TERMS)


class Rig(msgspec.Struct):
    """The dialect; ``http`` asks its REST API as the account, below it."""

    control: RealTime
    rcml: Rcml
    http: httpx.AsyncClient

    async def record(self, call: Call, status: str) -> dict[str, Any]:
        """The call as the API tells it, once it has that status."""
        async with asyncio.timeout(PATIENCE):
            while True:
                reply = await self.http.get(f"Calls/{call_sid(call.id)}.json")
                if reply.status_code == 200 and reply.json()["status"] == status:
                    return cast(dict[str, Any], reply.json())
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def running(folder: Path, applications: Applications) -> AsyncIterator[Rig]:
    settings = Settings(
        state=folder,
        run=folder,
        rcml=RcmlSettings(callback_retries=0),
        journal=JournalSettings(interval=0.01),
        directory=DirectorySettings(hash_memory=8, hash_passes=1),
    )
    engine = database.create(settings)
    await upgrade(engine)
    directory = DirectoryService(engine, settings.directory)
    await directory.start()
    base = applications.base
    voice = RcmlVoice(f"{base}/voice", voice_fallback_url=f"{base}/fallback", status_callback=f"{base}/status")
    await directory.apply(
        [
            Trunk("main", ("192.0.2.1",)),
            ACCOUNT,
            InboundRoute(
                "sales",
                "sip:192.0.2.20",
                lapse="temporarily_unavailable",
                rcml=RcmlNumber("acme", "PN" + "b" * 32, voice=voice),
            ),
        ]
    )
    control = RealTime()
    rcml = Rcml(Surroundings(control, directory, JournalReader(engine), settings, engine))
    dialect: Dialect = rcml
    await dialect.start()
    try:
        async with served(dialect.mounts) as port:
            url = f"http://127.0.0.1:{port}/restcomm/2012-04-24/Accounts/{ACCOUNT.sid}/"
            credentials = (ACCOUNT.sid, ACCOUNT.token)
            async with httpx.AsyncClient(base_url=url, auth=credentials, timeout=PATIENCE, trust_env=False) as http:
                yield Rig(control, rcml, http)
    finally:
        await dialect.stop()
        await directory.stop()
        await engine.dispose()


@pytest.fixture
async def rig(tmp_path: Path, applications: Applications) -> AsyncIterator[Rig]:
    applications.on("/status", status(204))
    async with running(tmp_path, applications) as made:
        yield made


def statuses(applications: Applications) -> list[str]:
    return [dict(asked.form)["CallStatus"] for asked in applications.asked if asked.path == "/status"]


async def test_a_document_refuses_a_call_and_all_are_told(rig: Rig, applications: Applications) -> None:
    applications.on("/voice", document('<Response><Reject reason="busy"/></Response>'))
    call = rig.control.ring()
    await until(lambda: call.state is State.REFUSED)
    assert call.status == 486
    record = await rig.record(call, "busy")
    assert (record["from"], record["to"], record["phone_number_sid"]) == ("5503301", "2002", "PN" + "b" * 32)
    await until(lambda: statuses(applications) == ["ringing", "busy"])
    asked = next(asked for asked in applications.asked if asked.path == "/voice")
    assert dict(asked.form)["CallSid"] == call_sid(call.id)
    assert "x-twilio-signature" in asked.headers


async def test_a_failure_is_in_the_error_log_and_the_fallback_decides(rig: Rig, applications: Applications) -> None:
    applications.on("/voice", document("<Response>\n<Reject></Response>"))
    applications.on("/fallback", document('<Response><Reject reason="unwanted"/></Response>'))
    call = rig.control.ring()
    await until(lambda: call.state is State.REFUSED)
    assert call.status == 607
    await rig.record(call, "failed")
    reply = await rig.http.get(f"Calls/{call_sid(call.id)}/Notifications.json")
    [error] = reply.json()["notifications"]
    assert "line 2, column 20" in error["message_text"]
    assert str(error["error_code"]) == "12100"


async def test_a_live_call_is_ended_by_rest(rig: Rig, applications: Applications) -> None:
    applications.on("/voice", silence)
    call = rig.control.ring()
    await until(lambda: "/voice" in applications.paths())
    reply = await rig.http.post(f"Calls/{call_sid(call.id)}.json", data={"Status": "canceled"})
    assert (reply.status_code, call.status) == (200, 603)
    await rig.record(call, "canceled")
    reply = await rig.http.post(f"Calls/{call_sid(call.id)}.json", data={"Status": "canceled"})
    assert reply.status_code == 410


async def test_a_live_call_starts_another_document_by_rest(rig: Rig, applications: Applications) -> None:
    applications.on("/voice", document("<Response><Pause length='30'/></Response>"))
    other = applications.on("/other", document('<Response><Reject reason="no_route"/></Response>'))
    call = rig.control.ring()
    await until(lambda: rig.control.held_on)
    reply = await rig.http.post(f"Calls/{call_sid(call.id)}.json", data={"Url": other})
    assert reply.status_code == 200, reply.text
    await until(lambda: call.state is State.REFUSED)
    assert call.status == 404


async def test_a_stop_gives_what_is_held_its_default_tells_it_and_leaves_no_task(
    tmp_path: Path, applications: Applications
) -> None:
    applications.on("/voice", silence)
    applications.on("/status", status(204))
    before = asyncio.all_tasks()
    async with running(tmp_path, applications) as rig:
        call = rig.control.ring()
        await until(lambda: "/voice" in applications.paths())
    assert call.status == 480
    assert statuses(applications) == ["ringing", "no-answer"]
    assert [task for task in asyncio.all_tasks() - before if task.get_name().startswith("rcml")] == []
