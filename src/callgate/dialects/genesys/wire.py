"""Resources and notifications, field for field as the vendor documents them.

Source: Genesys, Web Services API Reference: "Call Resource", "Reject", "Devices", "Ready", "Not Ready", "After Call
Work", "Return Values", and a recorded reply to ``GET /me``. The order of the fields is that of the samples.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType


class Resource(msgspec.Struct, frozen=True, rename="camel"):
    """What can be asked for in whole, or in some of its fields."""

    def picked(self, fields: frozenset[str]) -> Any:
        """The resource with these fields only; "*" is all, and names that it does not have are left aside."""
        if "*" in fields:
            return self
        return {name: value for name, value in msgspec.to_builtins(self).items() if name in fields}


class Participant(msgspec.Struct, frozen=True, rename="camel"):
    """Who is at the other end."""

    e164_number: str
    formatted_phone_number: str
    phone_number: str
    digits: str


class Call(Resource, frozen=True):
    """A call at an agent's phone. ``duration`` is a number of seconds as text."""

    id: str
    state: Literal["Dialing", "Ringing", "Established", "Released"]
    call_uuid: str
    conn_id: str
    device_uri: str
    participants: tuple[Participant, ...]
    dnis: str
    call_type: Literal["Internal", "Inbound", "Outbound"]
    capabilities: tuple[str, ...]
    duration: str
    mute: str
    recording_state: str | UnsetType
    supervisor_listening_in: bool
    monitored_user_muted: bool
    monitoring: bool
    uri: str
    path: str


class UserState(msgspec.Struct, frozen=True, rename="camel"):
    """What an agent is. The ids are the vendor's own, the same in every installation."""

    id: str
    display_name: str
    state: Literal["Ready", "NotReady", "LoggedOut"]
    work_mode: str | UnsetType = UNSET


class Device(Resource, frozen=True):
    """An agent's phone."""

    id: str
    device_state: Literal["Active", "Inactive"]
    user_state: UserState
    phone_number: str
    e164_number: str
    telephony_network: str
    do_not_disturb: str
    voice_environment_uri: str
    capabilities: tuple[str, ...]


class Channel(Resource, frozen=True):
    """A medium that an agent works in. ``capabilities`` are the operations that change what he is."""

    channel: str
    user_state: UserState
    capabilities: tuple[str, ...]
    uri: str
    path: str


class Feature(Resource, frozen=True):
    """What an agent may use of the API."""

    id: str
    display_name: str
    description: str
    uri: str
    path: str


class Queue(Resource, frozen=True):
    """A queue that an agent serves."""

    id: str
    name: str
    phone_number: str
    uri: str
    path: str


class VoiceEnvironment(Resource, frozen=True):
    """What the phones belong to: there is one."""

    id: str
    uri: str
    path: str


class User(Resource, frozen=True):
    """An agent; what is not asked for of the subresources is not there."""

    id: str
    user_name: str
    first_name: str
    last_name: str
    roles: tuple[str, ...]
    enabled: bool
    change_password_on_first_login: bool
    uri: str
    path: str
    devices: tuple[Device, ...] | UnsetType = UNSET
    channels: tuple[Channel, ...] | UnsetType = UNSET
    calls: tuple[Call, ...] | UnsetType = UNSET
    chats: tuple[()] | UnsetType = UNSET
    skills: tuple[()] | UnsetType = UNSET
    groups: tuple[()] | UnsetType = UNSET
    features: tuple[Feature, ...] | UnsetType = UNSET
    settings: dict[str, Any] | UnsetType = UNSET
    queues: tuple[Queue, ...] | UnsetType = UNSET


# --- notifications: the "data" of an event ----------------------------------------------------------------------------


class Extensions(msgspec.Struct, frozen=True, rename="pascal"):
    """What the vendor's switch adds to an event."""

    wrap_up_time: int = 0
    business_call: int = 0


class CallStateChangeMessage(msgspec.Struct, frozen=True, rename="camel"):
    """On ``/v2/me/calls``: a call at the phone with ``phone_number`` is another than before."""

    notification_type: Literal["StatusChange"]
    call: Call
    phone_number: str
    extensions: Extensions
    message_type: str = "CallStateChangeMessage"


class DeviceStateChangeMessage(msgspec.Struct, frozen=True, rename="camel"):
    """On ``/v2/me/devices``: the phone, or what the agent is, is another than before."""

    message_type: str
    devices: tuple[Device, ...]


class ChannelStateChangeMessage(msgspec.Struct, frozen=True, rename="camel"):
    """On ``/v2/me/channels``: what the agent is, is another than before."""

    message_type: str
    channels: tuple[Channel, ...]
