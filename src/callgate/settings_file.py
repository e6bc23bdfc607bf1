"""Reads the settings: the file, the environment over it, every mistake told at once and by name."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import inspect

from callgate.settings import Settings

PREFIX: Final = "CALLGATE_"
#: Names with the prefix that are no settings: the command line's own, and what Kubernetes and Docker links inject for
#: a service called "callgate" (``CALLGATE_PORT``, ``CALLGATE_SERVICE_HOST``, …).
_NOT_SETTINGS = re.compile(r"CALLGATE_(SETTINGS|KEY|URL|DEBUG|(PORT|SERVICE)(_.*)?|NAME|ENV_.*)")

_TABLE = re.compile(r"^\s*\[{1,2}\s*([^\[\]]+?)\s*\]{1,2}")
_KEY = re.compile(r"""^\s*["']?([A-Za-z0-9_-]+)["']?\s*=""")

#: Where a value stands: keys, and positions (from 0) in an array.
KeyPath = tuple[str | int, ...]


class Mistake(msgspec.Struct, frozen=True):
    """One value that cannot be used: where it stands, what it is, what was expected."""

    where: str
    key: str
    value: str
    expected: str

    def __str__(self) -> str:
        return f"{self.where}: {self.key} = {self.value}: expected {self.expected}"


class SettingsError(ValueError):
    """The settings cannot be used; the text has one line for each mistake, ``mistakes`` the same typed."""

    def __init__(self, text: str, mistakes: tuple[Mistake, ...] = ()) -> None:
        self.mistakes = mistakes
        super().__init__(text)


def load(file: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of ``file`` (default: the one that ``CALLGATE_SETTINGS`` names, else none) and the environment.

    Raises:
        SettingsError: the file cannot be read, or a value in it or in the environment cannot be used.
    """
    environ = os.environ if environ is None else environ
    if file is None and environ.get("CALLGATE_SETTINGS"):
        file = Path(environ["CALLGATE_SETTINGS"])
    text = _read(file) if file is not None else ""
    values = _parse(file, text)
    mistakes = [
        Mistake(_place(file, text, path), dotted(path), _shown(path, value), expected)
        for path, value, expected in _check(Settings, values, ())
    ]
    overrides, wrong = _from_environment(environ)
    mistakes += wrong
    if not mistakes:
        settings = msgspec.convert(_merged(values, overrides), Settings, dec_hook=_decode)
        mistakes = list(_contradictions(settings, f"{file}" if file is not None else "environment"))
    if mistakes:
        raise SettingsError("\n".join(str(mistake) for mistake in mistakes), tuple(mistakes))
    return settings


def dotted(path: KeyPath) -> str:
    """A path as it is written in texts: ``http.listeners[0].bind``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


# --- the file ------------------------------------------------------------------------------------------------------


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsError(f"cannot read the settings file {file}: {reason}") from error


def _parse(file: Path | None, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: this is not TOML: {error}") from error


def _place(file: Path | None, text: str, path: KeyPath) -> str:
    """``file:line`` of a key; the line of its table where the key cannot be found (inline tables)."""
    line = _line_of(text, path)
    return f"{file}:{line}" if line else f"{file}"


def _line_of(text: str, path: KeyPath) -> int:
    found, depth = 0, 0
    table: KeyPath = ()
    seen: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _TABLE.match(line):
            name = header[1].replace('"', "").replace(" ", "")
            table = tuple(name.split("."))
            if line.lstrip().startswith("[["):
                table = (*table, seen.get(name, 0))
                seen[name] = seen.get(name, 0) + 1
            here = table
        elif key := _KEY.match(line):
            here = (*table, key[1])
        else:
            continue
        if len(here) > depth and here == path[: len(here)]:
            found, depth = number, len(here)
    return found


# --- values --------------------------------------------------------------------------------------------------------


def _decode(kind: type, value: object) -> object:
    """msgspec's hook for the one type that TOML does not have."""
    if kind is Path and isinstance(value, str) and value:
        return Path(value)
    raise ValueError("expected a path")


def _check(kind: type[msgspec.Struct], values: Mapping[str, Any], path: KeyPath) -> Iterator[tuple[KeyPath, Any, str]]:
    """Each value that does not fit, with its path and what was expected."""
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    for key, value in values.items():
        field = fields.get(key)
        if field is None:
            yield (*path, key), value, _known(key, fields)
        else:
            yield from _check_value(field.type, value, (*path, key))
    for field in fields.values():
        if field.required and field.name not in values:
            yield (*path, field.name), None, f"a value: {_expected(field.type)}"


def _check_value(kind: Any, value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any, str]]:
    match inspect.type_info(kind):
        case inspect.StructType(cls=struct) if isinstance(value, dict):
            yield from _check(struct, value, path)
        case inspect.VarTupleType() if isinstance(value, list):
            for position, item in enumerate(value):
                yield from _check_value(kind.__args__[0], item, (*path, position))
        case _:
            try:
                msgspec.convert(value, kind, dec_hook=_decode)
            except msgspec.ValidationError:
                yield path, value, _expected(kind)


def _known(key: str, fields: Mapping[str, object]) -> str:
    close = get_close_matches(key, fields, n=1)
    return f"{close[0]!r}, there is no {key!r}" if close else f"one of {', '.join(fields)}"


_NAMES: dict[type, str] = {
    inspect.StrType: "a text in quotes",
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
    inspect.BoolType: "true or false",
    inspect.CustomType: "a path in quotes",
    inspect.UnionType: "a path in quotes",
    inspect.StructType: "a table",
    inspect.VarTupleType: "an array",
}


def _expected(kind: Any) -> str:
    info = inspect.type_info(kind)
    if isinstance(info, inspect.Metadata):
        described = (info.extra_json_schema or {}).get("description")
        return described if isinstance(described, str) else _NAMES[type(info.type)]
    if isinstance(info, inspect.VarTupleType):
        return f"an array of {_expected(kind.__args__[0])}"
    return _NAMES[type(info)]


def _shown(path: KeyPath, value: Any) -> str:
    """The value as the message shows it; a database URL is never shown, it may hold a password."""
    if value is None:
        return "(nothing)"
    if path == ("database",):
        return '"***"'
    shown = msgspec.json.encode(value, enc_hook=str).decode()
    return shown if len(shown) <= 120 else shown[:117] + "…"


# --- the environment -----------------------------------------------------------------------------------------------


def _from_environment(environ: Mapping[str, str]) -> tuple[dict[str, Any], list[Mistake]]:
    values: dict[str, Any] = {}
    mistakes = []
    for name in sorted(environ):
        if not name.startswith(PREFIX) or _NOT_SETTINGS.fullmatch(name):
            continue
        path = tuple(name.removeprefix(PREFIX).lower().split("__"))
        value = _typed(path, environ[name])
        nested: Any = value
        for key in reversed(path):
            nested = {key: nested}
        wrong = list(_check(Settings, nested, ()))
        mistakes += [
            Mistake(f"environment {name}", dotted(at), _shown(at, bad), expected) for at, bad, expected in wrong
        ]
        if not wrong:
            values = _merged(values, nested)
    return values, mistakes


def _typed(path: tuple[str, ...], text: str) -> Any:
    """The text as the setting's type: texts as they are, arrays as TOML or separated by commas, the rest as TOML."""
    kind: Any = Settings
    for key in path:
        fields = {field.name: field.type for field in msgspec.structs.fields(kind)} if _is_struct(kind) else {}
        kind = fields.get(key)
    if kind is None:
        return text
    info = inspect.type_info(kind)
    if isinstance(info, inspect.Metadata):
        info = info.type
    if isinstance(info, inspect.StrType | inspect.CustomType | inspect.UnionType):
        return text
    if isinstance(info, inspect.VarTupleType) and not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


# --- what only fits together ---------------------------------------------------------------------------------------


def _contradictions(settings: Settings, where: str) -> Iterator[Mistake]:
    for key, addresses in (
        ("edge.listen", settings.edge.listen),
        ("http.listeners", tuple(listener.bind for listener in settings.http.listeners)),
    ):
        if not addresses:
            yield Mistake(where, key, "[]", "at least one address")
        for address in addresses:
            if int(address.rpartition(":")[2]) > 65_535:
                yield Mistake(where, key, f'"{address}"', "a port of at most 65535")
    for position, listener in enumerate(settings.http.listeners):
        if bool(listener.certificate) != bool(listener.private_key):
            key = f"http.listeners[{position}]"
            yield Mistake(where, key, f'"{listener.bind}"', "both certificate and private_key, or neither")


# --- showing -------------------------------------------------------------------------------------------------------


def shown(settings: Settings) -> str:
    """The settings as a settings file, without the password in the database URL."""
    if settings.database:
        settings = msgspec.structs.replace(settings, database=_without_password(settings.database))
    return "\n".join(_tables(msgspec.to_builtins(settings, enc_hook=str), "")) + "\n"


def _without_password(url: str) -> str:
    """The URL with *** for the password and for the values of its options, which may hold one too."""
    head, _, options = url.partition("?")
    head = re.sub(r"(://[^:/@]*):.*@", r"\1:***@", head)
    return f"{head}?***" if options else head


def _tables(values: Mapping[str, Any], name: str) -> Iterator[str]:
    """The lines of one table: its values, then the tables in it."""
    for key, value in values.items():
        if value is not None and not isinstance(value, dict) and not _is_array_of_tables(value):
            yield f"{key} = {msgspec.json.encode(value).decode()}"
    for key, value in values.items():
        here = f"{name}.{key}".lstrip(".")
        if isinstance(value, dict):
            yield from ("", f"[{here}]", *_tables(value, here))
        elif _is_array_of_tables(value):
            for item in value:
                yield from ("", f"[[{here}]]", *_tables(item, here))


def _is_array_of_tables(value: object) -> bool:
    return isinstance(value, list | tuple) and bool(value) and isinstance(value[0], dict)
