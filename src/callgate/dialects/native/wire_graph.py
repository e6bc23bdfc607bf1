"""The shapes of what Microsoft Graph's dialect has in the directory, as ``/v1`` has it: bots."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType


class Bot(msgspec.Struct, frozen=True):
    """A bot. ``secrets`` is how many secrets of it are good; ``secret`` is only there in the reply that made it."""

    name: str
    app_id: str
    tenant: str
    callback: str
    media: str
    display_name: str
    secrets: int
    certificates: list[str]
    numbers: list[str]
    redirects: list[str]
    enabled: bool
    secret: str | UnsetType = UNSET


class BotRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bot to create, or to put in the place of one. ``app_id`` and ``tenant`` (UUIDs) left out: kept, or made.

    ``callback`` is the URL where it is told of calls, ``media`` the SIP URI that a call goes to when it answers.
    ``secret`` left out: kept; a new bot without ``certificates`` gets one, told in the reply, once. ``certificates``
    are PEM texts of public certificates, with RSA keys. ``numbers`` are the dialled numbers whose calls it is told of,
    ``redirects`` the numbers and SIP hosts that it may redirect to: "2002" exactly, "55*" by prefix, "*" any.
    """

    name: str
    callback: str
    media: str
    app_id: str = ""
    tenant: str = ""
    display_name: str = ""
    secret: str | None = None
    certificates: list[str] = []
    numbers: list[str] = msgspec.field(default_factory=lambda: ["*"])
    redirects: list[str] = msgspec.field(default_factory=lambda: ["*"])
    enabled: bool = True


class BotPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of a bot is to change; ``secret`` is its only one then."""

    callback: str | UnsetType = UNSET
    media: str | UnsetType = UNSET
    app_id: str | UnsetType = UNSET
    tenant: str | UnsetType = UNSET
    display_name: str | UnsetType = UNSET
    secret: str | UnsetType = UNSET
    certificates: list[str] | UnsetType = UNSET
    numbers: list[str] | UnsetType = UNSET
    redirects: list[str] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class NewSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``keep``: the secret that the bot had last stays good beside the new one; false: it ends at once."""

    keep: bool = True
