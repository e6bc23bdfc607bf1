"""The lines of a TOML text: of tables, keys and array items, however they are written."""

from __future__ import annotations

import tomllib
from textwrap import dedent

from hypothesis import given
from hypothesis import strategies as st

from callgate.directory.positions import Positions

TEXT = dedent(
    '''\
    # a comment with [[trunk]] in it
    [[trunk]]
    name = "a" # [[trunk]]
    sources = [
      "[1]", # one, two
      '#2', "3",

      """4
    ]
    """, [ 5 ]
    ]

      [[ trunk ]]
      "na\\u006de" = 'b\\'
    text = """
    name = "not a key"
    \\""""" # four quotes
    lapse = 1979-05-27 07:32:00
    dotted.'k.e.y'.x = { a = [1,
      2], "b" = "}" }
    [[client]]
    [[client.webhook]]
    url = 1
    [[client.webhook]]
      url = 2
    [[client]]
    webhook = [{ url = 3 },
      { url = 4 }]
    [other.table]
    x = 1
    '''
)


def test_the_text_is_toml() -> None:
    assert len(tomllib.loads(TEXT)["trunk"]) == 2


def test_tables_keys_and_items_have_their_lines() -> None:
    positions = Positions(TEXT)
    lines = {
        ("trunk",): 2,
        ("trunk", 0): 2,
        ("trunk", 0, "name"): 3,
        ("trunk", 0, "sources"): 4,
        ("trunk", 0, "sources", 0): 5,
        ("trunk", 0, "sources", 1): 6,
        ("trunk", 0, "sources", 2): 6,
        ("trunk", 0, "sources", 3): 8,
        ("trunk", 0, "sources", 4): 10,
        ("trunk", 1): 13,
        ("trunk", 1, "name"): 14,
        ("trunk", 1, "text"): 15,
        ("trunk", 1, "lapse"): 18,
        ("trunk", 1, "dotted", "k.e.y"): 19,
        ("client", 0): 21,
        ("client", 0, "webhook", 0, "url"): 23,
        ("client", 0, "webhook", 1): 24,
        ("client", 0, "webhook", 1, "url"): 25,
        ("client", 1): 26,
        ("client", 1, "webhook"): 27,
        ("client", 1, "webhook", 0): 27,
        ("client", 1, "webhook", 1): 28,
        ("other", "table", "x"): 30,
    }
    assert {path: positions.line(path) for path in lines} == lines


def test_what_has_no_line_of_its_own_has_that_of_what_it_is_in() -> None:
    positions = Positions(TEXT)
    assert positions.line(("trunk", 1, "missing")) == 13
    assert positions.line(("trunk", 1, "dotted", "k.e.y", "x", "a", 1)) == 19
    assert positions.line(("client", 1, "webhook", 1, "url")) == 28
    assert positions.line(("nothing", "of", "this")) == 1


def test_line_ends_of_windows_count_as_one() -> None:
    positions = Positions(TEXT.replace("\n", "\r\n"))
    assert positions.line(("other", "table", "x")) == 30


def test_a_key_that_is_given_twice_is_told_with_both_lines() -> None:
    assert Positions("[[trunk]]\nname = 1\n\nname = 2\n").repeated == [(("trunk", 0, "name"), 2, 4)]


@given(st.text("[]{}\"'#=.,a1\n \\\r"))
def test_any_text_at_all_is_read_without_an_error(text: str) -> None:
    assert Positions(text).line(("a",)) >= 1


@given(st.lists(st.lists(st.text("ab\"'\\\n#[]", max_size=5), max_size=4), max_size=5))
def test_tables_written_one_after_another_are_found_where_they_were_put(tables: list[list[str]]) -> None:
    lines: list[str] = []
    expected: dict[tuple[str | int, ...], int] = {}
    for place, values in enumerate(tables):
        lines.append("[[t]]")
        expected["t", place] = len(lines)
        for number, value in enumerate(values):
            expected["t", place, f"k{number}"] = len(lines) + 1
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            lines += f'k{number} = """{escaped}"""'.split("\n")
            lines += [f"l{number} = [", "  1,", "]"]
            expected["t", place, f"l{number}", 0] = len(lines) - 1
    text = "\n".join(lines)
    assert len(tomllib.loads(text).get("t", [])) == len(tables)
    positions = Positions(text)
    assert {path: positions.line(path) for path in expected} == expected
