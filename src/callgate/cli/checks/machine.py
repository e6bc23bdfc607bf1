"""Ports, the edge's user, folders and certificates."""

from __future__ import annotations

import os
import pwd
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from callgate.cli.checks.finding import Finding, error, ok, warning
from callgate.ports import Protocol, owner_of, split
from callgate.settings import Listener, Settings

#: A certificate that ends within so many days is told.
_SOON_DAYS = 21
#: The user that the edge runs as when Callgate is started by root and the setting ``user`` is empty.
_DEFAULT_USER = "callgate"


def ports(settings: Settings, *, running: bool) -> Iterator[Finding]:
    """Each address is free, or held by the Callgate that runs."""
    for listen in settings.edge.listen:
        protocol, _, place = listen.partition(":")
        yield _port("udp" if protocol == "udp" else "tcp", place, "edge.listen", running)
    for listener in settings.http.listeners:
        yield _port("tcp", listener.bind, "http.listeners", running)


def _port(protocol: Protocol, place: str, setting: str, running: bool) -> Finding:
    host, port = split(place)
    subject, owner = f"port {protocol}:{place}", owner_of(host, port, protocol)
    if owner is None:
        if running:
            return error(subject, "nobody listens there, although Callgate runs", "see the log of callgate serve")
        if port < 1024 and os.geteuid() != 0:
            return warning(
                subject, "free, but ports below 1024 need a privilege", "AmbientCapabilities=CAP_NET_BIND_SERVICE"
            )
        return ok(subject, "free")
    if running:
        return ok(subject, f"held by {owner}")
    return error(subject, f"taken by {owner}", f"stop it, or choose another address in the setting {setting}")


def user(settings: Settings) -> Iterator[Finding]:
    """Started by root, the edge needs a user of its own."""
    if os.geteuid() != 0:
        yield ok("user", f"the edge runs as {pwd.getpwuid(os.geteuid()).pw_name}, who starts Callgate")
        return
    name = settings.user or _DEFAULT_USER
    try:
        pwd.getpwnam(name)
    except KeyError:
        yield error(
            "user",
            f"there is no user {name} for the edge to run as",
            f"useradd --system --no-create-home --shell /usr/sbin/nologin {name}, or the setting user",
        )
        return
    yield ok("user", f"the edge runs as {name}")


def folders(settings: Settings) -> Iterator[Finding]:
    """State and run folder can be written."""
    for name, folder in (("state", settings.state), ("run", settings.run)):
        subject = f"folder {folder}"
        existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
        if not existing.is_dir():
            yield error(subject, f"{existing} is no folder", f"choose another in the setting {name}")
        elif not os.access(existing, os.W_OK | os.X_OK):
            yield error(
                subject,
                f"this user cannot write in {existing}",
                f"give it to the user that runs Callgate (chown), or choose another in the setting {name}",
            )
        else:
            yield ok(subject, "can be written" if existing == folder.absolute() else "can be made")
    key = settings.state / "admin.key"
    if key.exists() and key.stat().st_mode & 0o077:
        yield error(f"file {key}", "others can read the admin key", f"chmod 600 {key}")


def certificates(settings: Settings) -> Iterator[Finding]:
    """Each listener's certificate and key can be used, and for how long."""
    for listener in settings.http.listeners:
        if listener.certificate:
            yield _certificate(listener)


def _certificate(listener: Listener) -> Finding:
    subject = f"certificate of {listener.bind}"
    for file in (listener.certificate, listener.private_key):
        try:
            Path(file).open("rb").close()
        except OSError as refusal:
            return error(subject, f"{file}: {refusal.strerror}", "name a readable PEM file in http.listeners")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(listener.certificate, listener.private_key)
    except ssl.SSLError as refusal:
        return error(
            subject, f"certificate and key cannot be used: {refusal.reason}", "both must be PEM and belong together"
        )
    ends = _end_of(listener.certificate)
    if ends is None:
        return ok(subject, "can be used")
    days = (ends - datetime.now(UTC)).days
    shown = ends.date().isoformat()
    if days < 0:
        return error(subject, f"it ended on {shown}", "renew it, then restart Callgate")
    if days < _SOON_DAYS:
        return warning(subject, f"it ends on {shown}, in {days} days", "renew it, then restart Callgate")
    return ok(subject, f"good until {shown}")


def _end_of(file: str) -> datetime | None:
    """When the first certificate of a PEM file ends; ``None`` where that cannot be read."""
    try:
        # The standard library has no public reader of certificates; this is the one its own tests use.
        found = ssl._ssl._test_decode_cert(file)  # type: ignore[attr-defined]  # not public
    except (AttributeError, ssl.SSLError, ValueError):
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(found["notAfter"]), UTC)
