"""Who holds a port, told from the kernel's own tables."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from callgate.ports import Protocol, free_port, owner_of, split


@pytest.fixture(params=["udp", "tcp"])
def protocol(request: pytest.FixtureRequest) -> Iterator[str]:
    yield request.param


def bound(address: str, protocol: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM)
    sock.bind((address, 0))
    if protocol == "tcp":
        sock.listen()
    return sock


@pytest.mark.parametrize("holder", ["127.0.0.1", "0.0.0.0", "::"])
@pytest.mark.parametrize("asked", ["127.0.0.1", "0.0.0.0", "localhost"])
def test_the_owner_is_named_also_where_one_of_both_is_every_address(holder: str, asked: str, protocol: str) -> None:
    with bound(holder, protocol) as sock:
        owner = owner_of(asked, sock.getsockname()[1], "udp" if protocol == "udp" else "tcp")
    assert owner is not None
    assert owner.endswith(f"(pid {os.getpid()})")


def test_another_address_of_the_same_port_is_free(protocol: str) -> None:
    with bound("127.0.0.1", protocol) as sock:
        assert owner_of("127.0.0.2", sock.getsockname()[1], "udp" if protocol == "udp" else "tcp") is None


def test_ipv6_has_its_own_owner() -> None:
    with bound("::1", "tcp") as sock:
        port = sock.getsockname()[1]
        assert str(os.getpid()) in (owner_of("::1", port, "tcp") or "")
        assert owner_of("127.0.0.1", port, "tcp") is None


def test_udp_and_tcp_are_apart() -> None:
    with bound("127.0.0.1", "udp") as sock:
        assert owner_of("127.0.0.1", sock.getsockname()[1], "tcp") is None


def test_a_free_port_has_no_owner_and_can_be_bound() -> None:
    port = free_port("127.0.0.1", "tcp")
    assert owner_of("127.0.0.1", port, "tcp") is None
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", port))


def test_a_free_port_is_none_that_the_kernel_gives_to_connections(protocol: Protocol) -> None:
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = [free_port(protocol=protocol) for _ in range(20)]
    if first > 10_000:
        assert all(10_000 <= port < first for port in ports)
    else:  # it leaves none of those that are looked at, and gives one of its own
        assert all(port >= first for port in ports)


def test_an_address_of_another_machine_has_no_free_port(protocol: Protocol) -> None:
    with pytest.raises(OSError, match="assign requested address"):
        free_port("192.0.2.1", protocol)


def test_a_name_that_does_not_resolve_is_held_by_nobody() -> None:
    assert owner_of("x" * 300, 5060, "udp") is None


def test_an_address_is_split_into_host_and_port() -> None:
    assert split("127.0.0.1:5060") == ("127.0.0.1", 5060)
    assert split("[::1]:5060") == ("::1", 5060)


@pytest.mark.parametrize("text", ["", "5060", "a:", ":5060", "a:x", "a:70000"])
def test_what_is_no_address_and_port_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="is not ADDRESS:PORT"):
        split(text)
