"""Tables of RCML in a directory file: what is kept, what is made, and what is told."""

from __future__ import annotations

from textwrap import dedent

import msgspec
import pytest

from callgate.directory.changes import difference
from callgate.directory.errors import DirectoryFileError
from callgate.directory.export import export
from callgate.directory.file import applied
from callgate.directory.model import Account, Application, Directory, InboundRoute, Phone, RcmlNumber, RcmlVoice
from callgate.directory.secrets import ha1
from callgate.directory.sids import is_sid_of

from .rcml_entries import ACME, ALICE, HOTLINE, MENU, NUMBER, sid
from .strategies import HASHER


def read(text: str, current: Directory | None = None, *, prune: bool = False, now: float = 0.0) -> Directory:
    return applied(current or Directory(), dedent(text).encode(), "d.toml", HASHER, prune=prune, now=now)


def told(text: str, current: Directory | None = None) -> list[str]:
    """The lines of the error about this file."""
    with pytest.raises(DirectoryFileError) as caught:
        read(text, current)
    return str(caught.value).split("\n")


FULL = """
    [[account]]
    name = "acme"
    sid = "AC00000000000000000000000000000001"
    token = "TokenOfAcme00000"
    friendly_name = "Acme"
    status = "suspended"
    numbers = ["+4420*"]
    destination = "sip:2000@pbx.example.com"
    outbound = "sip:gw.example.com"
    sign = false

    [[application]]
    name = "menu"
    account = "acme"
    sid = "AP00000000000000000000000000000001"
    friendly_name = "Menu"
    voice_url = "https://user:secret@example.com/voice"
    voice_method = "GET"
    voice_fallback_url = "https://example.com/fallback"
    voice_fallback_method = "GET"
    status_callback = "https://example.com/status"
    status_callback_method = "GET"

    [[route]]
    name = "hotline"
    did = "2002"
    outbound = "sip:gw.example.com"
    lapse = "busy"

    [route.rcml]
    account = "acme"
    application = "menu"
    voice_url = "https://example.com/voice"
    on_failure = "lapse"
    friendly_name = "Hotline"
    sid = "PN00000000000000000000000000000001"

    [[phone]]
    name = "alice"
    password = "PasswordOfAlice1"
    friendly_name = "Alice"
    account = "acme"
    sid = "CL00000000000000000000000000000001"
    enabled = false
"""
VOICE = RcmlVoice(
    "https://user:secret@example.com/voice",
    "GET",
    "https://example.com/fallback",
    "GET",
    "https://example.com/status",
    "GET",
)
ENTRIES = (
    Account(
        "acme",
        sid("AC", 1),
        "TokenOfAcme00000",
        "Acme",
        "suspended",
        ("4420*",),
        "sip:2000@pbx.example.com",
        "sip:gw.example.com",
        False,
    ),
    Application("menu", "acme", sid("AP", 1), "Menu", VOICE),
    InboundRoute(
        "hotline",
        "",
        "2002",
        lapse="busy",
        outbound="sip:gw.example.com",
        rcml=RcmlNumber(
            "acme", sid("PN", 1), "menu", RcmlVoice("https://example.com/voice"), "lapse", friendly_name="Hotline"
        ),
    ),
    Phone("alice", ha1("alice", "PasswordOfAlice1"), "Alice", "acme", sid("CL", 1), False),
)
#: The least that the tables need.
SHORT = """
    [[account]]
    name = "acme"
    [[application]]
    name = "menu"
    account = "acme"
    voice_url = "https://example.com/voice"
    [[route]]
    name = "hotline"
    destination = "sip:192.0.2.20"
    [route.rcml]
    account = "acme"
    application = "menu"
    [[phone]]
    name = "alice"
    password = "PasswordOfAlice1"
    account = "acme"
"""


def test_every_key_is_read() -> None:
    assert read(FULL) == Directory.of(ENTRIES)


def test_sids_and_tokens_are_made_and_kept() -> None:
    first = read(SHORT)
    hotline, acme = first.routes["hotline"], first.accounts["acme"]
    assert hotline.rcml is not None
    assert is_sid_of("AC", acme.sid)
    assert is_sid_of("AP", first.applications["menu"].sid)
    assert is_sid_of("PN", hotline.rcml.sid)
    assert is_sid_of("CL", first.phones["alice"].sid)
    assert len(acme.token) == 32
    assert not difference(first, read(SHORT, first))
    assert not difference(first, read(SHORT, first, prune=True))


def test_a_phone_without_an_account_has_no_sid() -> None:
    phone = read('[[phone]]\nname = "bob"\npassword = "PasswordOfBob111"\n').phones["bob"]
    assert (phone.account, phone.sid) == ("", "")


def test_a_phone_keeps_its_password_where_the_file_gives_none() -> None:
    current = Directory.of([ACME, ALICE])
    after = read('[[phone]]\nname = "alice"\naccount = "acme"\nenabled = false\n', current)
    assert after.phones["alice"] == msgspec.structs.replace(ALICE, enabled=False)


def test_a_new_phone_needs_a_password_or_its_ha1() -> None:
    expected = "expected 8 to 128 printable ASCII characters without spaces, or ha1 instead"
    assert told('[[phone]]\nname = "bob"\n') == [f'd.toml:1: phone "bob": password is missing: {expected}']
    both = told('[[phone]]\nname = "bob"\npassword = "PasswordOfBob111"\nha1 = "00000000000000000000000000000000"\n')
    assert both == ['d.toml:3: phone "bob": password = (not shown): expected password or ha1, not both']
    assert told('[[phone]]\nname = "bob"\npassword = "hunter2"\n')[0].startswith(
        'd.toml:3: phone "bob": password = (not shown): expected 8 to 128 '
    )


def test_problems_of_a_sub_table_have_its_lines_and_names() -> None:
    lines = told(
        """\
        [[account]]
        name = "acme"
        [[route]]
        name = "a"
        did = "1"
        destination = "sip:192.0.2.1"
          [route.rcml]
          account = "acme"
          voice_url = "ftp://example.com/"
        [[route]]
        name = "b"
        did = "2"
        destination = "sip:192.0.2.1"
          [route.rcml]
          acount = "acme"
          voice_method = "PUT"
        [[route]]
        name = "c"
        did = "3"
        destination = "sip:192.0.2.1"
        rcml = ["acme"]
        [[route]]
        name = "d"
        did = "4"
        destination = "sip:192.0.2.1"
          [route.rcml]
          account = "nobody"
          application = "nothing"
        """
    )
    known = ", ".join(
        [
            "voice_url, voice_method, voice_fallback_url, voice_fallback_method, status_callback",
            "status_callback_method, account, application, on_failure, friendly_name, sid",
        ]
    )
    assert [line for line in lines if ":9:" not in line] == [
        'd.toml:14: route "b": rcml.account is missing: expected the name of an account that exists',
        'd.toml:15: route "b": rcml.acount = (not shown): '
        f"expected a key of [route.rcml]: {known}; did you mean account?",
        'd.toml:16: route "b": rcml.voice_method = "PUT": expected "POST" or "GET"',
        'd.toml:21: route "c": rcml = (not shown): expected a table, [route.rcml]',
        'd.toml:27: route "d": rcml.account = "nobody": expected the name of an account that exists',
        'd.toml:28: route "d": rcml.application = "nothing": expected the name of an application that exists',
    ]
    assert lines[0].startswith(
        'd.toml:9: route "a": rcml.voice_url = "ftp://example.com/": expected an http or https URL'
    )


def test_what_names_a_broken_account_is_not_told_too() -> None:
    (line,) = told(FULL.replace("TokenOfAcme00000", "short").replace("    ", ""))
    assert line.startswith('d.toml:5: account "acme": token = (not shown): expected 16 to 128 ')


def test_no_secret_is_in_an_error() -> None:
    lines = told(
        """\
        [[account]]
        name = "acme"
        token = "hunter2"
        tokn = "hunter2"
        [[phone]]
        name = "bob"
        password = 2
        ha1 = "hunter2"
        pasword = "hunter2"
        [[application]]
        name = "a"
        account = "acme"
        voice_url = "https://user:hunter2 @example.com/"
        voice_ur = "https://user:hunter2@example.com/"
        [[route]]
        name = "r"
        token = "hunter2"
        """
    )
    assert len(lines) >= 8
    assert "hunter2" not in "".join(lines)
    (broken,) = told('[[account]]\nname = "acme"\ntoken = hunter2')
    assert "hunter2" not in broken
    (broken,) = told('[[route]]\nname = "r"\n[route.rcml]\nvoice_url = https://user:hunter2@example.com')
    assert "hunter2" not in broken


def test_when_entries_were_made_and_changed_is_the_clocks() -> None:
    first = read(SHORT, now=100.0)
    again = read(SHORT, first, now=200.0)
    assert not difference(first, again)
    changed = read(SHORT.replace('name = "menu"', 'name = "menu"\n    friendly_name = "Menu"'), first, now=300.0)
    menu, alice = changed.applications["menu"], changed.phones["alice"]
    assert (menu.created, menu.updated) == (100.0, 300.0)
    assert (alice.created, alice.updated) == (100.0, 100.0)


# --- and back ----------------------------------------------------------------------------------------------------


def test_an_export_holds_secrets_only_if_asked() -> None:
    directory = Directory.of(ENTRIES)
    plain, full = export(directory), export(directory, include_secrets=True)
    for secret in ("TokenOfAcme00000", ENTRIES[3].ha1, "user:secret@"):
        assert secret not in plain
        assert secret in full
    assert "secrets of accounts, URLs with a password and phones are left out" in plain
    assert "left out" not in full


def test_an_export_without_secrets_keeps_those_that_are_there() -> None:
    directory = Directory.of(ENTRIES)
    assert not difference(directory, read(export(directory), directory, prune=True))


def test_an_export_without_secrets_tells_elsewhere_what_it_lacks() -> None:
    lines = told(export(Directory.of(ENTRIES)))
    assert any('application "menu": voice_url = (not shown)' in line and '"***"' in line for line in lines)
    assert any('phone "alice": password is missing' in line for line in lines)
    assert len(lines) == 2


def test_sids_survive_an_export_to_another_directory() -> None:
    directory = Directory.of([ACME, MENU, HOTLINE])
    there = read(export(directory), now=500.0)
    assert there.accounts["acme"].sid == ACME.sid
    assert there.applications["menu"].sid == MENU.sid
    assert there.routes["hotline"].rcml == msgspec.structs.replace(NUMBER, created=500.0, updated=500.0)
    assert there.accounts["acme"].token != ACME.token
