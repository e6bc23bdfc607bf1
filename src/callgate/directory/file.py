"""The directory file: TOML in (docs/directory-file.md describes it key by key).

All that is wrong with a file is told at once, each with its line; then nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from callgate.directory.check import check_directory, check_entry
from callgate.directory.decode import did_you_mean, mistakes, secret_mistakes
from callgate.directory.edits import placed
from callgate.directory.errors import NOT_SHOWN, DirectoryFileError, Path, Problem, shown
from callgate.directory.model import KINDS, Directory, Entry, Kind
from callgate.directory.positions import Positions
from callgate.directory.secrets import SecretHasher
from callgate.directory.shapes import SHAPES, AgentTable, BotTable, ClientTable, Table
from callgate.directory.toml import decoded, parsed

#: What of an entry is called otherwise in a file.
_KEYS_IN_FILES: dict[str | int, str] = {"webhooks": "webhook", "certificates": "certificate"}
#: The tables whose secret is hashed slowly.
_WithSecret = ClientTable | BotTable | AgentTable


def applied(
    current: Directory, data: bytes, file: str, hasher: SecretHasher, *, prune: bool = False, now: float = 0.0
) -> Directory:
    """The directory with a file's entries in it, in place of those of the same kind and name.

    ``file`` is the name for errors. With ``prune``, every entry that the file does not have is removed. Secrets in
    clear are hashed here, which takes time; one that the directory has already keeps its hash. ``now`` (Unix seconds)
    is when what is different was made or changed.

    Raises:
        DirectoryFileError: something is wrong with the file; all of it is told.
    """
    text = decoded(data, file)
    reading = _Reading(text, current)
    reading.read(parsed(text, file))
    after = placed(current, reading.entries, prune=prune, now=now)
    reading.compare(after)
    if reading.problems:
        raise DirectoryFileError(file, reading.located())
    for table in reading.secrets:
        _hash(table, current, after, hasher)
    return after


def _hash(table: _WithSecret, current: Directory, after: Directory, hasher: SecretHasher) -> None:
    """Put the hash of a table's secret in its place."""
    name, secret = table.name, _in_clear(table) or ""
    match table:
        case BotTable():
            bot = current.bots.get(name)
            hashes = (_hashed(secret, bot.secret_hashes if bot else (), hasher),)
            after.bots[name] = msgspec.structs.replace(after.bots[name], secret_hashes=hashes)
        case ClientTable():
            client = current.clients.get(name)
            secret_hash = _hashed(secret, (client.secret_hash,) if client else (), hasher)
            after.clients[name] = msgspec.structs.replace(after.clients[name], secret_hash=secret_hash)
        case AgentTable():
            agent = current.agents.get(name)
            secret_hash = _hashed(secret, (agent.secret_hash,) if agent else (), hasher)
            after.agents[name] = msgspec.structs.replace(after.agents[name], secret_hash=secret_hash)


def _in_clear(table: _WithSecret) -> str | None:
    return table.password if isinstance(table, AgentTable) else table.secret


def _hashed(secret: str, kept: Iterable[str], hasher: SecretHasher) -> str:
    """The hash among these that is the secret's, else a new one."""
    return next((one for one in kept if hasher.verify(one, secret)), None) or hasher.hash(secret)


class _Reading:
    """One file being read: its entries and its problems, each with the path of its place in the file."""

    def __init__(self, text: str, current: Directory) -> None:
        self._text = text
        self._current = current
        self.entries: list[Entry] = []
        #: The tables of clients, bots and agents whose secret is given in clear.
        self.secrets: list[_WithSecret] = []
        self.problems: list[tuple[Problem, Path]] = []
        self._places: dict[tuple[str, str], int] = {}
        self._broken: set[tuple[str, str]] = set()

    def read(self, tables: dict[str, Any]) -> None:
        """Every table by itself."""
        for key, value in tables.items():
            if key not in SHAPES:
                known = [f"[[{kind}]]" for kind in KINDS]
                expected = f"{', '.join(known)}{did_you_mean(f'[[{key}]]', known)}"
                self._add(Problem("file", "", (key,), NOT_SHOWN, expected), (key,))
            elif not isinstance(value, list):
                expected = f"[[{key}]] in double brackets, once for each {key}"
                self._add(Problem("file", "", (key,), NOT_SHOWN, expected), (key,))
        for kind in KINDS:
            items = tables.get(kind)
            if isinstance(items, list):
                for place, table in enumerate(self._tables(kind, items)):
                    if table is not None:
                        self._take(kind, place, table)

    def compare(self, after: Directory) -> None:
        """All of it together, as it would be; what a broken table might have caused is left out."""
        for problem in check_directory(after, self._broken):
            if not problem.clash or (problem.kind, problem.clash) not in self._broken:
                place = self._places.get((problem.kind, problem.name))
                self._add(problem, () if place is None else (problem.kind, place))

    def located(self) -> list[Problem]:
        """The problems with their lines."""
        positions = Positions(self._text)
        return [
            msgspec.structs.replace(
                problem,
                line=positions.line((*place, *problem.path) if place[1:] else place),
                clash_line=self._clash_line(positions, problem),
            )
            for problem, place in self.problems
        ]

    def _clash_line(self, positions: Positions, problem: Problem) -> int:
        place = self._places.get((problem.kind, problem.clash)) if problem.clash else None
        # Where in the other entry the same value is, is not known for lists: the entry's own line then.
        return 0 if place is None else positions.line((problem.kind, place, problem.path[0]))

    def _add(self, problem: Problem, place: Path) -> None:
        path = tuple(_KEYS_IN_FILES.get(part, part) for part in problem.path)
        self.problems.append((msgspec.structs.replace(problem, path=path), place))

    def _tables(self, kind: Kind, items: list[Any]) -> list[Table | None]:
        """The tables of one kind, ``None`` for each that is wrong."""
        shape = SHAPES[kind]
        try:  # all at once, which is fast and mostly works
            return list(msgspec.convert(items, list[shape]))  # type: ignore[valid-type]  # a type chosen at run time
        except msgspec.ValidationError:
            return [self._table(kind, place, item) for place, item in enumerate(items)]

    def _table(self, kind: Kind, place: int, item: Any) -> Table | None:
        try:
            return msgspec.convert(item, SHAPES[kind])
        except msgspec.ValidationError:
            name = item.get("name") if isinstance(item, dict) else None
            name = name if isinstance(name, str) else ""
            self._broken.add((kind, name))
            for mistake in mistakes(kind, item):
                self._add(Problem(kind, name, *mistake), (kind, place))
            return None

    def _take(self, kind: Kind, place: int, table: Table) -> None:
        first = self._places.setdefault((kind, table.name), place)
        if first != place:
            expected = f"a name that no other {kind} has"
            self._add(Problem(kind, table.name, ("name",), shown(table.name), expected, table.name), (kind, place))
            return
        former = self._current.of_kind(kind).get(table.name)
        if isinstance(table, _WithSecret) and _in_clear(table) is not None:
            self.secrets.append(table)
        # The shapes and the entries are both chosen by the kind, which the checker cannot follow.
        make: Callable[[Entry | None], Entry] = table.entry  # type: ignore[assignment]  # chosen by the kind, too
        entry = make(former)
        self.entries.append(entry)
        for problem in check_entry(entry):
            self._add(problem, (kind, place))
        for mistake in secret_mistakes(table, former is not None):
            self._broken.add((kind, table.name))
            self._add(Problem(kind, table.name, *mistake), (kind, place))
