"""The official library accepts our signature, as it is used by applications in front of a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict
from twilio.request_validator import RequestValidator
from yarl import URL

from callgate.dialects.rcml import signature
from callgate.dialects.rcml.fetch import HttpFetcher
from callgate.dialects.rcml.hops import Hop
from callgate.dialects.rcml.model import DocumentRequest, Method, Parameters
from callgate.settings import RcmlSettings

from .applications import Applications, Asked, certificate, document, redirect

TOKEN = "77a18bbb0f7fa9d6d0c9f7b1f0c8e3d2"
PARAMETERS: Parameters = [
    ("CallSid", "CA0123456789abcdef0123456789abcdef"),
    ("From", "+442079460123"),
    ("CallerName", 'Zoë "&=+%41?# \\ 测试 '),
    ("ForwardedFrom", "null"),
    ("CallTimestamp", "2020-05-26T17:59:16.555Z"),
    ("SipHeader_X-Empty", ""),
    ("SipHeader_X-Twice", "b"),
    ("SipHeader_X-Twice", "a"),
    ("SipHeader_X-Twice", "b"),
]


def genuine(asked: Asked, token: str = TOKEN) -> bool:
    """What an application does with a request."""
    form = MultiDict(asked.form)
    sent = asked.headers[signature.HEADER.lower()]
    return bool(RequestValidator(token).validate(asked.url, form, sent))


@pytest.fixture
async def fetcher() -> AsyncIterator[HttpFetcher]:
    made = HttpFetcher(RcmlSettings())
    made.open()
    yield made
    await made.close()


async def fetched(fetcher: HttpFetcher, url: str, method: Method) -> None:
    await fetcher.fetch("acme", DocumentRequest(url, method, PARAMETERS, TOKEN), 10.0)


def test_the_vendors_published_example_comes_out() -> None:
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    form = [("CallSid", "CA1234567890ABCDE"), ("Caller", "+14158675309"), ("Digits", "1234")]
    form += [("From", "+14158675309"), ("To", "+18005551212")]
    assert signature.sign("12345", url, form[::-1]) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("query", ["", "?tenant=7", "?a=1&a=2&b&c=%C3%BC+%26%20x", "?CallSid=mine&ü=ß"])
async def test_the_official_validator_accepts_what_a_server_gets(
    applications: Applications, fetcher: HttpFetcher, method: Method, query: str
) -> None:
    await fetched(fetcher, applications.on("/voice", document()) + query, method)
    assert genuine(applications.asked[0])


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_path_with_other_characters_is_signed_as_it_is_requested(
    applications: Applications, fetcher: HttpFetcher, method: Method
) -> None:
    url = applications.on("/caf%C3%A9%20a%2Fb", document())
    await fetched(fetcher, url.replace("caf%C3%A9", "café"), method)
    assert genuine(applications.asked[0])


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_url_without_a_path_is_signed_with_the_slash_that_is_requested(
    applications: Applications, fetcher: HttpFetcher, method: Method
) -> None:
    applications.on("/", document())
    await fetched(fetcher, applications.base, method)
    assert genuine(applications.asked[0])


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_after_a_redirect_the_signature_is_of_the_url_that_is_requested_then(
    applications: Applications, fetcher: HttpFetcher, method: Method
) -> None:
    applications.on("/moved/voice", document())
    applications.on("/next", redirect("moved/voice?step=2&x=%2B"))
    await fetched(fetcher, applications.on("/voice", redirect("/next", 307)) + "?tenant=7", method)
    assert applications.paths() == ["/voice", "/next", "/moved/voice"]
    assert all(genuine(asked) for asked in applications.asked)
    assert len({asked.headers["x-twilio-signature"] for asked in applications.asked}) == 3


async def test_requests_over_tls_are_signed_with_their_own_scheme(tmp_path: Path) -> None:
    server, client = certificate(tmp_path)
    applications, fetcher = Applications(), HttpFetcher(RcmlSettings(), tls=client)
    async with applications.serving(server):
        fetcher.open()
        await fetched(fetcher, applications.on("/voice", document()), "POST")
        await fetcher.close()
    assert applications.asked[0].url.startswith("https://")
    assert genuine(applications.asked[0])


async def test_the_signature_is_of_the_token_the_url_and_every_value(
    applications: Applications, fetcher: HttpFetcher
) -> None:
    await fetched(fetcher, applications.on("/voice", document()), "POST")
    asked = applications.asked[0]
    assert not genuine(asked, "another token")
    asked.target = "/other"
    assert not genuine(asked)
    asked.target = "/voice"
    asked.body = asked.body.replace(b"%2B442079460123", b"%2B442079460124")
    assert not genuine(asked)


async def test_without_a_token_nothing_is_signed(applications: Applications, fetcher: HttpFetcher) -> None:
    url = applications.on("/voice", document())
    await fetcher.fetch("acme", DocumentRequest(url, "POST", PARAMETERS), 10.0)
    assert "x-twilio-signature" not in applications.asked[0].headers


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("https://example.com:443/voice", "https://example.com/voice"),
        ("http://example.com:80/voice", "http://example.com/voice"),
        ("https://example.com:8443/voice", "https://example.com:8443/voice"),
        ("http://example.com:443/voice", "http://example.com:443/voice"),
        ("http://bücher.example/voice", "http://xn--bcher-kva.example/voice"),
        ("https://user:hush@example.com/voice#part", "https://example.com/voice"),
    ],
)
def test_the_port_is_signed_only_if_it_is_not_the_schemes_own(url: str, seen: str) -> None:
    hop = Hop.first(DocumentRequest(url, "POST", PARAMETERS, TOKEN), https_only=False)
    assert hop.seen == seen
    signed = signature.sign(TOKEN, hop.seen, hop.form)
    assert RequestValidator(TOKEN).validate(seen, MultiDict(hop.form), signed)


@given(
    st.lists(st.tuples(st.text(), st.text())),
    st.lists(st.tuples(st.text(), st.text())),
    st.sampled_from(["POST", "GET"]),
)
def test_any_text_arrives_as_it_was_and_is_signed(standard: Parameters, own: Parameters, method: Method) -> None:
    url = URL("https://example.com:8443/voice").with_query(own)
    hop = Hop.first(DocumentRequest(str(url), method, standard, TOKEN), https_only=True)
    query = parse_qsl(hop.target.raw_query_string, keep_blank_values=True)
    assert (query if method == "GET" else hop.form) == standard + own
    signed = signature.sign(TOKEN, hop.seen, hop.form)
    assert RequestValidator(TOKEN).validate(hop.seen, MultiDict(hop.form), signed)
