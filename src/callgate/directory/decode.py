"""From a table of a directory file to its typed shape, or all that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

import msgspec

from callgate.directory.errors import NOT_SHOWN, Path, shown
from callgate.directory.model import Kind
from callgate.directory.rules import RULES, SECRET_KEYS, SECRET_RULES, Rule
from callgate.directory.shapes import SHAPES, ClientTable, KeyTable, Table, WebhookTable

#: Where it is, the value as it may be shown (``None``: there is none), what was expected.
Mistake = tuple[Path, str | None, str]

#: How msgspec names the item of a list that is of a wrong type.
_ITEM = re.compile(r"`\$\[(\d+)\]`")


def mistakes(kind: Kind, item: object) -> Iterator[Mistake]:
    """Why an item of ``[[kind]]`` does not have its shape: wrong types, keys unknown or missing."""
    yield from _mistakes(SHAPES[kind], item, _rules_of(kind), f"[[{kind}]]", ())


def secret_mistakes(table: Table) -> Iterator[Mistake]:
    """What is wrong with the secrets in clear of a table, which are not kept as they are."""
    match table:
        case ClientTable():
            yield from _one_of_two(table, "secret", "secret_hash")
        case KeyTable():
            yield from _one_of_two(table, "key", "digest")


def _one_of_two(table: Table, clear: str, hashed: str) -> Iterator[Mistake]:
    value = getattr(table, clear)
    has_hash = getattr(table, hashed) is not None
    if value is None and not has_hash:
        yield (clear,), None, f"{clear} ({SECRET_RULES[clear].expected}), or {hashed} instead"
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
            yield (*place, key), NOT_SHOWN, f"a key of {header}: {', '.join(fields)}{did_you_mean(key, fields)}"
        elif key == "webhook" and isinstance(value, list):
            for number, webhook in enumerate(value):
                yield from _mistakes(
                    WebhookTable, webhook, RULES["webhook"], "[[client.webhook]]", (*place, key, number)
                )
        else:
            yield from _wrong_type(fields[key], value, rules[key].expected, place)
    for key, field in fields.items():
        if field.required and key not in item:
            yield (*place, key), None, rules[key].expected


def _wrong_type(field: msgspec.structs.FieldInfo, value: object, expected: str, place: Path) -> Iterator[Mistake]:
    key = field.encode_name
    try:
        msgspec.convert(value, field.type)
    except msgspec.ValidationError as error:
        if key in SECRET_KEYS:
            yield (*place, key), NOT_SHOWN, expected
        elif isinstance(value, list) and (found := _ITEM.search(str(error))):
            number = int(found[1])
            yield (*place, key, number), shown(value[number]), expected
        else:
            yield (*place, key), shown(value), expected


def _rules_of(kind: Kind) -> Mapping[str, Rule]:
    rules = RULES[kind]
    return {**SECRET_RULES, **rules, "webhook": rules["webhooks"]} if kind == "client" else {**SECRET_RULES, **rules}


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of an error text about a word that is close to a known one, else nothing."""
    close = get_close_matches(word, list(known), 1)
    return f"; did you mean {close[0]}?" if close else ""
