"""An application that subscribes and never reads is dropped, and nobody else waits for it."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import time
from pathlib import Path

import pytest

from tests.sip.rig import Rig, number, rig_on

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="function")]


async def _deaf(rig: Rig, path: str, *headers: str, first: bytes = b"") -> socket.socket:
    """A WebSocket to that path that sends one text frame and then never reads anything."""
    loop = asyncio.get_running_loop()
    host, _, port = rig.system.http.rpartition("//")[2].rpartition(":")
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.setblocking(False)
    await loop.sock_connect(plain, (host, int(port)))
    key = base64.b64encode(os.urandom(16)).decode()
    head = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        *headers,
    ]
    await loop.sock_sendall(plain, ("\r\n".join([*head, "", ""])).encode())
    assert (await loop.sock_recv(plain, 12)) == b"HTTP/1.1 101"
    if first:
        mask = os.urandom(4)
        masked = bytes(each ^ mask[index % 4] for index, each in enumerate(first))
        await loop.sock_sendall(plain, bytes([0x81, 0x80 | len(first)]) + mask + masked)
    return plain


async def _closed(plain: socket.socket) -> bool:
    """Whether the other side has given the connection up."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(5):
            while await loop.sock_recv(plain, 65_536):
                pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


async def test_it_is_dropped_and_others_are_not_slowed(tmp_path: Path) -> None:
    limits = "[http]\nqueue_limit = 200\nqueue_bytes = 200000\n"
    async with rig_on(tmp_path, settings=limits) as rig:
        authorization = f"Authorization: {rig.system.admin['Authorization']}"
        deaf = [
            await _deaf(rig, "/v1/events/ws", authorization),
            await _deaf(
                rig,
                f"/openapi/v1.0/subscribe?access_token={rig.yeastar.token}",
                first=b'{"topic_list":[30011,30012,30015,30016]}',
            ),
        ]
        took = []
        for _ in range(1200):
            begun = time.monotonic()
            # A long number fills the buffers of the connections sooner.
            caller = number("7" * 2000)
            call = rig.caller.invite(rig.system.edge, number("2"), number=caller)
            request = await rig.yeastar.incoming(caller)
            assert (await rig.yeastar.decide("refuse", request.channel_id))["errcode"] == 0
            await rig.native.heard("refused", call.call_id)
            assert (await call.ended()).status == 603
            took.append(time.monotonic() - begun)
        took.sort()
        print(f"1,200 refused calls beside two deaf subscribers: p50 {took[600]:.4f} s, the slowest {took[-1]:.3f} s")
        assert took[600] < 0.1 and took[-1] < 3
        assert [await _closed(each) for each in deaf] == [True, True]
        for each in deaf:
            each.close()
        assert "Traceback" not in rig.system.log
