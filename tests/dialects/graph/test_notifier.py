"""Notifications to real bots: in order, side by side, bounded, tried again, and moved on."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from callgate import __version__
from callgate.core.calls import CallId
from callgate.core.events import Delivery
from callgate.dialects.graph.lookups import Lookup, system_lookup
from callgate.dialects.graph.model import Caller, ChangeType, Notification
from callgate.dialects.graph.notifier import STOPPING, BotNotifier
from callgate.dialects.port import Surroundings
from callgate.directory.model import Bot, Directory
from callgate.ports import free_port
from callgate.settings import GraphSettings, Settings
from tests.dialects.control import GateControl
from tests.dialects.serving import PATIENCE, until
from tests.system import eventually

from .bots import (
    ACCEPTED,
    Behaviour,
    Bots,
    after,
    certificate,
    endless,
    in_turn,
    moved,
    raw,
    reset,
    silence,
    status,
)

ONE, TWO = CallId("0172519a-2d9b-7000-8000-000000000001"), CallId("0172519a-2d9b-7000-8000-000000000002")
TENANT = "2432b57b-0abd-43db-aa7b-16eadd115d34"
GONE = "not sent: the bot has been removed or disabled"
PRIVATE = "not sent: the callback's host has a private address, and the bot named the URL itself"
REFUSED = "no connection: Connection refused"


class Control(GateControl):
    """By the real clock, which a test can put forward."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = 0.0

    def now(self) -> float:
        return time.time() + self.ahead


class Tokens:
    """Each token is another one, and says whom it is for."""

    def __init__(self) -> None:
        self.issued: list[str] = []

    def caller(self, authorization: str) -> Caller:
        raise AssertionError

    def notification(self, bot: Bot) -> str:
        self.issued.append(f"{bot.app_id}.{bot.tenant}.{len(self.issued)}")
        return self.issued[-1]


def bot(name: str = "ann", callback: str = "http://127.0.0.1:1/", **fields: Any) -> Bot:
    return Bot(name, f"app-of-{name}", TENANT, callback, "sip:media@127.0.0.1", **fields)


class Rig:
    def __init__(self, *bots: Bot, stop_seconds: float, lookup: Lookup, tls: ssl.SSLContext | None, **graph: Any):
        self.control = Control()
        self.directory = SimpleNamespace(current=Directory.of(bots))
        self.tokens = Tokens()
        self.moves: list[str] = []
        nothing = cast(Any, None)
        settings = Settings(graph=GraphSettings(**graph))
        surroundings = Surroundings(
            cast(Any, self.control), cast(Any, self.directory), nothing, settings, cast(Any, nothing)
        )
        self.notifier = BotNotifier(surroundings, self.tokens, tls=tls, lookup=lookup, stop_seconds=stop_seconds)

    def put(self, changed: Bot) -> None:
        self.directory.current = self.directory.current.with_changes([changed])

    def tell(
        self,
        to: Bot,
        change: ChangeType = "created",
        *,
        callback: str = "",
        call: CallId = ONE,
        window: float | None = None,
        mark: str = "",
    ) -> Notification:
        """``window`` in seconds from now; ``mark`` tells notifications of the same kind apart."""
        body = {"value": [{"changeType": change, "resourceData": {"id": call, "mark": mark}}]}
        notification = Notification(
            bot=to,
            call=call,
            change=change,
            callback=callback or to.callback,
            body=msgspec.json.encode(body),
            scenario="scenario-of-" + call,
            message="message-1",
            deadline=None if window is None else self.control.now() + window,
            moved=self.moves.append,
        )
        self.notifier.tell(notification)
        return notification

    @property
    def results(self) -> list[str]:
        return [delivery.result for delivery in self.control.deliveries]

    def of(self, name: str) -> list[Delivery]:
        return [delivery for delivery in self.control.deliveries if delivery.application == name]

    async def reported(self, count: int) -> list[Delivery]:
        await until(lambda: len(self.results) >= count)
        return self.control.deliveries


@contextlib.asynccontextmanager
async def notifying(
    *bots: Bot,
    stop_seconds: float = 0.1,
    lookup: Lookup = system_lookup,
    tls: ssl.SSLContext | None = None,
    **graph: Any,
) -> AsyncIterator[Rig]:
    """Afterwards no task may be left."""
    before = asyncio.all_tasks()
    rig = Rig(*bots, stop_seconds=stop_seconds, lookup=lookup, tls=tls, **graph)
    rig.notifier.start()
    try:
        yield rig
    finally:
        await rig.notifier.stop()
    await until(lambda: asyncio.all_tasks() <= before)  # also the bots', so the connections are closed


@pytest.fixture
async def bots() -> AsyncIterator[Bots]:
    async with Bots().serving() as serving:
        yield serving


# --- one notification ------------------------------------------------------------------------------------------------


async def test_a_notification_is_posted_with_a_token_and_its_ids(bots: Bots) -> None:
    ann = bot(callback=bots.on("/api/calls?tenant=7"))
    bots.on("/api/calls", ACCEPTED)
    async with notifying(ann) as rig:
        sent = rig.tell(ann)
        (delivery,) = await rig.reported(1)
    (heard,) = bots.all()
    assert (heard.target, heard.body) == ("/api/calls?tenant=7", sent.body)
    assert heard.headers["content-type"] == "application/json; charset=utf-8"
    assert heard.headers["accept"] == "application/json"
    assert heard.headers["user-agent"] == f"Callgate/{__version__}"
    assert heard.headers["x-microsoft-skype-chain-id"] == heard.headers["scenario-id"] == sent.scenario
    assert heard.headers["x-microsoft-skype-message-id"] == "message-1"
    assert "x-microsoft-skype-original-message-id" not in heard.headers
    assert [heard.token] == rig.tokens.issued and heard.token.startswith(f"{ann.app_id}.{TENANT}.")
    assert (delivery.call, delivery.dialect, delivery.application) == (ONE, "graph", "ann")
    assert (delivery.channel, delivery.event, delivery.result) == ("notification", "created", "delivered")
    assert 0 <= delivery.seconds < PATIENCE and abs(delivery.at - time.time()) < PATIENCE


@pytest.mark.parametrize("code", [200, 202, 204, 299])
async def test_every_2xx_accepts_a_notification(bots: Bots, code: int) -> None:
    ann = bot(callback=bots.on("/", raw(f"HTTP/1.1 {code} Fine\r\nContent-Length: 0\r\n\r\n".encode())))
    async with notifying(ann) as rig:
        rig.tell(ann)
        rig.tell(ann, "deleted")
        await rig.reported(2)
    assert rig.results == ["delivered", "delivered"]
    assert bots.connections == 1


@pytest.mark.parametrize("code", [301, 303, 307, 308, 400, 401, 404, 500, 503])
async def test_everything_else_does_not_and_is_not_followed(bots: Bots, code: int) -> None:
    ann = bot(callback=bots.on("/", moved("/other", code)))
    async with notifying(ann, notification_retries=0) as rig:
        rig.tell(ann)
        await rig.reported(1)
        rig.tell(ann, "deleted")
        await rig.reported(2)
    assert rig.results == [f"answered {code}"] * 2
    assert [heard.path for heard in bots.all()] == ["/", "/"]
    assert rig.moves == []


async def test_a_connection_is_used_again_after_a_short_answer(bots: Bots) -> None:
    ann = bot(callback=bots.on("/", status(200, "{}" * 1000)))
    async with notifying(ann) as rig:
        rig.tell(ann)
        rig.tell(ann, "deleted")
        await rig.reported(2)
    assert bots.connections == 1


async def test_an_endless_or_broken_answer_is_still_an_answer(bots: Bots) -> None:
    head = b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n"
    chatty = bot("chatty", bots.on("/chatty", endless(head, b"400\r\n" + b"x" * 1024 + b"\r\n")))
    broken = bot("broken", bots.on("/broken", raw(head + b"400\r\nx", keep=False)))
    async with notifying(chatty, broken) as rig:
        rig.tell(chatty)
        rig.tell(broken)
        await rig.reported(2)
    assert rig.results == ["delivered"] * 2


# --- tries -----------------------------------------------------------------------------------------------------------


async def test_each_try_has_a_token_and_a_message_id_of_its_own_and_names_the_first(bots: Bots) -> None:
    ann = bot(callback=bots.on("/", in_turn(status(500), reset, ACCEPTED)))
    async with notifying(ann, notification_retries=2) as rig:
        rig.tell(ann)
        await rig.reported(3)
    assert [rig.results[0], rig.results[2]] == ["answered 500", "delivered"]
    assert "connection" in rig.results[1]
    first, *again = bots.all()
    assert [heard.token for heard in bots.all()] == rig.tokens.issued
    assert len(set(rig.tokens.issued)) == 3
    assert first.headers["x-microsoft-skype-message-id"] == "message-1"
    assert [heard.headers["x-microsoft-skype-original-message-id"] for heard in again] == ["message-1"] * 2
    assert len({heard.headers["x-microsoft-skype-message-id"] for heard in bots.all()}) == 3
    assert len({heard.body for heard in bots.all()}) == 1


async def test_without_a_window_it_is_tried_as_often_as_configured_with_growing_pauses(bots: Bots) -> None:
    ann = bot(callback=bots.on("/", status(500)))
    async with notifying(ann, notification_retries=2) as rig:
        rig.tell(ann, "deleted")
        rig.tell(ann, "created", callback=bots.on("/next"))
        tries = await rig.reported(4)
    assert rig.results == ["answered 500"] * 3 + ["delivered"]
    began = [delivery.at - delivery.seconds for delivery in tries]
    assert began[1] - tries[0].at > 0.2
    assert began[2] - tries[1].at > 0.4


async def test_with_a_window_it_is_tried_until_the_window_is_over(bots: Bots) -> None:
    ann = bot(callback=bots.on("/", status(500)))
    async with notifying(ann, notification_retries=0) as rig:
        window = rig.tell(ann, "created", window=2.0).deadline
        rig.tell(ann, "deleted", callback=bots.on("/next"))
        await eventually(lambda: rig.results[-1:] == ["delivered"])
        *tries, last = await rig.reported(2)
    assert window is not None
    assert len(tries) >= 2 and {one.result for one in tries} == {"answered 500"}
    assert all(one.event == "created" and one.at - one.seconds < window for one in tries)
    assert (last.event, last.result) == ("deleted", "delivered")


async def test_a_bot_that_is_dead_until_the_middle_of_the_window_is_told(bots: Bots) -> None:
    ann = bot(callback=bots.on("/", in_turn(reset, reset, ACCEPTED)))
    async with notifying(ann, notification_retries=0) as rig:
        rig.tell(ann, "created", window=60.0)
        await rig.reported(3)
    assert rig.results[-1] == "delivered"


async def test_no_try_begins_after_the_window(bots: Bots) -> None:
    ann = bot(callback=bots.on("/", ACCEPTED))
    async with notifying(ann) as rig:
        rig.tell(ann, "created", window=-0.1)
        await rig.reported(1)
    assert rig.results == ["not sent: the call's window was over"]
    assert bots.all() == []


async def test_a_try_ends_with_the_window_even_if_it_might_take_longer(bots: Bots) -> None:
    ann = bot(callback=bots.on("/", silence))
    async with notifying(ann, notification_timeout=600.0) as rig:
        rig.tell(ann, "created", window=0.3)
        (delivery,) = await rig.reported(1)
    assert delivery.result.startswith("no answer within 0.")


async def test_a_bot_that_never_answers_is_waited_for_as_long_as_configured(bots: Bots) -> None:
    ann = bot(callback=bots.on("/", silence))
    async with notifying(ann, notification_timeout=0.2, notification_retries=1) as rig:
        rig.tell(ann)
        await rig.reported(2)
    assert rig.results == ["no answer within 0.2 s"] * 2
    assert len(bots.all()) == 2


async def test_a_bot_that_is_not_there_is_tried_again() -> None:
    ann = bot(callback=f"http://127.0.0.1:{free_port('127.0.0.1', 'tcp')}/?key=hush")
    async with notifying(ann, notification_retries=1) as rig:
        rig.tell(ann)
        await rig.reported(2)
    assert rig.results == [REFUSED] * 2


@pytest.mark.parametrize("answer", [raw(b"nonsense\r\n\r\n", keep=False), raw(b"", keep=False)])
async def test_what_is_no_http_fails(bots: Bots, answer: Behaviour) -> None:
    ann = bot(callback=bots.on("/", answer))
    async with notifying(ann, notification_retries=0) as rig:
        rig.tell(ann)
        await rig.reported(1)
    assert rig.results[0] in (
        "the answer is not HTTP, or its headers are too long",
        "the bot closed the connection without an answer",
    )


# --- order, and side by side -----------------------------------------------------------------------------------------


async def test_notifications_of_a_call_keep_their_order_and_other_calls_do_not_wait(bots: Bots) -> None:
    hold = asyncio.Event()
    ann = bot(callback=bots.on("/", in_turn(after(hold, status(500)), ACCEPTED)))
    async with notifying(ann) as rig:
        rig.tell(ann, "created")
        await bots.heard("/", 1)
        rig.tell(ann, "updated", mark="establishing")
        rig.tell(ann, "updated", mark="established")
        rig.tell(ann, "deleted")
        rig.tell(ann, "created", call=TWO)
        await rig.reported(1)
        assert rig.control.deliveries[0].call == TWO
        hold.set()
        await rig.reported(6)
    mine = [(heard.change, heard.resource["mark"]) for heard in bots.all() if heard.resource["id"] == ONE]
    updates = [("updated", "establishing"), ("updated", "established")]
    assert mine == [("created", ""), ("created", ""), *updates, ("deleted", "")]


async def test_a_silent_bot_delays_no_other_bot(bots: Bots) -> None:
    slow, quick = bot("slow", bots.on("/slow", silence)), bot("quick", bots.on("/quick"))
    async with notifying(slow, quick, notification_concurrency=1, notification_timeout=600.0) as rig:
        for call in (ONE, TWO):
            rig.tell(slow, call=call)
        await bots.heard("/slow", 1)
        for change in ("created", "deleted"):
            rig.tell(quick, change)
        await bots.heard("/quick", 2)
        await until(lambda: len(rig.of("quick")) == 2)
        assert rig.of("slow") == []
    assert [delivery.result for delivery in rig.of("quick")] == ["delivered"] * 2
    assert [delivery.result for delivery in rig.of("slow")] == [STOPPING] * 2


async def test_so_many_at_once_to_one_bot_and_no_more(bots: Bots) -> None:
    hold = asyncio.Event()
    ann = bot(callback=bots.on("/", after(hold, ACCEPTED)))
    async with notifying(ann, notification_concurrency=3) as rig:
        for number in range(10):
            rig.tell(ann, call=CallId(f"call-{number}"))
        await bots.heard("/", 3)
        hold.set()
        await rig.reported(10)
    assert (len(bots.all()), bots.connections) == (10, 3)


async def test_calls_that_can_still_be_decided_go_first(bots: Bots) -> None:
    hold = asyncio.Event()
    ann = bot(callback=bots.on("/", after(hold, ACCEPTED)))
    async with notifying(ann, notification_concurrency=1) as rig:
        rig.tell(ann, "deleted", call=CallId("first"))
        await bots.heard("/", 1)
        rig.tell(ann, "deleted", call=ONE)
        rig.tell(ann, "created", call=TWO, window=60.0)
        hold.set()
        await rig.reported(3)
    assert [heard.resource["id"] for heard in bots.all()] == ["first", TWO, ONE]


async def test_too_many_that_wait_are_dropped_and_reported(bots: Bots) -> None:
    hold = asyncio.Event()
    ann = bot(callback=bots.on("/", after(hold, ACCEPTED)))
    async with notifying(ann, notification_concurrency=1, notification_queue=2) as rig:
        rig.tell(ann, "created")
        await bots.heard("/", 1)
        rig.tell(ann, "updated")
        rig.tell(ann, "created", call=TWO)
        rig.tell(ann, "deleted")
        assert rig.results == ["dropped: too many notifications are waiting for the bot"]
        hold.set()
        await rig.reported(4)
    assert rig.results[1:] == ["delivered"] * 3
    assert bots.changes() == ["created", "updated", "created"]


async def test_an_error_of_our_own_keeps_no_other_notification_from_being_sent(bots: Bots) -> None:
    ann = bot(callback=bots.on("/"))
    async with notifying(ann) as rig:
        good = rig.tokens.notification

        def bad(bot: Bot) -> str:
            cast(Any, rig.tokens).notification = good
            raise LookupError

        cast(Any, rig.tokens).notification = bad
        rig.tell(ann, "created")
        rig.tell(ann, "deleted")
        await rig.reported(2)
    assert rig.results == ["not sent: an error of Callgate's own (LookupError)", "delivered"]


# --- redirects -------------------------------------------------------------------------------------------------------


async def test_a_302_moves_the_call_and_what_waits_behind(bots: Bots) -> None:
    hold = asyncio.Event()
    ann = bot(callback=bots.on("/old", after(hold, moved("/new?shard=2"))))
    bots.on("/new", in_turn(status(500), ACCEPTED))
    async with notifying(ann) as rig:
        rig.tell(ann, "created")
        await bots.heard("/old", 1)
        rig.tell(ann, "deleted")
        hold.set()
        await rig.reported(4)
    assert rig.results == ["answered 302: moved", "answered 500", "delivered", "delivered"]
    assert [heard.target for heard in bots.all()] == ["/old", *["/new?shard=2"] * 3]
    assert rig.moves == [bots.base + "/new?shard=2"]
    first, there, again, _ = bots.all()
    assert first.headers["x-microsoft-skype-message-id"] == there.headers["x-microsoft-skype-message-id"]
    assert again.headers["x-microsoft-skype-original-message-id"] == "message-1"


async def test_three_302_are_followed_and_a_fourth_is_not(bots: Bots) -> None:
    for number in range(4):
        bots.on(f"/{number}", moved(f"/{number + 1}"))
    ann = bot(callback=bots.base + "/1")
    far = bot("far", bots.base + "/0")
    bots.on("/4", ACCEPTED)
    async with notifying(ann, far, notification_retries=0) as rig:
        rig.tell(ann)
        await rig.reported(4)
        rig.tell(far)
        await rig.reported(8)
    assert rig.results[:4] == ["answered 302: moved"] * 3 + ["delivered"]
    assert rig.results[4:] == ["answered 302: moved"] * 3 + [
        "answered 302, but more than 3 of them, one after the other"
    ]
    assert rig.moves[3:] == [f"{bots.base}/{number}" for number in (1, 2, 3)]


async def test_a_circle_of_302_is_a_failure_and_other_calls_go_on(bots: Bots) -> None:
    ann = bot(callback=bots.on("/a", moved("/b")))
    bots.on("/b", moved("/a"))
    async with notifying(ann, notification_retries=1) as rig:
        rig.tell(ann)
        await rig.reported(4)
        rig.tell(ann, call=TWO, callback=bots.on("/c"))
        await rig.reported(5)
    circle = ["answered 302: moved", "answered 302, but it leads in a circle"]
    assert rig.results == [*circle, *circle, "delivered"]


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("https://10.0.0.1/calls", "leads into a private network"),
        ("https://localhost/calls", "leads into a private network"),
        ("http://192.0.2.1/calls", "must be https"),
        ("https://ann:hush@192.0.2.1/", "must not have a user or password"),
        ("ftp://192.0.2.1/", "must be an absolute https URL"),
        ("https://[::1", "its Location is no URL"),
    ],
)
async def test_a_302_leads_nowhere_that_a_bot_may_not_name(bots: Bots, location: str, why: str) -> None:
    ann = bot(callback=bots.on("/", moved(location)))
    async with notifying(ann, notification_retries=1) as rig:
        rig.tell(ann)
        tries = await rig.reported(2)
    assert all(one.result.startswith("answered 302, but ") and why in one.result for one in tries)
    assert "hush" not in str(tries)
    assert rig.moves == []


async def test_a_302_without_location_fails(bots: Bots) -> None:
    ann = bot(callback=bots.on("/", status(302)))
    async with notifying(ann, notification_retries=0) as rig:
        rig.tell(ann)
        await rig.reported(1)
    assert rig.results == ["answered 302, but without a Location"]


async def test_a_token_never_leaves_tls_for_plain_http(tmp_path: Path, bots: Bots) -> None:
    """Not even at home, where else everything is the administrator's own."""
    server, client = certificate(tmp_path)
    async with Bots().serving(server) as secure:
        ann = bot(callback=secure.on("/", moved(bots.on("/plain"))))
        async with notifying(ann, tls=client, notification_retries=0) as rig:
            rig.tell(ann)
            await rig.reported(1)
    assert "must be https" in rig.results[0]
    assert bots.all() == []


# --- where notifications may go --------------------------------------------------------------------------------------


def named(*addresses: str) -> Callable[[str, int], list[tuple[Any, ...]]]:
    """A lookup that finds these for every name, one after the other; then the last one again and again."""
    left = list(addresses)

    def lookup(host: str, port: int) -> list[tuple[Any, ...]]:
        address = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    return lookup


async def test_a_name_that_meant_a_public_address_when_it_was_checked_does_not_lead_inside_later(bots: Bots) -> None:
    """DNS rebinding."""
    ann = bot(callback="https://bot.example.com/")
    inside = bots.on("/").replace("127.0.0.1", "rebound.example.com")
    async with notifying(ann, lookup=named("127.0.0.1")) as rig:
        rig.tell(ann, callback=inside)
        await rig.reported(1)
    assert rig.results == [PRIVATE]
    assert bots.connections == 0


async def test_an_address_inside_is_not_sent_to_unless_it_is_the_directory_s(bots: Bots) -> None:
    ann = bot(callback="https://bot.example.com/")
    async with notifying(ann) as rig:
        rig.tell(ann, callback=bots.on("/"))
        await rig.reported(1)
        rig.put(bot(callback=bots.on("/")))
        rig.tell(ann, callback=bots.on("/"))
        await rig.reported(2)
    assert rig.results == [PRIVATE, "delivered"]


@pytest.mark.parametrize("settings", [{"private_callbacks": True}, {"http_callbacks": True}])
async def test_settings_let_bots_name_this_machine(bots: Bots, settings: dict[str, Any]) -> None:
    ann = bot(callback="https://bot.example.com/")
    async with notifying(ann, **settings) as rig:
        rig.tell(ann, callback=bots.on("/"))
        await rig.reported(1)
    assert rig.results == ["delivered"]


async def test_the_directory_s_callback_may_be_a_name_inside(bots: Bots) -> None:
    ann = bot(callback=bots.on("/").replace("127.0.0.1", "bot.internal"))
    async with notifying(ann, lookup=named("127.0.0.1")) as rig:
        rig.tell(ann)
        await rig.reported(1)
    assert rig.results == ["delivered"]


async def test_a_name_that_is_not_found_is_tried_again() -> None:
    def lookup(host: str, port: int) -> list[tuple[Any, ...]]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    ann = bot(callback="https://bot.example.com/")
    async with notifying(ann, lookup=lookup, notification_retries=1) as rig:
        rig.tell(ann)
        await rig.reported(2)
    assert rig.results == ["the callback's host name was not found"] * 2


async def test_name_servers_that_do_not_answer_delay_no_other_bot_and_not_the_end(bots: Bots) -> None:
    release = threading.Event()

    def lookup(host: str, port: int) -> list[tuple[Any, ...]]:
        if host.startswith("slow"):
            release.wait(PATIENCE)
        return named("127.0.0.1")(host, port)

    slow = bot("slow", "https://slow.example.com/")
    quick = bot("quick", bots.on("/").replace("127.0.0.1", "quick.example.com"))
    try:
        async with notifying(slow, quick, lookup=lookup, notification_timeout=600.0) as rig:
            for number in range(50):
                callback = f"https://slow{number}.example.com/"
                rig.tell(slow, callback=callback, call=CallId(f"call-{number}"))
            rig.tell(quick)
            await until(lambda: rig.of("quick"))
            assert rig.of("slow") == []
        assert [one.result for one in rig.of("quick")] == ["delivered"]
        assert [one.result for one in rig.of("slow")] == [STOPPING] * 50
    finally:
        release.set()


async def test_a_bot_by_tls_is_told_if_its_certificate_is_trusted(tmp_path: Path) -> None:
    server, client = certificate(tmp_path)
    async with Bots().serving(server) as secure:
        ann = bot(callback=secure.on("/"))
        async with notifying(ann, tls=client) as rig:
            rig.tell(ann)
            await rig.reported(1)
        assert rig.results == ["delivered"]
        assert secure.all()[0].token in rig.tokens.issued
        async with notifying(ann, notification_retries=0) as rig:
            rig.tell(ann)
            await rig.reported(1)
    assert rig.results[0].startswith("the bot's TLS certificate is not trusted")
    assert len(secure.all()) == 1


# --- bots that go, and the end ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["removed", "disabled", "another"])
async def test_a_bot_that_is_gone_meanwhile_is_told_nothing_more(bots: Bots, how: str) -> None:
    hold = asyncio.Event()
    ann = bot(callback=bots.on("/", after(hold, status(500))))
    async with notifying(ann) as rig:
        rig.tell(ann, "created")
        await bots.heard("/", 1)
        rig.tell(ann, "deleted")
        match how:
            case "removed":
                rig.directory.current = Directory()
            case "disabled":
                rig.put(msgspec.structs.replace(ann, enabled=False))
            case _:
                rig.put(msgspec.structs.replace(ann, app_id="app-of-another"))
        rig.tell(ann, "created", call=TWO)
        hold.set()
        await rig.reported(4)
    assert rig.results == [GONE, "answered 500", GONE, GONE]
    assert bots.changes() == ["created"]


async def test_the_connections_of_a_bot_that_is_gone_are_closed(bots: Bots) -> None:
    ann, other = bot(callback=bots.on("/")), bot("other", bots.on("/other"))
    async with notifying(ann, other) as rig:
        rig.tell(ann)
        await until(lambda: not any(queue.workers for queue in rig.notifier._queues.values()))
        rig.directory.current = Directory.of([other])
        rig.tell(other)
        await rig.reported(2)
        assert list(rig.notifier._queues) == ["other"]
        assert bots.connections == 2
        await until(lambda: bots.open == 1)


async def test_the_end_gives_what_waits_its_time(bots: Bots) -> None:
    hold = asyncio.Event()
    ann = bot(callback=bots.on("/", after(hold, ACCEPTED)))
    async with notifying(ann, stop_seconds=PATIENCE) as rig:
        rig.tell(ann, "created")
        rig.tell(ann, "deleted")
        await bots.heard("/", 1)
        asyncio.get_running_loop().call_later(0.05, hold.set)
    assert rig.results == ["delivered"] * 2


async def test_the_end_does_not_wait_for_ever_and_reports_what_was_not_sent(bots: Bots) -> None:
    ann = bot(callback=bots.on("/", silence))
    async with notifying(ann, notification_timeout=600.0, notification_concurrency=1) as rig:
        rig.tell(ann, "created")
        await bots.heard("/", 1)
        rig.tell(ann, "deleted")
        rig.tell(ann, "created", call=TWO)
        assert rig.results == []
    assert rig.results == [STOPPING] * 3
    rig.tell(ann, "deleted", call=TWO)
    assert rig.results == [STOPPING] * 4
    assert len(bots.all()) == 1


async def test_a_notification_tells_nothing_secret_of_itself() -> None:
    ann = bot(callback="https://bot.example.com/?key=hush")
    async with notifying(ann, notification_retries=0, lookup=named("127.0.0.1")) as rig:
        told = rig.tell(ann)
        assert "hush" not in repr(told)
        await rig.reported(1)
    assert "hush" not in str(rig.control.deliveries)
