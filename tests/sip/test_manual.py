"""The examples of Yeastar's manual for accept and refuse, request for request, each with a live call behind it.

Only what differs in every installation is put in: token, host, and the number at the channel's end; and the User-Agent
that the guide's overview demands of every request and its examples leave out.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import subprocess
from pathlib import Path

import pytest

from callgate.ports import free_port
from tests.sip.applications import Request, YeastarApplication
from tests.sip.rig import CLIENT_ID, CLIENT_SECRET, Rig, rig_on

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]

ACCEPT = """\
POST /openapi/v1.0/call/accept_inbound?access_token={token} HTTP/1.1
Host: {host}
User-Agent: OpenAPI
Content-Type: application/json
Content-Length: {length}

{{ "channel_id": "{channel}" }}"""

REFUSE = """\
POST /openapi/v1.0/call/refuse_inbound?access_token={token} HTTP/1.1
Host: {host}
User-Agent: OpenAPI
Content-Type: application/json
Content-Length: {length}

{{
    "channel_id": "{channel}"
}}"""

CHANNEL = re.compile(r"PJSIP/trunk-test-peer-trunking-endpoint-[0-9a-f]{8}")
CALL_ID = re.compile(r"[0-9]{10}\.[0-9]+")


async def sent(example: str, url: str, token: str, request: Request, authority: ssl.SSLContext | None = None) -> str:
    """Send the example as it stands, byte for byte; the reply's status line and body."""
    address, _, port = url.rpartition("//")[2].rpartition(":")
    head, _, body = example.format(
        token=token, host=f"{address}:{port}", channel=request.channel_id, length=0
    ).partition("\n\n")
    head = head.replace("Content-Length: 0", f"Content-Length: {len(body)}").replace("\n", "\r\n")
    reader, writer = await asyncio.open_connection(address, int(port), ssl=authority)
    writer.write(f"{head}\r\n\r\n{body}".encode())
    reply = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", reply, re.IGNORECASE)
    assert length is not None
    text = reply.split(b"\r\n", 1)[0] + b"\n" + await reader.readexactly(int(length[1]))
    writer.close()
    await writer.wait_closed()
    return text.decode()


async def test_accept_as_in_the_manual(rig: Rig) -> None:
    call = rig.caller.invite(rig.system.edge, "2002", number="13001")
    request = await rig.yeastar.incoming("13001")
    assert CHANNEL.fullmatch(request.channel_id) and CALL_ID.fullmatch(request.call_id)

    reply = await sent(ACCEPT, rig.system.http, rig.yeastar.token, request)

    assert reply == f'HTTP/1.1 200 OK\n{{"errcode":0,"errmsg":"SUCCESS","call_id":"{request.call_id}"}}'
    assert (await call.ended()).status == 200
    assert rig.destination.saw("INVITE", call)[0].number == "2002"
    call.bye()
    assert (await rig.yeastar.ended(request.call_id))["status"] == "ANSWERED"


async def test_refuse_as_in_the_manual(rig: Rig) -> None:
    call = rig.caller.invite(rig.system.edge, "2002", number="13002")
    request = await rig.yeastar.incoming("13002")
    assert CHANNEL.fullmatch(request.channel_id) and CALL_ID.fullmatch(request.call_id)

    reply = await sent(REFUSE, rig.system.http, rig.yeastar.token, request)

    assert reply == f'HTTP/1.1 200 OK\n{{"errcode":0,"errmsg":"SUCCESS","call_id":"{request.call_id}"}}'
    assert (await call.ended()).status == 603
    assert rig.destination.saw("INVITE", call) == []
    assert (await rig.yeastar.ended(request.call_id))["status"] == "NO ANSWER"


async def test_the_event_as_in_the_manual(rig: Rig) -> None:
    rig.caller.invite(rig.system.edge, "2002", number="13003")
    request = await rig.yeastar.incoming("13003")
    message = (
        f'{{"call_id":"{request.call_id}","members":[{{"inbound":{{"from":"13003","to":"2002",'
        f'"trunk_name":"test-peer-trunking","channel_id":"{request.channel_id}","member_status":"ALERT","call_path":""}}}}]}}'
    )
    outer = f'{{"type":30016,"sn":"CALLGATE0001","msg":{json.dumps(message)}}}'
    assert request.text == outer
    await rig.yeastar.decide("refuse", request.channel_id)


async def test_over_https_and_wss(tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    await asyncio.to_thread(subprocess.run, _make(certificate, key), check=True, capture_output=True)
    port = free_port(protocol="tcp")
    listener = f'[[http.listeners]]\nbind = "127.0.0.1:{port}"\ncertificate = "{certificate}"\nprivate_key = "{key}"'
    authority = ssl.create_default_context(cafile=str(certificate))
    async with rig_on(tmp_path, settings=listener) as rig:
        https = f"https://127.0.0.1:{port}"
        application = await YeastarApplication.open(https, CLIENT_ID, CLIENT_SECRET, authority=authority)
        try:
            calls = [rig.caller.invite(rig.system.edge, "2002", number=caller) for caller in ("13004", "13005")]
            requests = [await application.incoming(caller) for caller in ("13004", "13005")]
            for example, request in zip((ACCEPT, REFUSE), requests, strict=True):
                reply = await sent(example, https, application.token, request, authority)
                assert reply == f'HTTP/1.1 200 OK\n{{"errcode":0,"errmsg":"SUCCESS","call_id":"{request.call_id}"}}'
            assert [(await call.ended()).status for call in calls] == [200, 603]
            calls[0].bye()
        finally:
            await application.close()


def _make(certificate: Path, key: Path) -> list[str]:
    return [
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-keyout", str(key), "-out", str(certificate), "-days", "2"),
        *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
    ]
