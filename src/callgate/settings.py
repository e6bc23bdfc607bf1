"""What is fixed while the process runs: addresses, ports, folders, limits.

Each setting can stand in the settings file (TOML, ``--settings`` or ``CALLGATE_SETTINGS``) and in the environment as
``CALLGATE_`` and its name in capitals with ``__`` between table and key; the environment wins.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

Seconds = Annotated[float, Meta(gt=0, le=86_400 * 365, description="a number of seconds, more than 0")]
Count = Annotated[int, Meta(ge=1, description="a whole number from 1 on")]
Port = Annotated[int, Meta(ge=0, le=65_535, description="a port, 0 to 65535 (0: chosen at start)")]
SipListen = Annotated[
    str,
    Meta(
        pattern=r"^(udp|tcp):(\[[0-9A-Fa-f:.]+\]|[^:\[\]\s]+):[0-9]{1,5}$",
        description='"udp:ADDRESS:PORT" or "tcp:ADDRESS:PORT", for example "udp:192.0.2.10:5060" or "udp:[::1]:5060"',
    ),
]
HttpBind = Annotated[
    str,
    Meta(
        pattern=r"^(\[[0-9A-Fa-f:.]+\]|[^:\[\]\s]+):[0-9]{1,5}$",
        description='"ADDRESS:PORT", for example "127.0.0.1:8088" or "[::1]:8088"',
    ),
]


class EdgeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The SIP side. ``listen`` are "udp:address:port" and "tcp:address:port"; times are seconds.

    ``destination_timeout`` is how long a destination may stay without any response (then the caller gets 408);
    ``ring_timeout`` is how long it may ring. ``children`` are Kamailio's worker processes for each UDP address.
    ``link_port`` and ``control_port`` are loopback ports between edge and controller, 0: chosen at start.
    """

    listen: tuple[SipListen, ...] = ("udp:127.0.0.1:5060", "tcp:127.0.0.1:5060")
    advertise: str = ""
    children: Count = 4
    shared_memory: Count = 512
    private_memory: Count = 16
    destination_timeout: Seconds = 8.0
    ring_timeout: Seconds = 120.0
    link_port: Port = 0
    control_port: Port = 0
    command_timeout: Seconds = 1.0
    kamailio: str = "kamailio"


class Listener(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One HTTP address. With ``certificate`` and ``private_key`` (PEM files) it speaks HTTPS and WSS."""

    bind: HttpBind
    certificate: str = ""
    private_key: str = ""


class HttpSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The HTTP side. ``body_limit`` in bytes; ``queue_limit`` events may wait for one slow subscriber."""

    listeners: tuple[Listener, ...] = (Listener("127.0.0.1:8088"),)
    body_limit: Count = 65_536
    queue_limit: Count = 20_000


class YeastarSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The Yeastar dialect; lifetimes and times in seconds."""

    serial: str = "CALLGATE0001"
    access_token_lifetime: Seconds = 1800.0
    refresh_token_lifetime: Seconds = 86_400.0
    token_limit: Count = 8
    lockout_failures: Count = 5
    lockout_seconds: Seconds = 600.0
    idle_timeout: Seconds = 60.0


class JournalSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The call log. ``backlog`` entries are kept while SQL is down; older ones are dropped, counted and logged."""

    backlog: Count = 200_000
    batch: Count = 500
    interval: Seconds = 0.25


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings. ``state`` holds the SQLite file and the admin key, ``run`` what lives only while running.

    ``directory_file`` is a directory file that is applied at every start.
    """

    state: Path = Path("run/state")
    run: Path = Path("run")
    database: str = ""
    directory_file: Path | None = None
    user: str = ""
    remember_calls: Count = 50_000
    edge: EdgeSettings = EdgeSettings()
    http: HttpSettings = HttpSettings()
    yeastar: YeastarSettings = YeastarSettings()
    journal: JournalSettings = JournalSettings()
