"""What is wrong at the start is one sentence with the remedy, and exit code 1."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import pytest

from callgate.ports import free_port
from tests.system import launch

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="function")]

SETTINGS = """\
state = "{folder}/state"
run = "{folder}/run"
[[http.listeners]]
bind = "127.0.0.1:{http}"
[edge]
listen = ["udp:{address}:{udp}", "tcp:127.0.0.1:{tcp}"]
"""


async def said(folder: Path, more: str = "", address: str = "127.0.0.1", **ports: int) -> list[str]:
    """Start with these settings; what it says on stderr."""
    values = {
        name: ports.get(name) or free_port(protocol="udp" if name == "udp" else "tcp")
        for name in ("http", "udp", "tcp")
    }
    (folder / "settings.toml").write_text(SETTINGS.format(folder=folder, address=address, **values) + more)
    with (folder / "log").open("wb") as output:
        process = await launch(folder, output)
    try:
        assert await asyncio.wait_for(process.wait(), 20) == 1
    finally:
        if process.returncode is None:
            process.kill()
    return (folder / "log").read_text().splitlines()


@pytest.mark.parametrize(
    ("name", "kind", "setting"),
    [
        ("udp", socket.SOCK_DGRAM, "edge.listen"),
        ("tcp", socket.SOCK_STREAM, "edge.listen"),
        ("http", socket.SOCK_STREAM, "http.listeners"),
    ],
)
async def test_a_port_that_is_taken(tmp_path: Path, name: str, kind: socket.SocketKind, setting: str) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        (sentence,) = await said(tmp_path, **{name: port})
    assert f"127.0.0.1:{port} is taken by" in sentence
    assert f"(pid {os.getpid()})" in sentence
    assert setting in sentence


async def test_kamailio_missing(tmp_path: Path) -> None:
    (sentence,) = await said(tmp_path, 'kamailio = "kamailio-of-another-world"')
    assert "kamailio-of-another-world" in sentence
    assert "apt-get install kamailio" in sentence and "edge.kamailio" in sentence


async def test_kamailio_that_is_none(tmp_path: Path) -> None:
    (sentence,) = await said(tmp_path, 'kamailio = "/bin/true"')
    assert "Kamailio 5.6 or later is needed" in sentence


async def test_an_address_that_this_machine_does_not_have(tmp_path: Path) -> None:
    (sentence,) = await said(tmp_path, address="192.0.2.1")
    assert "udp:192.0.2.1:" in sentence and "edge.listen" in sentence
    assert "is taken" not in sentence
