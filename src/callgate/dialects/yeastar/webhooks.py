"""Events over webhooks: a bounded queue, a few pushes at once, and retries for each of them.

Source: Yeastar P-Series developer guide, "Monitor Events via Webhook". The retries are a plain loop and not stamina's:
no try may begin after the call's window by Callgate's own clock, each try's timeout shrinks towards it, and each try
is reported to the journal.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections import deque

import aiohttp
import msgspec
from yarl import URL

from callgate.core.calls import CallId
from callgate.core.events import Delivery
from callgate.dialects.port import Surroundings
from callgate.dialects.yeastar.decide import DIALECT
from callgate.dialects.yeastar.wire import Pushed, TestMessage
from callgate.directory.model import Client, Directory, Webhook

DELIVERED = "delivered"
SIGNATURE = "X-Signature"

#: The first pause between two tries, and the longest, in seconds; each is twice as long as the one before.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0
#: So much of an answer is read, so that its connection can be used again.
_ANSWER_BYTES = 4096
_pushed = msgspec.json.Decoder(Pushed)


class UnusableWebhookError(ValueError):
    """Nothing can be sent there, now or later; the text says why, without the URL and its secrets."""


class Push(msgspec.Struct, frozen=True):
    """An event for one webhook; ``deadline`` (Unix seconds): no try begins after it, for then it tells nothing."""

    body: bytes
    event: int
    call: CallId
    trunk: str
    deadline: float | None = None


class Sender:
    """Sends one message to one webhook, once."""

    def __init__(self) -> None:
        self._http: aiohttp.ClientSession | None = None

    def open(self) -> None:
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),  # each webhook has its own bound
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "Callgate"},
        )

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def send(self, webhook: Webhook, body: bytes, seconds: float) -> str:
        """One try of at most ``seconds``: "delivered", or what went wrong, without the URL and its secrets.

        Raises:
            UnusableWebhookError: nothing can be sent there.
        """
        if self._http is None:
            raise UnusableWebhookError("not sent: callgate is stopping")
        try:
            url = URL(webhook.url)
        except ValueError:
            raise UnusableWebhookError("not sent: the URL is not valid") from None
        if url.scheme not in ("http", "https") or not url.host:
            raise UnusableWebhookError("not sent: only http and https URLs with a host are pushed to")
        if webhook.method == "GET":
            url = url.extend_query(_as_query(body))
            signed, data = url.raw_query_string.encode(), None
        else:
            signed, data = body, body
        headers = {SIGNATURE: sign(signed, webhook.secret)}
        if data is not None:
            headers["Content-Type"] = "application/json"
        try:
            async with (
                asyncio.timeout(seconds),
                self._http.request(webhook.method, url, data=data, headers=headers, allow_redirects=False) as response,
            ):
                await response.content.read(_ANSWER_BYTES)
                return _meaning(response.status)
        except TimeoutError:
            return f"no answer within {seconds:.1f} s"
        except ValueError:  # also aiohttp's InvalidURL
            raise UnusableWebhookError("not sent: the URL is not valid") from None
        except (aiohttp.ClientError, OSError) as error:
            return _failure(error)


class Pusher:
    """One webhook of one client.

    Pushes of different calls go out side by side, those of one call one after the other, so that an application is
    never told of a call's end before its beginning. Requests to decide a call go first.
    """

    def __init__(self, client: str, webhook: Webhook, surroundings: Surroundings, sender: Sender) -> None:
        self.client = client
        self.webhook = webhook
        self._control = surroundings.control
        self._directory = surroundings.directory
        self._settings = surroundings.settings.yeastar
        self._sender = sender
        self._urgent: deque[Push] = deque()
        self._others: deque[Push] = deque()
        self._behind: dict[CallId, deque[Push]] = {}
        self._workers: set[asyncio.Task[None]] = set()

    def put(self, push: Push) -> None:
        """Have it sent. If too many are waiting already it is dropped, and that is reported."""
        behind = self._behind.get(push.call)
        if behind is not None:
            behind.append(push)  # the few other events of a call that waits itself
            return
        queue = self._urgent if push.deadline is not None else self._others
        if len(queue) >= self._settings.webhook_queue:
            self._report(push, "dropped: too many pushes are waiting", self._control.now())
            return
        self._behind[push.call] = deque()
        queue.append(push)
        if len(self._workers) < self._settings.webhook_concurrency:
            self._workers.add(asyncio.create_task(self._work()))

    async def stop(self) -> None:
        """Give up what is waiting."""
        workers = list(self._workers)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self) -> None:
        try:
            while queue := self._urgent or self._others:
                push = queue.popleft()
                behind = self._behind[push.call]
                await self._deliver(push)
                while behind:
                    await self._deliver(behind.popleft())
                del self._behind[push.call]
        finally:
            task = asyncio.current_task()
            if task is not None:
                self._workers.discard(task)

    async def _deliver(self, push: Push) -> None:
        tries = 0
        while True:
            client = self._directory.current.clients.get(self.client)
            if client is None or self.webhook not in client.webhooks or not client.may_see(push.trunk):
                return
            began = self._control.now()
            timeout = client.webhook_timeout
            if push.deadline is not None:
                timeout = min(timeout, push.deadline - began)
                if timeout <= 0:
                    self._report(push, "not sent: the call's window was over", began)
                    return
            try:
                result = await self._sender.send(self.webhook, push.body, timeout)
            except UnusableWebhookError as error:
                self._report(push, str(error), began)
                return
            self._report(push, result, began)
            tries += 1
            if result == DELIVERED or tries > client.webhook_retries:
                return
            pause = min(_FIRST_PAUSE * 2 ** (tries - 1), _LONGEST_PAUSE)
            if push.deadline is not None and self._control.now() + pause >= push.deadline:
                return
            await asyncio.sleep(pause)

    def _report(self, push: Push, result: str, began: float) -> None:
        now = self._control.now()
        self._control.delivered(
            Delivery(push.call, DIALECT, self.client, "webhook", str(push.event), result, now, now - began)
        )


class Webhooks:
    """All webhooks of all clients, as the directory has them now."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._directory = surroundings.directory
        self._sender = Sender()
        self._pushers: dict[tuple[str, Webhook], Pusher] = {}
        self._pushers_of: Directory | None = None
        self._stopping: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        self._sender.open()

    async def stop(self) -> None:
        """Give up what is waiting and close all connections."""
        await asyncio.gather(*self._stopping, *(pusher.stop() for pusher in self._pushers.values()))
        self._pushers = {}
        self._pushers_of = None
        await self._sender.close()

    def receivers(self, topic: int, trunk: str) -> list[Pusher]:
        """Which webhooks get an event of that topic about a call on that trunk."""
        directory = self._directory.current
        if directory is not self._pushers_of:
            self._follow(directory)
        return [
            pusher
            for pusher in self._pushers.values()
            if (not pusher.webhook.events or topic in pusher.webhook.events)
            and directory.clients[pusher.client].may_see(trunk)
        ]

    async def send_test(self, client: Client, webhook: Webhook) -> Delivery:
        """Send the vendor's test message, once, and tell how it went."""
        control = self._surroundings.control
        began = control.now()
        body = msgspec.json.encode(TestMessage())
        try:
            result = await self._sender.send(webhook, body, client.webhook_timeout)
        except UnusableWebhookError as error:
            result = str(error)
        now = control.now()
        delivery = Delivery(None, DIALECT, client.name, "webhook", "test", result, now, now - began)
        control.delivered(delivery)
        return delivery

    def _follow(self, directory: Directory) -> None:
        """Keep the pushers of webhooks that are still there, with what they are sending."""
        wanted = {(client.name, hook) for client in directory.clients.values() for hook in client.webhooks}
        for key in self._pushers.keys() - wanted:
            task = asyncio.create_task(self._pushers.pop(key).stop())
            self._stopping.add(task)
            task.add_done_callback(self._stopping.discard)
        for client, hook in wanted - self._pushers.keys():
            self._pushers[client, hook] = Pusher(client, hook, self._surroundings, self._sender)
        self._pushers_of = directory


def sign(body: bytes, secret: str) -> str:
    """``X-Signature``: Base64 of the HMAC-SHA256 of the body with the webhook's secret."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def _as_query(body: bytes) -> dict[str, str]:
    """A message as the parameters of a GET."""
    try:
        pushed = _pushed.decode(body)
    except msgspec.ValidationError:
        return {"event": TestMessage().event}
    return {"type": str(pushed.type), "sn": pushed.sn, "msg": pushed.msg}


def _meaning(status: int) -> str:
    if 200 <= status <= 299:
        return DELIVERED
    if 300 <= status <= 399:
        return f"answered {status}: redirects are not followed"
    return f"answered {status}"


def _failure(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return "the TLS certificate is not trusted"
        case aiohttp.ClientConnectorDNSError():
            return "the host name was not found"
        case aiohttp.ClientConnectorError(os_error=cause):
            return f"no connection: {cause.strerror or type(cause).__name__}"
        case _:
            return f"the connection broke: {type(error).__name__}"
