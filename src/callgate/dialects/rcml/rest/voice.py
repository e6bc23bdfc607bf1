"""The parameters that say where documents are fetched and statuses told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

import msgspec

from callgate.dialects.rcml.rest.errors import wrong
from callgate.dialects.rcml.rest.requests import one_of
from callgate.directory.model import RcmlVoice
from callgate.directory.urls import restored

Method = Literal["POST", "GET"]

_URLS = {
    "VoiceUrl": "voice_url",
    "VoiceFallbackUrl": "voice_fallback_url",
    "StatusCallback": "status_callback",
}
_METHODS = {
    "VoiceMethod": "voice_method",
    "VoiceFallbackMethod": "voice_fallback_method",
    "StatusCallbackMethod": "status_callback_method",
}


def changed(voice: RcmlVoice, form: Mapping[str, str], *, http: bool) -> RcmlVoice:
    """``voice`` with what the form says: an empty URL removes one, an empty method is POST.

    A URL that comes back as it is shown, with its password hidden, keeps the password. ``http``: plain HTTP is allowed.

    Raises:
        RestError: 400, a method is none, or a URL is not HTTPS. The rest of URLs is for the directory to check.
    """
    changes: dict[str, str] = {}
    for parameter, field in _URLS.items():
        if parameter in form:
            changes[field] = url(parameter, form[parameter], http=http)
    for parameter, field in _METHODS.items():
        if parameter in form:
            changes[field] = method(parameter, form[parameter])
    return restored(msgspec.structs.replace(voice, **changes), voice)


def url(parameter: str, text: str, *, http: bool) -> str:
    """A URL without the space around it, or "".

    Raises:
        RestError: 400, plain HTTP is not allowed.
    """
    text = text.strip()
    if not http and text.lower().startswith("http:"):
        raise wrong(f"{parameter} must be an https URL")
    return text


def method(parameter: str, text: str) -> Method:
    """POST, which an empty text stands for, or GET.

    Raises:
        RestError: 400, it is neither.
    """
    return cast(Method, one_of(parameter, text.strip() or "POST", ("POST", "GET")))
