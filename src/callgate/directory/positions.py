"""On which line of a TOML text each table, key and array item stands.

The standard library's reader tells no lines. This index is made only when there is an error to report. It does not
check the text: where it is not TOML, the index just ends.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from callgate.directory.errors import Path

_SPACE = re.compile(r"(?:[ \t\n]+|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_KEY = re.compile(r"""(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+|[ \t]*\.[ \t]*)+""")
#: A value that is one plain word or string, with all up to the end of its line: nearly every line of a file.
_PLAIN = re.compile(r"""[ \t]*(?:"[^"\\\n]*"|'[^'\n]*'|[^\s"'#\[\]{},]+)[ \t]*(?:#[^\n]*)?(?=\n|\Z)""")
_TOKEN = re.compile(
    r'''(?P<text>"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^\s"'#\[\]{},]+)'''
    r"""|(?P<space>[ \t]+|\#[^\n]*)|(?P<mark>[\n\[\]{},])""",
    re.DOTALL,
)


class Positions:
    """The index of one text. A path is the keys and array places that lead to a value, from the top."""

    def __init__(self, text: str) -> None:
        self._text = text.replace("\r\n", "\n")
        self._at = 0
        self._line = 1
        self._lines: dict[Path, int] = {(): 1}
        self._sizes: dict[Path, int] = {}
        #: Keys that are given twice: the first line and the second.
        self.repeated: list[tuple[Path, int, int]] = []
        table: Path | None = ()
        while table is not None:
            self._advance(_SPACE)
            table = self._header() if self._text.startswith("[", self._at) else self._pair(table)

    def line(self, path: Path) -> int:
        """The line of that value; of what it is in, where the value has no line of its own or is not there."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]

    def _header(self) -> Path | None:
        """Reads ``[table]`` or ``[[table]]``; the path of the table that the next keys go to."""
        array = self._text.startswith("[[", self._at)
        self._at += 2 if array else 1
        self._advance(_BLANK)
        keys = self._keys()
        if not keys:
            return None
        self._at = self._text.find("\n", self._at)
        if self._at < 0:
            self._at = len(self._text)
        path: Path = ()
        for key in keys[:-1]:
            path = (*path, key)
            if path in self._sizes:
                path = (*path, self._sizes[path] - 1)
            self._lines.setdefault(path, self._line)
        path = (*path, keys[-1])
        self._lines.setdefault(path, self._line)
        if array:
            place = self._sizes.get(path, 0)
            self._sizes[path] = place + 1
            path = (*path, place)
        self._lines[path] = self._line
        return path

    def _pair(self, table: Path) -> Path | None:
        """Reads ``key = value``; gives ``table`` back, ``None`` where there is no such thing."""
        keys = self._keys()
        self._advance(_BLANK)
        if not keys or not self._text.startswith("=", self._at):
            return None
        self._at += 1
        path = table
        for key in keys:
            path = (*path, key)
            first = self._lines.setdefault(path, self._line)
        if first != self._line:
            self.repeated.append((path, first, self._line))
        if not self._advance(_PLAIN):
            self._value(path)
        return table

    def _value(self, path: Path) -> None:
        """Reads a value of any form up to the end of its line, and notes where the items of an array stand."""
        depth, place, fresh, array = 0, 0, False, None
        while found := _TOKEN.match(self._text, self._at):
            mark = found["mark"]
            if mark == "\n" and depth == 0:
                return
            if array is None and not found["space"]:
                array = mark == "["
            if array and fresh and depth == 1 and not found["space"] and mark not in ("\n", "]"):
                self._lines[(*path, place)] = self._line
                place, fresh = place + 1, False
            if mark in ("[", "{"):
                depth += 1
                fresh = fresh or depth == 1
            elif mark in ("]", "}"):
                depth -= 1
            elif mark == "," and depth == 1:
                fresh = True
            self._step(found)

    def _keys(self) -> list[str]:
        """Reads a key, dotted or not."""
        found = _KEY.match(self._text, self._at)
        if found is None:
            return []
        self._step(found)
        text = found[0].strip()
        if "." not in text and text[0] not in "\"'":
            return [text]
        try:
            value: Any = tomllib.loads(f"{text} = 0")
        except tomllib.TOMLDecodeError:
            return []
        keys = []
        while isinstance(value, dict):
            key, value = next(iter(value.items()))
            keys.append(key)
        return keys

    def _advance(self, pattern: re.Pattern[str]) -> bool:
        found = pattern.match(self._text, self._at)
        if found is not None:
            self._step(found)
        return found is not None

    def _step(self, found: re.Match[str]) -> None:
        self._line += found[0].count("\n")
        self._at = found.end()
