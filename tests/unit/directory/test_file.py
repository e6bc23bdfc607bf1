"""The directory file: what it makes, and how every mistake in it is told."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.directory.changes import difference
from callgate.directory.errors import PROBLEM_LIMIT, DirectoryFileError
from callgate.directory.file import applied
from callgate.directory.lookup import Lookup
from callgate.directory.model import ApiKey, Client, Directory, InboundRoute, Trunk, Webhook
from callgate.directory.rules import RULES
from callgate.directory.secrets import digest, new_key

from .strategies import HASHER

EXAMPLE = Path(__file__).parents[3] / "examples" / "directory.toml"


def read(text: str, current: Directory | None = None, *, prune: bool = False) -> Directory:
    return applied(current or Directory(), dedent(text).encode(), "d.toml", HASHER, prune=prune)


def told(text: str | bytes, current: Directory | None = None, *, prune: bool = False) -> list[str]:
    """The lines of the error about this file."""
    data = text if isinstance(text, bytes) else dedent(text).encode()
    with pytest.raises(DirectoryFileError) as caught:
        applied(current or Directory(), data, "d.toml", HASHER, prune=prune)
    return str(caught.value).split("\n")


FULL = """
    [[trunk]]
    name = "carrier"
    sources = ["192.0.2.10", "198.51.100.0/24"]
    control = false
    refuse = "busy"
    lapse = "no_route"

    [[route]]
    name = "sales"
    did = "+4420*"
    trunks = ["carrier"]
    destination = "sip:pbx.example.com"
    window = 5
    lapse = "accept"

    [[client]]
    name = "crm"
    client_id = "crm-1"
    secret = "a-secret-of-the-crm"
    see = ["carrier"]
    decide = []
    webhook_timeout = 3
    webhook_retries = 0
      [[client.webhook]]
      url = "https://example.com/events"
      secret = "0123456789abcdef"
      method = "GET"
      events = [30011, 30016]

    [[key]]
    name = "ops"
    key = "cg_0123456789012345678901234567890123456789012"
    scope = "read"
    """


def test_every_key_of_every_table_is_read() -> None:
    directory = read(FULL)
    client = directory.clients["crm"]
    assert HASHER.verify(client.secret_hash, "a-secret-of-the-crm")
    assert directory == Directory.of(
        [
            Trunk("carrier", ("192.0.2.10", "198.51.100.0/24"), False, "busy", "no_route"),
            InboundRoute("sales", "sip:pbx.example.com", "4420*", ("carrier",), 5.0, "accept"),
            Client(
                name="crm",
                client_id="crm-1",
                secret_hash=client.secret_hash,
                see=("carrier",),
                decide=(),
                webhooks=(Webhook("https://example.com/events", "0123456789abcdef", "GET", (30011, 30016)),),
                webhook_timeout=3.0,
                webhook_retries=0,
            ),
            ApiKey("ops", digest("cg_0123456789012345678901234567890123456789012"), "read"),
        ]
    )


def test_what_is_left_out_has_the_models_defaults() -> None:
    directory = read(
        f"""
        [[trunk]]
        name = "a"
        sources = ["::1"]
        [[route]]
        name = "r"
        destination = "sip:pbx"
        [[client]]
        name = "c"
        client_id = "c"
        secret_hash = "{HASHER.hash("a secret")}"
        [[key]]
        name = "k"
        digest = "{digest("k")}"
        """
    )
    assert directory == Directory.of(
        [
            Trunk("a", ("::1",)),
            InboundRoute("r", "sip:pbx"),
            Client("c", "c", directory.clients["c"].secret_hash),
            ApiKey("k", digest("k")),
        ]
    )


def test_an_empty_file_changes_nothing_and_with_prune_empties_the_directory() -> None:
    current = read(FULL)
    assert read("", current) == current
    assert read("# nothing", current, prune=True) == Directory()


def test_the_same_file_again_changes_nothing() -> None:
    current = read(FULL)
    assert not difference(current, read(FULL, current))
    assert not difference(current, read(FULL, current, prune=True))


def test_another_secret_in_the_file_gets_another_hash() -> None:
    current = read(FULL)
    after = read(FULL.replace("a-secret-of-the-crm", "a-new-secret"), current)
    assert HASHER.verify(after.clients["crm"].secret_hash, "a-new-secret")
    assert not HASHER.verify(after.clients["crm"].secret_hash, "a-secret-of-the-crm")


def test_a_webhook_without_a_secret_keeps_the_one_of_its_url_and_a_new_one_gets_one() -> None:
    current = read(FULL)
    after = read(
        """
        [[client]]
        name = "crm"
        client_id = "crm-1"
        secret = "a-secret-of-the-crm"
        [[client.webhook]]
        url = "https://example.com/other"
        [[client.webhook]]
        url = "https://example.com/events"
        """,
        current,
    )
    other, events = after.clients["crm"].webhooks
    assert events.secret == "0123456789abcdef"
    assert len(other.secret) == 32


def test_a_byte_order_mark_and_windows_line_ends_are_taken() -> None:
    data = b"\xef\xbb\xbf" + dedent(FULL).replace("\n", "\r\n").encode()
    assert applied(Directory(), data, "d.toml", HASHER).trunks == read(FULL).trunks


def test_the_example_is_right_and_takes_the_calls_of_this_machine() -> None:
    directory = applied(Directory(), EXAMPLE.read_bytes(), EXAMPLE.name, HASHER)
    assert directory.trunks["test-peer-trunking"].control
    index = Lookup(directory)
    reception, other = index.route("test-peer-trunking", "2002"), index.route("test-peer-trunking", "+4420")
    assert reception is not None and other is not None
    assert (reception.name, reception.destination, reception.window) == ("reception", "sip:127.0.0.1:5070", 10.0)
    assert other.destination == reception.destination
    demo = directory.clients["demo"]
    assert len(demo.client_id) == 32
    assert demo.may_decide("test-peer-trunking")
    assert directory.keys == {}


def test_every_mistake_is_told_with_line_key_value_and_what_was_expected() -> None:
    assert told(
        """\
        [[trunk]]
        name = "main trunk"
        sources = [
          "192.0.2.10",
          "nowhere",
        ]
        [[route]]
        name = "sales"
        destination = "sip:pbx"
        window = 90
        trunks = ["main"]
        """
    ) == [
        'd.toml:2: trunk "main trunk": name = "main trunk": expected 1 to 64 letters, digits, "-" and "_", '
        'but not "phones"',
        'd.toml:5: trunk "main trunk": sources[1] = "nowhere": expected IP addresses and networks, like '
        '["192.0.2.10", "198.51.100.0/24", "2001:db8::/32"]',
        'd.toml:10: route "sales": window = 90.0: expected 1 to 60 seconds',
        'd.toml:11: route "sales": trunks[0] = "main": expected the name of a trunk that exists',
    ]


def test_a_wrong_type_an_unknown_key_and_a_missing_one_are_told_together() -> None:
    lines = told(
        """\
        [[route]]
        destination = ["sip:pbx"]
        windw = 10
        did = "5*5"
        """
    )
    assert [line.split(": expected")[0] for line in lines] == [
        "d.toml:1: route: name is missing",
        'd.toml:2: route: destination = ["sip:pbx"]',
        "d.toml:3: route: windw = 10",
        'd.toml:4: route: did = "5*5"',
    ]
    known = "name, destination, did, trunks, window, lapse, outbound, rcml, bots, queue, phone"
    assert lines[2].endswith(f"a key of [[route]]: {known}; did you mean window?")


def test_an_item_of_a_wrong_type_is_told_with_its_own_line() -> None:
    (line,) = told('[[trunk]]\nname = "a"\nsources = [\n  "::1",\n\n  7,\n]\n')
    assert line.startswith('d.toml:6: trunk "a": sources[1] = 7: expected IP addresses')


def test_a_table_of_another_name_is_told_with_the_nearest_one() -> None:
    assert told("[[trunks]]\nname = 1") == [
        "d.toml:1: trunks = (not shown): expected [[trunk]], [[account]], [[application]], [[bot]], [[route]], "
        "[[phone]], [[queue]], [[agent]], [[client]], [[key]]; did you mean [[trunk]]?"
    ]


@pytest.mark.parametrize("text", ['[trunk]\nname = "a"', "trunk = 5", 'trunk.name = "a"'])
def test_a_table_in_single_brackets_is_told(text: str) -> None:
    assert told(text) == ["d.toml:1: trunk = (not shown): expected [[trunk]] in double brackets, once for each trunk"]


def test_a_webhook_in_single_brackets_is_told_without_its_secret() -> None:
    text = '[[client]]\nname = "c"\nclient_id = "c"\nsecret = "12345678"\n[client.webhook]\nsecret = "hunter2hunter2"\n'
    assert told(text) == [
        'd.toml:5: client "c": webhook = (not shown): expected [[client.webhook]] in double brackets, '
        "once for each webhook"
    ]


def test_an_array_of_what_is_no_table_is_told() -> None:
    assert told("key = [1]") == ["d.toml:1: key: (not shown): expected a table, [[key]]"]


def test_two_entries_of_one_name_are_told_with_both_lines() -> None:
    text = '[[key]]\nname = "k"\ndigest = "{0}"\n\n[[key]]\ndigest = "{1}"\nname = "k"\n'
    assert told(text.format(digest("1"), digest("2"))) == [
        'd.toml:7: key "k": name = "k": expected a name that no other key has; key "k" has it (line 2)'
    ]


def test_two_trunks_of_one_source_are_told_with_both_lines() -> None:
    text = """\
        [[trunk]]
        name = "a"
        sources = ["::1"]
        [[trunk]]
        name = "b"
        sources = [
          "192.0.2.1",
          "0::1",
        ]
        """
    assert told(text) == [
        'd.toml:8: trunk "b": sources[1] = "::1": expected a source that no other trunk has; trunk "a" has it (line 3)'
    ]


def test_a_clash_with_an_entry_that_is_not_in_the_file_is_told_at_the_files_entry() -> None:
    current = Directory.of([Trunk("z", ("::1",)), Trunk("a", ("::2",))])
    text = '[[trunk]]\nname = "a"\nsources = ["::2", "::1"]\n'
    assert told(text, current) == [
        'd.toml:3: trunk "a": sources[1] = "::1": expected a source that no other trunk has; trunk "z" has it'
    ]
    assert read(text, current, prune=True).trunks.keys() == {"a"}


def test_with_prune_a_trunk_that_only_the_directory_has_can_not_be_named() -> None:
    current = Directory.of([Trunk("old", ("::1",))])
    text = '[[route]]\nname = "r"\ndestination = "sip:pbx"\ntrunks = ["old"]\n'
    assert read(text, current).routes["r"].trunks == ("old",)
    assert len(told(text, current, prune=True)) == 1


def test_a_broken_trunk_is_told_once_and_not_again_by_all_that_name_it() -> None:
    lines = told(
        """\
        [[trunk]]
        name = "a"
        sources = 5
        [[route]]
        name = "r"
        destination = "sip:pbx"
        trunks = ["a"]
        """
    )
    assert [line.split(" = ")[0] for line in lines] == ['d.toml:3: trunk "a": sources']


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("", 'secret is missing: expected 8 to 128 printable ASCII characters without spaces, or secret_hash instead'),
        ('secret = "12345678"\nsecret_hash = "HASH"', "secret = (not shown): expected secret or secret_hash, not both"),
        ('secret = "hunter2"', "secret = (not shown): expected 8 to 128 printable ASCII characters without spaces"),
        ("secret = 12345678", "secret = (not shown): expected 8 to 128 printable ASCII characters without spaces"),
        ('secret_hash = "12345678"', "secret_hash = (not shown): expected an Argon2id hash as `callgate export` writes "
                                     "it, or give secret instead"),
    ],
)  # fmt: skip
def test_a_client_has_a_secret_or_its_hash(keys: str, expected: str) -> None:
    text = '[[client]]\nname = "c"\nclient_id = "c"\n' + keys.replace("HASH", HASHER.hash("12345678"))
    (line,) = told(text)
    assert line.split(": ", 2)[2] == expected


def test_a_key_has_its_text_or_its_digest() -> None:
    key = new_key()
    assert read(f'[[key]]\nname = "k"\nkey = "{key}"').keys["k"].digest == digest(key)
    for wrong in ("", f'key = "{key}"\ndigest = "{digest(key)}"', 'key = "cg_short"', 'digest = "ABC"'):
        lines = told(f'[[key]]\nname = "k"\n{wrong}')
        assert len(lines) == 1
        assert key not in lines[0]


def test_two_broken_keys_are_not_told_to_be_the_same_one() -> None:
    assert len(told('[[key]]\nname = "a"\n[[key]]\nname = "b"\n')) == 2


@pytest.mark.parametrize(
    "text",
    [
        '[[client]]\nname = "c"\nsecert = "hunter2hunter2"',
        '[[trunk]]\nname = "c"\nsources = ["::1"]\nsecrets = "hunter2hunter2"',
        'secret = "hunter2hunter2"\n[[client]]',
        '[[client]]\nsecret = "hunter2hunter2',
        '[[client]]\nsecret = "hunter2hunter2"\nsecret = "hunter2hunter2"',
        '[[client]]\nwebhook = [{ secret = "hunter2hunter2" ]',
        '[[client]]\nwebhook = "hunter2hunter2"',
        '[[client]]\n[[client.webhook]]\nurl = "https://me:hunter2hunter2@example.com/"',
        '[[client]]\n[[client.webhook]]\nurl = "https://me:hunter2hunter2@example.com/',
        '[[key]]\nname = "k"\nkey = "hunter2hunter2"',
        '[[key]]\nname = "k"\ndigest = ["hunter2hunter2"]',
        '[[client]]\nsecret = """\nhunter2hunter2\x01"""',
    ],
)
def test_no_secret_is_in_an_error(text: str) -> None:
    assert "hunter2" not in "\n".join(told(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[[trunk]]\nname = "a\n', "d.toml:2: name = \"a: expected TOML: Illegal character '\\n' (column 10)"),
        ("[[trunk]\n", "d.toml:1: [[trunk]: expected TOML: Expected ']]' at the end of an array declaration"),
        ("[[trunk]]\n\nwindow 5\n", "d.toml:3: (not shown): expected TOML: Expected '=' after a key in a key/value"),
        ('[[trunk]]\nname = "a"\n\nname = "b"\n', 'd.toml:4: name = "b": expected each key once; line 2 has it'),
        ("[[route]]\nwindow = ", "d.toml:2: the end of the file: expected TOML: Invalid value"),
        ("[[route]]\nwindow = 1x\n", "d.toml:2: window = 1x: expected TOML: Expected newline or end of document"),
        ("a = [1,\n2", "d.toml:2: the end of the file: expected TOML: Unclosed array"),
        ("a = 1\nb = " + "[" * 5000, "d.toml:2: (not shown): expected fewer arrays and tables inside each other"),
        ("a = 1\nb = " + "9" * 5000, "d.toml:2: (not shown): expected a number of fewer digits"),
        (b"a = 1\nb = '\xff'", "d.toml:2: byte 0xff: expected UTF-8; save the file in that encoding"),
    ],
)
def test_what_is_no_toml_is_told_with_its_line(text: str | bytes, expected: str) -> None:
    (line,) = told(text)
    assert line.startswith(expected)


def test_a_hostile_key_or_value_stays_on_one_line_and_short() -> None:
    lines = told('[[trunk]]\nname = "\\u001b[31m\\n"\nsources = ["' + "x" * 10_000 + '"]\n"a\\nb\\u001b" = 1\n')
    assert len(lines) == 3
    assert all(line.isprintable() and len(line) < 300 for line in lines)


def test_very_many_problems_are_counted_and_the_first_are_told() -> None:
    text = "".join(f'[[route]]\nname = "r{number}"\ndid = "{number}"\ndestination = ""\n' for number in range(1000))
    lines = told(text)
    assert len(lines) == PROBLEM_LIMIT + 1
    assert lines[0].startswith('d.toml:4: route "r0"')
    assert lines[-1] == f"and {1000 - PROBLEM_LIMIT} more problems"


@given(st.binary() | st.text('[]{}"=.\n trunkey1').map(str.encode))
def test_any_file_at_all_is_taken_or_told(data: bytes) -> None:
    try:
        directory = applied(Directory(), data, "d.toml", HASHER)
    except DirectoryFileError as error:
        assert all(problem.line >= 1 for problem in error.problems)
    else:
        assert directory == Directory()


SCALARS = ("1", "1.5", "inf", "true", '"a"', '"*"', '"::1"', '"sip:pbx"', "1979-05-27", "[]", "{}", "[30011]")
VALUES = st.recursive(
    st.sampled_from(
        ["1", "true", '"a"', '"*"', '"::1"', "1.5", "inf", "1979-05-27", "[]", "{}", '"sip:pbx"', "[30011]"]
    ),
    lambda inner: st.lists(inner, max_size=2).map(lambda items: f"[{', '.join(items)}]"),
)
KEYS = sorted({"x", "secret", "webhook", "key"} | {key for rules in RULES.values() for key in rules})


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["trunk", "route", "client", "client.webhook", "key"]),
            st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6),
        ),
        max_size=4,
    )
)
def test_any_values_in_any_tables_are_taken_or_told(tables: list[tuple[str, dict[str, str]]]) -> None:
    text = "".join(
        f"[[{header}]]\n" + "".join(f"{key} = {value}\n" for key, value in pairs.items()) for header, pairs in tables
    )
    try:
        applied(Directory(), text.encode(), "d.toml", HASHER)
    except DirectoryFileError as error:
        assert error.problems
        assert all(1 <= problem.line <= text.count("\n") for problem in error.problems)
