"""What is no SIP, or hardly (in the manner of RFC 4475): the edge stays, and no bad frame comes of it."""

from __future__ import annotations

import asyncio
import random
import socket

import pytest

from tests.sip.rig import Rig, number
from tests.sip.user_agent import caller

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]

WHOLE = (
    "INVITE sip:{did}@127.0.0.1 SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{did}\r\n"
    "From: <sip:1@example.com>;tag=1\r\n"
    "To: <sip:{did}@127.0.0.1>\r\n"
    "Call-ID: torture-{did}\r\n"
    "CSeq: 1 INVITE\r\n"
    "Contact: <sip:1@127.0.0.1:{port}>\r\n"
    "Max-Forwards: 70\r\n"
    "Content-Length: 0\r\n"
    "\r\n"
)

#: Each is the whole INVITE with something in the place of something else, and the statuses that it may get: none at
#: all where no response could be sent, "held" where it is good SIP in a strange dress.
SAMPLES: dict[str, tuple[str, str, set[int | str]]] = {
    "as it is": ("", "", {"held"}),
    "short names, folded and spaced": (
        "From: <sip:1@example.com>;tag=1",
        "f :\t<sip:1@example.com>\r\n ;\ttag = 1",
        {"held"},
    ),
    "an escaped user": ("INVITE sip:{did}@", "INVITE sip:%32{did}@", {404, "held"}),
    "no Call-ID": ("Call-ID: torture-{did}\r\n", "", {400, 0}),
    "an endless Call-ID": ("Call-ID: torture-{did}", f"Call-ID: torture-{{did}}{'7' * 2000}", {400}),
    "no CSeq": ("CSeq: 1 INVITE\r\n", "", {400, 0}),
    "no From": ("From: <sip:1@example.com>;tag=1\r\n", "", {400, 0}),
    "no tag": (";tag=1", "", {400, "held"}),
    "no Via": ("Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{did}\r\n", "", {0}),
    "another CSeq method": ("CSeq: 1 INVITE", "CSeq: 1 BYE", {400}),
    "a CSeq beyond 32 bits": ("CSeq: 1 INVITE", "CSeq: 36893488147419103232 INVITE", {400}),
    "a negative length": ("Content-Length: 0", "Content-Length: -999", {400, 0, "held"}),
    "a length that is too long": ("Content-Length: 0", "Content-Length: 9999", {400, 0}),
    "two lengths": ("Content-Length: 0", "Content-Length: 0\r\nContent-Length: 5", {400, 0, "held"}),
    "an unterminated quote": ("From: <sip:1", 'From: "Mr. X <sip:1', {400, 0}),
    "a URI with headers": ("sip:{did}@127.0.0.1 SIP", "sip:{did}@127.0.0.1?Route=%3Csip:a%3E SIP", {400, "held"}),
    "a URI of an unknown scheme": ("INVITE sip:{did}@127.0.0.1", "INVITE nobody:{did}", {400, 416}),
    "a URI in angle brackets": ("INVITE sip:{did}@127.0.0.1", "INVITE <sip:{did}@127.0.0.1>", {400, 0, 404}),
    "a URI with spaces": ("INVITE sip:{did}@127.0.0.1", "INVITE sip:{did}@127.0.0.1; lr", {400, 0}),
    "an unknown version": ("SIP/2.0\r\nVia", "SIP/7.0\r\nVia", {400, 505, 0}),
    "a Via of an unknown version": ("SIP/2.0/UDP", "SIP/7.0/UDP", {400, 0, "held"}),
    "no Max-Forwards": ("Max-Forwards: 70\r\n", "", {"held"}),
    "Max-Forwards at its end": ("Max-Forwards: 70", "Max-Forwards: 0", {483}),
    "a Max-Forwards that is none": ("Max-Forwards: 70", "Max-Forwards: many", {400, 483, 0, "held"}),
    "a header without a colon": ("Max-Forwards: 70", "Max-Forwards 70", {400, 0}),
    "a name of braces": ("Max-Forwards: 70", "X-{{odd}}: 1", {400, 0}),
    "a NUL within": ("<sip:1@example.com>", '"a\0b" <sip:1@example.com>', {400, 0, "held"}),
    "every byte": ("<sip:1@example.com>", "\x01\x02\x03\x7f\udc80\udcff", {400, 0, "held"}),
    "a comma in the number": ("INVITE sip:{did}@", "INVITE sip:{did},x@", {404, "held"}),
    "a number that looks like a row": ("INVITE sip:{did}@", "INVITE sip:x:longest@", {400, 404}),
    "an endless number": ("INVITE sip:{did}@", f"INVITE sip:{{did}}{'7' * 9000}@", {"held"}),
    "two From": ("CSeq: 1 INVITE", "CSeq: 1 INVITE\r\nFrom: <sip:2@example.com>;tag=2", {400, 0, "held"}),
}


@pytest.mark.parametrize("kind", SAMPLES)
async def test_torture(rig: Rig, kind: str) -> None:
    old, new, possible = SAMPLES[kind]
    did = number("2")
    assert old in WHOLE
    one = await caller()
    text = (WHOLE.replace(old, new) if old else WHOLE).format(did=did, port=one.port)
    one.send(text, rig.system.edge)
    what: int | str = 0
    for _ in range(250 if 0 not in possible else 25):
        statuses = [each.status for each in one.messages]
        finals = [status for status in statuses if status >= 200]
        if finals or 100 in statuses:
            what = finals[0] if finals else "held"
            break
        await asyncio.sleep(0.02)
    one.close()
    assert what in possible
    if what == "held":
        identity = await rig.native.held(f"torture-{did}")
        assert (await rig.native.decide("refuse", identity))[0] == 200
    # The edge is as well as before.
    assert (await rig.caller.asks(rig.system.edge)).status == 200


async def test_noise(rig: Rig) -> None:
    """Random bytes, and the good INVITE with random bytes in it, over UDP and TCP, to the SIP and the control port."""
    chance = random.Random(20)
    pids = rig.system.edge_pids()
    noise = [chance.randbytes(chance.choice((1, 4, 20, 500, 4000, 60_000))) for _ in range(100)]
    noise += [b"", b"\0" * 100, b"\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n", b"SIP/2.0", b"INVITE"]
    for each in range(300):
        # Its default refuses: accepted, a call would wait for an ACK that nobody sends.
        text = bytearray(WHOLE.format(did=number("4"), port=rig.caller.port).encode())
        for _ in range(chance.randrange(1, 6)):
            text[chance.randrange(len(text))] = chance.randrange(256)
        noise.append(bytes(text[: chance.randrange(1, len(text))] if each % 3 == 0 else text))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
        for datagram in noise:
            plain.sendto(datagram, rig.system.edge)
            plain.sendto(datagram, ("127.0.0.1", rig.system.ports().control))
            await asyncio.sleep(0.001)
    for datagram in noise[::4]:
        _, writer = await asyncio.open_connection(*rig.system.edge)
        writer.write(datagram)
        writer.close()
    await asyncio.sleep(0.5)
    assert (await rig.caller.asks(rig.system.edge)).status == 200
    assert rig.system.edge_pids() == pids
    # Those that were good enough are held, and end with their window.
    for call in (await rig.native.ask("GET", "calls?state=held&limit=1000"))[1]["items"]:
        await rig.native.decide("refuse", call["id"])


async def test_none_of_it_made_a_frame_that_could_not_be_read(rig: Rig) -> None:
    assert "could not be read" not in rig.system.log
    assert "is no frame" not in rig.system.log
    assert "Traceback" not in rig.system.log
