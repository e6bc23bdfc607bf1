"""Documents: what is read, what is not, and that the failure says where."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callgate.dialects.rcml.document import CONTENT_TYPES, Document, Element, read
from callgate.dialects.rcml.failures import Code, DocumentFailure
from callgate.dialects.rcml.model import Fetched
from callgate.settings import RcmlSettings

URL = "https://app.example.com/voice"
SETTINGS = RcmlSettings()


def document(
    body: bytes | str, *, content_type: str = "text/xml", charset: str = "", settings: RcmlSettings = SETTINGS
) -> Document:
    data = body.encode() if isinstance(body, str) else body
    return read(Fetched(URL, content_type, charset, "", data), settings)


def failure(body: bytes | str, *, content_type: str = "text/xml", charset: str = "") -> DocumentFailure:
    with pytest.raises(DocumentFailure) as caught:
        document(body, content_type=content_type, charset=charset)
    return caught.value


# --- what is read ----------------------------------------------------------------------------------------------------


def test_a_document_is_its_verbs_with_their_lines() -> None:
    read_back = document('<?xml version="1.0"?>\n<Response>\n  <Pause length=" 2 "/>\n\n  <Reject/>\n</Response>')
    assert read_back == Document(URL, (Element("Pause", {"length": "2"}, (), 3), Element("Reject", {}, (), 5)))


def test_texts_and_elements_stay_in_their_order() -> None:
    (dial,) = document("<Response><Dial> 1 <Number>2<!-- two -->2</Number>\n 3 <?pi?> </Dial></Response>").verbs
    assert dial.content == ("1", Element("Number", {}, ("22",), 1), "3")
    assert (dial.text, [child.tag for child in dial.children]) == ("1 3", ["Number"])


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
def test_these_content_types_are_documents(content_type: str) -> None:
    assert document("<Response/>", content_type=content_type).verbs == ()


@pytest.mark.parametrize("content_type", ["", "audio/wav", "text/plain", "application/json", "image/png"])
def test_other_content_types_are_none_and_the_failure_names_them(content_type: str) -> None:
    failed = failure("<Response/>", content_type=content_type)
    assert failed.code == Code.CONTENT_TYPE
    assert (content_type or "no Content-Type") in str(failed)
    assert "text/xml" in str(failed)


def test_namespaces_make_no_difference() -> None:
    body = (
        '<Response xmlns="urn:x" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:x y">'
        '<Reject reason="busy" xsi:nil="true"/></Response>'
    )
    assert document(body).verbs == (Element("Reject", {"reason": "busy"}, (), 1),)


# --- a bare & --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a?b=1&c=2", "a?b=1&c=2"),
        ("a?b=1&amp;c=2", "a?b=1&c=2"),
        ("AT&T &", "AT&T &"),
        ("&#65;&#x42; &# &#x;", "AB &# &#x;"),
        ("&&&amp;", "&&&"),
        ("&copy=1", "&copy=1"),
        ("<![CDATA[1&2]]>&3", "1&2&3"),
        ("<!-- a & b -->&", "&"),
    ],
)
def test_a_bare_ampersand_is_repaired(written: str, meant: str) -> None:
    assert document(f"<Response><Redirect>{written}</Redirect></Response>").verbs[0].text == meant


def test_a_bare_ampersand_is_repaired_in_attributes() -> None:
    assert document('<Response><Dial action="a?b=1&c=2"/></Response>').verbs[0].attributes == {"action": "a?b=1&c=2"}


def test_an_unknown_entity_is_not_repaired() -> None:
    failed = failure("<Response>\n <Say>&nbsp;</Say></Response>")
    assert "nbsp" in str(failed)
    assert str(failed).startswith("line 2, column ")


def test_the_column_is_that_of_the_document_and_not_of_the_repaired_one() -> None:
    assert str(failure("<Response><Foo></Response>")).startswith("line 1, column 27:")
    assert str(failure("<Response><Foo>& &</Response>")).startswith("line 1, column 30:")
    assert str(failure("<Response>&\n&\n<Foo>& &</Response>")).startswith("line 3, column 20:")


# --- characters ------------------------------------------------------------------------------------------------------

ACCENTS = "<Response><Say>Éclair</Say></Response>"


@pytest.mark.parametrize(
    "body",
    [
        ACCENTS.encode(),
        b"\xef\xbb\xbf" + ACCENTS.encode(),
        ACCENTS.encode("utf-16"),
        ACCENTS.encode("utf-16-le"),
        ACCENTS.encode("utf-16-be"),
        ACCENTS.encode("utf-32"),
        f'<?xml version="1.0" encoding="UTF-16"?>{ACCENTS}'.encode("utf-16"),
        f'<?xml version="1.0" encoding="UTF-16"?>{ACCENTS}'.encode("utf-16-le"),
        f'<?xml version="1.0" encoding="UTF-16"?>{ACCENTS}'.encode("utf-16-be"),
        f'<?xml version="1.0" encoding="ISO-8859-1"?>{ACCENTS}'.encode("latin-1"),
        f"<?xml version='1.0' encoding='windows-1252' standalone='yes'?>{ACCENTS}".encode("cp1252"),
        f'<?xml version="1.0" encoding="utf-8"?>\r\n{ACCENTS}\r\n'.encode(),
    ],
)
def test_the_encoding_is_known_by_mark_declaration_or_first_character(body: bytes) -> None:
    assert document(body).verbs[0].text == "Éclair"


def test_the_charset_goes_before_the_declaration() -> None:
    body = f'<?xml version="1.0" encoding="ISO-8859-1"?>{ACCENTS}'.encode()
    assert document(body, charset="UTF-8").verbs[0].text == "Éclair"
    assert document(ACCENTS.encode("latin-1"), charset="iso-8859-1").verbs[0].text == "Éclair"


def test_the_byte_order_mark_goes_before_the_charset() -> None:
    assert document(b"\xef\xbb\xbf" + ACCENTS.encode(), charset="iso-8859-1").verbs[0].text == "Éclair"


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"<Response>\n<Say>ab\xe9</Say></Response>", "line 2, column 8: byte 0xe9"),
        (b"<Response>\r\n<Say>\xc3\xa9\xe9</Say></Response>", "line 2, column 7: byte 0xe9"),
        ("<Response>\n<Say>\U0001f600</Say></Response>".encode("utf-16")[:-43], "line 2"),
        (b'<?xml version="1.0" encoding="us-ascii"?><Response>\xe9</Response>', "line 1, column 52"),
    ],
)
def test_bytes_of_another_encoding_are_told_with_their_place(body: bytes, where: str) -> None:
    failed = failure(body)
    assert failed.code == Code.PARSE
    assert where in str(failed)
    assert "encoding" in str(failed)


@pytest.mark.parametrize(
    "name", ["klingon", "idna", "punycode", "rot13", "zip", "unicode_escape", "utf-7", "", "aliases"]
)
def test_an_encoding_that_is_none_is_told(name: str) -> None:
    if name:
        assert repr(name) in str(failure(f'<?xml version="1.0" encoding="{name}"?><Response/>'))
        assert repr(name) in str(failure("<Response/>", charset=name))
    else:
        assert document('<?xml version="1.0" encoding=""?><Response/>').verbs == ()


# --- what is refused -------------------------------------------------------------------------------------------------

BOMB = (
    '<?xml version="1.0"?>\n<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12))
    + "]>\n<Response><Reject reason='&m;'>&m;</Reject></Response>"
)


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        '<?xml version="1.0"?>\n<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><Response><Say>&a;</Say></Response>',
        '<?xml version="1.0"?>\n<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd"><Response/>',
        "<!-- a page -->\n<!DOCTYPE html><html><body>Oops<br></body></html>",
    ],
)
def test_a_doctype_is_refused_before_anything_of_it_is_read(body: str) -> None:
    failed = failure(body)
    assert "DOCTYPE" in str(failed)
    assert str(failed).startswith("line 2, column 1:")


def test_a_doctype_in_a_comment_or_cdata_is_text() -> None:
    assert document("<Response><!-- <!DOCTYPE x> --><Say><![CDATA[<!DOCTYPE x>]]></Say></Response>").verbs[0].text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("", "line 1, column 1: Document is empty"),
        ("   \n ", "line"),
        ("OK", "line 1, column 1"),
        ("{}", "line 1, column 1"),
        ("<Response>\n  <Reject>\n</Response>", "line 3, column 12: Opening and ending tag mismatch: Reject line 2"),
        ("<Response><Reject reason=busy/></Response>", "line 1, column 26"),
        ("<Response/><Response/>", "line 1, column 12"),
        ('\n<?xml version="1.0"?><Response/>', "line 2"),
        ("<Response>\x00</Response>", "line 1, column 11"),
        ("<html><body/></html>", "line 1: the root element is <html>, not <Response>"),
        ("<response><Reject/></response>", "letter case matters"),
        ("<Reject/>", "the root element is <Reject>"),
    ],
)
def test_what_is_no_document_is_told_with_its_place(body: str, text: str) -> None:
    failed = failure(body)
    assert failed.code == Code.PARSE
    assert text in str(failed)


def test_depth_is_bounded() -> None:
    def nested(depth: int) -> str:
        return "<Response>" + "<A>" * (depth - 1) + "</A>" * (depth - 1) + "</Response>"

    assert document(nested(SETTINGS.depth_limit))
    assert "rcml.depth_limit" in str(failure(nested(SETTINGS.depth_limit + 1)))
    assert "depth" in str(failure(nested(5_000)))


def test_the_number_of_verbs_and_nouns_is_bounded() -> None:
    assert len(document("<Response>" + "<Pause/>" * 200 + "</Response>").verbs) == 200
    assert "line 201: it has more than 200" in str(failure("<Response>" + "<Pause/>\n" * 201 + "</Response>"))
    assert "more than 200" in str(failure("<Response><Dial>" + "<Number/>" * 200 + "</Dial></Response>"))
    assert document("<Response><Pause/></Response>", settings=RcmlSettings(verb_limit=1))


@pytest.mark.parametrize("piece", ["&", "<!--", "<![CDATA[", "<?", "\n&", "<?xml ", "&#x", "<a>", "<a/>", "]]>"])
def test_a_large_reply_costs_no_more_than_its_size(piece: str) -> None:
    # Each is gone through once; a quadratic step would take minutes here, and the test's time limit ends it.
    failure(piece * (SETTINGS.document_limit // len(piece)))


# --- anything --------------------------------------------------------------------------------------------------------

FRAGMENTS = [
    "<Response>", "</Response>", "<Reject/>", "<Reject reason='busy'>", "</Reject>", "<!--", "-->", "<![CDATA[", "]]>",
    "<?xml version='1.0' encoding='", "utf-16", "latin-1", "'?>", "<?", "?>", "<!DOCTYPE", "&", "&amp;", "&#", "x41;",
    "\x00", "é", "\n", "\r", " ", "xmlns:a='b'", "a:", '"', "=", "\ufeff", "\U0001f600",
]  # fmt: skip
ENCODINGS = ["utf-8", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252"]


def reads_or_fails(body: bytes, content_type: str, charset: str) -> None:
    try:
        found = read(Fetched(URL, content_type, charset, "", body), SETTINGS)
    except DocumentFailure as failed:
        assert str(failed)
    else:
        assert found.url == URL


@given(st.binary(max_size=300), st.sampled_from([*CONTENT_TYPES, "", "text/plain"]), st.text(max_size=12))
@example(b"<Response/>", "text/xml", "a\x00")
@example(b"\xff\xfe\x00\xd8", "text/xml", "")
@example(b"<\x00", "text/xml", "")
def test_no_bytes_raise_anything_else(body: bytes, content_type: str, charset: str) -> None:
    reads_or_fails(body, content_type, charset)


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=20), st.sampled_from(ENCODINGS), st.sampled_from(["", *ENCODINGS]))
def test_no_pieces_of_documents_raise_anything_else(pieces: list[str], encoding: str, charset: str) -> None:
    reads_or_fails("".join(pieces).encode(encoding, "replace"), "text/xml", charset)
