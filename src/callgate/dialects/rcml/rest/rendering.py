"""Resources, lists and messages as JSON and as XML."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec
from lxml import etree

from callgate.dialects.rcml.rest.resources import Content, Field, Listing, Plain, Resource
from callgate.journal.statements import storable

JSON, XML, TEXT = "application/json", "application/xml", "text/plain; charset=utf-8"

#: What cannot stand in XML (XML 1.0 section 2.2).
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_encoder = msgspec.json.Encoder()


def to_json(content: Content) -> bytes:
    """The body in JSON."""
    if isinstance(content, Resource):
        return _encode(_object(content.fields))
    items = [_object(item.fields) for item in content.items]
    return _encode(items if content.envelope is None else {**content.envelope.texts, content.key: items})


def to_xml(content: Content) -> bytes:
    """The body in XML."""
    response = etree.Element("RestcommResponse")
    if isinstance(content, Resource):
        _append(response, content)
    else:
        listing = etree.SubElement(response, content.tag)
        if content.envelope is not None:
            for name, text in content.envelope.texts.items():
                listing.set(name.replace("_", ""), str(text))
        for item in content.items:
            _append(listing, item)
    return etree.tostring(response, encoding="utf-8", xml_declaration=False)


def message(text: str, *, json: bool) -> bytes:
    """The body of an error."""
    if json:
        return _encode({"message": text})
    response = etree.Element("RestcommResponse")
    etree.SubElement(response, "Message").text = _NOT_XML.sub("\ufffd", text)
    return etree.tostring(response, encoding="utf-8", xml_declaration=False)


def is_long(content: Content) -> bool:
    """Whether rendering it would hold up others on the event loop."""
    return isinstance(content, Listing) and len(content.items) > 100


def _object(fields: Iterable[Field]) -> dict[str, Any]:
    return {
        field.json: _object(field.value) if isinstance(field.value, tuple) else field.value
        for field in fields
        if field.json and (field.json_null or field.value is not None)
    }


def _append(parent: etree._Element, resource: Resource) -> None:
    _fill(etree.SubElement(parent, resource.tag), resource.fields)


def _fill(parent: etree._Element, fields: Iterable[Field]) -> None:
    for field in fields:
        if not field.xml or (field.value is None and not field.xml_null):
            continue
        element = etree.SubElement(parent, field.xml)
        if isinstance(field.value, tuple):
            _fill(element, field.value)
        elif field.value is not None:
            element.text = _text(field.value)


def _text(value: Plain) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _NOT_XML.sub("\ufffd", str(value))


def _encode(value: object) -> bytes:
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:  # half a surrogate pair, in what came by SIP
        return _encoder.encode(_storable(value))


def _storable(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case dict():
            return {name: _storable(item) for name, item in value.items()}
        case list():
            return [_storable(item) for item in value]
    return value
