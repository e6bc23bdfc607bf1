"""A SIPp that plays the edge, from a list of what it does with the one call that it gets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

from callgate.cli.sipp.process import Sipp
from callgate.cli.sipp.trace import Message, Trace
from callgate.ports import free_port, owner_of

_COMMON = "[last_Via:]\n[last_From:]\n[last_To:];tag=edge\n[last_Call-ID:]"
_HOST = "IN IP[local_ip_type] [local_ip]"
_SDP = f"v=0\no=- 1 1 {_HOST}\ns=-\nc={_HOST}\nt=0 0\nm=audio 4000 RTP/AVP 8\n"


def receive(method: str) -> str:
    return f'<recv request="{method}"/>'


def wait(milliseconds: int) -> str:
    return f'<pause milliseconds="{milliseconds}"/>'


def respond(status: int, phrase: str, *headers: str, cseq: str = "[last_CSeq:]", sdp: bool = False) -> str:
    """A response; a final one to an INVITE is sent again until it is acknowledged."""
    lines = [f"SIP/2.0 {status} {phrase}", _COMMON, cseq, *headers]
    lines.append("Contact: <sip:[local_ip]:[local_port];transport=[transport]>")
    body = f"Content-Type: application/sdp\nContent-Length: [len]\n\n{_SDP}" if sdp else "Content-Length: 0\n"
    again = ' retrans="500"' if status >= 300 or sdp else ""
    return f"<send{again}><![CDATA[\n\n" + "\n".join(lines) + f"\n{body}\n]]></send>"


def hang_up() -> str:
    """BYE from the side of the edge."""
    return (
        '<send retrans="500"><![CDATA[\n\nBYE [next_url] SIP/2.0\nVia: SIP/2.0/[transport] [local_ip]:[local_port]'
        ";branch=[branch]\nMax-Forwards: 70\nFrom: <sip:edge@[local_ip]>;tag=edge\nTo: <sip:x@y>[peer_tag_param]\n"
        'Call-ID: [call_id]\nCSeq: 1 BYE\nContent-Length: 0\n\n]]></send>\n<recv response="200"/>'
    )


class Edge:
    """Where it listens, and what it has got."""

    def __init__(self, address: str, file: Path) -> None:
        self.address = address
        self._file = file

    def messages(self) -> list[Message]:
        return [message for message in Trace(self._file).new() if not message.sent]

    def first(self, method: str) -> Message:
        return next(m for m in self.messages() if m.method == method and m.status is None)


@contextmanager
def edge(*steps: str, host: str = "127.0.0.1", transport: str = "u1") -> Iterator[Edge]:
    """The edge while the block runs."""
    protocol = "udp"
    if transport == "t1":
        protocol = "tcp"
    port = free_port(host, "udp" if protocol == "udp" else "tcp")
    shown = f"[{host}]" if ":" in host else host
    with TemporaryDirectory() as name:
        folder = Path(name)
        scenario = '<?xml version="1.0"?>\n<scenario name="edge">\n' + "\n".join(steps) + "\n</scenario>\n"
        (folder / "edge.xml").write_text(scenario)
        arguments = ["-sf", str(folder / "edge.xml"), "-i", host, "-bind_local", "-p", str(port), "-t", transport]
        with Sipp(arguments, folder) as sipp:
            give_up = monotonic() + 30
            while owner_of(host, port, "udp" if protocol == "udp" else "tcp") is None:
                assert sipp.running, sipp.complaint()
                assert monotonic() < give_up
                sleep(0.01)
            yield Edge(f"{shown}:{port}", sipp.messages)
