"""What there is, as the vendor's resources: ``base`` is what their URIs begin with, up to ``/api/v2``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import UNSET

from callgate.core.queues.model import Presence
from callgate.dialects.genesys import ids
from callgate.dialects.genesys.wire import (
    Call,
    Channel,
    Device,
    Feature,
    Participant,
    Queue,
    User,
    UserState,
    VoiceEnvironment,
)
from callgate.directory import model as directory
from callgate.queues.port import AgentCall, AgentStatus, CallState

#: The names of a call's operations, by those of :meth:`callgate.queues.port.ContactCentre.operations`.
OPERATIONS: Mapping[str, str] = {
    "answer": "Answer",
    "reject": "Reject",
    "hang_up": "Hangup",
    "redirect": "Redirect",
    "transfer": "SingleStepTransfer",
}
#: Source: Genesys, "Ready", "Not Ready", "After Call Work"; that of LoggedOut from programs that speak to the vendor's.
_USER_STATES: Mapping[Presence, UserState] = {
    Presence.READY: UserState("9430250E-0A1B-421F-B372-F29E69366DED", "Ready", "Ready"),
    Presence.NOT_READY: UserState("900D55CC-2BB0-431F-8BF9-D3525B383BE6", "Not Ready", "NotReady"),
    Presence.AFTER_CALL_WORK: UserState(
        "D3663509-3D82-4DD3-A82E-2EA8EFA02AEF", "AfterCallWork", "NotReady", "AfterCallWork"
    ),
    Presence.LOGGED_OUT: UserState("0F7F5003-EF26-4D13-A6EF-D0C7EC819BEB", "Logged Out", "LoggedOut"),
}
#: What an agent can make himself, by what he is.
_PRESENCES: Mapping[Presence, tuple[str, ...]] = {
    Presence.READY: ("NotReady", "AfterCallWork"),
    Presence.NOT_READY: ("Ready", "AfterCallWork"),
    Presence.AFTER_CALL_WORK: ("Ready", "NotReady"),
    Presence.LOGGED_OUT: ("Ready", "NotReady"),
}
#: Names and descriptions of features, as the vendor has them.
_FEATURES: Mapping[str, tuple[str, str]] = {"api-voice": ("VoiceAPI", "API for Voice")}
_STATES: Mapping[CallState, Literal["Dialing", "Ringing", "Established", "Released"]] = {
    CallState.DIALING: "Dialing",
    CallState.RINGING: "Ringing",
    CallState.ESTABLISHED: "Established",
    CallState.RELEASED: "Released",
}
_TYPES: Mapping[str, Literal["Internal", "Inbound", "Outbound"]] = {
    "internal": "Internal",
    "inbound": "Inbound",
    "outbound": "Outbound",
}
VOICE = "voice"


def call(told: AgentCall, number: str, operations: Iterable[str], base: str, now: float) -> Call:
    """A call at the phone with that number; ``operations`` are those that can be done now, ``now`` in Unix seconds."""
    identity = ids.call_uuid(told.call)
    return Call(
        id=identity,
        state=_STATES[told.state],
        call_uuid=identity,
        conn_id=ids.connection(told.call),
        device_uri=f"{base}/devices/{ids.device(number)}",
        participants=(participant(told.other),) if told.other else (),
        dnis=told.dialled,
        call_type=_TYPES[told.kind],
        capabilities=tuple(OPERATIONS[each] for each in operations if each in OPERATIONS),
        duration=str(max(0, int((told.ended or now) - told.began))),
        mute="Off",
        recording_state="Stopped" if told.state is CallState.ESTABLISHED else UNSET,
        supervisor_listening_in=False,
        monitored_user_muted=False,
        monitoring=False,
        uri=f"{base}/me/calls/{identity}",
        path=f"/calls/{identity}",
    )


def participant(number: str) -> Participant:
    """Who has that number; it is in E.164 form if it says so."""
    return Participant(number if number.startswith("+") else "", number, number, number)


def device(status: AgentStatus, base: str) -> Device:
    """An agent's phone."""
    number = status.agent.number
    return Device(
        id=ids.device(number),
        device_state="Active" if status.registered else "Inactive",
        user_state=_USER_STATES[status.presence],
        phone_number=number,
        e164_number=number,
        telephony_network="Private",
        do_not_disturb="Off",
        voice_environment_uri=f"{base}/voice-environments/{ids.VOICE_ENVIRONMENT}",
        capabilities=(),
    )


def channel(status: AgentStatus, base: str) -> Channel:
    """An agent's voice channel, the only one."""
    return Channel(
        channel=VOICE,
        user_state=_USER_STATES[status.presence],
        capabilities=_PRESENCES[status.presence],
        uri=f"{base}/me/channels/{VOICE}",
        path=f"/channels/{VOICE}",
    )


def feature(identity: str, base: str) -> Feature:
    """A feature."""
    name, description = _FEATURES.get(identity, (identity, identity))
    return Feature(identity, name, description, f"{base}/features/{identity}", f"/features/{identity}")


def queue(entry: directory.Queue, base: str) -> Queue:
    """A queue."""
    identity = ids.queue(entry.name)
    return Queue(identity, entry.name, entry.number, f"{base}/queues/{identity}", f"/queues/{identity}")


def user(agent: directory.Agent, base: str) -> User:
    """An agent, without subresources."""
    return User(
        id=agent.id,
        user_name=agent.name,
        first_name=agent.first_name,
        last_name=agent.last_name,
        roles=("ROLE_AGENT",),
        enabled=agent.enabled,
        change_password_on_first_login=False,
        uri=f"{base}/users/{agent.id}",
        path=f"/users/{agent.id}",
    )


def voice_environment(base: str) -> VoiceEnvironment:
    """What all phones belong to."""
    path = f"/voice-environments/{ids.VOICE_ENVIRONMENT}"
    return VoiceEnvironment(ids.VOICE_ENVIRONMENT, f"{base}{path}", path)
