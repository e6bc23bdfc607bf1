"""Trunks, routes, clients and keys from the command line, against the real API and directory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callgate.cli.exits import ExitCode
from tests.dialects.native.rig import KEYS, Rig, serving
from tests.unit.cli.console import run_beside


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    async with serving(tmp_path) as made:
        monkeypatch.setenv("CALLGATE_URL", f"http://{made.address}")
        monkeypatch.setenv("CALLGATE_KEY", KEYS["admin"])
        yield made


async def test_a_trunk_is_added_shown_changed_and_removed(rig: Rig) -> None:
    added = await run_beside(
        "trunk", "add", "carrier", "--source", "198.51.100.0/24", "--source", "2001:db8::1", "--json"
    )
    assert (added.json["sources"], added.json["control"]) == (["198.51.100.0/24", "2001:db8::1"], True)
    changed = await run_beside("trunk", "set", "carrier", "--lapse", "busy", "--no-control", "--json")
    assert (changed.json["lapse"], changed.json["control"], changed.json["refuse"]) == ("busy", False, "rejected")
    shown = await run_beside("trunk", "show", "carrier")
    assert ("sources", "198.51.100.0/24,") in [tuple(line.split()[:2]) for line in shown.lines]
    removed = await run_beside("trunk", "remove", "carrier")
    assert (removed.code, removed.out) == (ExitCode.OK, "trunk carrier removed\n")
    assert "carrier" not in rig.directory.current.trunks


@pytest.mark.parametrize(("switch", "on"), [("off", False), ("on", True)])
async def test_control_is_switched_per_trunk(rig: Rig, switch: str, on: bool) -> None:
    ran = await run_beside("trunk", "control", "main", switch)
    assert ran.code == ExitCode.OK
    assert rig.directory.current.trunks["main"].control is on
    assert rig.directory.current.trunks["second"].control is True


async def test_a_route_is_added_listed_changed_and_removed(rig: Rig) -> None:
    options = ("--did", "55*", "--to", "sip:192.0.2.7", "--trunk", "main", "--window", "20", "--lapse", "busy")
    added = await run_beside("route", "add", "branch", *options, "--json")
    assert added.json == {
        "name": "branch", "destination": "sip:192.0.2.7", "did": "55*", "trunks": ["main"], "window": 20.0,
        "lapse": "busy", "number": 2, "outbound": "", "rcml": None, "bots": [], "queue": "", "phone": "",
    }  # fmt: skip
    changed = await run_beside("route", "set", "branch", "--lapse", "trunk", "--every-trunk", "--json")
    assert (changed.json["lapse"], changed.json["trunks"], changed.json["window"]) == (None, [], 20.0)
    listed = await run_beside("route", "list")
    assert [line.split()[0] for line in listed.lines] == ["ROUTE", "branch", "sales"]
    assert (await run_beside("route", "show", "branch")).code == ExitCode.OK
    assert (await run_beside("route", "remove", "branch")).out == "route branch removed\n"


async def test_the_secret_of_a_client_is_printed_once(rig: Rig) -> None:
    added = await run_beside("client", "add", "crm", "--decide", "main", "--see", "*")
    secret = next(line.split()[1] for line in added.lines if line.startswith("secret"))
    assert len(secret) == 32
    assert "shown only now" in added.err
    for command in (("show", "crm"), ("list",), ("set", "crm", "--see", "main")):
        assert secret not in (await run_beside("client", *command)).out


async def test_a_rotated_secret_is_another_one(rig: Rig) -> None:
    added = await run_beside("client", "add", "crm", "--json")
    rotated = await run_beside("client", "set", "crm", "--decide", "none", "--rotate-secret", "--json")
    assert len(rotated.json["secret"]) == 32
    assert rotated.json["secret"] != added.json["secret"]
    assert (rotated.json["see"], rotated.json["decide"]) == (["*"], [])
    assert (await run_beside("client", "remove", "crm")).out == "client crm removed\n"


async def test_a_client_has_webhooks_with_secrets_told_once(rig: Rig) -> None:
    hooks = ("--webhook", "https://crm.example.com/a", "--webhook", "GET https://crm.example.com/b")
    added = await run_beside("client", "add", "crm", *hooks, "--webhook-retries", "0", "--json")
    assert [(hook["method"], len(hook["secret"])) for hook in added.json["webhooks"]] == [("POST", 32), ("GET", 32)]
    assert added.json["webhook_retries"] == 0
    shown = await run_beside("client", "show", "crm")
    assert "secret" not in shown.out
    assert (await run_beside("client", "set", "crm", "--no-webhooks", "--json")).json["webhooks"] == []


async def test_a_key_is_printed_once_and_works(rig: Rig) -> None:
    added = await run_beside("key", "add", "dashboard", "--scope", "read", "--json")
    key = added.json["key"]
    assert (await run_beside("calls", "--key", key)).code == ExitCode.OK
    assert key not in (await run_beside("key", "list")).out
    rotated = await run_beside("key", "set", "dashboard", "--rotate", "--scope", "admin", "--json")
    assert (await run_beside("calls", "--key", key)).code == ExitCode.DENIED
    assert (await run_beside("key", "list", "--key", rotated.json["key"])).code == ExitCode.OK
    assert (await run_beside("key", "remove", "dashboard")).out == "key dashboard removed\n"


@pytest.mark.parametrize("kind", ["trunk", "account", "application", "bot", "route", "phone", "client"])
async def test_what_does_not_exist_is_told(rig: Rig, kind: str) -> None:
    ran = await run_beside(kind, "show", "nobody")
    assert (ran.code, ran.err) == (ExitCode.NOT_FOUND, f'callgate: there is no {kind} "nobody"\n')
    assert (await run_beside(kind, "remove", "nobody")).code == ExitCode.NOT_FOUND


async def test_a_name_that_is_taken_is_a_failure(rig: Rig) -> None:
    ran = await run_beside("trunk", "add", "main", "--source", "192.0.2.99")
    assert (ran.code, ran.err) == (ExitCode.FAILED, "callgate: there is a trunk main already\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("trunk", "add", "x"),
        ("trunk", "add", "x", "--source", "192.0.2.300"),
        ("trunk", "add", "x", "--source", "192.0.2.10"),
        ("trunk", "set", "main", "--lapse", "nonsense"),
        ("trunk", "control", "main", "maybe"),
        ("route", "add", "x"),
        ("route", "add", "x", "--to", "http://x"),
        ("route", "set", "sales", "--window", "61"),
        ("client", "add", "x", "--decide", "nowhere"),
        ("key", "add", "x", "--scope", "all"),
    ],
)
async def test_a_wrong_value_changes_nothing(rig: Rig, arguments: tuple[str, ...]) -> None:
    before = rig.directory.current
    ran = await run_beside(*arguments)
    assert ran.code == ExitCode.USAGE
    assert ran.err
    assert rig.directory.current == before


async def test_a_key_that_is_not_admin_may_not_change_the_directory(rig: Rig) -> None:
    ran = await run_beside("trunk", "control", "main", "off", "--key", KEYS["decide"])
    assert ran.code == ExitCode.DENIED
    assert rig.directory.current.trunks["main"].control is True


FILE = """
[[trunk]]
name = "main"
sources = ["192.0.2.11"]

[[trunk]]
name = "third"
sources = ["192.0.2.30"]
"""


async def test_a_dry_run_tells_what_would_change_and_changes_nothing(rig: Rig, tmp_path: Path) -> None:
    file = tmp_path / "directory.toml"
    file.write_text(FILE)
    before = rig.directory.current
    ran = await run_beside("apply", str(file), "--dry-run")
    assert ran.lines == [
        "+ trunk third",
        "~ trunk main",
        "1 added, 1 changed, 0 removed would be; 5 stay as they are",
    ]
    assert rig.directory.current == before


async def test_apply_changes_the_directory_and_prune_removes_the_rest(rig: Rig, tmp_path: Path) -> None:
    file = tmp_path / "directory.toml"
    exported = await run_beside("export")
    assert (await run_beside("apply", "-", stdin=FILE.encode())).code == ExitCode.OK
    assert sorted(rig.directory.current.trunks) == ["main", "second", "third"]
    file.write_text(exported.out)
    ran = await run_beside("apply", str(file), "--prune", "--json")
    assert (ran.json["removed"], ran.json["changed"]) == (["trunk third"], ["trunk main"])
    assert sorted(rig.directory.current.trunks) == ["main", "second"]


async def test_a_mistake_in_a_directory_file_names_that_file_and_line(rig: Rig, tmp_path: Path) -> None:
    file = tmp_path / "directory.toml"
    file.write_text(FILE + 'colour = "red"\n')
    ran = await run_beside("apply", str(file))
    assert ran.code == ExitCode.USAGE
    assert ran.err.startswith(f"callgate: {file}:9: trunk ")
    assert "colour" in ran.err


async def test_a_file_that_is_not_there_is_told(rig: Rig, tmp_path: Path) -> None:
    ran = await run_beside("apply", str(tmp_path / "none.toml"))
    assert (ran.code, ran.err) == (
        ExitCode.USAGE,
        f"callgate: cannot read {tmp_path}/none.toml: No such file or directory\n",
    )


async def test_an_export_in_a_file_is_for_its_owner_alone(rig: Rig, tmp_path: Path) -> None:
    out = tmp_path / "out.toml"
    assert (await run_beside("export", "--out", str(out))).code == ExitCode.OK
    assert out.stat().st_mode & 0o077 == 0
    assert 'name = "main"' in out.read_text()
    ran = await run_beside("export", "--out", str(tmp_path / "no" / "folder"))
    assert (ran.code, "cannot write" in ran.err) == (ExitCode.USAGE, True)
