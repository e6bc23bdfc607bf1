"""Ports of this machine: who holds one, and which is free (Linux: read from ``/proc``)."""

from __future__ import annotations

import contextlib
import ipaddress
import pwd
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from random import SystemRandom
from typing import Literal

import msgspec

Protocol = Literal["udp", "tcp"]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: The first port that is looked at for a free one, and how many are.
_FIRST, _TRIES = 10_000, 100
_random = SystemRandom()
#: The state of a listening TCP socket in ``/proc/net/tcp`` (Linux: include/net/tcp_states.h).
_LISTEN = "0A"


class _Socket(msgspec.Struct, frozen=True):
    address: Address
    port: int
    uid: int
    inode: str


def owner_of(address: str, port: int, protocol: Protocol) -> str | None:
    """Who holds ``address:port``, or an address that includes it, as "kamailio (pid 123)"; ``None``: nobody.

    A process of another user cannot be looked into: it is named by its user, as "a process of user root".

    Args:
        address: an IP address or a host name; a name that cannot be resolved is held by nobody.
        protocol: for "tcp" only listening sockets count.
    """
    wanted = _resolved(address)
    for held in _sockets(protocol):
        if held.port == port and any(_overlap(held.address, one) for one in wanted):
            return _process(held.inode) or f"a process of user {_user(held.uid)}"
    return None


def free_port(address: str = "127.0.0.1", protocol: Protocol = "udp") -> int:
    """A port that was free on ``address`` a moment ago.

    It is none of those that the kernel gives to outgoing connections, where one can be had: such a port may be taken by
    any connection before it is listened on.

    Raises:
        OSError: the address is not one of this machine.
    """
    family, _, _, _, place = socket.getaddrinfo(address, 0)[0]
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    own = range(_FIRST, _first_of_the_kernel())
    for port in (*_random.sample(own, min(_TRIES, len(own))), 0):
        with socket.socket(family, kind) as probe:
            try:
                probe.bind((place[0], port, *place[2:]))
            except OSError:
                if not port:
                    raise
            else:
                found: int = probe.getsockname()[1]
                return found
    raise AssertionError("the kernel gives port 0 to nobody")  # it is the last one, bound or raised


def _first_of_the_kernel() -> int:
    """From which port on the kernel gives them away by itself (Linux: ``ip(7)``, ip_local_port_range)."""
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        return _FIRST


def free_sip_port() -> int:
    """As :func:`free_port`, on 127.0.0.1, for UDP and for TCP."""
    while True:
        port = free_port(protocol="udp")
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def split(address: str) -> tuple[str, int]:
    """``address:port`` in its parts, with the brackets of an IPv6 address taken away.

    Raises:
        ValueError: it is not of that form.
    """
    host, colon, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isdecimal() or int(port) > 65_535:
        raise ValueError(f"{address!r} is not ADDRESS:PORT, for example 127.0.0.1:5060 or [::1]:5060")
    return host, int(port)


def _resolved(address: str) -> list[Address]:
    try:
        found = socket.getaddrinfo(address, None)
    except (socket.gaierror, UnicodeError):  # UnicodeError: it cannot even be a host name
        return []
    return [ipaddress.ip_address(str(place[0]).partition("%")[0]) for *_, place in found]


def _overlap(one: Address, other: Address) -> bool:
    """Whether two sockets cannot have these addresses with the same port."""
    one, other = _plain(one), _plain(other)
    if one.version != other.version:
        return (one.version == 6 and one.is_unspecified) or (other.version == 6 and other.is_unspecified)
    return one == other or one.is_unspecified or other.is_unspecified


def _plain(address: Address) -> Address:
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def _sockets(protocol: Protocol) -> Iterator[_Socket]:
    for table in (protocol, f"{protocol}6"):
        try:
            lines = Path("/proc/net", table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:  # no IPv6, or no Linux
            continue
        for line in lines:
            fields = line.split()
            if protocol == "tcp" and fields[3] != _LISTEN:
                continue
            address, _, port = fields[1].partition(":")
            yield _Socket(_from_kernel(address), int(port, 16), int(fields[7]), fields[9])


def _from_kernel(text: str) -> Address:
    """An address as ``/proc/net`` prints it: 32-bit words in hex, each in the machine's own byte order."""
    words = (bytes.fromhex(text[start : start + 8]) for start in range(0, len(text), 8))
    return ipaddress.ip_address(b"".join(word[::-1] if sys.byteorder == "little" else word for word in words))


def _process(inode: str) -> str | None:
    wanted = f"socket:[{inode}]"
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal():
            continue
        try:
            if any(str(link.readlink()) == wanted for link in (process / "fd").iterdir()):
                name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
                return f"{name} (pid {process.name})"
        except OSError:  # it has ended meanwhile, or belongs to another user
            continue
    return None


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
