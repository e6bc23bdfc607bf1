"""Bots, and routes that name them, from the command line, against the real API and directory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callgate.cli.exits import ExitCode
from tests.dialects.native.rig import KEYS, Rig, serving
from tests.unit.cli.console import run_beside
from tests.unit.directory.bot_entries import APP_ID, certificate

NEEDED = ("--callback", "https://bot.example.com/callbacks", "--media", "sip:192.0.2.30")


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    async with serving(tmp_path) as made:
        monkeypatch.setenv("CALLGATE_URL", f"http://{made.address}")
        monkeypatch.setenv("CALLGATE_KEY", KEYS["admin"])
        yield made


async def test_the_secret_of_a_bot_is_printed_once(rig: Rig) -> None:
    options = ("--number", "4420*", "--redirect", "none", "--display-name", "Greeter", "--app-id", APP_ID)
    added = await run_beside("bot", "add", "greeter", *NEEDED, *options)
    (secret,) = [line.split()[1] for line in added.lines if line.split()[0] == "secret"]
    bot = rig.directory.current.bots["greeter"]
    assert rig.directory.hasher.verify(bot.secret_hashes[0], secret)
    assert (bot.app_id, bot.numbers, bot.redirects, bot.display_name) == (APP_ID, ("4420*",), (), "Greeter")
    assert "shown only now" in added.err
    for command in (("show", "greeter"), ("list",), ("set", "greeter", "--disabled", "--media", "sip:192.0.2.31")):
        ran = await run_beside("bot", *command)
        assert (ran.code, "greeter" in ran.out, secret in ran.out) == (ExitCode.OK, True, False)
    changed = rig.directory.current.bots["greeter"]
    assert (changed.enabled, changed.media, changed.callback) == (False, "sip:192.0.2.31", bot.callback)
    assert (await run_beside("bot", "remove", "greeter")).out == "bot greeter removed\n"


async def test_a_new_secret_stands_beside_the_last_or_alone(rig: Rig) -> None:
    await run_beside("bot", "add", "greeter", *NEEDED)
    beside = (await run_beside("bot", "secret", "greeter", "--json")).json
    alone = (await run_beside("bot", "secret", "greeter", "--only", "--json")).json
    assert (beside["secrets"], alone["secrets"], beside["secret"] != alone["secret"]) == (2, 1, True)


async def test_a_secret_is_read_from_standard_input_and_printed_nowhere(rig: Rig) -> None:
    added = await run_beside("bot", "add", "greeter", *NEEDED, "--secret-stdin", stdin=b"made-by-a-person\n")
    assert (added.code, "made-by-a-person" in added.out + added.err) == (ExitCode.OK, False)
    (one,) = rig.directory.current.bots["greeter"].secret_hashes
    assert rig.directory.hasher.verify(one, "made-by-a-person")


async def test_certificates_are_read_from_files(rig: Rig, tmp_path: Path) -> None:
    first, second = tmp_path / "one.pem", tmp_path / "two.pem"
    first.write_text(certificate())
    second.write_text(certificate(number=2))
    added = await run_beside("bot", "add", "greeter", *NEEDED, "--certificate", str(first), "--json")
    assert "secret" not in added.json
    assert added.json["certificates"] == [certificate()]
    await run_beside("bot", "set", "greeter", "--certificate", str(first), "--certificate", str(second))
    assert rig.directory.current.bots["greeter"].certificates == (certificate(), certificate(number=2))
    last = await run_beside("bot", "set", "greeter", "--no-certificate")
    assert (last.code, "secret" in last.err) == (ExitCode.USAGE, True)
    await run_beside("bot", "secret", "greeter")
    await run_beside("bot", "set", "greeter", "--no-certificate")
    assert not rig.directory.current.bots["greeter"].certificates


async def test_a_route_names_bots(rig: Rig) -> None:
    for name in ("greeter", "other"):
        await run_beside("bot", "add", name, *NEEDED)
    added = (await run_beside("route", "add", "desk", "--did", "7*", "--bot", "greeter", "--json")).json
    assert (added["bots"], added["window"], added["destination"]) == (["greeter"], 15.0, "")
    changed = await run_beside("route", "set", "desk", "--bot", "other", "--bot", "greeter")
    lines = [tuple(line.split()) for line in changed.lines]
    assert ("bots", "other,", "greeter") in lines
    assert ("lapse", "temporarily_unavailable") in lines
    assert ("window", "15", "s") in lines
    assert "other, greeter" in (await run_beside("route", "list")).out
    used = await run_beside("bot", "remove", "other")
    assert (used.code, 'route "desk"' in used.err) == (ExitCode.FAILED, True)
    free = (await run_beside("route", "set", "desk", "--no-bots", "--to", "sip:192.0.2.1", "--json")).json
    assert (free["bots"], free["destination"]) == ([], "sip:192.0.2.1")


@pytest.mark.parametrize(
    "arguments",
    [
        ("bot", "add", "x"),
        ("bot", "add", "x", *NEEDED, "--app-id", "x"),
        ("bot", "add", "x", *NEEDED, "--number", "a b"),
        ("bot", "add", "x", *NEEDED, "--secret-stdin"),
        ("bot", "add", "x", *NEEDED, "--certificate", "/nonexistent"),
        ("bot", "add", "x", *NEEDED, "--certificate", __file__),
        ("bot", "set", "x", "--no-certificate", "--certificate", __file__),
        ("route", "add", "x", "--bot", "nobody"),
        ("route", "set", "sales", "--bot", "nobody"),
        ("route", "set", "sales", "--bot", "x", "--no-bots"),
    ],
)
async def test_a_wrong_value_changes_nothing(rig: Rig, arguments: tuple[str, ...]) -> None:
    before = rig.directory.current
    ran = await run_beside(*arguments)
    assert ran.code == ExitCode.USAGE
    assert ran.err
    assert rig.directory.current == before
