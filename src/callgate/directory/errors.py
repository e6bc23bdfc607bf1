"""What can be wrong with the directory. Every text names the entry and the remedy, and never holds a secret."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from callgate.directory.model import Kind

#: How many problems one error tells; the rest are counted.
PROBLEM_LIMIT = 50
#: How many characters of a wrong value are shown.
VALUE_LIMIT = 80

#: Where a value is inside its entry: ``("sources", 2)``, ``("webhooks", 0, "url")``.
Path = tuple[str | int, ...]

#: Where it is, the value as it may be shown (``None``: there is none), what was expected.
Mistake = tuple[Path, str | None, str]

#: Stands for a value that may be a secret.
NOT_SHOWN = "(not shown)"


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong with one entry.

    ``kind`` is "file" for what belongs to no entry of a directory file. ``value`` is the wrong value as JSON, cut;
    ``None``: there is none. ``clash`` names the other entry of the same kind that has the same value. ``line`` and
    ``clash_line`` are where the value and the other entry stand in the file that was read, 0: not in a file.
    """

    kind: Kind | Literal["file"]
    name: str
    path: Path
    value: str | None
    expected: str
    clash: str = ""
    line: int = 0
    clash_line: int = 0

    @property
    def key(self) -> str:
        """The path as one word: ``webhooks[0].url``."""
        key = ""
        for part in self.path:
            word = f"[{part}]" if isinstance(part, int) else part if part.isidentifier() else shown(part)
            key += f".{word}" if key and isinstance(part, str) else word
        return key

    def __str__(self) -> str:
        entry = "" if self.kind == "file" else f"{self.kind} {shown(self.name)}: " if self.name else f"{self.kind}: "
        key = f"{self.key} is missing: " if self.value is None else f"{self.key} = " if self.path else ""
        value = "" if self.value is None else f"{self.value}: "
        clash = f"; {self.kind} {shown(self.clash)} has it" if self.clash else ""
        line = f" (line {self.clash_line})" if self.clash_line else ""
        return f"{entry}{key}{value}expected {self.expected}{clash}{line}"


def shown(value: object) -> str:
    """A value for an error text: as JSON on one line, shortened."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= VALUE_LIMIT else text[: VALUE_LIMIT - 1] + "…"


class DirectoryError(Exception):
    """The directory cannot do what was asked; nothing was changed."""


class UnknownEntryError(DirectoryError):
    """There is no entry of that kind and name."""

    def __init__(self, kind: Kind, name: str) -> None:
        self.kind = kind
        self.name = name
        super().__init__(f"there is no {kind} {shown(name)}")


class InvalidEntryError(DirectoryError):
    """Entries are wrong by themselves or do not fit each other: ``problems`` says each, ``total`` how many."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        found = list(problems)
        self.total = len(found)
        self.problems = tuple(found[:PROBLEM_LIMIT])
        super().__init__("\n".join([str(problem) for problem in self.problems] + _rest(self.total)))


class DirectoryFileError(InvalidEntryError):
    """A directory file is wrong: every problem with its line, in the order of the file."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        self.file = file
        super().__init__(sorted(problems, key=lambda problem: problem.line))

    def __str__(self) -> str:
        lines = [f"{self.file}:{problem.line}: {problem}" for problem in self.problems]
        return "\n".join(lines + _rest(self.total))


class EntryInUseError(DirectoryError):
    """An entry that others name cannot be removed: ``users`` are the first of them, like "route sales"."""

    def __init__(self, kind: Kind, name: str, users: Sequence[str]) -> None:
        self.kind = kind
        self.name = name
        self.users = tuple(users[:PROBLEM_LIMIT])
        listed = ", ".join(self.users[:5]) + (f" and {len(users) - 5} more" if len(users) > 5 else "")
        super().__init__(f"{kind} {shown(name)} is still named by {listed}: change or remove those first")


class DirectoryUnavailableError(DirectoryError):
    """The database did not take the change, or does not give the directory."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"the directory cannot be read or changed now, what was loaded stays in force: {cause}")


def _rest(total: int) -> list[str]:
    return [f"and {total - PROBLEM_LIMIT} more problems"] if total > PROBLEM_LIMIT else []
