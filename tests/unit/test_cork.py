"""What a turn of the event loop writes leaves in one piece."""

from __future__ import annotations

import asyncio

from callgate.cork import corked


class Wire(asyncio.Transport):
    """What reaches the real transport."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 5)})
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


async def test_the_writes_of_one_turn_leave_in_one_piece_and_in_order() -> None:
    wire = Wire()
    transport = corked(wire)
    transport.write(b"head")
    transport.write(b"body")
    assert wire.written == []
    await asyncio.sleep(0)
    transport.write(b"next")
    await asyncio.sleep(0)
    assert wire.written == [b"headbody", b"next"]


async def test_close_writes_what_waits_first_and_once() -> None:
    wire = Wire()
    transport = corked(wire)
    transport.write(b"last words")
    transport.close()
    await asyncio.sleep(0)
    assert wire.written == [b"last words"]
    assert wire.closed


async def test_nothing_is_written_to_a_connection_that_closed_meanwhile() -> None:
    wire = Wire()
    transport = corked(wire)
    transport.write(b"too late")
    wire.closed = True
    await asyncio.sleep(0)
    assert wire.written == []


async def test_the_rest_of_the_transport_is_as_it_was() -> None:
    transport = corked(Wire())
    assert transport.get_extra_info("peername") == ("192.0.2.1", 5)
    assert corked(transport) is transport
