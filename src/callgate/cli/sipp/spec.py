"""A call to place, and what SIPp has to be told for it."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import msgspec

from callgate.cli.exits import CommandError, ExitCode
from callgate.cli.sipp.process import scenario
from callgate.ports import free_port, split

#: Headers that the scenario writes itself.
_OWN_HEADERS = {
    "via", "from", "to", "call-id", "cseq", "contact", "max-forwards", "content-type", "content-length", "route",
    "user-agent",
}  # fmt: skip


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """The call to place.

    ``edge`` is "host:port"; ``source`` the address to call from, "": the one that leads to the edge. ``caller`` and
    ``name`` are the From header's user part and display name, ``dialled`` the request URI's user part; ``headers``
    are added as they are. ``talk`` is how long (seconds) an answered call lasts, ``cancel_after`` when (seconds after
    the first response) the caller cancels, ``None``: never; after ``timeout`` seconds without an answer it gives up.
    """

    edge: str
    dialled: str
    caller: str = "5503301"
    name: str = ""
    source: str = ""
    transport: Literal["udp", "tcp"] = "udp"
    headers: tuple[tuple[str, str], ...] = ()
    talk: float = 1.0
    cancel_after: float | None = None
    timeout: float = 90.0


def arguments(spec: Spec, source: str, port: int, call_id: str, folder: Path) -> list[str]:
    """SIPp's arguments for that call, placed from ``source`` and ``port``; its scenario is written into ``folder``."""
    patience = spec.timeout if spec.cancel_after is None else min(spec.cancel_after, spec.timeout)
    file = scenario(
        "caller",
        folder,
        headers=bool(spec.headers),
        patience=max(1, round(patience * 1000)),
        talk=max(1, round(spec.talk * 1000)),
        media_port=port_at(source),
    )
    number, dialled = (quote(user, safe="+*-_.!~'()&=$,;?/") for user in (spec.caller, spec.dialled))
    user = f"{number}@" if number else ""
    host = f"[{source}]" if ":" in source else source
    texts = {
        "cg_uri": f"sip:{dialled}@{spec.edge}",
        "cg_to": f"<sip:{dialled}@{spec.edge}>",
        "cg_from": f"{_quoted(spec.name)}<sip:{user}{host}>",
        "cg_number": number or "anonymous",
        "cg_tag": secrets.token_hex(8),
        "cg_branch": f"z9hG4bK{secrets.token_hex(12)}",
        "cg_headers": "\r\n".join(f"{name}: {value}" for name, value in spec.headers),
    }
    keys = [part for key, value in texts.items() for part in ("-key", key, value)]
    place = ["-i", source, "-bind_local", "-p", str(port), "-t", "u1" if spec.transport == "udp" else "t1"]
    behaviour = ["-m", "1", "-aa", "-default_behaviors", "all,-abortunexp", "-timer_resol", "1", "-cid_str", call_id]
    return [spec.edge, "-sf", str(file), *place, *behaviour, *keys]


def checked(spec: Spec) -> tuple[str, int]:
    """The edge's host and port, if the whole spec can be dialled.

    Raises:
        CommandError: it cannot.
    """
    try:
        edge = split(spec.edge)
    except ValueError as error:
        raise CommandError(f"--edge {error}", ExitCode.USAGE) from error
    texts = {"--to": spec.dialled, "--from": spec.caller, "--name": spec.name}
    for name, value in spec.headers:
        if not name or not name.replace("-", "").isalnum() or not name.isascii():
            raise CommandError(f"--header {name!r} is no header name: use 'X-Name: value'", ExitCode.USAGE)
        if name.lower() in _OWN_HEADERS:
            raise CommandError(f"--header {name} is written by the call itself and cannot be given", ExitCode.USAGE)
        texts[f"--header {name}"] = value
    for option, text in texts.items():
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
            raise CommandError(f"{option} holds a control character: give one line of text", ExitCode.USAGE)
    if not spec.dialled:
        raise CommandError("--to is empty: give the number to dial, for example --to 2002", ExitCode.USAGE)
    return edge


def _quoted(name: str) -> str:
    """A display name as a quoted string (RFC 3261 section 25.1)."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" ' if name else ""


def source_for(host: str) -> str:
    """The address of this machine that packets to ``host`` leave from."""
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, 5060, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as probe:
            probe.connect(place)  # of UDP: nothing is sent
            return str(probe.getsockname()[0])
    except (OSError, UnicodeError) as error:
        raise CommandError(f"there is no way to the edge at {host}: {error}", ExitCode.UNREACHABLE) from error


def port_at(source: str) -> int:
    try:
        return free_port(source)
    except OSError as error:
        raise CommandError(
            f"--source {source} is no address of this machine: see `ip address` for those it has", ExitCode.USAGE
        ) from error
