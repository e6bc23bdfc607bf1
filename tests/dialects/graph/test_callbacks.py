"""Which URLs a bot may name for its notifications."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from typing import Any

import pytest

from callgate.dialects.graph.callbacks import URL_LIMIT, CallbackRules
from callgate.dialects.graph.lookups import Lookup, Names
from callgate.dialects.graph.model import Refused
from callgate.dialects.graph.networks import is_loopback, is_public
from callgate.settings import GraphSettings
from tests.dialects.serving import PATIENCE

PUBLIC = "198.41.0.4"
HTTP: dict[str, Any] = {"http_callbacks": True}
PRIVATE: dict[str, Any] = {"private_callbacks": True}


def finds(*addresses: str) -> Lookup:
    """A lookup that finds these addresses for every name."""

    def lookup(host: str, port: int) -> list[tuple[Any, ...]]:
        families = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [
            (families[ipaddress.ip_address(one.partition("%")[0]).version], socket.SOCK_STREAM, 6, "", (one, port))
            for one in addresses
        ]

    return lookup


def finds_nothing(host: str, port: int) -> list[tuple[Any, ...]]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def is_not_asked(host: str, port: int) -> list[tuple[Any, ...]]:
    raise AssertionError("no name is to be looked up")


async def refusal(text: str, lookup: Lookup = is_not_asked, **settings: Any) -> str:
    """The message of the refusal."""
    with pytest.raises(Refused) as caught:
        await CallbackRules(GraphSettings(**settings), lookup=lookup).checked(text)
    assert (caught.value.status, caught.value.code) == (400, "BadRequest")
    assert caught.value.__context__ is None or caught.value.__suppress_context__  # no log shows the URL
    assert "hush" not in caught.value.message
    return caught.value.message


async def allowed(text: str, lookup: Lookup = is_not_asked, **settings: Any) -> str:
    return await CallbackRules(GraphSettings(**settings), lookup=lookup).checked(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://bot.contoso.com/api/calls",
        "https://bot.contoso.com/api/calls/204d6eb0-3fd5-48ad-9a71-fc9af2b2b2a1?tenant=7&x=%20y",
        "https://bot.contoso.com:8443/",
        "https://xn--bt-fka.contoso.com/",
    ],
)
async def test_https_to_a_public_host_is_allowed_as_it_is(text: str) -> None:
    assert await allowed(text, finds(PUBLIC, "2606:4700::1111")) == text


async def test_a_public_address_needs_no_lookup() -> None:
    assert await allowed(f"https://{PUBLIC}/") == f"https://{PUBLIC}/"
    assert await allowed("https://[2606:4700::1111]/") == "https://[2606:4700::1111]/"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "absolute https URL"),
        ("/api/calls", "absolute https URL"),
        ("//bot.contoso.com/", "absolute https URL"),
        ("https:///calls", "absolute https URL"),
        ("ftp://bot.contoso.com/", "absolute https URL"),
        ("file:///etc/passwd", "absolute https URL"),
        ("javascript:alert(1)", "absolute https URL"),
        ("https://ann:hush@bot.contoso.com/", "user or password"),
        ("https://hush@bot.contoso.com/", "user or password"),
        ("https://@bot.contoso.com/", "user or password"),
        ("https://bot.contoso.com/#hush", "fragment"),
        ("https://bot.contoso.com/#", "fragment"),
        ("https://bot.contoso.com/a b", "spaces or control characters"),
        ("https://bot.contoso.com/\r\nX-Evil:1", "spaces or control characters"),
        (" https://bot.contoso.com/", "spaces or control characters"),
        ("https://bot.contoso.com\\@10.0.0.1/", "no URL"),
        ("https://bot.contoso.com:99999/", "no URL"),
        ("https://[::1/", "no URL"),
        ("https://bot.contoso.com:0/", "host or port"),
        ("https://bot%2econtoso.com/", "host or port"),
        ("https://bot,contoso/", "host or port"),
        ("https://[fe80::1%25eth0]/", "host or port"),
        ("https://127.1/", "host or port"),
        ("https://2130706433/", "host or port"),
        ("https://0x7f.1/", "host or port"),
        ("https://0177.0.0.1/", "host or port"),
        ("https://10.0.0.1./", "host or port"),
        ("https://bot.contoso.com/" + "a" * URL_LIMIT, "longer than 2048"),
    ],
)
async def test_what_is_no_https_url_of_a_host_is_refused_whatever_the_settings(text: str, why: str) -> None:
    assert why in await refusal(text)
    assert why in await refusal(text, **HTTP, **PRIVATE)


@pytest.mark.parametrize("host", ["127.0.0.1:9441", "[::1]:9441", "localhost:9441"])
async def test_http_is_for_this_machine_alone_and_only_with_the_setting(host: str) -> None:
    assert await allowed(f"http://{host}/calls", finds("127.0.0.1"), **HTTP) == f"http://{host}/calls"
    assert "must be https" in await refusal(f"http://{host}/calls")
    assert "must be https" in await refusal(f"http://{host}/calls", **PRIVATE)


@pytest.mark.parametrize("host", ["10.0.0.1", PUBLIC, "bot.contoso.com", "localhost.contoso.com", "[::ffff:10.0.0.1]"])
async def test_http_to_another_machine_is_never_allowed(host: str) -> None:
    assert "must be https" in await refusal(f"http://{host}/", finds("127.0.0.1"), **HTTP, **PRIVATE)


OWN = [
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.0.1",
    "169.254.169.254",
    "0.0.0.0",
    "0.1.2.3",
    "224.0.0.1",
    "233.252.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::1",
    "2002:a00:1::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "ff0e::1",
    "2001:db8::1",
    "2001:0:a00:1::1",
]


@pytest.mark.parametrize("address", OWN)
async def test_a_host_inside_is_refused_by_address_and_by_name_unless_the_setting_allows_it(address: str) -> None:
    lookup = finds(PUBLIC, address)
    assert "private network" in await refusal("https://bot.contoso.com/", lookup)
    assert await allowed("https://bot.contoso.com/", lookup, **PRIVATE) == "https://bot.contoso.com/"
    if "%" in address:
        return
    url = f"https://[{address}]/" if ":" in address else f"https://{address}/"
    assert "private network" in await refusal(url)
    assert (await allowed(url, **PRIVATE)).startswith("https://")


@pytest.mark.parametrize("address", ["::ffff:198.41.0.4", "64:ff9b::198.41.0.4", "2002:c629:4::1", "2001:500:2::c"])
def test_an_address_that_stands_for_a_public_one_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1"])
async def test_with_http_callbacks_this_machine_may_be_named_by_https_too(address: str) -> None:
    assert is_loopback(ipaddress.ip_address(address))
    assert await allowed("https://bot.contoso.com/", finds(address), **HTTP)
    assert "private network" in await refusal("https://bot.contoso.com/", finds(address, "10.0.0.1"), **HTTP)


async def test_localhost_is_this_machine_by_the_machine_s_own_names() -> None:
    with pytest.raises(Refused, match="private network"):
        await CallbackRules(GraphSettings()).checked("https://localhost/")
    assert await CallbackRules(GraphSettings(**HTTP)).checked("http://localhost:1/") == "http://localhost:1/"


async def test_a_host_that_is_not_found_is_refused() -> None:
    assert "not found" in await refusal("https://bot.contoso.com/", finds_nothing)
    assert "not found" in await refusal("https://bot.contoso.com/", finds())
    label = "a" * 64  # one more than IDNA lets a label have: the lookup itself raises
    with pytest.raises(Refused, match="not found"):
        await CallbackRules(GraphSettings()).checked(f"https://{label}..com/")


async def test_a_lookup_ends_in_time_and_others_do_not_wait_for_it() -> None:
    release = threading.Event()

    def lookup(host: str, port: int) -> list[tuple[Any, ...]]:
        if host == "slow.contoso.com":
            release.wait(PATIENCE)
        return finds(PUBLIC)(host, port)

    rules = CallbackRules(GraphSettings(notification_timeout=0.3), lookup=lookup)
    try:
        slow = asyncio.create_task(rules.checked("https://slow.contoso.com/"))
        await asyncio.sleep(0)
        patient = CallbackRules(GraphSettings(notification_timeout=PATIENCE), lookup=lookup)
        assert await patient.checked("https://quick.contoso.com/")
        with pytest.raises(Refused, match="did not answer in time"):
            await slow
    finally:
        release.set()


async def test_a_lookup_keeps_its_place_until_its_thread_has_ended() -> None:
    """So that names that nobody answers for cannot take one thread after the other."""
    release = threading.Event()
    begun: list[str] = []

    def lookup(host: str, port: int) -> list[tuple[Any, ...]]:
        begun.append(host)
        release.wait(PATIENCE)
        return finds(PUBLIC)(host, port)

    names = Names(lookup, at_once=1)
    for host in ("first", "second"):
        with pytest.raises(OSError, match="did not answer in time"):
            await names.addresses(host, 443, 0.05)
    assert begun == ["first"]
    release.set()
    assert [one.address for one in await names.addresses("third", 443, PATIENCE)] == [PUBLIC]
    assert begun == ["first", "third"]
