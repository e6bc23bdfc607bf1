"""Whatever an INVITE says, the application gets it as valid JSON with the same content, and never a credential."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.sip.applications import Json
from tests.sip.rig import Rig, number
from tests.sip.user_agent import Dialed, tcp_caller

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]

HOSTILE = {
    "quotes": '"He said \\"no\\", twice" <sip:{n}@example.com>',
    "backslashes": '"C:\\\\temp\\\\new\\\\\\"" <sip:{n}@example.com>',
    "json": '"{{\\"errcode\\":0,\\"msg\\":[1,2]}}" <sip:{n}@example.com;x={{}}>',
    "utf-8": '"Zoë Łukasz 王 🎷 \u202egnp.exe" <sip:{n}@example.com>',
    "not utf-8": '"caf\udce9 \udcff\udcfe" <sip:{n}@example.com>',
    "null": '"<null>" <sip:{n}@example.com>',
    "no brackets": "sip:{n}@example.com",
    "script": "\"<script>alert('1')</script>\" <sip:{n}@example.com>",
    "percent and dollar": '"%s %n $si $var(x) {{s.len}} \\\\r\\\\n" <sip:{n}@example.com>',
    "control characters": '"a\tb\x01\x1f\x7f" <sip:{n}@example.com>',
    "folded": '"one"\r\n <sip:{n}@example.com>',
    "four kilobytes": f'"{"ä" * 2048}" <sip:{{n}}@example.com>',
    "a token": "Ada <sip:{n}@example.com>",
    "tel": "<tel:{n};phone-context=example.com>",
}


def told_as(raw: str) -> str:
    """How a header value is told: what is no UTF-8 stays readable."""
    return raw.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


async def told(rig: Rig, call: Dialed) -> Json:
    """The call in the event "held"; it is refused, for it is not needed any more."""
    event = await rig.native.heard("held", call.call_id)
    await rig.native.decide("refuse", event["id"])
    assert (await call.ended()).status == 603
    return event


@pytest.mark.parametrize("kind", HOSTILE)
async def test_the_from_header_arrives_with_the_same_content(rig: Rig, kind: str) -> None:
    caller = number("56")
    value = HOSTILE[kind].format(n=caller)
    call = rig.caller.invite(rig.system.edge, number("2"), from_header=value)
    tag = call.request.partition(";tag=")[2].partition("\r\n")[0]
    event = await told(rig, call)
    assert event["caller"]["from_header"] == told_as(f"{value};tag={tag}")
    assert event["caller"]["number"] == caller
    # The Yeastar application is told in JSON within JSON.
    request = await rig.yeastar.incoming(event["caller"]["number"])
    outer = json.loads(request.text)
    assert json.loads(outer["msg"])["members"][0]["inbound"]["from"] == event["caller"]["number"]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('"He said \\"no\\"" <sip:1@example.com>', 'He said "no"'),
        ('"\\"Ada\\"" <sip:1@example.com>', '"Ada"'),
        ('"C:\\\\" <sip:1@example.com>', "C:\\"),
        ("Ada Lovelace <sip:1@example.com>", "Ada Lovelace"),
        ('"" <sip:1@example.com>', ""),
        ("<sip:1@example.com>", ""),
        ('"Zoë" <sip:1@example.com>', "Zoë"),
    ],
)
async def test_the_display_name_without_its_quotes(rig: Rig, header: str, name: str) -> None:
    call = rig.caller.invite(rig.system.edge, number("2"), from_header=header)
    assert (await told(rig, call))["caller"]["name"] == name


async def test_everything_that_identifies_the_caller(rig: Rig) -> None:
    did = number("2")
    headers = (
        'P-Asserted-Identity: "A, B" <sip:+4930@example.com>',
        "P-Asserted-Identity: <tel:+4930>",
        "Privacy: id;header",
        "Diversion: <sip:1@example.com>;reason=unconditional",
        "Diversion: <sip:2@example.com>;reason=user-busy",
        'X-Json: {"a": ["<null>", "\\u0000", null]}',
        "x-lower-case: 1",
        "X-Empty:",
        "X-Repeated: 1",
        "X-Repeated: 2",
    )
    call = rig.caller.invite(rig.system.edge, did, headers=headers)
    caller = (await told(rig, call))["caller"]
    assert caller["asserted_identity"].replace(",<", ", <") == '"A, B" <sip:+4930@example.com>, <tel:+4930>'
    assert caller["privacy"] == "id;header"
    assert caller["diversion"].replace(",<", ", <") == (
        "<sip:1@example.com>;reason=unconditional, <sip:2@example.com>;reason=user-busy"
    )
    assert [(each["name"], each["value"]) for each in caller["headers"]] == [
        ("X-Json", '{"a": ["<null>", "\\u0000", null]}'),
        ("x-lower-case", "1"),
        ("X-Empty", ""),
        ("X-Repeated", "1"),
        ("X-Repeated", "2"),
    ]
    assert caller["request_uri"] == f"sip:{did}@127.0.0.1:{rig.system.edge[1]}"
    assert caller["to_header"] == f"<sip:{did}@127.0.0.1:{rig.system.edge[1]}>"
    assert caller["sip_call_id"] == call.call_id
    assert caller["source"] == f"127.0.0.1:{rig.caller.port}"


async def test_credentials_are_told_to_nobody(rig: Rig) -> None:
    secret = "c2VjcmV0LWNyZWRlbnRpYWw"
    headers = (
        f'Authorization: Digest username="u", response="{secret}"',
        f'Proxy-Authorization: Digest username="u", response="{secret}"',
        f"proxy-authorization: Basic {secret}",
    )
    did = number("2")
    call = rig.caller.invite(rig.system.edge, did, number="5699", headers=headers)
    identity = await rig.held(call)
    await rig.native.decide("accept", identity)
    assert (await call.ended()).status == 200
    await call.hang_up()
    await rig.native.heard("ended", call.call_id)
    entry = await rig.native.journal(identity, lambda entry: entry["call"]["ended"] is not None)
    heard = json.dumps([rig.native.events, rig.yeastar.events, entry, await rig.native.call(identity)])
    assert call.call_id in heard
    assert secret not in heard
    assert secret not in rig.system.log
    assert rig.system.admin["Authorization"].split()[1] not in rig.system.log


async def test_many_headers(rig: Rig) -> None:
    headers = tuple(f"X-Number-{each}: value {each}" for each in range(300))
    call = rig.caller.invite(rig.system.edge, number("2"), headers=headers)
    caller = (await told(rig, call))["caller"]
    assert [f"{each['name']}: {each['value']}" for each in caller["headers"]] == list(headers)


async def test_as_long_as_an_invite_may_be_and_longer(rig: Rig) -> None:
    stream = await tcp_caller(rig.system.edge)
    try:
        for caller in (rig.caller, stream):
            for value in ('"{}" <sip:1@example.com>', "<sip:{}@example.com>", "<sip:1@example.com;x={}>"):
                longest = value.format("n" * 22_000)
                call = caller.invite(rig.system.edge, number("2"), from_header=longest)
                assert (await told(rig, call))["caller"]["from_header"].startswith(longest)
            call = caller.invite(rig.system.edge, number("2"), headers=("X-Long: " + "x" * 23_000,))
            assert (await told(rig, call))["caller"]["headers"][0]["value"] == "x" * 23_000
            for size in (25_000, 45_000, 58_000):
                call = caller.invite(rig.system.edge, number("2"), headers=("X-Long: " + "x" * size,))
                assert (await call.ended()).status == 513
    finally:
        stream.close()


async def test_a_cseq_and_a_call_id_that_would_break_json(rig: Rig) -> None:
    call = rig.caller.invite(rig.system.edge, number("2"), call_id='a"b\\c{d}[e]<f>;=>$sht(call=>x)@h')
    event = await told(rig, call)
    assert event["caller"]["sip_call_id"] == 'a"b\\c{d}[e]<f>;=>$sht(call=>x)@h'
    did = number("2")
    first = rig.caller.invite(rig.system.edge, did)
    again = first.request.replace("CSeq: 1 INVITE", "CSeq: 0007 INVITE").replace(first.call_id, f"zeros-{did}")
    again = again.replace(first.branch, f"{first.branch}-zeros")
    rig.caller.send(again, rig.system.edge)
    assert await rig.native.held(f"zeros-{did}")
    await told(rig, first)
    await rig.native.decide("refuse", await rig.native.held(f"zeros-{did}"))
    await asyncio.sleep(0.1)
