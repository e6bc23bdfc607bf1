"""Clients: phones that register, made with a login and a password that is never told."""

from __future__ import annotations

import hashlib

import pytest
from structlog.testing import capture_logs

from callgate.directory.model import Phone

from .rig import ACME, BEYOND, NOW, Rig, client, tags, texts, xml


def ha1(login: str, password: str) -> str:
    """RFC 7616 section 3.4.2, for the realm of the edge."""
    return hashlib.md5(f"{login}:callgate:{password}".encode()).hexdigest()


async def test_a_client_in_json(rig: Rig) -> None:
    made = await rig.make_client()
    sid = made["sid"]
    assert list(made.items()) == [
        ("sid", sid),
        ("date_created", "Thu, 28 Jun 2018 13:56:33 +0000"),
        ("date_updated", "Thu, 28 Jun 2018 13:56:33 +0000"),
        ("account_sid", ACME.sid),
        ("api_version", "2012-04-24"),
        ("friendly_name", "alice"),
        ("login", "alice"),
        ("status", "1"),
        ("voice_method", "POST"),
        ("voice_fallback_method", "POST"),
        ("uri", f"{rig.base}/Clients/{sid}.json"),
    ]
    assert (await rig.http.get(f"Clients/{sid}.json")).json() == made
    assert rig.directory.current.phones["alice"] == Phone(
        "alice", ha1("alice", "correct horse"), "", "acme", sid, True, NOW, NOW
    )


async def test_a_client_in_xml(rig: Rig) -> None:
    made = await rig.make_client(FriendlyName="Alice's phone")
    found = xml(await rig.http.get(f"Clients/{made['sid']}"))
    assert (found.tag, tags(found)) == (
        "Client",
        [
            "Sid", "DateCreated", "DateUpdated", "AccountSid", "ApiVersion", "FriendlyName", "Login", "Status",
            "VoiceMethod", "VoiceFallbackMethod", "Uri",
        ],
    )  # fmt: skip
    assert found.findtext("FriendlyName") == "Alice's phone"


async def test_the_list_of_clients_is_a_bare_array(rig: Rig) -> None:
    made = [await rig.make_client(login) for login in ("alice", "bob")]
    assert sorted((await rig.http.get("Clients.json")).json(), key=lambda each: str(each["login"])) == made
    listed = xml(await rig.http.get("Clients"))
    assert (listed.tag, sorted(map(str, texts(listed, "Login")))) == ("Clients", ["alice", "bob"])


async def test_a_phone_of_the_operator_is_no_client(rig: Rig) -> None:
    await rig.directory.put(Phone("reception", ha1("reception", "x")))
    assert (await rig.http.get("Clients.json")).json() == []
    reply = await rig.http.post("Clients.json", data={"Login": "reception", "Password": "correct horse"})
    assert (reply.status_code, reply.text.partition(",")[0]) == (
        409,
        "A client with the same name was already created by another account. Please",
    )
    assert rig.directory.current.phones["reception"].ha1 == ha1("reception", "x")


async def test_a_login_that_is_taken_is_a_conflict(rig: Rig) -> None:
    made = await rig.make_client()
    data = {"Login": "alice", "Password": "another horse"}
    own = await rig.http.post("Clients.json", data=data)
    assert own.status_code == 409
    assert made["sid"] in own.json()["message"]
    async with client(rig.host, BEYOND) as other:
        reply = await other.post("Clients.json", data=data)
    assert (reply.status_code, reply.text.startswith("A client with the same name")) == (409, True)
    assert rig.directory.current.phones["alice"].ha1 == ha1("alice", "correct horse")


WRONG = [
    ({"Password": "correct horse"}, "Login can not be null."),
    ({"Login": "alice"}, "Password can not be null."),
    ({"Login": "alice@example", "Password": "correct horse"}, "Login alice@example contains invalid character(s)"),
    ({"Login": "", "Password": "correct horse"}, "Login  contains invalid character(s)"),
    ({"Login": "alice", "Password": ""}, "Password too weak"),
    ({"Login": "alice", "Password": "1234567"}, "Password too weak"),
    ({"Login": "alice", "Password": "x" * 129}, "Password is too long"),
    ({"Login": "alice", "Password": "correct horse", "Status": "2"}, "Status is "),
    ({"Login": "alice", "Password": "correct horse", "FriendlyName": "x" * 999}, "FriendlyName is "),
]


async def test_what_is_wrong_with_a_client_is_told(rig: Rig) -> None:
    for form, said in WRONG:
        reply = await rig.http.post("Clients.json", data=form)
        assert reply.status_code == 400
        told = reply.text if reply.headers["content-type"].startswith("text/plain") else reply.json()["message"]
        assert told.startswith(said)
        assert rig.directory.current.phones == {}


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_password_name_and_status_of_a_client_can_be_changed(rig: Rig, method: str) -> None:
    made = await rig.make_client()
    path = f"Clients/{made['sid']}.json"
    rig.control.time += 1
    reply = await rig.http.request(method, path, data={"Password": "another horse", "Login": "mallory"})
    assert reply.json() == made | {"date_updated": "Thu, 28 Jun 2018 13:56:34 +0000"}
    assert rig.directory.current.phones["alice"].ha1 == ha1("alice", "another horse")
    reply = await rig.http.request(method, path, data={"Status": "0", "FriendlyName": "Al"})
    assert (reply.json()["status"], reply.json()["friendly_name"]) == ("0", "Al")
    assert rig.directory.current.phones["alice"].enabled is False
    weak = await rig.http.request(method, path, data={"Password": "x"})
    assert (weak.status_code, weak.json()) == (400, {"message": "Password too weak"})


async def test_a_deleted_client_is_gone(rig: Rig) -> None:
    made = await rig.make_client()
    path = f"Clients/{made['sid']}.json"
    assert (await rig.http.delete(path)).status_code == 204
    assert rig.directory.current.phones == {}
    for method in ("GET", "POST", "PUT", "DELETE"):
        assert (await rig.http.request(method, path)).status_code == 404


async def test_no_password_is_ever_told_or_logged(rig: Rig) -> None:
    secret = "correct horse battery"
    with capture_logs() as logs:
        made = await rig.http.post("Clients.json", data={"Login": "alice", "Password": secret})
        path = f"Clients/{made.json()['sid']}"
        replies = [
            made,
            await rig.http.get(path),
            await rig.http.get("Clients.json"),
            await rig.http.post("Clients", data={"Login": "a b", "Password": secret}),
            await rig.http.post("Clients", data={"Login": "alice", "Password": secret}),
        ]
    kept = rig.directory.current.phones["alice"].ha1
    for text in (*(reply.text for reply in replies), str(logs)):
        assert secret not in text
        assert kept not in text
