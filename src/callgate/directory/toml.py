"""Reads TOML text; what is wrong with it as TOML is told with its line."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from callgate.directory.errors import NOT_SHOWN, DirectoryFileError, Path, Problem, shown
from callgate.directory.positions import Positions
from callgate.directory.rules import RULES, SECRET_KEYS

_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
_PAIR = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=\s*(.*?)\s*")
_OPEN_KEYS = frozenset(key for rules in RULES.values() for key in rules) - SECRET_KEYS


def decoded(data: bytes, file: str) -> str:
    """The text of a file.

    Raises:
        DirectoryFileError: it is not UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        value = shown(repr(data[error.start : error.start + 1])[2:-1])
        problem = Problem("file", "", ("text",), value, "UTF-8; save the file in that encoding", line=line)
        raise DirectoryFileError(file, [problem]) from error


def parsed(text: str, file: str) -> dict[str, Any]:
    """The tables of a TOML text.

    Raises:
        DirectoryFileError: it is not TOML.
    """
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        problem = Problem("file", "", ("text",), "arrays in arrays", "fewer of them inside each other", line=1)
        raise DirectoryFileError(file, [problem]) from error
    except ValueError as error:  # a TOMLDecodeError, or a number that is too long for Python
        raise DirectoryFileError(file, [_syntax_problem(text, str(error))]) from error


def _syntax_problem(text: str, message: str) -> Problem:
    lines = text.splitlines() or [""]
    found = _PLACE.search(message)
    if found is None:
        return Problem("file", "", ("text",), "", f"TOML; {message}", line=1)
    said = message[: found.start()]
    if found["line"] is None:
        return Problem("file", "", ("text",), "the end", f"TOML; {said}", line=len(lines))
    line = int(found["line"])
    if said.startswith(("Cannot overwrite", "Duplicate")):
        until = "\n".join(lines[:line])
        for path, first, second in reversed(Positions(until).repeated):
            return Problem(
                "file",
                "",
                path[-1:],
                _value(path[-1:], lines[second - 1]),
                f"each key once; line {first} has it already",
                line=second,
            )
    pair = _PAIR.fullmatch(lines[line - 1])
    key: Path = (pair[1],) if pair else ("text",)
    expected = f"TOML; column {found['column']}: {said}"
    return Problem("file", "", key, _value(key, lines[line - 1]), expected, line=line)


def _value(key: Path, line: str) -> str:
    """What stands on a line, unless it may be a secret."""
    if key[0] in _OPEN_KEYS and (pair := _PAIR.fullmatch(line)):
        return shown(pair[2])
    return shown(line.strip()) if line.lstrip().startswith("[") and "=" not in line else NOT_SHOWN
