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
Days = Annotated[int, Meta(ge=0, le=36_500, description="a whole number of days, 0: for ever")]
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
    ``ring_timeout`` is how long it may ring. A call that nobody has answered ``longest_call_setup`` after its INVITE is
    ended, however often it was held and dialled; each target that rings for it and each time that it is held again take
    one of its ``branches``. Phones register for ``registration_min`` to ``registration_max`` whole seconds,
    ``registration_default`` if they do not say; those behind NAT are sent an OPTIONS every ``keep_alive`` seconds.
    After ``wrong_passwords`` within a minute from one address no phone there may register or call for a minute.

    ``children`` are Kamailio's worker processes for each UDP address. ``link_port`` and ``control_port`` are
    loopback ports between edge and controller, 0: chosen at start. ``credit`` is how many kilobytes of events (each
    counts as one at least) may be on their way to a controller that has not read them, and must be less than a TCP
    connection can hold (net.ipv4.tcp_wmem, 4 MB): with more, the defaults apply. ``command_timeout`` is how long a
    command waits for its acknowledgement before it is sent again. ``debug`` is Kamailio's log level: -1 errors, 0
    warnings, 1 notices, 2 information, 3 everything.
    ``shared_memory`` and ``private_memory`` (each process) are in MB.
    """

    listen: tuple[SipListen, ...] = ("udp:127.0.0.1:5060", "tcp:127.0.0.1:5060")
    advertise: str = ""
    children: Count = 4
    shared_memory: Count = 768
    private_memory: Count = 16
    destination_timeout: Seconds = 8.0
    ring_timeout: Seconds = 120.0
    longest_call_setup: Seconds = 3600.0
    branches: Annotated[int, Meta(ge=4, le=30, description="4 to 30")] = 30
    registration_min: Count = 60
    registration_max: Count = 3600
    registration_default: Count = 300
    wrong_passwords: Count = 10
    keep_alive: Count = 30
    link_port: Port = 0
    control_port: Port = 0
    command_timeout: Seconds = 1.0
    credit: Count = 3000
    debug: Annotated[int, Meta(ge=-1, le=3, description="-1 to 3")] = 1
    kamailio: str = "kamailio"


class Listener(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One HTTP address. With ``certificate`` and ``private_key`` (PEM files) it speaks HTTPS and WSS."""

    bind: HttpBind
    certificate: str = ""
    private_key: str = ""


class HttpSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The HTTP side. ``body_limit`` in bytes.

    ``queue_limit`` events may wait for one slow subscriber, and ``queue_bytes`` bytes where each has a queue of its own
    (Yeastar's WebSockets); then it is dropped.
    """

    listeners: tuple[Listener, ...] = (Listener("127.0.0.1:8088"),)
    body_limit: Count = 65_536
    queue_limit: Count = 20_000
    queue_bytes: Count = 8_388_608


class NativeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Callgate's own API; times in seconds.

    ``open_monitoring``: /healthz, /readyz and /metrics need no key. ``event_ring`` events are kept for readers that
    reconnect, ``stream_limit`` readers may follow them at once, and one that hears nothing else hears a sign of life
    every ``keep_alive``. ``recent_calls`` ended calls are listed beside the live ones. The result of a request with an
    Idempotency-Key is kept for ``idempotency_seconds``, unless ``idempotency_limit`` newer ones push it out.
    ``directory_limit`` is how large a directory file may be, in bytes.
    """

    open_monitoring: bool = True
    event_ring: Count = 50_000
    stream_limit: Count = 1_000
    keep_alive: Seconds = 15.0
    recent_calls: Count = 2_000
    idempotency_seconds: Seconds = 120.0
    idempotency_limit: Count = 100_000
    directory_limit: Count = 67_108_864


class YeastarSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The Yeastar dialect; lifetimes and times in seconds.

    ``serial`` is the ``sn`` of every event. A client may have ``token_limit`` live access tokens. After
    ``lockout_failures`` failed logins in a row an address is blocked for ``lockout_seconds``; ``lockout_addresses`` are
    remembered at most. ``login_concurrency`` secrets are verified at once (for what each costs see
    :class:`DirectorySettings`), ``login_backlog`` more may wait. A WebSocket is closed when nothing has gone either way
    for ``idle_timeout``. Per webhook, ``webhook_concurrency`` pushes are under way at once and ``webhook_queue`` more
    may wait.
    """

    serial: str = "CALLGATE0001"
    access_token_lifetime: Seconds = 1800.0
    refresh_token_lifetime: Seconds = 86_400.0
    token_limit: Count = 8
    lockout_failures: Count = 5
    lockout_seconds: Seconds = 600.0
    lockout_addresses: Count = 10_000
    login_concurrency: Count = 2
    login_backlog: Count = 32
    idle_timeout: Seconds = 60.0
    webhook_concurrency: Count = 16
    webhook_queue: Count = 2_000


class RcmlSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The RCML dialect; times in seconds.

    One request to an application ends after ``timeout``, follows ``redirects`` HTTP redirects at most, and takes no
    more than ``document_limit`` bytes; the document may nest ``depth_limit`` deep and have ``verb_limit`` verbs and
    nouns. A call may go through ``document_changes`` documents (Redirect, action), and Pauses hold it for
    ``hold_limit`` all in all. ``requests`` documents are fetched at once for each account, more wait for their turn
    until their call's window is over. Status callbacks are tried again ``callback_retries`` times; ``callback_queue``
    of one account may wait, ``callback_concurrency`` are sent at once for it. ``log_backlog`` calls and notifications
    wait while SQL is down. Lists have ``page_size`` entries where the client says nothing, ``page_limit`` at most.
    After ``lockout_failures`` wrong tokens in a row an address is blocked for that account for ``lockout_seconds``;
    ``lockout_addresses`` are remembered at most. ``http`` forbids, if false, URLs that are not https.
    """

    timeout: Seconds = 6.0
    redirects: Count = 10
    document_limit: Count = 262_144
    depth_limit: Count = 16
    verb_limit: Count = 200
    document_changes: Count = 10
    hold_limit: Seconds = 300.0
    requests: Count = 256
    callback_retries: Annotated[int, Meta(ge=0, le=20, description="0 to 20")] = 3
    callback_queue: Count = 10_000
    callback_concurrency: Count = 64
    log_backlog: Count = 100_000
    page_size: Count = 50
    page_limit: Count = 1_000
    lockout_failures: Count = 20
    lockout_seconds: Seconds = 60.0
    lockout_addresses: Count = 10_000
    http: bool = True


class GraphSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The Microsoft Graph dialect; times in seconds.

    ``base_url`` is the address that bots reach Callgate at ("https://graph.example.com"), for the URLs in tokens and
    OpenID configurations; "": what the request was sent to. Access tokens are good for ``token_lifetime``, those in
    notifications for ``notification_lifetime``, with ``notification_issuer`` as their issuer; clocks may differ by
    ``clock_skew``. A signing key is used for ``key_rotation``, and published for as long again.

    A notification is given ``notification_timeout`` and tried again inside the call's window, or
    ``notification_retries`` times. ``notification_concurrency`` are sent at once to one bot, ``notification_queue``
    more may wait. ``http_callbacks`` allows http for bots on this machine; ``private_callbacks`` lets bots name
    callbacks in private networks themselves (those of the directory may always be there).

    After ``lockout_failures`` wrong secrets in a row an address is blocked for that bot for ``lockout_seconds``;
    ``lockout_addresses`` are remembered at most. ``login_concurrency`` secrets are verified at once (for what each
    costs see :class:`DirectorySettings`), ``login_backlog`` more may wait. ``token_cache`` tokens are remembered, so
    that they need not be verified or signed again.
    """

    base_url: str = ""
    token_lifetime: Seconds = 3599.0
    notification_lifetime: Seconds = 3900.0
    notification_issuer: str = "https://api.botframework.com"
    clock_skew: Seconds = 300.0
    key_rotation: Seconds = 604_800.0
    notification_timeout: Seconds = 5.0
    notification_retries: Annotated[int, Meta(ge=0, le=20, description="0 to 20")] = 3
    notification_queue: Count = 10_000
    notification_concurrency: Count = 64
    http_callbacks: bool = False
    private_callbacks: bool = False
    lockout_failures: Count = 10
    lockout_seconds: Seconds = 60.0
    lockout_addresses: Count = 10_000
    login_concurrency: Count = 2
    login_backlog: Count = 32
    token_cache: Count = 10_000


class QueueSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Queues and agents; times in seconds.

    A waiting caller hears 182 Queued every ``announce``, and is held by the edge for ``hold`` from then on, also while
    there is no controller. One call is offered ``offers`` times at most, which the edge's branches bound, and to one
    agent not again before ``again``. The outcome of an operation on a call is waited for ``outcome``. What is written
    behind, so that agents and places outlive a controller, may have ``log_backlog`` entries while SQL is down.
    """

    announce: Seconds = 45.0
    hold: Seconds = 180.0
    offers: Annotated[int, Meta(ge=1, le=14, description="1 to 14")] = 12
    again: Seconds = 2.0
    outcome: Seconds = 5.0
    log_backlog: Count = 10_000


class GenesysSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The Genesys Web Services dialect; times in seconds.

    ``base_url`` is the address that agents' desktops reach Callgate at, for the URIs of resources; "": what the request
    was sent to. An HTTP session ends when it is not used for ``session_idle``; ``session_limit`` may live at once. With
    ``csrf``, what changes something must carry the session's token. ``secure_cookies`` marks the session's cookie for
    HTTPS only. ``version`` is what ``diagnostics/version`` says.

    A poll is held for ``poll`` at most; a CometD session that does not poll for ``poll_pause`` more is dropped, and so
    is one with ``event_queue`` events, or ``event_bytes`` of them, that are not fetched; ``cometd_limit`` may live at
    once, each with ``subscription_limit`` subscriptions. After ``lockout_failures`` wrong passwords in a row an address
    is blocked for that user for ``lockout_seconds``; ``lockout_addresses`` are remembered at most.
    ``login_concurrency`` passwords are verified at once (for what each costs see :class:`DirectorySettings`),
    ``login_backlog`` more may wait.
    """

    base_url: str = ""
    session_idle: Seconds = 1800.0
    session_limit: Count = 10_000
    csrf: bool = False
    poll: Seconds = 30.0
    poll_pause: Seconds = 20.0
    event_queue: Count = 1_000
    event_bytes: Count = 1_048_576
    cometd_limit: Count = 10_000
    subscription_limit: Count = 100
    version: str = "8.5.200.50"
    lockout_failures: Count = 10
    lockout_seconds: Seconds = 60.0
    lockout_addresses: Count = 10_000
    login_concurrency: Count = 2
    login_backlog: Count = 32
    secure_cookies: bool = False


class DirectorySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What hashing a client's secret costs (Argon2id, RFC 9106): ``hash_memory`` in KiB, passes over it, lanes.

    A login costs as much. The defaults take 20 to 40 ms of a core and 19 MB; secrets made by Callgate are random,
    so a higher cost protects only secrets that people made up.
    """

    hash_memory: Annotated[int, Meta(ge=8, le=262_144, description="KiB, 8 to 262144")] = 19_456
    hash_passes: Annotated[int, Meta(ge=1, le=16, description="1 to 16")] = 2
    hash_lanes: Annotated[int, Meta(ge=1, le=16, description="1 to 16")] = 1


class JournalSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The call log; times in seconds. Entries are written ``batch`` at once, or what there is after ``interval``.

    ``backlog`` entries are kept while SQL is down; older ones are dropped, counted and logged. One try to write ends
    after ``timeout``, and the time between two tries grows up to ``retry``. At the end everything is written, or given
    up after ``stop_timeout``. Entries older than ``keep_days`` are deleted; 0 keeps them for ever.
    """

    backlog: Count = 200_000
    batch: Count = 1_000
    interval: Seconds = 0.25
    timeout: Seconds = 10.0
    retry: Seconds = 5.0
    stop_timeout: Seconds = 10.0
    keep_days: Days = 90


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
    native: NativeSettings = NativeSettings()
    yeastar: YeastarSettings = YeastarSettings()
    rcml: RcmlSettings = RcmlSettings()
    graph: GraphSettings = GraphSettings()
    queues: QueueSettings = QueueSettings()
    genesys: GenesysSettings = GenesysSettings()
    directory: DirectorySettings = DirectorySettings()
    journal: JournalSettings = JournalSettings()
