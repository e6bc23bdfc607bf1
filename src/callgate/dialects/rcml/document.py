"""Documents: from the bytes of a reply to verbs.

The bytes are decoded here (byte order mark, then the charset of the Content-Type, then the XML declaration, then UTF-8:
RFC 7303 section 3), a bare ``&`` is repaired as the open-source product does, and lxml reads the rest: without DTD,
entities and network, with a bounded depth and number of elements.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_left
from typing import cast

import msgspec
from lxml import etree

from callgate.dialects.rcml.failures import Code, DocumentFailure
from callgate.dialects.rcml.model import Fetched
from callgate.settings import RcmlSettings

#: What a document may be sent as. The open source also plays audio and speaks text/plain, which needs an answered call.
CONTENT_TYPES = ("text/xml", "application/xml", "text/html")

_ROOT = "Response"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16's, which it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Without a mark, UTF-16 is known by its first character (XML 1.0, appendix F).
_FIRST = ((b"<\x00", "utf-16-le"), (b"\x00<", "utf-16-be"))
_DECLARATION = re.compile(r"\s*<\?xml\s[^>]*?(\bencoding\s*=\s*(?:\"([^\">]*)\"|'([^'>]*)'))[^>]*\?>")
#: Codecs that only map bytes to characters: Python knows others that do much more.
_ENCODINGS = re.compile(
    r"utf-8|utf-16(-le|-be)?|utf-32(-le|-be)?|ascii|iso8859-\d{1,2}|cp125\d|cp(437|850|852|866|874|932|949)|koi8-[ru]"
    r"|mac-roman|shift_jis|euc_(jp|kr)|iso2022_jp|gb2312|gbk|gb18030|big5"
)
#: What a ``&`` may be part of, and what it is looked for between: each alternative ends where the text ends, at the
#: latest, so that no text is gone through twice.
_MARKUP = re.compile(
    r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)|(?P<doctype><!DOCTYPE)"
    r"|(?P<bare>&(?!(?:[A-Za-z_][A-Za-z0-9_.-]*|#[0-9]+|#x[0-9A-Fa-f]+);))",
    re.DOTALL,
)
_REPAIRED = "amp;"


class Element(msgspec.Struct, frozen=True):
    """A verb or noun as it stands in the document. ``content`` are its texts, trimmed and not empty, and elements."""

    tag: str
    attributes: dict[str, str]
    content: tuple[str | Element, ...]
    line: int

    @property
    def text(self) -> str:
        """Its text without that of its children."""
        return " ".join(piece for piece in self.content if isinstance(piece, str))

    @property
    def children(self) -> tuple[Element, ...]:
        return tuple(piece for piece in self.content if isinstance(piece, Element))


class Document(msgspec.Struct, frozen=True):
    """The verbs of a document in their order. Its own URLs are relative to ``url``."""

    url: str
    verbs: tuple[Element, ...]


def read(fetched: Fetched, settings: RcmlSettings) -> Document:
    """The document of a reply.

    Raises:
        DocumentFailure: there is none in it; the text says why, and at which line and column.
    """
    if fetched.content_type not in CONTENT_TYPES:
        raise DocumentFailure(Code.CONTENT_TYPE, _wrong_type(fetched.content_type))
    text = _decoded(fetched.body, fetched.charset)
    repaired, repairs = _repaired(text)
    root = _parsed(repaired, text, repairs)
    element = _elements(root, settings)
    if element.tag != _ROOT:
        hint = ": letter case matters" if element.tag.lower() == _ROOT.lower() else ": is this the right page?"
        raise _failure(f"the root element is <{element.tag[:80]}>, not <{_ROOT}>{hint}", element.line)
    return Document(fetched.url, element.children)


def _wrong_type(content_type: str) -> str:
    wanted = f"send the document as {', '.join(CONTENT_TYPES[:-1])} or {CONTENT_TYPES[-1]}"
    if not content_type:
        return f"the reply has no Content-Type: {wanted}"
    if content_type.startswith("audio/") or content_type == "text/plain":
        return f"the reply is {content_type[:80]}, which only an answered call could hear: {wanted}"
    return f"the reply is {content_type[:80]}: {wanted}"


def _failure(text: str, line: int, column: int | None = None) -> DocumentFailure:
    where = f"line {line}" if column is None else f"line {line}, column {column}"
    return DocumentFailure(Code.PARSE, f"{where}: {text}")


# --- characters ------------------------------------------------------------------------------------------------------


def _decoded(body: bytes, charset: str) -> str:
    mark, encoding = next(((mark, name) for mark, name in _MARKS if body.startswith(mark)), (b"", ""))
    source = "the byte order mark"
    if not encoding and charset:
        encoding, source = charset, "the Content-Type"
    if not encoding:
        encoding, source = next((name for first, name in _FIRST if body.startswith(first)), ""), "the first character"
    if not encoding:
        declared = _DECLARATION.match(body[:512].decode("latin-1"))
        encoding, source = (declared[2] or declared[3] or "", "the XML declaration") if declared else ("", "")
    if not encoding:
        encoding, source = "utf-8", "XML without a declaration"
    try:
        known = codecs.lookup(encoding[:40]).name
    except (LookupError, ValueError):
        known = ""
    if _ENCODINGS.fullmatch(known) is None:
        raise _failure(f"{source} names the encoding {encoding[:40]!r}, which is not known: use UTF-8", 1, 1)
    if known == "utf-16":  # without a mark: the one that the internet uses (RFC 2781 section 4.3)
        known = "utf-16-be" if body[1:2] != b"\x00" else "utf-16-le"
    body = body[len(mark) :]
    try:
        text = body.decode(known)
    except UnicodeDecodeError as error:
        before = body[: error.start].decode(known, "replace")
        line, column = _position(before, len(before))
        raise _failure(
            f"byte 0x{body[error.start]:02x} is not {known}, which {source} says it is: "
            "save the document in the encoding that it declares, best UTF-8",
            line,
            column,
        ) from None
    declared = _DECLARATION.match(text)
    if declared:  # it is UTF-8 from here on; blanks keep the columns
        start, end = declared.span(1)
        text = text[:start] + " " * (end - start) + text[end:]
    return text.replace("\r\n", "\n").replace("\r", "\n")  # XML 1.0 section 2.11


def _position(text: str, offset: int) -> tuple[int, int]:
    """Line and column of a place in the text, both from 1 on."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _repaired(text: str) -> tuple[str, list[int]]:
    """The text with each bare ``&`` as ``&amp;``, and where they stood."""
    repairs: list[int] = []
    pieces: list[str] = []
    end = 0
    for found in _MARKUP.finditer(text):
        if found["doctype"]:
            raise _failure(
                "a DOCTYPE is not allowed: a document has no DTD and no entities of its own, and is no HTML page",
                *_position(text, found.start()),
            )
        if found["bare"]:
            repairs.append(found.start())
            pieces += (text[end : found.end()], _REPAIRED)
            end = found.end()
    return "".join((*pieces, text[end:])), repairs


# --- elements --------------------------------------------------------------------------------------------------------


def _parsed(repaired: str, text: str, repairs: list[int]) -> etree._Element:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(repaired.encode(), parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        reason = re.sub(r",? line \d+, column \d+$", "", error.msg or "it is no XML").strip()
        raise _failure(f"{reason}: mend the document's XML", line, _column(line, column, text, repairs)) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise _failure("a DOCTYPE is not allowed", 1)
    return root


def _column(line: int, column: int, text: str, repairs: list[int]) -> int:
    """The column of the text as it came, by that of the repaired text."""
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    for repair in repairs[bisect_left(repairs, start) :]:
        if repair - start + 1 >= column:
            break
        column -= len(_REPAIRED)
    return max(1, column)


def _elements(root: etree._Element, settings: RcmlSettings) -> Element:
    count = 0

    def convert(node: etree._Element, depth: int) -> Element:
        nonlocal count
        count += 1
        line = cast("int | None", node.sourceline) or 1
        if depth > settings.depth_limit:
            raise _failure(f"it nests more than {settings.depth_limit} deep (setting rcml.depth_limit)", line)
        if count - 1 > settings.verb_limit:
            raise _failure(f"it has more than {settings.verb_limit} verbs and nouns (setting rcml.verb_limit)", line)
        content: list[str | Element] = [node.text or ""]
        for child in node:
            if isinstance(child.tag, str):
                content.append(convert(child, depth + 1))
            content.append(child.tail or "")
        trimmed = (piece.strip() if isinstance(piece, str) else piece for piece in content)
        attributes = {
            str(name): str(value).strip() for name, value in node.attrib.items() if not str(name).startswith("{")
        }
        return Element(_local(str(node.tag)), attributes, tuple(piece for piece in trimmed if piece), line)

    return convert(root, 1)


def _local(tag: str) -> str:
    """A tag without its namespace, which makes no difference."""
    return tag.rpartition("}")[2]
