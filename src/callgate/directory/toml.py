"""Reads TOML text; what is wrong with it as TOML is told with its line."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

from callgate.directory.errors import NOT_SHOWN, VALUE_LIMIT, DirectoryFileError, Path, Problem
from callgate.directory.positions import Positions
from callgate.directory.rules import RULES, SECRET_KEYS, URL_KEYS

_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
_PAIR = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=\s*(.*?)\s*")
#: Python reads no longer numbers from text (``sys.get_int_max_str_digits``).
_LONG_NUMBER = re.compile(r"[0-9_]{4300}")
_OPEN_KEYS = frozenset(key for rules in RULES.values() for key in rules) - SECRET_KEYS - URL_KEYS


def decoded(data: bytes, file: str) -> str:
    """The text of a file.

    Raises:
        DirectoryFileError: it is not UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        value = f"byte 0x{data[error.start]:02x}"
        problem = Problem("file", "", (), value, "UTF-8; save the file in that encoding", line=line)
        raise DirectoryFileError(file, [problem]) from error


def parsed(text: str, file: str) -> dict[str, Any]:
    """The tables of a TOML text.

    Raises:
        DirectoryFileError: it is not TOML.
    """
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        lines = text.splitlines()
        line = max(range(len(lines)), key=lambda number: lines[number].count("[") + lines[number].count("{")) + 1
        problem = Problem("file", "", (), NOT_SHOWN, "fewer arrays and tables inside each other", line=line)
        raise DirectoryFileError(file, [problem]) from error
    except ValueError as error:  # a TOMLDecodeError, or a number that is too long for Python
        raise DirectoryFileError(file, [_syntax_problem(text, str(error))]) from error


def _syntax_problem(text: str, message: str) -> Problem:
    lines = text.splitlines() or [""]
    found = _PLACE.search(message)
    if found is None:
        number = _LONG_NUMBER.search(text)
        line = text.count("\n", 0, number.start()) + 1 if number else 1
        return Problem("file", "", (), NOT_SHOWN, "a number of fewer digits", line=line)
    said = message[: found.start()]
    if found["line"] is None:
        return Problem("file", "", (), "the end of the file", f"TOML: {said}", line=len(lines))
    line = int(found["line"])
    if said.startswith(("Cannot overwrite", "Duplicate")):
        for path, first, second in reversed(Positions("\n".join(lines[:line])).repeated):
            expected = f"each key once; line {first} has it"
            return Problem("file", "", path[-1:], _value(path[-1:], lines[second - 1]), expected, line=second)
    pair = _PAIR.fullmatch(lines[line - 1])
    key: Path = (pair[1],) if pair else ()
    expected = f"TOML: {said} (column {found['column']})"
    return Problem("file", "", key, _value(key, lines[line - 1]), expected, line=line)


def _value(key: Path, line: str) -> str:
    """What stands on a line, unless it may be a secret."""
    pair = _PAIR.fullmatch(line)
    if pair and key and key[0] in _OPEN_KEYS:
        return _raw(pair[2])
    return _raw(line.strip()) if line.lstrip().startswith("[") and "=" not in line else NOT_SHOWN


def _raw(text: str) -> str:
    """A piece of the file for an error text: as it stands there, on one line, shortened."""
    escaped = json.dumps(text[:VALUE_LIMIT], ensure_ascii=False)
    return escaped[1:-1].replace('\\"', '"') or NOT_SHOWN
