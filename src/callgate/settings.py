"""What is fixed while the process runs: addresses, ports, folders, limits.

Each setting can stand in the settings file (TOML, ``--settings`` or ``CALLGATE_SETTINGS``) and in the environment as
``CALLGATE_`` and its name in capitals with ``__`` between table and key; the environment wins.
"""

from __future__ import annotations

from pathlib import Path

import msgspec


class EdgeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The SIP side. ``listen`` are "udp:address:port" and "tcp:address:port"; times are seconds.

    ``destination_timeout`` is how long a destination may stay without any response (then the caller gets 408);
    ``ring_timeout`` is how long it may ring. ``children`` are Kamailio's worker processes for each UDP address.
    ``link_port`` and ``control_port`` are loopback ports between edge and controller, 0: chosen at start.
    """

    listen: tuple[str, ...] = ("udp:127.0.0.1:5060", "tcp:127.0.0.1:5060")
    advertise: str = ""
    children: int = 4
    shared_memory: int = 512
    private_memory: int = 16
    destination_timeout: float = 8.0
    ring_timeout: float = 120.0
    link_port: int = 0
    control_port: int = 0
    command_timeout: float = 1.0
    kamailio: str = "kamailio"


class Listener(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One HTTP address. With ``certificate`` and ``private_key`` (PEM files) it speaks HTTPS and WSS."""

    bind: str
    certificate: str = ""
    private_key: str = ""


class HttpSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The HTTP side. ``body_limit`` in bytes; ``queue_limit`` events may wait for one slow subscriber."""

    listeners: tuple[Listener, ...] = (Listener("127.0.0.1:8088"),)
    body_limit: int = 65_536
    queue_limit: int = 20_000


class YeastarSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The Yeastar dialect; lifetimes and times in seconds."""

    serial: str = "CALLGATE0001"
    access_token_lifetime: float = 1800.0
    refresh_token_lifetime: float = 86_400.0
    token_limit: int = 8
    lockout_failures: int = 5
    lockout_seconds: float = 600.0
    idle_timeout: float = 60.0


class JournalSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The call log. ``backlog`` entries are kept while SQL is down; older ones are dropped, counted and logged."""

    backlog: int = 200_000
    batch: int = 500
    interval: float = 0.25


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings. ``state`` holds the SQLite file and the admin key, ``run`` what lives only while running."""

    state: Path = Path("run/state")
    run: Path = Path("run")
    database: str = ""
    user: str = ""
    remember_calls: int = 50_000
    edge: EdgeSettings = EdgeSettings()
    http: HttpSettings = HttpSettings()
    yeastar: YeastarSettings = YeastarSettings()
    journal: JournalSettings = JournalSettings()
