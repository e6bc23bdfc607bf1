"""The shapes of what RCML has in the directory, as ``/v1`` has it: accounts, applications, phones, routes' bindings.

URLs are shown with "***" in the place of a password; one that is sent back so keeps its password. A ``sid`` that is
left out or empty is kept, or made.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

Method = Literal["POST", "GET"]
Status = Literal["active", "suspended"]
OnFailure = Literal["refuse", "lapse"]


class Account(msgspec.Struct, frozen=True):
    """An RCML account. ``token`` is only there in the reply that made it."""

    name: str
    sid: str
    friendly_name: str
    status: Status
    numbers: list[str]
    destination: str
    outbound: str
    sign: bool
    token: str | UnsetType = UNSET


class AccountRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account to create, or to put in the place of one. ``token`` left out: kept, or made and told in the reply.

    ``numbers`` are what it may take by REST: "2002" exactly, "55*" by prefix, "*" any. ``destination`` and
    ``outbound`` are given to routes that are made by REST. ``sign``: requests to its applications are signed.
    """

    name: str
    sid: str = ""
    token: str | None = None
    friendly_name: str = ""
    status: Status = "active"
    numbers: list[str] = msgspec.field(default_factory=lambda: ["*"])
    destination: str = ""
    outbound: str = ""
    sign: bool = True


class AccountPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of an account is to change."""

    token: str | UnsetType = UNSET
    friendly_name: str | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    numbers: list[str] | UnsetType = UNSET
    destination: str | UnsetType = UNSET
    outbound: str | UnsetType = UNSET
    sign: bool | UnsetType = UNSET


class Application(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the documents of many numbers are fetched from. ``account`` is the name of its account."""

    name: str
    account: str
    sid: str = ""
    friendly_name: str = ""
    voice_url: str = ""
    voice_method: Method = "POST"
    voice_fallback_url: str = ""
    voice_fallback_method: Method = "POST"
    status_callback: str = ""
    status_callback_method: Method = "POST"


class ApplicationPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of an application is to change."""

    account: str | UnsetType = UNSET
    friendly_name: str | UnsetType = UNSET
    voice_url: str | UnsetType = UNSET
    voice_method: Method | UnsetType = UNSET
    voice_fallback_url: str | UnsetType = UNSET
    voice_fallback_method: Method | UnsetType = UNSET
    status_callback: str | UnsetType = UNSET
    status_callback_method: Method | UnsetType = UNSET


class Phone(msgspec.Struct, frozen=True):
    """A SIP user that registers here; ``name`` is its login. ``password`` is only there in the reply that made it."""

    name: str
    friendly_name: str
    account: str
    sid: str
    enabled: bool
    password: str | UnsetType = UNSET


class PhoneRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A phone to create, or to put in the place of one. ``password`` left out: kept, or made and told in the reply.

    ``account`` is the name of the RCML account that sees it as one of its clients, "" for none; only then it has a
    ``sid``.
    """

    name: str
    password: str | None = None
    friendly_name: str = ""
    account: str = ""
    sid: str = ""
    enabled: bool = True


class PhoneStatus(msgspec.Struct, frozen=True):
    """A phone at this moment, as the edge has told it last.

    ``contacts``: in how many places it is registered. ``source`` is the "address:port" that it spoke from last, null
    while it is not registered.
    """

    name: str
    registered: bool
    contacts: int
    source: str | None


class PhonePatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of a phone is to change."""

    password: str | UnsetType = UNSET
    friendly_name: str | UnsetType = UNSET
    account: str | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class Binding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An inbound route's binding to RCML: a document decides its calls, and ``account`` sees it as a phone number.

    ``application`` names one of that account, whose URLs go before those here; it or ``voice_url`` is needed.
    ``on_failure``: what the caller gets when there is no document, the SIP status of the failure ("refuse") or what
    the route's lapse says ("lapse").
    """

    account: str
    application: str = ""
    voice_url: str = ""
    voice_method: Method = "POST"
    voice_fallback_url: str = ""
    voice_fallback_method: Method = "POST"
    status_callback: str = ""
    status_callback_method: Method = "POST"
    on_failure: OnFailure = "refuse"
    friendly_name: str = ""
    sid: str = ""


class BindingPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of a route's binding is to change; a route that has none yet needs an ``account``."""

    account: str | UnsetType = UNSET
    application: str | UnsetType = UNSET
    voice_url: str | UnsetType = UNSET
    voice_method: Method | UnsetType = UNSET
    voice_fallback_url: str | UnsetType = UNSET
    voice_fallback_method: Method | UnsetType = UNSET
    status_callback: str | UnsetType = UNSET
    status_callback_method: Method | UnsetType = UNSET
    on_failure: OnFailure | UnsetType = UNSET
    friendly_name: str | UnsetType = UNSET
