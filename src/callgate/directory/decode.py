"""From a table of a directory file to its typed shape, or all that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import msgspec

from callgate.directory.check import check_value
from callgate.directory.errors import NOT_SHOWN, Mistake, Path, shown
from callgate.directory.model import Kind
from callgate.directory.rules import FILE_RULES, RULES, SECRET_KEYS, SECRET_RULES, Rule, shown_at
from callgate.directory.shapes import (
    SHAPES,
    SUB_TABLES,
    AgentTable,
    BotTable,
    ClientTable,
    KeyTable,
    PhoneTable,
    SubTable,
    Table,
)

#: How msgspec names the item of a list that is of a wrong type.
_ITEM = re.compile(r"`\$\[(\d+)\]`")


def mistakes(kind: Kind, item: object) -> Iterator[Mistake]:
    """Why an item of ``[[kind]]`` does not have its shape: wrong types, keys unknown or missing."""
    yield from _mistakes(SHAPES[kind], item, _rules_of(kind), f"[[{kind}]]", ())


def secret_mistakes(table: Table, known: bool) -> Iterator[Mistake]:
    """What is wrong with the secrets in clear of a table, which are not kept as they are.

    ``known``: the directory has an entry of that name, whose secret can be kept.
    """
    match table:
        case ClientTable():
            yield from _one_of_two(table, "secret", "secret_hash")
        case BotTable():
            # One that has neither may have a certificate, or what the directory has: check_entry tells.
            yield from _one_of_two(table, "secret", "secret_hashes", may_lack=True)
        case KeyTable():
            yield from _one_of_two(table, "key", "digest")
        case PhoneTable():
            yield from _one_of_two(table, "password", "ha1", may_lack=known)
        case AgentTable():
            yield from _one_of_two(table, "password", "secret_hash", may_lack=known)


def _one_of_two(table: Table, clear: str, hashed: str, *, may_lack: bool = False) -> Iterator[Mistake]:
    value = getattr(table, clear)
    has_hash = getattr(table, hashed) is not None
    if value is None and not has_hash and may_lack:
        return
    if value is None and not has_hash:
        yield (clear,), None, f"{SECRET_RULES[clear].expected}, or {hashed} instead"
    elif value is not None and has_hash:
        yield (clear,), NOT_SHOWN, f"{clear} or {hashed}, not both"
    elif value is not None and not SECRET_RULES[clear].holds(value):
        yield (clear,), NOT_SHOWN, SECRET_RULES[clear].expected


def _mistakes(
    shape: type[msgspec.Struct], item: object, rules: Mapping[str, Rule], header: str, place: Path
) -> Iterator[Mistake]:
    if not isinstance(item, dict):
        yield place, NOT_SHOWN, f"a table, {header}"
        return
    fields = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    for key, value in item.items():
        if key not in fields:
            expected = f"a key of {header}: {', '.join(fields)}{did_you_mean(key, fields)}"
            yield (*place, key), _shown_unknown(header, key, value), expected
        elif key in SUB_TABLES:
            yield from _sub_mistakes(SUB_TABLES[key], value, (*place, key))
        else:
            for path, text, expected in _check(fields[key], value, rules[key]):
                yield (*place, *path), text, expected
    for key, field in fields.items():
        if field.required and key not in item:
            yield (*place, key), None, rules[key].expected


def _sub_mistakes(sub: SubTable, value: object, place: Path) -> Iterator[Mistake]:
    rules = RULES[sub.rules]
    if not sub.many:
        yield from _mistakes(sub.shape, value, rules, sub.header, place)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _mistakes(sub.shape, item, rules, sub.header, (*place, number))
    else:
        yield place, NOT_SHOWN, f"{sub.header} in double brackets, once for each {sub.rules}"


def _check(field: msgspec.structs.FieldInfo, value: Any, rule: Rule) -> Iterator[Mistake]:
    """Why the value of one key is of a wrong type, or breaks its rule."""
    key = field.encode_name
    try:
        typed = msgspec.convert(value, field.type)
    except msgspec.ValidationError as error:
        if isinstance(value, list) and key not in SECRET_KEYS and (found := _ITEM.search(str(error))):
            number = int(found[1])
            yield (key, number), shown(value[number]), rule.expected
        else:
            yield (key,), shown_at(key, value), rule.expected
    else:
        yield from check_value(key, typed, rule)


def _shown_unknown(header: str, key: str, value: object) -> str:
    """The value of an unknown key, where it cannot be a secret under a misspelt key or in the wrong table."""
    open_table = header in ("[[trunk]]", "[[route]]", "[[queue]]") and not get_close_matches(key, SECRET_KEYS, 1)
    return shown(value) if open_table and isinstance(value, bool | int | float | str) else NOT_SHOWN


def _rules_of(kind: Kind) -> Mapping[str, Rule]:
    return {**SECRET_RULES, **FILE_RULES, **RULES[kind]}


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of an error text about a word that is close to a known one, else nothing."""
    close = get_close_matches(word, list(known), 1)
    return f"; did you mean {close[0]}?" if close else ""
