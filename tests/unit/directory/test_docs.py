"""The page about the directory file tells what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from callgate.core.reasons import REASONS
from callgate.directory.errors import PROBLEM_LIMIT, DirectoryFileError
from callgate.directory.file import applied
from callgate.directory.model import Directory
from callgate.directory.shapes import (
    SUB_TABLES,
    AccountTable,
    AgentTable,
    ApplicationTable,
    BotTable,
    ClientTable,
    KeyTable,
    PhoneTable,
    QueueTable,
    RcmlTable,
    RouteTable,
    TrunkTable,
    WebhookTable,
)

from .strategies import HASHER

PAGE = (Path(__file__).parents[3] / "docs" / "directory-file.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return PAGE.split(f"## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize(
    ("title", "shape"),
    [
        ("`[[trunk]]`", TrunkTable),
        ("`[[account]]`", AccountTable),
        ("`[[application]]`", ApplicationTable),
        ("`[[bot]]`", BotTable),
        ("`[[route]]`", RouteTable),
        ("`[route.rcml]`", RcmlTable),
        ("`[[phone]]`", PhoneTable),
        ("`[[queue]]`", QueueTable),
        ("`[[agent]]`", AgentTable),
        ("`[[client]]`", ClientTable),
        ("`[[client.webhook]]`", WebhookTable),
        ("`[[key]]`", KeyTable),
    ],
)
def test_every_key_is_described_with_its_default(title: str, shape: type[msgspec.Struct]) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|", section(title), re.MULTILINE))
    fields = {
        field.encode_name: field for field in msgspec.structs.fields(shape) if field.encode_name not in SUB_TABLES
    }
    assert set(rows) == set(fields)
    for key, field in fields.items():
        if field.required:
            assert rows[key] == "required"
        elif field.default is not None:
            default = msgspec.json.encode(field.default).decode()
            assert rows[key] == f"`{default.replace('.0', '')}`"


def test_every_reason_is_described_with_what_the_caller_gets() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) (.+) \|$", section("Reasons"), re.MULTILINE)
    assert rows == [(reason.name, str(reason.status), reason.phrase) for reason in REASONS.values()]


def test_the_example_is_right() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    directory = applied(Directory(), example.encode(), "example", HASHER)
    assert directory.routes.keys() == {"sales", "everything-else"}


WRONG = """\
[[trunk]]
name = "carrier"
sources = ["192.0.2.10", "198.51.100.7/24"]
[[route]]
name = "sales"
did = "2002"
destination = "sip:pbx.example.com"
[[route]]
name = "support"
destination = "sip:pbx.example.com"
did = "2002"
[[route]]
name = "night"
destination = "sip:pbx.example.com"
windw = 10
"""


def test_the_errors_shown_are_those_that_are_told() -> None:
    shown = section("When something is wrong").split("```text\n")[1].split("\n```")[0]
    with pytest.raises(DirectoryFileError) as caught:
        applied(Directory(), WRONG.encode(), "directory.toml", HASHER)
    assert str(caught.value) == shown


def test_the_number_of_problems_told_is_the_one_in_the_code() -> None:
    assert f"the first {PROBLEM_LIMIT} problems" in PAGE
