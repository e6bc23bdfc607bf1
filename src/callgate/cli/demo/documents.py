"""An application as RCML users write it: a web server whose documents decide calls."""

from __future__ import annotations

import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

import msgspec

#: Where the documents of the demo's directory are fetched from.
ADDRESS = "127.0.0.1:8090"


class Asked(msgspec.Struct, frozen=True):
    """A request of Callgate's: its path, who calls, and the code of the failure that a fallback URL is told."""

    path: str
    caller: str
    error_code: str


class Documents:
    """Answers for each caller with the document of his number, 404 where there is none; a context manager.

    ``documents`` are the insides of ``<Response>`` by path and caller's number.
    """

    def __init__(self, documents: dict[tuple[str, str], str]) -> None:
        self.asked: list[Asked] = []
        asked, known = self.asked, documents

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                url = urlsplit(self.path)
                query = parse_qs(url.query)
                caller = query.get("From", [""])[0]
                asked.append(Asked(url.path, caller, query.get("ErrorCode", [""])[0]))
                inside = known.get((url.path, caller))
                body = b"" if inside is None else f"<Response>{inside}</Response>".encode()
                self.send_response(HTTPStatus.NOT_FOUND if inside is None else HTTPStatus.OK)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: object) -> None:
                """What was asked is told by the demo itself."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._serving = threading.Thread(target=self._server.serve_forever, name="documents", daemon=True)

    @property
    def address(self) -> str:
        """Its address and port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Documents:
        self._serving.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._serving.join()

    def asked_for(self, caller: str) -> list[Asked]:
        """What was asked for a caller's call, in order."""
        return [each for each in self.asked if each.caller == caller]
