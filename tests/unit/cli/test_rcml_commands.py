"""Accounts, applications, phones and routes of RCML from the command line, against the real API and directory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callgate.cli.exits import ExitCode
from callgate.directory.model import Phone
from callgate.directory.secrets import ha1
from tests.dialects.native.rig import KEYS, Rig, serving
from tests.unit.cli.console import run_beside

URL = "https://example.com/voice"
HA1 = "0123456789abcdef0123456789abcdef"


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    async with serving(tmp_path) as made:
        monkeypatch.setenv("CALLGATE_URL", f"http://{made.address}")
        monkeypatch.setenv("CALLGATE_KEY", KEYS["admin"])
        await made.post("/v1/accounts", {"name": "acme"})
        yield made


async def test_the_token_of_an_account_is_printed_once(rig: Rig) -> None:
    options = ("--number", "4420*", "--outbound", "sip:192.0.2.20", "--no-sign", "--friendly-name", "Old one")
    added = await run_beside("account", "add", "old", *options)
    entry = rig.directory.current.accounts["old"]
    assert ("token", entry.token) in [tuple(line.split()) for line in added.lines]
    assert "shown only now" in added.err
    assert (entry.numbers, entry.outbound, entry.sign, entry.friendly_name) == (
        ("4420*",),
        "sip:192.0.2.20",
        False,
        "Old one",
    )
    for command in (("show", "old"), ("list",), ("set", "old", "--status", "suspended", "--number", "none")):
        ran = await run_beside("account", *command)
        assert (ran.code, entry.sid in ran.out, entry.token in ran.out) == (ExitCode.OK, True, False)
    changed = rig.directory.current.accounts["old"]
    assert (changed.status, changed.numbers, changed.sign) == ("suspended", (), False)
    made = (await run_beside("account", "token", "old", "--json")).json
    assert made["token"] == rig.directory.current.accounts["old"].token != entry.token
    assert (await run_beside("account", "remove", "old")).out == "account old removed\n"


async def test_an_application_is_added_listed_changed_and_removed(rig: Rig) -> None:
    added = await run_beside("application", "add", "menu", "--account", "acme", "--voice-url", URL, "--json")
    assert (added.json["voice_url"], added.json["voice_method"], added.json["account"]) == (URL, "POST", "acme")
    changed = await run_beside(
        "application", "set", "menu", "--voice-fallback-url", f"{URL}/2", "--voice-fallback-method", "GET"
    )
    lines = [tuple(line.split()) for line in changed.lines]
    assert ("voice", "url", "POST", URL) in lines
    assert ("fallback", "url", "GET", f"{URL}/2") in lines
    listed = await run_beside("application", "list")
    assert [line.split()[0] for line in listed.lines] == ["APPLICATION", "menu"]
    assert URL in (await run_beside("application", "show", "menu")).out
    taken = await run_beside("application", "add", "menu", "--account", "acme")
    assert (taken.code, taken.err) == (ExitCode.FAILED, "callgate: there is an application menu already\n")
    assert (await run_beside("application", "remove", "menu")).out == "application menu removed\n"


async def test_a_phones_password_is_made_and_printed_once(rig: Rig) -> None:
    added = await run_beside("phone", "add", "al.ice", "--account", "acme")
    password = next(line.split()[1] for line in added.lines if line.startswith("password"))
    assert rig.directory.current.phones["al.ice"].ha1 == ha1("al.ice", password)
    assert "shown only now" in added.err
    for command in (("show", "al.ice"), ("list",), ("set", "al.ice", "--disabled", "--account", "")):
        ran = await run_beside("phone", *command)
        assert (ran.code, "al.ice" in ran.out, password in ran.out) == (ExitCode.OK, True, False)
    phone = rig.directory.current.phones["al.ice"]
    assert (phone.enabled, phone.account, phone.sid) == (False, "", "")
    rotated = await run_beside("phone", "set", "al.ice", "--rotate-password", "--json")
    assert rig.directory.current.phones["al.ice"].ha1 == ha1("al.ice", rotated.json["password"])
    assert (await run_beside("phone", "remove", "al.ice")).out == "phone al.ice removed\n"


async def test_where_phones_are_registered_is_listed_and_shown(rig: Rig) -> None:
    assert "no phones" in (await run_beside("phone", "list")).err
    await rig.directory.apply([Phone("alice", HA1, "Alice"), Phone("bob", HA1)])
    rig.control.registers("alice", 2, "192.0.2.50:5062")
    listed = await run_beside("phone", "list")
    assert [line.split()[:2] for line in listed.lines] == [
        ["PHONE", "REGISTERED"],
        ["alice", "192.0.2.50:5062"],
        ["bob", "-"],
    ]
    (alice, bob) = (await run_beside("phone", "list", "--json")).json
    assert (alice["friendly_name"], alice["status"]["contacts"], bob["status"]["registered"]) == ("Alice", 2, False)
    shown = [line.split() for line in (await run_beside("phone", "show", "alice")).lines]
    assert ["registered", "192.0.2.50:5062"] in shown and ["contacts", "2"] in shown
    assert ["registered", "-"] in [line.split() for line in (await run_beside("phone", "show", "bob")).lines]
    assert (await run_beside("phone", "show", "bob", "--json")).json["status"] == bob["status"]
    assert (await run_beside("phone", "show", "carol")).code == ExitCode.NOT_FOUND


async def test_a_phones_password_is_read_from_standard_input_and_printed_nowhere(rig: Rig) -> None:
    added = await run_beside("phone", "add", "bob", "--password-stdin", stdin=b"PasswordOfBob111\n")
    assert (added.code, "PasswordOfBob111" in added.out + added.err) == (ExitCode.OK, False)
    assert rig.directory.current.phones["bob"].ha1 == ha1("bob", "PasswordOfBob111")
    changed = await run_beside("phone", "set", "bob", "--password-stdin", stdin=b"another-one\r\nrest\n")
    assert changed.code == ExitCode.OK
    assert rig.directory.current.phones["bob"].ha1 == ha1("bob", "another-one")


async def test_a_route_is_bound_changed_and_let_go(rig: Rig) -> None:
    options = ("--lapse", "busy", "--outbound", "sip:192.0.2.20", "--rcml-account", "acme", "--voice-url", URL)
    added = (await run_beside("route", "add", "hotline", "--did", "7*", *options, "--json")).json
    assert (added["destination"], added["outbound"], added["rcml"]["account"]) == ("", "sip:192.0.2.20", "acme")
    listed = await run_beside("route", "list")
    assert [line.split()[-1] for line in listed.lines] == ["RCML", "acme", "-"]
    more = ("--status-callback", f"{URL}/status", "--on-failure", "lapse", "--friendly-name", "Hot")
    changed = await run_beside("route", "set", "hotline", *more)
    lines = [tuple(line.split()) for line in changed.lines]
    assert ("rcml", "account", "acme") in lines
    assert ("voice", "url", "POST", URL) in lines
    assert ("status", "callback", "POST", f"{URL}/status") in lines
    assert ("sid", added["rcml"]["sid"]) in lines
    used = await run_beside("account", "remove", "acme")
    assert (used.code, 'route "hotline"' in used.err) == (ExitCode.FAILED, True)
    free = (await run_beside("route", "set", "hotline", "--no-rcml", "--to", "sip:192.0.2.1", "--json")).json
    assert (free["rcml"], free["destination"]) == (None, "sip:192.0.2.1")


@pytest.mark.parametrize(
    "arguments",
    [
        ("account", "add", "x", "--number", "a b"),
        ("account", "set", "acme", "--status", "closed"),
        ("application", "add", "x"),
        ("application", "add", "x", "--account", "nobody"),
        ("phone", "add", "a b"),
        ("phone", "add", "x", "--account", "nobody"),
        ("phone", "add", "x", "--password-stdin"),
        ("phone", "set", "x", "--password-stdin", "--rotate-password"),
        ("route", "add", "x", "--to", "sip:192.0.2.1", "--voice-url", URL),
        ("route", "add", "x", "--rcml-account", "acme", "--voice-url", URL),
        ("route", "set", "sales", "--rcml-account", "acme"),
        ("route", "set", "sales", "--voice-url", URL),
        ("route", "set", "sales", "--rcml-account", "acme", "--voice-url", "ftp://example.com"),
        ("route", "set", "sales", "--rcml-account", "acme", "--no-rcml"),
    ],
)
async def test_a_wrong_value_changes_nothing(rig: Rig, arguments: tuple[str, ...]) -> None:
    before = rig.directory.current
    ran = await run_beside(*arguments)
    assert ran.code == ExitCode.USAGE
    assert ran.err
    assert rig.directory.current == before
