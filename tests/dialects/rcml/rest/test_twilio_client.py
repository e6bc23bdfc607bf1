"""The official ``twilio`` library, whose host and base path a custom HTTP client changes: the library's own way.

Its paths begin with ``/2010-04-01``, where this API has ``/restcomm/2012-04-24``; below, the two are the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from callgate.dialects.rcml.rest.wire import ROOT
from tests.dialects.serving import PATIENCE

from .rig import ACME, VOICE_URL, Rig, a_notification, call_number

T = TypeVar("T")


class Elsewhere(TwilioHttpClient):  # type: ignore[misc]  # it has no types
    """Sends what is for Twilio's host to another."""

    def __init__(self, host: str) -> None:
        super().__init__(timeout=PATIENCE)
        self._host = host

    def request(self, method: str, url: str, *given: Any, **named: Any) -> Any:
        ours = url.replace("https://api.twilio.com/2010-04-01", f"{self._host}{ROOT}")
        assert ours.startswith(self._host), url
        return super().request(method, ours, *given, **named)


@pytest.fixture
def twilio(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return Client(ACME.sid, ACME.token, http_client=Elsewhere(rig.host))


async def off(work: Callable[[], T]) -> T:
    """The library blocks: it works in a thread."""
    return await asyncio.to_thread(work)


async def test_it_sees_and_ends_calls(rig: Rig, twilio: Client) -> None:
    first, second = rig.log_call(1), rig.log_call(2, status="busy")
    page = await off(lambda: twilio.calls.page(page_size=10))
    assert [call.sid for call in page] == [first.sid, second.sid]
    assert [call.sid for call in await off(lambda: twilio.calls.list(status="busy", limit=1))] == [second.sid]
    call = await off(lambda: twilio.calls(first.sid).fetch())
    assert (call.status, call._from, call.to, call.direction) == ("ringing", "+15551234", "442079460000", "inbound")
    assert call.date_created.isoformat() == "2018-06-28T13:56:34+00:00"
    await off(lambda: twilio.calls(first.sid).update(status="completed"))
    assert rig.live.ended == [(call_number(1), "completed")]


async def test_it_makes_changes_and_deletes_numbers(rig: Rig, twilio: Client) -> None:
    made = await off(
        lambda: twilio.incoming_phone_numbers.create(
            phone_number="+15105555001", voice_url=VOICE_URL, voice_method="GET"
        )
    )
    assert (made.phone_number, made.voice_url, made.voice_method) == ("+15105555001", VOICE_URL, "GET")
    sid = made.sid
    changed = await off(
        lambda: twilio.incoming_phone_numbers(sid).update(voice_url="https://c.example", voice_method="POST")
    )
    assert (changed.voice_url, changed.voice_method) == ("https://c.example", "POST")
    listed = await off(lambda: twilio.incoming_phone_numbers.list(phone_number="15105555001", limit=1))
    assert [number.sid for number in listed] == [sid]
    assert await off(lambda: twilio.incoming_phone_numbers(sid).delete())
    with pytest.raises(TwilioRestException) as caught:
        await off(lambda: twilio.incoming_phone_numbers(sid).fetch())
    assert caught.value.status == 404


async def test_it_is_told_what_is_wrong(rig: Rig, twilio: Client) -> None:
    with pytest.raises(TwilioRestException, match="VoiceUrl is ") as caught:
        await off(lambda: twilio.incoming_phone_numbers.create(phone_number="2002", voice_url="ftp://a.example"))
    assert caught.value.status == 400
    stranger = Client(ACME.sid, "wrong", http_client=Elsewhere(rig.host))
    with pytest.raises(TwilioRestException) as refused:
        await off(stranger.calls("CA" + "9" * 32).fetch)
    assert refused.value.status == 401


async def test_it_sees_its_account(rig: Rig, twilio: Client) -> None:
    account = await off(lambda: twilio.api.accounts(ACME.sid).fetch())
    assert (account.sid, account.friendly_name, account.status) == (ACME.sid, "Acme Ltd", "active")


async def test_it_reads_a_call_s_notifications(rig: Rig, twilio: Client) -> None:
    record = rig.log_call()
    rig.store.notification(a_notification())
    page = await off(twilio.calls(record.sid).notifications.page)
    assert [(entry.sid, entry.error_code, entry.message_text) for entry in page] == [
        (a_notification().sid, 13910, "line 3: length is wrong")
    ]
