"""What entries of RCML may be, and how they have to fit each other."""

from __future__ import annotations

import msgspec
import pytest

from callgate.directory.check import check_directory, check_entry, normal
from callgate.directory.edits import without
from callgate.directory.errors import EntryInUseError
from callgate.directory.model import Account, Application, Directory, Entry, InboundRoute, Phone, RcmlNumber, RcmlVoice
from callgate.directory.rules import RULES, VOICE_KEYS

from .rcml_entries import ACME, ALICE, HOTLINE, MENU, NUMBER, OTHER, VOICE, sid

ALL = (ACME, OTHER, MENU, HOTLINE, ALICE)
URLS = sorted(key for key in VOICE_KEYS if not key.endswith("method"))
GOOD_URLS = ["", "http://a", "https://user:p%40ss@example.com:8443/voice?x=1&y=2", "http://user@[::1]:8090/"]
BAD_URLS = ["ftp://a", "//a", "a", "https://", "https://a b", "https://a#b", "https://a:0", "https://" + "a" * 1024,
            "https://user:***@a"]  # fmt: skip


def wrong(entry: Entry, **changes: object) -> list[str]:
    """The keys that are told to be wrong after these changes."""
    return [problem.key for problem in check_entry(msgspec.structs.replace(entry, **changes))]


def wrong_number(**changes: object) -> list[str]:
    return wrong(HOTLINE, rcml=msgspec.structs.replace(NUMBER, **changes))


def clashes(*entries: Entry) -> list[str]:
    return [str(problem) for problem in check_directory(Directory.of(normal(entry) for entry in entries))]


def test_entries_that_are_right_have_no_problem() -> None:
    assert [problem for entry in ALL for problem in check_entry(entry)] == []
    assert clashes(*ALL) == []


@pytest.mark.parametrize("entry", [ACME, MENU, ALICE, HOTLINE])
@pytest.mark.parametrize("name", ["", "x" * 65, "a b", "a\n", "é", "*", "a/b", "a@b", 'a"b'])
def test_no_other_name_is_taken(entry: Entry, name: str) -> None:
    assert wrong(entry, name=name) == ["name"]


@pytest.mark.parametrize("login", ["alice", "+44.2079-46_1", "x" * 64])
def test_a_phones_name_is_a_login(login: str) -> None:
    assert wrong(ALICE, name=login) == []


@pytest.mark.parametrize("text", ["", "AC1", "PN" + "0" * 31, "PN" + "A" * 32, "XX" + "0" * 32, sid("PN", 1) + "\n"])
def test_a_sid_has_its_letters_and_32_hex_digits(text: str) -> None:
    assert wrong(ACME, sid=text) == ["sid"]
    assert wrong(MENU, sid=text) == ["sid"]
    assert wrong(ALICE, sid=text)[:1] == ["sid"]
    assert wrong_number(sid=text) == ["rcml.sid"]


@pytest.mark.parametrize("token", ["x" * 16, "x" * 128, '!"#$%&()*+,-./:;<'])
def test_a_token_is_printable_without_spaces(token: str) -> None:
    assert wrong(ACME, token=token) == []


@pytest.mark.parametrize("token", ["", "x" * 15, "x" * 129, "with a space in it", "é" * 16, "x" * 16 + "\n"])
def test_no_other_token_is_taken(token: str) -> None:
    assert wrong(ACME, token=token) == ["token"]


@pytest.mark.parametrize("numbers", [(), ("*",), ("2002", "+4420*")])
def test_an_accounts_numbers_are_dids(numbers: tuple[str, ...]) -> None:
    assert wrong(ACME, numbers=numbers) == []


@pytest.mark.parametrize("number", ["", "2 002", "**", "x" * 33])
def test_no_other_numbers_are_taken(number: str) -> None:
    assert wrong(ACME, numbers=("*", number)) == ["numbers[1]"]


@pytest.mark.parametrize("uri", ["", "sip:192.0.2.20:5060", "sips:[2001:db8::1];transport=tls"])
@pytest.mark.parametrize("entry", [ACME, HOTLINE])
def test_outbound_is_a_sip_uri_without_user_part(entry: Entry, uri: str) -> None:
    assert wrong(entry, outbound=uri) == []


@pytest.mark.parametrize("uri", ["sip:1@192.0.2.20", "tel:1", "192.0.2.20", "sip:"])
@pytest.mark.parametrize("entry", [ACME, HOTLINE])
def test_no_other_outbound_is_taken(entry: Entry, uri: str) -> None:
    assert wrong(entry, outbound=uri) == ["outbound"]


@pytest.mark.parametrize("key", URLS)
@pytest.mark.parametrize("url", GOOD_URLS)
def test_a_url_of_an_application_may_have_user_and_password(key: str, url: str) -> None:
    assert wrong(MENU, voice=msgspec.structs.replace(VOICE, **{key: url})) == []


@pytest.mark.parametrize("key", URLS)
@pytest.mark.parametrize("url", BAD_URLS)
def test_no_other_url_is_taken(key: str, url: str) -> None:
    assert wrong(MENU, voice=msgspec.structs.replace(VOICE, **{key: url})) == [key]
    assert wrong_number(voice=msgspec.structs.replace(VOICE, **{key: url})) == [f"rcml.{key}"]


@pytest.mark.parametrize("name", ["x" * 129, "two\nlines", "\x1b[31m"])
def test_a_friendly_name_is_short_and_printable(name: str) -> None:
    for entry in (ACME, MENU, ALICE):
        assert wrong(entry, friendly_name=name) == ["friendly_name"]
    assert wrong_number(friendly_name=name) == ["rcml.friendly_name"]
    assert wrong(ACME, friendly_name="Zürich 📞") == []


def test_a_phone_has_a_sid_if_it_has_an_account() -> None:
    assert wrong(ALICE, account="", sid="") == []
    assert wrong(ALICE, account="") == ["sid"]
    assert wrong(ALICE, sid="") == ["sid"]


@pytest.mark.parametrize("ha1", ["", "0" * 31, "0" * 33, "A" * 32, "PasswordOfAlice1"])
def test_an_ha1_is_32_hex_digits(ha1: str) -> None:
    assert wrong(ALICE, ha1=ha1) == ["ha1"]


# --- a route without destination, and what decides it ----------------------------------------------------------


def test_a_route_without_rcml_needs_a_destination() -> None:
    assert wrong(HOTLINE, destination="", rcml=None, lapse="busy") == ["destination"]


def test_a_route_without_destination_needs_a_reason_of_its_own_as_lapse() -> None:
    assert wrong(HOTLINE, destination="", lapse="busy") == []
    assert wrong(HOTLINE, destination="", lapse=None) == ["lapse"]
    assert wrong(HOTLINE, destination="", lapse="accept") == ["lapse"]
    assert wrong(HOTLINE, destination="", lapse="Accept") == ["lapse"]


def test_a_route_may_fail_open_if_it_has_a_destination() -> None:
    fails_open = msgspec.structs.replace(NUMBER, on_failure="lapse")
    assert wrong(HOTLINE, lapse="accept", rcml=fails_open) == []
    assert wrong(HOTLINE, lapse="accept", rcml=fails_open, destination="") == ["lapse"]


def test_a_binding_needs_a_voice_url_or_an_application() -> None:
    assert wrong_number(voice=RcmlVoice(), application="menu") == []
    assert wrong_number(voice=RcmlVoice()) == ["rcml.voice_url"]


# --- names of others ---------------------------------------------------------------------------------------------


def test_accounts_and_applications_that_are_named_exist() -> None:
    number = msgspec.structs.replace(NUMBER, application="menu")
    assert clashes(MENU, msgspec.structs.replace(HOTLINE, rcml=number), ALICE) == [
        'application "menu": account = "acme": expected the name of an account that exists',
        'route "hotline": rcml.account = "acme": expected the name of an account that exists',
        'phone "alice": account = "acme": expected the name of an account that exists',
    ]
    assert clashes(ACME, msgspec.structs.replace(HOTLINE, rcml=number)) == [
        'route "hotline": rcml.application = "menu": expected the name of an application that exists'
    ]


def test_a_number_and_its_application_belong_to_one_account() -> None:
    number = msgspec.structs.replace(NUMBER, account="other", application="menu")
    assert clashes(ACME, OTHER, MENU, msgspec.structs.replace(HOTLINE, rcml=number)) == [
        'route "hotline": rcml.application = "menu": expected an application of the same account, "other"'
    ]


def test_a_sid_belongs_to_one_entry_of_its_kind() -> None:
    told = clashes(
        *ALL,
        msgspec.structs.replace(OTHER, name="o2"),
        msgspec.structs.replace(MENU, name="m2"),
        msgspec.structs.replace(HOTLINE, name="h2", did="1"),
        msgspec.structs.replace(ALICE, name="a2"),
        Phone("b1", ALICE.ha1),
        Phone("b2", ALICE.ha1),
    )
    assert told == [
        f'account "o2": sid = "{OTHER.sid}": expected a sid of its own; account "other" has it',
        f'application "m2": sid = "{MENU.sid}": expected a sid of its own; application "menu" has it',
        f'route "h2": rcml.sid = "{NUMBER.sid}": expected a sid of its own; route "hotline" has it',
        f'phone "a2": sid = "{ALICE.sid}": expected a sid of its own; phone "alice" has it',
    ]


@pytest.mark.parametrize(
    ("user", "kind", "name", "told"),
    [
        (HOTLINE, "account", "acme", 'route "hotline"'),
        (MENU, "account", "acme", 'application "menu"'),
        (ALICE, "account", "acme", 'phone "alice"'),
        (
            msgspec.structs.replace(HOTLINE, rcml=RcmlNumber("acme", sid("PN", 1), "menu")),
            "application",
            "menu",
            'route "hotline"',
        ),
    ],
)
def test_who_is_named_by_others_is_not_removed(user: Entry, kind: str, name: str, told: str) -> None:
    directory = Directory.of([ACME, MENU, user])
    with pytest.raises(EntryInUseError, match="is still named by") as caught:
        without(directory, kind, name)  # type: ignore[arg-type]  # a kind, from the table above
    assert told in caught.value.users


def test_the_normal_form_of_an_accounts_numbers_has_no_plus() -> None:
    assert normal(msgspec.structs.replace(ACME, numbers=("+44*", "44*", "1"))) == msgspec.structs.replace(
        ACME, numbers=("44*", "1")
    )


# --- the rules and the secrets -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "entry"),
    [
        ("account", Account),
        ("application", Application),
        ("route", InboundRoute),
        ("rcml", RcmlNumber),
        ("phone", Phone),
    ],
)
def test_every_field_of_an_entry_has_its_rule(kind: str, entry: type[msgspec.Struct]) -> None:
    fields = set(entry.__struct_fields__)
    if "voice" in fields:
        fields = fields - {"voice"} | set(RcmlVoice.__struct_fields__)
    assert set(RULES[kind]) == fields  # type: ignore[index]  # a kind, from the table above


def test_no_secret_is_in_a_problem_or_in_an_entrys_text() -> None:
    secret = "hunter2 hunter2"
    voice = RcmlVoice(f"https://user:{secret}@example.com/", status_callback=f"ftp://user:{secret}@example.com/")
    entries = (
        msgspec.structs.replace(ACME, token=secret),
        msgspec.structs.replace(ALICE, ha1=secret),
        msgspec.structs.replace(MENU, voice=voice),
        msgspec.structs.replace(HOTLINE, rcml=msgspec.structs.replace(NUMBER, voice=voice)),
    )
    problems = [str(problem) for entry in entries for problem in check_entry(entry)]
    assert len(problems) == 6
    assert "hunter2" not in "".join(problems)
    assert "hunter2" not in repr(entries[:2])
