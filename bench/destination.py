"""A destination that rings and answers every call at once."""

from __future__ import annotations

import contextlib

from bench.sip import open_socket

_KEPT = (b"Via:", b"Record-Route:", b"From:", b"To:", b"Call-ID:", b"CSeq:")


class Destination:
    """Answers INVITEs with 180 and 200, everything else with 200."""

    def __init__(self, ip: str) -> None:
        self.socket = open_socket(ip)
        self.port: int = self.socket.getsockname()[1]
        self.invites = 0
        sdp = b"v=0\r\no=- 1 1 IN IP4 %b\r\ns=-\r\nc=IN IP4 %b\r\nt=0 0\r\nm=audio 50000 RTP/AVP 0\r\n"
        sdp %= (ip.encode(), ip.encode())
        contact = b"Contact: <sip:bench@%b:%d>\r\n" % (ip.encode(), self.port)
        self._ringing = contact + b"Content-Length: 0\r\n\r\n"
        self._answer = contact + b"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%b" % (len(sdp), sdp)

    def read(self) -> None:
        """Read what has come, and answer it."""
        receive = self.socket.recvfrom
        for _ in range(64):
            try:
                request, source = receive(65_536)
            except BlockingIOError:
                return
            self._received(request, source)

    def _received(self, request: bytes, source: tuple[str, int]) -> None:
        if request.startswith((b"ACK ", b"SIP/2.0 ")):
            return
        lines = request[: request.find(b"\r\n\r\n")].split(b"\r\n")
        kept = [line for line in lines if line.startswith(_KEPT)]
        if not request.startswith(b"INVITE "):
            self._send(b"SIP/2.0 200 OK\r\n%b\r\nContent-Length: 0\r\n\r\n" % b"\r\n".join(kept), source)
            return
        self.invites += 1
        headers = b"\r\n".join([line + b";tag=callee" if line.startswith(b"To:") else line for line in kept])
        self._send(b"SIP/2.0 180 Ringing\r\n%b\r\n%b" % (headers, self._ringing), source)
        self._send(b"SIP/2.0 200 OK\r\n%b\r\n%b" % (headers, self._answer), source)

    def _send(self, response: bytes, to: tuple[str, int]) -> None:
        with contextlib.suppress(BlockingIOError):  # lost, as on a wire: the edge sends its request again
            self.socket.sendto(response, to)
