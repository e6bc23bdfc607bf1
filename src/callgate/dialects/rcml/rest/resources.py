"""Resources and lists, before they are JSON or XML.

In the product the two differ in the order of fields, and in which are left out when they are null: a field says both.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

Plain = str | int | bool | None
#: A value, or several that stand in it by name.
Value = Plain | tuple["Field", ...]


class Field(msgspec.Struct, frozen=True):
    """One field, by its names in JSON and XML; "": it is not in that one.

    Null is written as ``null`` in JSON if ``json_null``, as an empty element in XML if ``xml_null``, else left out.
    """

    json: str
    xml: str
    value: Value
    json_null: bool = True
    xml_null: bool = True


class Resource(msgspec.Struct, frozen=True):
    """A resource; ``tag`` is its element in XML."""

    tag: str
    fields: tuple[Field, ...]


class Envelope(msgspec.Struct, frozen=True):
    """What a paged list tells of itself: ``texts`` by their names in JSON; in XML they are without underscores."""

    texts: Mapping[str, str | int]


class Listing(msgspec.Struct, frozen=True):
    """A list. ``tag`` is its element in XML, ``key`` its name in JSON; one without ``envelope`` is a bare array."""

    tag: str
    key: str
    items: list[Resource]
    envelope: Envelope | None = None


Content = Resource | Listing
