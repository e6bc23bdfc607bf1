"""Other processes at the loopback ports between edge and controller: they learn nothing, and harm nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
from pathlib import Path

import pytest

from tests.faults.test_controller import again
from tests.sip.rig import Rig, rig_on

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="function")]

#: What Kamailio's reader of netstrings would do with the third of these: read two gigabytes behind its buffer.
WORDS = (
    b"",
    b"GET / HTTP/1.0\r\n\r\n",
    b"2147483647:",
    b"5:hello,",
    b"999999999999999:x,",
    b"\0" * 40_000,
    b"1" * 40_000,
)


async def _still_well(rig: Rig, pids: list[int]) -> None:
    call = rig.dial("2")
    assert (await rig.native.decide("refuse", await rig.held(call)))[0] == 200
    assert (await call.ended()).status == 603
    assert rig.system.edge_pids() == pids


async def test_on_the_link_they_are_sent_away_at_once(tmp_path: Path) -> None:
    async with rig_on(tmp_path) as rig:
        pids = rig.system.edge_pids()
        link = rig.system.ports().link
        for words in WORDS:
            reader, writer = await asyncio.open_connection("127.0.0.1", link)
            writer.write(words)
            with contextlib.suppress(ConnectionResetError):
                assert await asyncio.wait_for(reader.read(), 5) == b""
            writer.close()
        # Many at once, and from another loopback address.
        for _ in range(50):
            with socket.socket() as one:
                one.bind(("127.0.0.7", 0))
                one.connect(("127.0.0.1", link))
        await _still_well(rig, pids)


async def test_they_get_nothing_in_the_place_of_a_controller_that_died(tmp_path: Path) -> None:
    async with rig_on(tmp_path) as rig:
        pids = rig.system.edge_pids()
        link = rig.system.ports().link
        os.kill(rig.system.controller_pid(), signal.SIGKILL)
        heard = b""
        for _ in range(20):
            reader, writer = await asyncio.open_connection("127.0.0.1", link)
            rig.dial("2")
            with contextlib.suppress(ConnectionResetError):
                heard += await asyncio.wait_for(reader.read(), 5)
            writer.close()
        assert heard == b""
        async with again(rig) as application:
            call = rig.dial("2")
            assert (await application.decide("refuse", await application.held(call.call_id)))[0] == 200
        assert rig.system.edge_pids() == pids


async def test_commands_without_the_secret_do_nothing(tmp_path: Path) -> None:
    async with rig_on(tmp_path) as rig:
        pids = rig.system.edge_pids()
        control = ("127.0.0.1", rig.system.ports().control)
        held = rig.dial("3")
        identity = await rig.held(held)
        received = (await rig.native.call(identity))["received"]
        secret = "0" * 32
        chance = random.Random(3)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
            for counter in range(1, 20):
                for command in (
                    f"{secret} refuse 1 {int(received)}.{counter} 603 RGVjbGluZQ== UmVhc29uOiAxDQo=",
                    f"refuse 1 {int(received)}.{counter} 603 RGVjbGluZQ== UmVhc29uOiAxDQo=",
                    f" route 1 {int(received)}.{counter} sip:evil@127.0.0.1:9",
                    f"{secret} commit 1 7 0",
                    f"{secret} drop 1 a:127.0.0.1",
                    f"{secret} join 1 9",
                ):
                    plain.sendto(command.encode(), control)
            for _ in range(200):
                plain.sendto(chance.randbytes(chance.randrange(1, 9000)), control)
            # SIP at the control port is nobody's.
            text = held.request.replace(held.call_id, "at-the-control-port").replace(held.branch, "z9hG4bKcontrol")
            plain.sendto(text.encode(), control)
        await asyncio.sleep(0.5)
        assert held.statuses == [100]
        assert rig.native.kinds("at-the-control-port") == []
        assert (await rig.native.decide("refuse", identity))[0] == 200
        await _still_well(rig, pids)


async def test_the_secret_is_not_to_be_read(tmp_path: Path) -> None:
    async with rig_on(tmp_path) as rig:
        configuration = rig.system.edge_folder() / "kamailio.cfg"
        secret = configuration.read_text().partition('define SECRET "')[2].partition('"')[0]
        assert len(secret) == 32
        assert configuration.stat().st_mode & 0o077 == 0
        for pid, command in rig.system.processes().items():
            assert secret not in command
            assert secret.encode() not in _environment(pid)
        assert secret not in rig.system.log


def _environment(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()
