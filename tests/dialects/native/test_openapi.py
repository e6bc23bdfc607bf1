"""What the API says about itself is true, and is all there without the internet."""

from __future__ import annotations

import asyncio
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis

from callgate.core.reports import AckResult
from callgate.dialects.native import paths
from callgate.dialects.native.errors import KINDS
from tests.unit.directory.queue_entries import KRISTI, PHONE, SUPPORT

from .rig import KEYS, Rig, client

#: Every path of the table that belongs to /v1.
PATHS = {value for name, value in vars(paths).items() if name.isupper() and name != "BASE" and value.startswith("/v1/")}


async def document(rig: Rig) -> dict[str, Any]:
    async with client(rig.address, None) as http:
        described: dict[str, Any] = (await http.get("/v1/openapi.json")).json()
    return described


async def test_the_document_has_the_paths_of_this_api_and_no_other(rig: Rig) -> None:
    assert set((await document(rig))["paths"]) == PATHS


async def test_every_operation_is_described_with_its_errors_and_examples(rig: Rig) -> None:
    described = await document(rig)
    identifiers = []
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            identifiers.append(operation["operationId"])
            assert operation["summary"] and operation["tags"]
            if operation.get("security"):
                assert {"401", "403"} <= set(operation["responses"])
            if "requestBody" in operation:
                assert {"413", "415", "422"} <= set(operation["responses"])
                assert all("example" in media for media in operation["requestBody"]["content"].values())
            for status, response in operation["responses"].items():
                for media_type, media in response.get("content", {}).items():
                    if int(status) >= 400:
                        assert media_type == "application/problem+json"
                    if media_type.endswith("json") and path not in (paths.OPENAPI, paths.PROBLEM):
                        assert "example" in media, f"{method} {path} {status}"
    assert len(set(identifiers)) == len(identifiers)


async def test_every_kind_of_problem_can_be_met(rig: Rig) -> None:
    text = str(await document(rig))
    for name in KINDS.keys() - {"method-not-allowed", "internal-error"}:
        assert f"`{name}`" in text


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.outside: list[str] = []
        self.targets: set[str] = set()
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            if name in ("href", "src") and value:
                if value.startswith("#"):
                    self.targets.add(value[1:])
                elif not value.startswith("/v1/"):
                    self.outside.append(value)


async def test_the_page_shows_every_operation_and_loads_nothing_from_elsewhere(rig: Rig) -> None:
    async with client(rig.address, None) as http:
        response = await http.get("/v1/docs")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    links = _Links()
    links.feed(response.text)
    assert not links.outside and "script" not in links.tags
    assert links.targets <= links.anchors
    for path in PATHS:
        assert f"<code>{path}</code>" in response.text
    assert "`" not in response.text


async def test_replies_are_as_described(rig: Rig) -> None:
    schema = schemathesis.openapi.from_dict(await document(rig))

    def check(path: str, response: httpx.Response, status: int) -> None:
        assert response.status_code == status
        schema[path][response.request.method].validate_response(response)

    calls = [rig.control.ring(headers=(("X-A", "b"),)) for _ in range(6)]
    refusal = {"status": 480, "headers": {"X-Why": "closed"}}
    for path, call, body, status in (
        (paths.REFUSE, calls[0], refusal, 200),
        (paths.REFUSE, calls[0], refusal, 409),
        (paths.ACCEPT, calls[1], {}, 200),
        (paths.HANG_UP, calls[1], {}, 200),
        (paths.HANG_UP, calls[1], {}, 409),
        (paths.REDIRECT, calls[2], {"uri": "sip:2002@192.0.2.99", "mode": "contact"}, 200),
        (paths.REDIRECT, calls[3], {"uri": "2002"}, 422),
    ):
        check(path, await rig.post(path.format(id=call.id), body), status)
    rig.control.acknowledge(AckResult.FAILED, 500)
    check(paths.ACCEPT, await rig.post(paths.ACCEPT.format(id=calls[4].id)), 502)
    rig.control.acknowledge(AckResult.UNANSWERED)
    check(paths.ACCEPT, await rig.post(paths.ACCEPT.format(id=calls[5].id)), 504)
    await rig.post(paths.ACCOUNTS, {"name": "acme"})
    rotations = {
        paths.CLIENT: paths.CLIENT_ROTATE,
        paths.KEY: paths.KEY_ROTATE,
        paths.ACCOUNT: paths.ACCOUNT_TOKEN,
        paths.PHONE: paths.PHONE_PASSWORD,
        paths.BOT: paths.BOT_SECRET,
    }
    binding = {"account": "acme", "voice_url": "http://a.example"}
    for collection, item, entry in (
        (paths.ROUTES, paths.ROUTE, {"name": "new", "did": "4*", "lapse": "busy", "rcml": binding}),
        (paths.TRUNKS, paths.TRUNK, {"name": "new", "sources": ["198.51.100.1"]}),
        (paths.ROUTES, paths.ROUTE, {"name": "new", "did": "3*", "destination": "sip:pbx.example.com"}),
        (paths.ACCOUNTS, paths.ACCOUNT, {"name": "new"}),
        (paths.APPLICATIONS, paths.APPLICATION, {"name": "new", "account": "acme", "voice_url": "http://a.example"}),
        (paths.BOTS, paths.BOT, {"name": "new", "callback": "https://a.example", "media": "sip:a.example"}),
        (paths.PHONES, paths.PHONE, {"name": "new", "account": "acme"}),
        (paths.CLIENTS, paths.CLIENT, {"name": "new", "webhooks": [{"url": "https://crm.example.com"}]}),
        (paths.KEYS, paths.KEY, {"name": "new"}),
    ):
        check(collection, await rig.post(collection, entry), 201)
        check(collection, await rig.post(collection, entry), 409)
        check(collection, await rig.http.get(collection), 200)
        check(item, await rig.http.get(item.format(name="new")), 200)
        check(item, await rig.http.put(item.format(name="new"), json=entry), 200)
        check(item, await rig.http.patch(item.format(name="new"), json={}), 200)
        if item in rotations:
            check(rotations[item], await rig.post(rotations[item].format(name="new")), 200)
        check(item, await rig.http.delete(item.format(name="new")), 204)
        check(item, await rig.http.delete(item.format(name="new")), 404)
    await rig.directory.apply([PHONE, SUPPORT, KRISTI])
    rig.control.registers("5001")
    for collection, item, name in (
        (paths.PHONE_STATUSES, paths.PHONE_STATUS, "5001"),
        (paths.QUEUE_STATUSES, paths.QUEUE_STATUS, "support"),
        (paths.AGENT_STATUSES, paths.AGENT_STATUS, "ksippo"),
    ):
        check(collection, await rig.http.get(collection), 200)
        check(item, await rig.http.get(item.format(name=name)), 200)
        check(item, await rig.http.get(item.format(name="nobody")), 404)
    exported = await rig.http.get(paths.DIRECTORY)
    check(paths.DIRECTORY, exported, 200)
    toml = {"Content-Type": "application/toml"}
    check(paths.DIRECTORY, await rig.http.post(paths.DIRECTORY, content=exported.content, headers=toml), 200)
    check(paths.DIRECTORY, await rig.http.post(paths.DIRECTORY, content=b"x = 1", headers=toml), 422)
    check(paths.DIRECTORY, await rig.http.post(paths.DIRECTORY, content=b"", headers=toml), 422)
    for path in (paths.CALLS, paths.STATUS, paths.JOURNAL_CALLS, paths.JOURNAL_VERDICTS, paths.JOURNAL_DELIVERIES):
        check(path, await rig.http.get(path), 200)
    check(paths.CALL, await rig.http.get(paths.CALL.format(id=calls[0].id)), 200)
    check(paths.PROBLEM, await rig.http.get(paths.PROBLEM.format(name="lapsed")), 200)


@pytest.mark.timeout(600)
async def test_schemathesis_finds_nothing(rig: Rig, tmp_path: Path) -> None:
    """Thousands of requests, valid and not, over real HTTP.

    Left out: what never ends (the streams) and what would take the tester's own key away (keys, the whole directory).
    ``positive_data_acceptance`` is off: whether a trunk exists or an address is one, a schema cannot say.
    """
    for _ in range(3):
        rig.control.ring()
    report = tmp_path / "report.txt"
    with report.open("wb") as output:
        running = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "schemathesis.cli",
            "run",
            f"http://{rig.address}{paths.OPENAPI}",
            *("-H", f"Authorization: Bearer {KEYS['admin']}"),
            *("--exclude-path", paths.EVENTS, "--exclude-path", paths.EVENTS_WS),
            *("--exclude-path", paths.DIRECTORY, "--exclude-path-regex", f"^{paths.KEYS}"),
            *("--exclude-checks", "positive_data_acceptance"),
            *("--max-examples", "10", "--no-color", "--generation-database", "none"),
            cwd=tmp_path,
            stdout=output,
            stderr=output,
        )
        try:
            code = await running.wait()
        finally:
            if running.returncode is None:
                running.kill()
    found = report.read_text()
    assert code == 0, found
    tested = re.search(r"([0-9]+) generated, ([0-9]+) passed", found)
    assert tested is not None and int(tested[2]) > 300, found
