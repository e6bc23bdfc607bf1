"""Status callbacks to a real server: in order, side by side, bounded, tried again."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any, cast

from multidict import MultiDict
from twilio.request_validator import RequestValidator

from callgate.core.calls import CallId
from callgate.dialects.port import Surroundings
from callgate.dialects.rcml.callbacks import StatusCallbacks
from callgate.dialects.rcml.fetch import HttpFetcher
from callgate.dialects.rcml.model import DocumentRequest, Method
from callgate.ports import free_port
from callgate.settings import RcmlSettings, Settings
from tests.dialects.control import GateControl
from tests.dialects.serving import until

from .applications import Applications, Asked, after, document, endless, in_turn, redirect, silence, status

ONE, TWO = CallId("0172519a-2d9b-7000-8000-000000000001"), CallId("0172519a-2d9b-7000-8000-000000000002")


class Control(GateControl):
    def now(self) -> float:
        return time.time()


class Rig:
    def __init__(self, control: Control, callbacks: StatusCallbacks) -> None:
        self.control = control
        self.callbacks = callbacks

    def tell(
        self,
        url: str,
        event: str = "ringing",
        *,
        call: CallId = ONE,
        account: str = "acme",
        method: Method = "POST",
    ) -> None:
        request = DocumentRequest(url, method, [("CallStatus", event), ("From", "+44 ü")], "token")
        self.callbacks.tell(call, account, request, event)

    @property
    def results(self) -> list[str]:
        return [delivery.result for delivery in self.control.deliveries]

    async def reported(self, count: int) -> None:
        await until(lambda: len(self.results) == count)


@contextlib.asynccontextmanager
async def telling(stop_seconds: float = 0.1, **rcml: Any) -> AsyncIterator[Rig]:
    """Afterwards nothing may be left."""
    before = asyncio.all_tasks()
    control = Control()
    settings = Settings(rcml=RcmlSettings(**rcml))
    fetcher = HttpFetcher(settings.rcml)
    nothing = cast(Any, None)
    callbacks = StatusCallbacks(
        Surroundings(cast(Any, control), nothing, nothing, settings, nothing), fetcher, stop_seconds=stop_seconds
    )
    fetcher.open()
    callbacks.start()
    try:
        yield Rig(control, callbacks)
    finally:
        await callbacks.stop()
        await fetcher.close()
    await until(lambda: asyncio.all_tasks() <= before)
    assert not callbacks._accounts


def events(asked: list[Asked]) -> list[str]:
    return [dict(one.form or one.query)["CallStatus"] for one in asked]


async def test_a_status_is_posted_signed_and_reported(applications: Applications) -> None:
    url = applications.on("/status", status(204))
    async with telling() as rig:
        rig.tell(url.replace("//", "//ann:hush@") + "?tenant=7", "completed")
        await rig.reported(1)
    asked = applications.asked[0]
    assert (asked.method, asked.target) == ("POST", "/status")
    assert asked.form == [("CallStatus", "completed"), ("From", "+44 ü"), ("tenant", "7")]
    assert RequestValidator("token").validate(asked.url, MultiDict(asked.form), asked.headers["x-twilio-signature"])
    delivery = rig.control.deliveries[0]
    assert (delivery.call, delivery.dialect, delivery.application) == (ONE, "rcml", "acme")
    assert (delivery.channel, delivery.event, delivery.result) == ("status_callback", "completed", "delivered")
    assert 0 <= delivery.seconds < 30 and abs(delivery.at - time.time()) < 30


async def test_a_status_can_be_told_by_get_and_to_where_a_redirect_leads(applications: Applications) -> None:
    applications.on("/there", document("thank you", "text/plain"))
    async with telling() as rig:
        rig.tell(applications.on("/status", redirect("/there")), method="GET")
        await rig.reported(1)
    assert rig.results == ["delivered"]
    assert (applications.paths(), applications.asked[1].method) == (["/status", "/there"], "GET")
    assert events(applications.asked) == ["ringing", "ringing"]


async def test_the_statuses_of_a_call_keep_their_order_when_the_first_has_to_be_sent_again(
    applications: Applications,
) -> None:
    hold = asyncio.Event()
    url = applications.on("/status", in_turn(after(hold, status(500)), status(503), status(200)))
    other = applications.on("/other", status(200))
    async with telling() as rig:
        for event in ("ringing", "in-progress", "completed"):
            rig.tell(url, event)
        rig.tell(other, call=TWO)
        await rig.reported(1)
        hold.set()
        await rig.reported(6)
    mine = [asked for asked in applications.asked if asked.path == "/status"]
    assert events(mine) == ["ringing", "ringing", "ringing", "in-progress", "completed"]
    assert rig.results == ["delivered", "answered 500", "answered 503", *["delivered"] * 3]
    assert rig.control.deliveries[0].call == TWO


async def test_a_status_is_tried_again_as_often_as_configured_with_growing_pauses(applications: Applications) -> None:
    async with telling(callback_retries=2) as rig:
        rig.tell(applications.on("/status", status(404)))
        rig.tell(applications.base + "/status", "completed")
        await rig.reported(6)
    assert rig.results == ["answered 404"] * 6
    began = [delivery.at - delivery.seconds for delivery in rig.control.deliveries]
    ended = [delivery.at for delivery in rig.control.deliveries]
    assert [delivery.event for delivery in rig.control.deliveries] == ["ringing"] * 3 + ["completed"] * 3
    assert began[1] - ended[0] > 0.2
    assert began[2] - ended[1] > 0.4


async def test_a_server_that_cannot_be_reached_is_tried_again() -> None:
    async with telling(callback_retries=1) as rig:
        rig.tell(f"http://ann:hush@127.0.0.1:{free_port('127.0.0.1', 'tcp')}/")
        await rig.reported(2)
    assert rig.results == ["no connection: Connection refused"] * 2


async def test_what_is_no_url_is_tried_once() -> None:
    async with telling() as rig:
        rig.tell("ftp://ann:hush@127.0.0.1/")
        rig.tell("http://127.0.0.1:99999/", call=TWO)
        await rig.reported(2)
        await until(lambda: not rig.callbacks._accounts)
    assert rig.results == ["the URL is not an http or https URL with a host", "the URL is malformed"]


async def test_a_later_status_does_not_wait_for_ever(applications: Applications) -> None:
    url = applications.on("/status", in_turn(silence, status(200)))
    async with telling(timeout=0.2, callback_retries=0) as rig:
        rig.tell(url, "ringing")
        rig.tell(url, "completed")
        await rig.reported(2)
    assert rig.results == ["no whole reply within 0.2 s", "delivered"]


async def test_what_is_answered_is_not_waited_for(applications: Applications) -> None:
    slow = endless(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"", 0.05)
    fast = endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 10_000)
    async with telling(timeout=20.0) as rig:
        rig.tell(applications.on("/slow", slow))
        rig.tell(applications.on("/fast", fast), call=TWO)
        await rig.reported(2)
        await until(lambda: applications.open == 0)
    assert rig.results == ["delivered", "delivered"]
    assert all(delivery.seconds < 10 for delivery in rig.control.deliveries)


async def test_calls_are_told_side_by_side_as_many_as_configured(applications: Applications) -> None:
    hold = asyncio.Event()
    url = applications.on("/status", after(hold, status(200)))
    async with telling(callback_concurrency=2) as rig:
        for number in range(6):
            rig.tell(url, call=CallId(f"{number}"))
        await until(lambda: len(applications.asked) == 2)
        assert len(rig.callbacks._accounts["acme"].workers) == 2
        hold.set()
        await rig.reported(6)
        await until(lambda: not rig.callbacks._accounts)
    assert rig.results == ["delivered"] * 6
    assert applications.peak == 2


async def test_a_dead_server_of_one_account_delays_nobody_elses_callbacks(applications: Applications) -> None:
    dead = applications.on("/dead", silence)
    url = applications.on("/status", status(200))
    async with telling(callback_concurrency=1, callback_queue=2) as rig:
        for number in range(3):
            rig.tell(dead, call=CallId(f"{number}"), account="other")
        rig.tell(url)
        await until(lambda: "delivered" in rig.results)
        assert applications.paths().count("/dead") <= 1


async def test_too_many_that_wait_are_dropped_and_reported(applications: Applications) -> None:
    hold = asyncio.Event()
    url = applications.on("/status", after(hold, status(200)))
    async with telling(callback_concurrency=1, callback_queue=2) as rig:
        rig.tell(url, "ringing")
        await until(lambda: applications.asked)
        rig.tell(url, "in-progress")
        rig.tell(url, "ringing", call=TWO)
        rig.tell(url, "completed")
        rig.tell(url, "completed", call=TWO)
        assert rig.results == ["dropped: too many status callbacks are waiting"] * 2
        assert [delivery.event for delivery in rig.control.deliveries] == ["completed"] * 2
        hold.set()
        await rig.reported(5)
        assert rig.results[2:] == ["delivered"] * 3
        rig.tell(url, "completed")
        await rig.reported(6)
    assert rig.results[5] == "delivered"


async def test_what_waits_when_callgate_stops_is_still_told(applications: Applications) -> None:
    hold = asyncio.Event()
    url = applications.on("/status", after(hold, status(200)))
    async with telling(stop_seconds=20.0) as rig:
        rig.tell(url, "ringing")
        rig.tell(url, "completed")
        await until(lambda: applications.asked)
        stopping = asyncio.create_task(rig.callbacks.stop())
        await asyncio.sleep(0)
        hold.set()
        await stopping
        assert events(applications.asked) == ["ringing", "completed"]
        assert rig.results == ["delivered", "delivered"]


async def test_what_cannot_be_told_in_time_when_callgate_stops_is_reported(applications: Applications) -> None:
    pausing = applications.on("/pausing", status(500))
    dead = applications.on("/dead", silence)
    given_up = "not delivered: callgate is stopping"
    async with telling(callback_concurrency=2, stop_seconds=0.05) as rig:
        rig.tell(pausing, "ringing")
        await rig.reported(1)
        rig.tell(dead, "ringing", call=TWO)
        rig.tell(dead, "completed", call=TWO)
        rig.tell(dead, "ringing", call=CallId("3"))
        await until(lambda: len(applications.asked) == 2)
        await rig.callbacks.stop()
        assert rig.results == ["answered 500", *[given_up] * 4]
        rig.tell(pausing, "completed")
        assert rig.results[5:] == [given_up]
    assert len(applications.asked) == 2
