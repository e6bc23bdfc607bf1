"""Passwords in URLs are shown nowhere, and are not lost by it."""

from __future__ import annotations

import pytest

from callgate.directory.model import RcmlVoice
from callgate.directory.urls import hidden, is_hidden, restored


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:hunter2@example.com/voice?x=1", "https://user:***@example.com/voice?x=1"),
        ("https://:hunter2@example.com", "https://:***@example.com"),
        ("HTTP://user:a:b@[::1]:8090/a@b:c", "HTTP://user:***@[::1]:8090/a@b:c"),
    ],
)
def test_a_password_is_hidden_and_got_back(url: str, shown: str) -> None:
    voice = RcmlVoice(url, "GET", url, "POST", url)
    concealed = hidden(voice)
    assert concealed == RcmlVoice(shown, "GET", shown, "POST", shown)
    assert is_hidden(shown)
    assert restored(concealed, voice) == voice


@pytest.mark.parametrize("url", ["", "https://example.com/a:b@c", "https://user@example.com/", "https://a/?q=x:y@z"])
def test_where_there_is_no_password_nothing_is_hidden(url: str) -> None:
    voice = RcmlVoice(url)
    assert hidden(voice) is voice
    assert not is_hidden(url)


def test_a_hidden_password_is_not_got_back_for_another_address() -> None:
    former = RcmlVoice("https://user:hunter2@example.com/")
    for url in ("https://user:***@evil.example/", "https://other:***@example.com/", "https://user:***@example.com/x"):
        assert restored(RcmlVoice(url), former).voice_url == url
    assert restored(RcmlVoice(status_callback="https://user:***@example.com/"), former).status_callback.endswith(
        ":***@example.com/"
    )


def test_another_password_replaces_the_former_one() -> None:
    voice = RcmlVoice("https://user:new@example.com/")
    assert restored(voice, RcmlVoice("https://user:old@example.com/")) is voice
