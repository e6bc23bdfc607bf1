"""docs/settings.md has every setting with its default, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from callgate.settings import Settings
from callgate.settings_file import load

DOCUMENT = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `([a-z_.\[\]]+)` \| (.*?) \| .+ \|$", DOCUMENT, re.MULTILINE))


def settings(struct: type[msgspec.Struct], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every setting with its default."""
    for field in msgspec.structs.fields(struct):
        items = [item for item in get_args(field.type) if isinstance(item, type) and issubclass(item, msgspec.Struct)]
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from settings(field.type, f"{prefix}{field.name}.")
            continue
        yield f"{prefix}{field.name}", field.default
        for item in items:
            yield from settings(item, f"{prefix}{field.name}[].")


ALL = dict(settings(Settings))


@pytest.mark.parametrize("name", ALL)
def test_each_setting_is_documented_with_its_default(name: str) -> None:
    default = ALL[name]
    told = {
        "directory_file": "none",
        "http.listeners": "one, `127.0.0.1:8088`",
        "http.listeners[].bind": "must be given",
    }.get(name)
    if told is None:
        shown = msgspec.json.encode(default, enc_hook=str).decode().replace('","', '", "')
        told = f"`{shown}`"
    assert ROWS.get(name) == told


def test_no_setting_is_documented_that_does_not_exist() -> None:
    assert set(ROWS) == set(ALL)


def test_the_example_can_be_used(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.+?)```", DOCUMENT, re.DOTALL)
    assert example is not None
    file = tmp_path / "callgate.toml"
    file.write_text(example[1])
    assert load(file, {}).http.listeners[1].certificate == "/etc/callgate/fullchain.pem"
