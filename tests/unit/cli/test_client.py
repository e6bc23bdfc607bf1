"""The client of /v1 against servers that are not what they should be."""

from __future__ import annotations

import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from callgate.cli.client import Client, ProblemError, UnreachableError, at
from callgate.cli.exits import CommandError, ExitCode
from callgate.cli.follow import follow
from callgate.dialects.native.paths import CALL, CALLS, STATUS
from callgate.dialects.native.wire import Call, Page, Status

HTTP = "HTTP/1.1 {status} X\r\nContent-Type: {type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
STREAM = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def reply(status: int, body: str, type_: str = "application/json") -> str:
    return HTTP.format(status=status, type=type_, length=len(body.encode()), body=body)


class Server(socketserver.ThreadingTCPServer):
    """Says its replies one after the other, the last one again and again, and remembers the requests."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, replies: tuple[str, ...]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies = list(replies)
        self.requests: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        head = ""
        while not head.endswith("\r\n\r\n"):
            line = self.rfile.readline().decode()
            if not line:
                return
            head += line
        self.server.requests.append(head)
        replies = self.server.replies
        self.wfile.write((replies.pop(0) if len(replies) > 1 else replies[0]).encode())


class SecureServer(Server):
    """The same over TLS, with a certificate that only its owner knows, for a name that is not this machine's."""

    def __init__(self, replies: tuple[str, ...], folder: Path) -> None:
        self.certificate, key = folder / "cert.pem", folder / "key.pem"
        command = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=gate.example.com",
            "-days",
            "2",
        ]
        subprocess.run([*command, "-out", self.certificate, "-keyout", key], check=True, capture_output=True)
        super().__init__(replies)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True)

    @property
    def url(self) -> str:
        return super().url.replace("http", "https")

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not trust us is what the test is about."""


@contextmanager
def started(server: Server) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


@contextmanager
def serving(*replies: str) -> Iterator[Server]:
    with Server(replies) as server, started(server):
        yield server


def event(cursor: str, kind: str) -> str:
    return f'id: {cursor}\nevent: {kind}\ndata: {{"cursor":"{cursor}","kind":"{kind}","at":1.0}}\n\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (reply(404, "<html>nginx</html>", "text/html"), "what answers is not Callgate: status 404"),
        (reply(200, "<html>hello</html>", "text/html"), "what answers is not this version of Callgate"),
        (reply(200, '{"version": 1}'), "what answers is not this version of Callgate"),
        ("nonsense\r\n\r\n", "no Callgate answers"),
        ("", "no Callgate answers"),
    ],
)
def test_another_server_is_not_taken_for_callgate(text: str, told: str) -> None:
    with serving(text) as server, Client(server.url) as client:
        with pytest.raises(UnreachableError, match=told) as caught:
            client.get(STATUS, Status)
        assert caught.value.code == ExitCode.UNREACHABLE


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, ExitCode.USAGE),
        (401, ExitCode.DENIED),
        (403, ExitCode.DENIED),
        (404, ExitCode.NOT_FOUND),
        (409, ExitCode.FAILED),
        (422, ExitCode.USAGE),
        (500, ExitCode.FAILED),
        (503, ExitCode.FAILED),
    ],
)
def test_each_kind_of_problem_has_its_exit_code(status: int, code: ExitCode) -> None:
    text = f'{{"type":"/v1/problems/x","title":"T","status":{status},"detail":"why"}}'
    with serving(reply(status, text)) as server, Client(server.url) as client:
        with pytest.raises(ProblemError, match=r"^why") as caught:
            client.get(STATUS, Status)
        assert caught.value.code == code


def test_the_key_goes_in_the_header_and_never_in_the_url() -> None:
    with serving(reply(200, '{"items":[],"next":null}')) as server, Client(server.url, "cg_secret") as client:
        client.get(CALLS, Page[Call], state=["held", "ringing"], trunk=None)
    assert server.requests[0].startswith("GET /v1/calls?state=held&state=ringing HTTP/1.1\r\n")
    assert "Authorization: Bearer cg_secret\r\n" in server.requests[0]


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with serving(reply(200, '{"items":[],"next":null}')) as server, Client(server.url) as client:
        assert client.get(CALLS, Page[Call]).items == []


def test_the_certificate_of_the_settings_is_trusted_and_no_other(tmp_path: Path) -> None:
    with SecureServer((reply(200, '{"items":[],"next":null}'),), tmp_path) as server, started(server):
        with Client(server.url, certificate=str(server.certificate)) as client:
            assert client.get(CALLS, Page[Call]).items == []
        with Client(server.url) as client, pytest.raises(UnreachableError, match="certificate verify failed"):
            client.get(CALLS, Page[Call])


def test_a_name_is_one_segment_of_the_path() -> None:
    assert at(CALL, "a/../b?c") == "/v1/calls/a%2F..%2Fb%3Fc"


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://127.0.0.1", "http://[::1", "http://127.0.0.1:x"])
def test_a_url_that_is_none_is_told(url: str) -> None:
    with pytest.raises(CommandError) as caught, Client(url) as client:
        client.get(STATUS, Status)
    assert caught.value.code in (ExitCode.USAGE, ExitCode.UNREACHABLE)


def test_a_broken_stream_goes_on_where_it_was_broken(capsys: pytest.CaptureFixture[str]) -> None:
    first = STREAM + event("", "reset") + event("c1", "ready") + event("c2", "held")
    second = STREAM + event("c3", "ended")
    with serving(first, "", second) as server, Client(server.url) as client:
        followed = follow(client)
        assert [next(followed).kind for _ in range(4)] == ["reset", "ready", "held", "ended"]
        followed.close()
    assert "cursor" not in server.requests[0]
    assert server.requests[-1].startswith("GET /v1/events?cursor=c2 ")
    assert "connected again" in capsys.readouterr().err


def test_a_stream_that_never_opened_is_a_failure() -> None:
    with Client("http://127.0.0.1:9") as client, pytest.raises(UnreachableError):
        next(follow(client))


def test_a_stream_that_may_not_go_on_is_a_failure() -> None:
    gone = reply(401, '{"type":"/v1/problems/unauthorized","title":"Unauthorized","status":401,"detail":"no such key"}')
    with serving(STREAM + event("c1", "ready"), gone) as server, Client(server.url) as client:
        followed = follow(client)
        assert next(followed).kind == "ready"
        with pytest.raises(ProblemError, match="no such key"):
            next(followed)
