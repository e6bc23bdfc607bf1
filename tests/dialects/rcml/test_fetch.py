"""Documents over HTTP, from servers that behave, and from those that do not."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import gzip
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from callgate import __version__
from callgate.dialects.rcml.fetch import HttpFetcher
from callgate.dialects.rcml.model import DocumentRequest, Fetched, FetchError, Method, Parameters
from callgate.dialects.rcml.urls import resolve, without_credentials
from callgate.ports import free_port
from callgate.settings import RcmlSettings
from tests.dialects.serving import until

from .applications import (
    CHUNKED,
    REJECT,
    Applications,
    Asked,
    Behaviour,
    after,
    certificate,
    document,
    endless,
    in_turn,
    raw,
    redirect,
    reset,
    silence,
    status,
)

PARAMETERS: Parameters = [("CallSid", "CA1"), ("From", "+44 20"), ("CallerName", "Zoë & Co"), ("To", "2002")]
#: Long enough for everything that is not about time.
LONG = 20.0
#: How soon something must be over that is about time: far more than it takes, far less than without its bound.
SOON = 10.0


@contextlib.asynccontextmanager
async def fetching(tls: Any = None, **settings: Any) -> AsyncIterator[HttpFetcher]:
    fetcher = HttpFetcher(RcmlSettings(**settings), tls=tls)
    fetcher.open()
    try:
        yield fetcher
    finally:
        await fetcher.close()


async def ask(
    fetcher: HttpFetcher, url: str, method: Method = "POST", *, account: str = "acme", seconds: float = LONG
) -> Fetched:
    return await fetcher.fetch(account, DocumentRequest(url, method, PARAMETERS), seconds)


async def failure(
    url: str, method: Method = "POST", *, seconds: float = LONG, tls: Any = None, **settings: Any
) -> FetchError:
    """How a fetch fails; afterwards nothing may be left of it."""
    before = asyncio.all_tasks()
    async with fetching(tls, **settings) as fetcher:
        with pytest.raises(FetchError) as caught:
            await ask(fetcher, url, method, seconds=seconds)
    await until(lambda: asyncio.all_tasks() <= before)  # also the server's, so the connection is closed
    error = caught.value
    assert error.__context__ is None or error.__suppress_context__  # no log shows the client's own errors with the URL
    assert "hush" not in error.url + str(error)
    return error


# --- what is asked ---------------------------------------------------------------------------------------------------


async def test_a_post_carries_the_parameters_in_order_as_a_form(applications: Applications) -> None:
    async with fetching() as fetcher:
        got = await ask(fetcher, applications.on("/voice", document()))
    asked = applications.asked[0]
    assert (asked.method, asked.target, asked.form) == ("POST", "/voice", PARAMETERS)
    assert asked.body == b"CallSid=CA1&From=%2B44+20&CallerName=Zo%C3%AB+%26+Co&To=2002"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded; charset=UTF-8"
    assert asked.headers["user-agent"] == f"Callgate/{__version__}"
    assert asked.headers["accept-encoding"] == "identity"
    assert (got.body.decode(), got.content_type, got.charset) == (REJECT, "text/xml", "")
    assert got.url == f"{applications.base}/voice"


async def test_a_get_carries_the_parameters_in_its_query(applications: Applications) -> None:
    async with fetching() as fetcher:
        await ask(fetcher, applications.on("/voice", document()), "GET")
    asked = applications.asked[0]
    assert (asked.method, asked.path, asked.query, asked.body) == ("GET", "/voice", PARAMETERS, b"")
    assert "content-type" not in asked.headers


async def test_the_urls_own_query_follows_the_parameters_in_the_form_or_the_query(applications: Applications) -> None:
    url = applications.on("/voice", document()) + "?tenant=7&To=x&tenant=%C3%BC+8&flag#part"
    own = [("tenant", "7"), ("To", "x"), ("tenant", "ü 8"), ("flag", "")]
    async with fetching() as fetcher:
        posted = await ask(fetcher, url)
        await ask(fetcher, url, "GET")
    post, get = applications.asked
    assert (post.target, post.form) == ("/voice", PARAMETERS + own)
    assert get.query == PARAMETERS + own
    assert posted.url == url.removesuffix("#part")


async def test_half_a_character_in_a_value_does_not_stop_the_request(applications: Applications) -> None:
    url = applications.on("/voice", document())
    async with fetching() as fetcher:
        for method in ("POST", "GET"):
            await fetcher.fetch("acme", DocumentRequest(url, method, [("From", "\ud800\x00\r\n")], "token"), LONG)
    assert applications.asked[0].form == applications.asked[1].query == [("From", "?\x00\r\n")]


async def test_user_and_password_of_the_url_are_sent_and_kept_for_relative_urls(applications: Applications) -> None:
    url = applications.on("/voice", document()).replace("//", "//ann:hü%40sh@")
    async with fetching() as fetcher:
        got = await ask(fetcher, url)
        await ask(fetcher, resolve(got.url, "voice"))
    assert [asked.headers["authorization"] for asked in applications.asked] == ["Basic YW5uOmjDvEBzaA=="] * 2
    assert "ann" not in applications.asked[0].headers["host"]


async def test_cookies_and_the_environments_proxy_are_left_alone(
    applications: Applications, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port('127.0.0.1', 'tcp')}")
    url = applications.on("/voice", document(headers="Set-Cookie: a=hush\r\nX-More: yes\r\n"))
    url = url.replace("127.0.0.1", "localhost")  # an address has no cookies anyhow
    async with fetching() as fetcher:
        got = await ask(fetcher, url)
        await ask(fetcher, url)
    assert not any("cookie" in asked.headers for asked in applications.asked)
    assert "X-More: yes" in got.headers and "hush" not in got.headers


async def test_connections_are_kept_for_the_next_call(applications: Applications) -> None:
    url = applications.on("/voice", document())
    applications.on("/gone", status(404, "no such page"))
    applications.on("/moved", redirect("/voice"))
    async with fetching() as fetcher:
        await ask(fetcher, url)
        with pytest.raises(FetchError):
            await ask(fetcher, f"{applications.base}/gone")
        await ask(fetcher, f"{applications.base}/moved")
        await ask(fetcher, url, "GET")
    assert len(applications.asked) == 5
    assert applications.accepted == 1


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("dies", [raw(b"", keep=False), reset])
async def test_a_kept_connection_that_the_server_closes_just_then_is_no_failure(
    applications: Applications, method: Method, dies: Behaviour
) -> None:
    url = applications.on("/voice", in_turn(document(), dies, document()))
    async with fetching() as fetcher:
        await ask(fetcher, url, method)
        assert (await ask(fetcher, url, method)).body.decode() == REJECT
    assert [asked.connection for asked in applications.asked] == [1, 1, 2]


async def test_a_new_connection_that_the_server_closes_is_not_asked_again(applications: Applications) -> None:
    error = await failure(applications.on("/voice", raw(b"", keep=False)))
    assert (error.code, str(error)) == (11205, "the server closed the connection without a reply")
    assert len(applications.asked) == 1


# --- redirects -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_redirect_is_followed_with_the_same_method_and_parameters(
    applications: Applications, code: int, method: Method
) -> None:
    applications.on("/b/voice", document())
    applications.on("/b/next", redirect("voice?step=2", code))
    async with fetching() as fetcher:
        got = await ask(fetcher, applications.on("/a", redirect("/b/next", code)) + "?tenant=7", method)
    assert applications.paths() == ["/a", "/b/next", "/b/voice"]
    assert {asked.method for asked in applications.asked} == {method}
    sent = [asked.form if method == "POST" else asked.query for asked in applications.asked]
    tenant, step = ("tenant", "7"), ("step", "2")
    assert sent == [[*PARAMETERS, tenant], [*PARAMETERS, tenant], [*PARAMETERS, tenant, step]]
    assert got.url == f"{applications.base}/b/voice?step=2"


async def test_parameters_that_the_server_repeats_in_its_location_are_sent_once(applications: Applications) -> None:
    async def elsewhere(asked: Asked, writer: asyncio.StreamWriter) -> bool:
        return await redirect(asked.target.replace("/old", "/new").replace("step=1", "step=2"))(asked, writer)

    applications.on("/new", document())
    async with fetching() as fetcher:
        got = await ask(fetcher, applications.on("/old", elsewhere) + "?tenant=7&step=1", "GET")
    assert applications.asked[1].query == [*PARAMETERS, ("tenant", "7"), ("step", "2")]
    assert got.url == f"{applications.base}/new?tenant=7&step=2"


@pytest.mark.parametrize("limit", [1, 3])
async def test_redirects_in_a_circle_end_after_as_many_as_the_settings_say(
    applications: Applications, limit: int
) -> None:
    applications.on("/b", redirect("/a"))
    error = await failure(applications.on("/a", redirect("/b")), redirects=limit)
    assert (error.code, error.status) == (11206, 0)
    assert f"more than {limit} redirects" in str(error)
    assert len(applications.asked) == limit + 1


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/voice", "http://", "http://127.0.0.1:99999/", "mailto:a@b"])
async def test_a_redirect_to_what_is_no_http_url_fails(applications: Applications, location: str) -> None:
    error = await failure(applications.on("/a", redirect(location)))
    assert error.code == 11100
    assert error.url == f"{applications.base}/a"
    assert len(applications.asked) == 1


async def test_a_redirect_without_a_location_is_a_reply_that_brings_no_document(applications: Applications) -> None:
    error = await failure(applications.on("/a", status(302)))
    assert (error.code, error.status) == (11200, 302)


async def test_credentials_stay_with_their_host(applications: Applications) -> None:
    other = Applications()
    async with other.serving(), fetching() as fetcher:
        other.on("/there", redirect(applications.base + "/back"))
        other.on("/own", document())
        applications.on("/here", redirect("/next"))
        applications.on("/next", redirect(other.base + "/there"))
        applications.on("/back", redirect(other.base.replace("//", "//bob:his@") + "/own"))
        got = await ask(fetcher, applications.base.replace("//", "//ann:hush@") + "/here")
    sent = [asked.headers.get("authorization") for asked in applications.asked]
    assert (sent[0], sent[1]) == ("Basic YW5uOmh1c2g=", "Basic YW5uOmh1c2g=")
    assert sent[2] is None
    assert [asked.headers.get("authorization") for asked in other.asked] == [None, "Basic Ym9iOmhpcw=="]
    assert got.url == other.base.replace("//", "//bob:his@") + "/own"


async def test_a_redirect_from_https_to_http_is_not_followed(applications: Applications, tmp_path: Path) -> None:
    server, client = certificate(tmp_path)
    secure = Applications()
    applications.on("/voice", document())
    async with secure.serving(server):
        error = await failure(secure.on("/voice", redirect(applications.base + "/voice")), tls=client)
        assert (error.code, error.url) == (11206, secure.base + "/voice")
        assert "from https to http" in str(error)
        assert not applications.asked
        async with fetching(client) as fetcher:
            applications.on("/up", redirect(secure.on("/there", document())))
            assert (await ask(fetcher, applications.base + "/up")).url == secure.base + "/there"


# --- what comes back -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "content_type", "charset"),
    [
        ("text/xml", "text/xml", ""),
        ('Text/XML; Charset="ISO-8859-1"', "text/xml", "iso-8859-1"),
        ("application/xml;charset=utf-8;q=1", "application/xml", "utf-8"),
        ("audio/wav", "audio/wav", ""),
        (";;", "", ""),
        (None, "", ""),
    ],
)
async def test_the_content_type_is_passed_on_as_it_came(
    applications: Applications, sent: str | None, content_type: str, charset: str
) -> None:
    async with fetching() as fetcher:
        got = await ask(fetcher, applications.on("/voice", document(content_type=sent)))
    assert (got.content_type, got.charset) == (content_type, charset)


@pytest.mark.parametrize(
    "behaviour",
    [
        document(b""),
        raw(CHUNKED + b"5\r\nhello\r\n0\r\n\r\n"),
        raw(b"HTTP/1.1 200 OK\r\n\r\nhello", keep=False),
        raw(b"HTTP/1.0 200 OK\r\n\r\nhello", keep=False),
        raw(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
    ],
)
async def test_every_form_of_a_whole_reply_is_taken(applications: Applications, behaviour: Behaviour) -> None:
    async with fetching() as fetcher:
        got = await ask(fetcher, applications.on("/voice", behaviour))
    assert got.body in (b"hello", b"")


async def test_a_document_may_be_as_long_as_the_settings_say_and_no_longer(applications: Applications) -> None:
    applications.on("/fits", document(b"x" * 50_000))
    async with fetching(document_limit=50_000) as fetcher:
        assert len((await ask(fetcher, f"{applications.base}/fits")).body) == 50_000
    error = await failure(applications.on("/long", document(b"x" * 50_001)), document_limit=50_000)
    assert (error.code, error.status) == (11205, 0)
    assert str(error) == "the reply is longer than 50000 bytes"
    assert error.body == "x" * 4096


@pytest.mark.parametrize(
    "behaviour",
    [
        endless(CHUNKED, b"4000\r\n" + b"x" * 0x4000 + b"\r\n"),
        endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 0x4000),
        endless(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", b"x" * 0x4000),
    ],
)
async def test_a_reply_without_end_is_read_up_to_the_limit_and_its_connection_closed(
    applications: Applications, behaviour: Behaviour
) -> None:
    url = applications.on("/voice", behaviour)
    async with fetching() as fetcher:
        with pytest.raises(FetchError, match="longer than 262144 bytes"):
            await ask(fetcher, url)
        await until(lambda: applications.open == 0)


@pytest.mark.parametrize(
    ("code", "notification"), [(404, 21402), (201, 11200), (204, 11200), (400, 11200), (500, 11200), (503, 11200)]
)
async def test_any_status_but_200_brings_no_document(applications: Applications, code: int, notification: int) -> None:
    page = "<html>Sorry\x00\x1b!</html>" if code != 204 else ""
    error = await failure(applications.on("/voice", status(code, page, headers="X-Trace: 17\r\nX-Bad: \x80\r\n")))
    assert (error.code, error.status, error.url) == (notification, code, f"{applications.base}/voice")
    assert f"answered {code} " in str(error)
    assert "X-Trace: 17" in error.headers and error.headers.isprintable() is False  # it has its line breaks
    assert error.body == page.replace("\x00", "?").replace("\x1b", "?")
    (error.headers + error.body + str(error)).encode()  # no half characters


@pytest.mark.parametrize("pause", [0.0, 0.05])
async def test_of_a_reply_that_is_no_document_only_a_start_is_taken(applications: Applications, pause: float) -> None:
    head = b"HTTP/1.1 500 Oh\r\n" + b"X-Long: " + b"y" * 6000 + b"\r\n\r\n"
    began = time.monotonic()
    error = await failure(applications.on("/voice", endless(head, b"x" * 100, pause)))
    assert time.monotonic() - began < SOON
    assert (error.status, len(error.headers)) == (500, 4096)
    assert 0 < len(error.body) <= 4096
    await until(lambda: applications.open == 0)


@pytest.mark.parametrize(
    ("behaviour", "code", "text"),
    [
        (reset, 11205, "the connection broke: Connection reset by peer"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<Resp", keep=False), 11205, "the reply broke off"),
        (raw(CHUNKED + b"5\r\n<Resp\r\n", keep=False), 11205, "the reply broke off"),
        (raw(CHUNKED + b"zz\r\n<Resp\r\n"), 11206, "the reply is not HTTP"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Len", keep=False), 11205, "the server closed the connection"),
        (raw(b"220 mail.example.com ESMTP\r\n"), 11206, "the reply is not HTTP"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), 11206, "the reply is not HTTP"),
        (raw(b"HTTP/1.1 99999 Oh\r\n\r\n"), 11206, "the reply is not HTTP"),
        (raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20_000 + b"\r\n\r\n"), 11206, "the reply is not HTTP, or its headers"),
        (endless(b"HTTP/1.1 200 OK\r\n", b"X-More: y\r\n"), 11206, "the reply is not HTTP, or its headers"),
        (
            document(gzip.compress(b"x" * 9_000_000), headers="Content-Encoding: gzip\r\n"),
            11206,
            "the reply is compressed",
        ),
    ],
)
async def test_what_is_not_a_whole_reply_has_its_own_name(
    applications: Applications, behaviour: Behaviour, code: int, text: str
) -> None:
    url = applications.on("/voice", behaviour)
    error = await failure(url.replace("//", "//ann:hush@"))
    assert (error.code, error.status, error.url) == (code, 0, url)
    assert text in str(error)
    assert "hush" not in repr(error)


@pytest.mark.parametrize(
    "behaviour",
    [
        silence,
        endless(b"", b"\r\n", 0.01),
        endless(b"HTTP/1.1 200 OK\r\nX: ", b"y", 0.01),
        endless(CHUNKED, b"1\r\nx\r\n", 0.01),
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.01),
    ],
)
async def test_a_reply_that_does_not_come_to_its_end_is_given_up(
    applications: Applications, behaviour: Behaviour
) -> None:
    url = applications.on("/voice", behaviour)
    began = time.monotonic()
    error = await failure(url, seconds=0.3)
    assert time.monotonic() - began < SOON
    assert (error.code, error.url, str(error)) == (11205, url, "no whole reply within 0.3 s")
    await until(lambda: applications.open == 0)


async def test_redirects_are_within_the_time_of_the_whole(applications: Applications) -> None:
    applications.on("/b", silence)
    error = await failure(applications.on("/a", redirect("/b")), timeout=0.3)
    assert (str(error), error.url) == ("no whole reply within 0.3 s", f"{applications.base}/b")


async def test_nobody_listens_there() -> None:
    error = await failure(f"http://127.0.0.1:{free_port('127.0.0.1', 'tcp')}/voice")
    assert (error.code, error.status) == (11205, 0)
    assert str(error) == "no connection: Connection refused"


async def test_a_host_name_that_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = await failure("http://ann:hush@voice.example/")
    assert (error.code, str(error), error.url) == (11205, "the host name was not found", "http://voice.example/")


async def test_a_certificate_that_is_not_trusted(tmp_path: Path) -> None:
    server, _ = certificate(tmp_path)
    secure = Applications()
    async with secure.serving(server):
        error = await failure(secure.on("/voice", document()))
    assert error.code == 11205
    assert str(error).startswith("the server's TLS certificate is not trusted: self")
    assert not secure.asked


async def test_a_server_that_does_not_speak_tls_is_named() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        error = await failure(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert (error.code, str(error)[:17]) == (11205, "no TLS connection")


# --- URLs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "",
        "voice.php",
        "/voice",
        "//example.com/voice",
        "ftp://example.com/",
        "file:///etc/passwd",
        "http://",
        "http:///voice",
        "http:voice",
        "http://example.com:99999/",
        "http://example.com:port/",
        "http://exa mple.com/",
        "http://example.com%0d%0aX:/",
        "http://ann:hush@exa\r\nmple.com/",
        "http://ann:hush@exa%00mple.com/",
        "http://ann:hush@[::1/",
        "http://ann:hush@example.com\\@127.0.0.1/",
        "http://a%3Ab:hush@127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://" + "a" * 300 + "/",
        "http://ann:hush@example.com/" + "a" * 9000,
    ],
)
async def test_what_is_no_url_is_never_asked(url: str) -> None:
    error = await failure(url, seconds=1.0)
    assert (error.code, error.status) == (11100, 0)
    assert "hush" not in error.url + str(error)
    assert "\n" not in error.url


async def test_plain_http_can_be_forbidden(applications: Applications, tmp_path: Path) -> None:
    error = await failure(applications.on("/voice", document()), http=False)
    assert (error.code, len(applications.asked)) == (11100, 0)
    assert "only https" in str(error)
    server, client = certificate(tmp_path)
    secure = Applications()
    async with secure.serving(server), fetching(client, http=False) as fetcher:
        assert (await ask(fetcher, secure.on("/voice", document()))).body.decode() == REJECT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("next.xml", "https://ann:hush@example.com/a/next.xml"),
        (" /next?x=1 ", "https://ann:hush@example.com/next?x=1"),
        ("?step=2", "https://ann:hush@example.com/a/voice?step=2"),
        ("", "https://ann:hush@example.com/a/voice?tenant=7"),
        ("../../b#part", "https://ann:hush@example.com/b"),
        ("//other.example/x", "https://other.example/x"),
        ("http://other.example", "http://other.example"),
        ("https://bob:his@other.example/x y", "https://bob:his@other.example/x%20y"),
    ],
)
def test_relative_urls_are_resolved_as_rfc_3986_says(text: str, expected: str) -> None:
    assert resolve("https://ann:hush@example.com/a/voice?tenant=7", text) == expected


@pytest.mark.parametrize(("base", "text"), [("", "next.xml"), ("https://example.com/", "mailto:a@b"), ("", "")])
def test_what_comes_to_no_url_is_told(base: str, text: str) -> None:
    with pytest.raises(FetchError) as caught:
        resolve(base, text)
    assert caught.value.code == 11100


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ann:hush@example.com/a?mail=a@b", "https://example.com/a?mail=a@b"),
        ("https://example.com/a@b", "https://example.com/a@b"),
        ("https://ann:hu@sh@[::1", "https://[::1"),
        ("//ann@example.com", "//example.com"),
        ("https:\\\\ann:hush@example.com", "https://example.com"),
        ("", ""),
    ],
)
def test_a_url_is_shown_without_user_and_password(url: str, shown: str) -> None:
    assert without_credentials(url) == shown


# --- many at once ----------------------------------------------------------------------------------------------------


async def test_a_thousand_requests_to_a_server_that_never_answers_keep_within_the_bound(
    applications: Applications,
) -> None:
    url = applications.on("/voice", silence)
    healthy = applications.on("/healthy", document())
    before = asyncio.all_tasks()
    async with fetching(requests=20) as fetcher:
        fetches = [asyncio.create_task(ask(fetcher, url, seconds=1.5)) for _ in range(1000)]
        await until(lambda: applications.open == 20)
        assert (await ask(fetcher, healthy, account="other")).body.decode() == REJECT
        assert not any(fetch.done() for fetch in fetches)
        assert applications.peak == 21  # the healthy one has its own
        results = await asyncio.gather(*fetches, return_exceptions=True)
        assert all(isinstance(result, FetchError) and result.code == 11205 for result in results)
        texts = [str(result) for result in results]
        assert texts.count("no whole reply within 1.5 s") == 20
        # A few get their turn in the last millisecond, when the first ones have given up and are about to be gone.
        assert texts.count("not asked: for 1.5 s 20 other requests of the account were under way") > 900
        assert applications.peak <= 41
    await until(lambda: applications.open == 0)
    await until(lambda: asyncio.all_tasks() <= before)
    del fetches, results  # the errors hold their frames
    gc.collect()
    assert not fetcher._turns


async def test_requests_of_an_account_get_their_turn_in_order(applications: Applications) -> None:
    hold = asyncio.Event()
    async with fetching(requests=1) as fetcher:
        for number in range(5):
            applications.on(f"/{number}", after(hold, document()))
        fetches = [asyncio.create_task(ask(fetcher, f"{applications.base}/{number}")) for number in range(5)]
        await until(lambda: applications.asked)
        hold.set()
        await asyncio.gather(*fetches)
    assert applications.paths() == ["/0", "/1", "/2", "/3", "/4"]
    assert applications.peak == 1


async def test_a_cancelled_request_leaves_its_place_at_once(applications: Applications) -> None:
    url = applications.on("/voice", silence)
    healthy = applications.on("/healthy", document())
    before = asyncio.all_tasks()
    async with fetching(requests=1) as fetcher:
        running = asyncio.create_task(ask(fetcher, url))
        waiting = asyncio.create_task(ask(fetcher, url))
        behind = asyncio.create_task(ask(fetcher, healthy))
        await until(lambda: applications.asked)
        waiting.cancel()
        running.cancel()
        assert (await behind).body.decode() == REJECT
        assert running.cancelled() and waiting.cancelled()
        assert applications.paths() == ["/voice", "/healthy"]
        await until(lambda: applications.open == 1)  # the kept one
    await until(lambda: asyncio.all_tasks() <= before)


async def test_the_time_for_the_turn_does_not_shorten_the_requests_own(applications: Applications) -> None:
    hold = asyncio.Event()
    url = applications.on("/voice", in_turn(after(hold, document()), silence))
    async with fetching(requests=1, timeout=1.0) as fetcher:
        first = asyncio.create_task(ask(fetcher, url))
        await until(lambda: applications.asked)
        second = asyncio.create_task(ask(fetcher, url))
        await asyncio.sleep(0.2)
        hold.set()
        await first
        with pytest.raises(FetchError, match=r"no whole reply within 1\.0 s"):
            await second


async def test_when_callgate_stops_requests_end_and_none_begins(applications: Applications) -> None:
    url = applications.on("/voice", silence)
    async with fetching() as fetcher:
        running = asyncio.create_task(ask(fetcher, url))
        await until(lambda: applications.asked)
        await fetcher.close()
        with pytest.raises(FetchError) as caught:
            await running
        assert caught.value.code == 11205
        with pytest.raises(FetchError, match="callgate is stopping"):
            await ask(fetcher, url)
    await until(lambda: applications.open == 0)


def test_no_secret_is_in_what_a_log_may_show() -> None:
    request = DocumentRequest("http://ann:hush@example.com/", "POST", [("From", "+4420")], "hush")
    fetched = Fetched("http://ann:hush@example.com/", "text/xml", "", "", b"")
    assert "hush" not in repr(request) + repr(fetched)
