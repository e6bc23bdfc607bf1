"""`callgate check`: each thing that can be wrong is found, and told with its remedy."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from callgate.cli.checks import instance, machine, programs
from callgate.cli.checks.database import database
from callgate.cli.checks.directory import directory
from callgate.cli.checks.finding import Finding
from callgate.cli.exits import ExitCode
from callgate.database import engine
from callgate.database.migrate import known_revisions, upgrade
from callgate.directory.model import (
    Account,
    ApiKey,
    Application,
    Client,
    Directory,
    Entry,
    InboundRoute,
    RcmlNumber,
    RcmlVoice,
    Trunk,
)
from callgate.directory.service import DirectoryService
from callgate.ports import free_port
from callgate.settings import DirectorySettings, EdgeSettings, HttpSettings, Listener, Settings
from tests.dialects.native.rig import KEYS, serving
from tests.unit.cli.console import run


def told(findings: Iterable[Finding]) -> dict[str, tuple[str, str]]:
    """Grade and text by subject; what is not in order has a remedy."""
    found = list(findings)
    assert all(finding.remedy for finding in found if finding.grade != "ok")
    return {finding.subject: (finding.grade, finding.text) for finding in found}


def grade(findings: Iterable[Finding]) -> str:
    (finding,) = findings
    assert finding.remedy or finding.grade == "ok"
    return finding.grade


# --- programs ------------------------------------------------------------------------------------------------------


def fake_kamailio(folder: Path, version: str) -> Settings:
    program = folder / "kamailio"
    program.write_text(f'#!/bin/sh\necho "version: kamailio {version} (x86_64/linux)"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return Settings(edge=EdgeSettings(kamailio=str(program)))


def test_the_kamailio_of_this_machine_is_in_order() -> None:
    found = told(programs.kamailio(Settings()))
    assert (found["kamailio"][0] in ("ok", "warning"), found["kamailio modules"][0]) == (True, "ok")


@pytest.mark.parametrize(
    ("version", "grade"), [("5.6.3", "ok"), ("5.7.4", "warning"), ("6.0.1", "ok"), ("6.1.5", "warning")]
)
def test_a_kamailio_that_callgate_was_not_tested_with_is_a_warning(tmp_path: Path, version: str, grade: str) -> None:
    found = told(programs.kamailio(fake_kamailio(tmp_path, version)))
    assert found["kamailio"][0] == grade
    assert found["kamailio"][1].startswith(f"{version} at {tmp_path}")


def test_a_kamailio_that_is_not_there_or_too_old_is_an_error(tmp_path: Path) -> None:
    missing = Settings(edge=EdgeSettings(kamailio="no-such-kamailio"))
    (finding,) = programs.kamailio(missing)
    assert (finding.grade, "apt-get install kamailio" in finding.remedy) == ("error", True)
    (finding,) = programs.kamailio(fake_kamailio(tmp_path, "5.5.1"))
    assert (finding.grade, "5.5.1" in finding.text) == ("error", True)


def test_a_missing_sipp_is_only_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    assert grade(programs.sipp(Settings())) == "ok"
    monkeypatch.setenv("PATH", "/nonexistent")
    assert grade(programs.sipp(Settings())) == "warning"


# --- the machine ---------------------------------------------------------------------------------------------------


def on(sip: int, http: int) -> Settings:
    return Settings(
        edge=EdgeSettings(listen=(f"udp:127.0.0.1:{sip}",)),
        http=HttpSettings(listeners=(Listener(f"127.0.0.1:{http}"),)),
    )


def test_free_ports_are_in_order() -> None:
    settings = on(free_port(), free_port(protocol="tcp"))
    assert {grade for grade, _ in told(machine.ports(settings, running=False)).values()} == {"ok"}


def test_a_taken_port_is_told_with_its_owner_and_the_setting() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        taken, free = machine.ports(on(port, free_port(protocol="tcp")), running=False)
    assert (taken.subject, taken.grade, free.grade) == (f"port udp:127.0.0.1:{port}", "error", "ok")
    assert f"(pid {os.getpid()})" in taken.text
    assert "edge.listen" in taken.remedy


def test_a_port_that_the_running_callgate_does_not_hold_is_an_error() -> None:
    settings = on(free_port(), free_port(protocol="tcp"))
    assert {grade for grade, _ in told(machine.ports(settings, running=True)).values()} == {"error"}


def test_a_user_that_does_not_exist_is_told_where_it_is_needed() -> None:
    needed = os.geteuid() == 0
    assert grade(machine.user(Settings(user="no-such-user"))) == ("error" if needed else "ok")
    assert grade(machine.user(Settings(user="nobody"))) == "ok"


def test_folders_that_can_be_made_or_written_are_in_order(tmp_path: Path) -> None:
    found = told(machine.folders(Settings(state=tmp_path / "a" / "b", run=tmp_path)))
    assert found == {
        f"folder {tmp_path}/a/b": ("ok", "can be made"),
        f"folder {tmp_path}": ("ok", "can be written"),
    }


def test_a_folder_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = told(machine.folders(Settings(state=tmp_path / "file" / "state", run=tmp_path)))
    assert found[f"folder {tmp_path}/file/state"] == ("error", f"{tmp_path}/file is no folder")


def test_an_admin_key_that_others_can_read_is_an_error(tmp_path: Path) -> None:
    key = tmp_path / "admin.key"
    key.touch(mode=0o644)
    key.chmod(0o644)
    assert told(machine.folders(Settings(state=tmp_path, run=tmp_path)))[f"file {key}"][0] == "error"
    key.chmod(0o600)
    assert f"file {key}" not in told(machine.folders(Settings(state=tmp_path, run=tmp_path)))


@pytest.fixture
def certificate(tmp_path: Path) -> Callable[[int], Settings]:
    """Settings with a listener whose certificate is good for so many days."""

    def make(days: int) -> Settings:
        cert, key = tmp_path / f"cert{days}.pem", tmp_path / f"key{days}.pem"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=gate.example.com"]
        subprocess.run(
            [*command, "-days", str(days), "-out", str(cert), "-keyout", str(key)], check=True, capture_output=True
        )
        return Settings(http=HttpSettings(listeners=(Listener("127.0.0.1:8443", str(cert), str(key)),)))

    return make


def test_a_certificate_is_told_with_its_end(certificate: Callable[[int], Settings]) -> None:
    (good,) = machine.certificates(certificate(400))
    assert (good.grade, good.text.startswith("good until 20")) == ("ok", True)
    (soon,) = machine.certificates(certificate(5))
    assert (soon.grade, soon.text.startswith("it ends on 20")) == ("warning", True)


def test_a_certificate_that_cannot_be_used_is_an_error(certificate: Callable[[int], Settings], tmp_path: Path) -> None:
    one, other = certificate(10).http.listeners[0], certificate(11).http.listeners[0]
    for cert, key in (
        (one.certificate, other.private_key),
        (one.private_key, one.private_key),
        (str(tmp_path / "none.pem"), one.private_key),
        (one.certificate, str(tmp_path / "none.pem")),
    ):
        settings = Settings(http=HttpSettings(listeners=(Listener("127.0.0.1:8443", cert, key),)))
        assert grade(machine.certificates(settings)) == "error"


# --- database and directory ----------------------------------------------------------------------------------------


def made(settings: Settings, revision: str = "head") -> None:
    async def make() -> None:
        made_engine = engine.create(settings)
        await upgrade(made_engine, revision)
        await made_engine.dispose()

    asyncio.run(make())


def test_a_database_that_is_not_there_yet_is_a_warning(tmp_path: Path) -> None:
    assert grade(database(Settings(state=tmp_path))) == "warning"
    assert list(tmp_path.iterdir()) == []  # looking makes nothing


def test_a_database_of_this_version_is_in_order(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path)
    made(settings)
    found = told(database(settings))
    assert found["database"][0] == "ok"
    assert found["directory"] == ("warning", "no trunk: every call gets 403")


def test_an_older_database_is_a_warning_and_a_newer_one_an_error(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path)
    made(settings, known_revisions()[-1])
    assert grade(database(settings)) == "warning"

    async def from_the_future() -> None:
        made_engine = engine.create(settings)
        async with engine.writing(made_engine) as connection:
            await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        await made_engine.dispose()

    asyncio.run(from_the_future())
    assert grade(database(settings)) == "error"


@pytest.mark.parametrize("url", ["nonsense", "mysql://x/y", "postgresql://gate:geheim@127.0.0.1:9/callgate"])
def test_a_database_that_cannot_be_reached_is_an_error_without_its_password(url: str) -> None:
    (finding,) = database(Settings(database=url))
    assert finding.grade == "error"
    assert "geheim" not in finding.text + finding.remedy


def test_the_directory_in_the_database_is_looked_at(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path, directory=DirectorySettings(hash_memory=8, hash_passes=1))
    made(settings)

    async def fill() -> None:
        made_engine = engine.create(settings)
        service = DirectoryService(made_engine, settings.directory)
        await service.put(Trunk("lonely", ("192.0.2.1",), control=False))
        await made_engine.dispose()

    asyncio.run(fill())
    assert told(database(settings))["trunk lonely"] == ("warning", "no inbound route takes its calls: they get 404")


ROUTE = InboundRoute("any", "sip:192.0.2.9")
DESK = Client("desk", "desk-id", "hash")


def test_a_directory_that_makes_sense_is_in_order() -> None:
    (finding,) = directory(Directory.of([Trunk("a", ("192.0.2.1",)), ROUTE, DESK]))
    assert (finding.grade, finding.text) == ("ok", "1 trunks, 1 inbound routes, 1 clients")


def test_networks_that_overlap_are_told_for_the_trunk_that_gets_the_calls() -> None:
    wide, narrow = Trunk("wide", ("192.0.2.0/24", "2001:db8::/32")), Trunk("narrow", ("192.0.2.7", "198.51.100.1"))
    found = told(directory(Directory.of([wide, narrow, ROUTE, DESK])))
    assert found == {
        "trunk narrow": (
            "warning",
            "its source 192.0.2.7/32 lies in 192.0.2.0/24 of trunk wide: calls from there are on narrow",
        )
    }


def test_networks_that_overlap_are_told_also_with_others_between_them() -> None:
    trunks = [Trunk("wide", ("10.0.0.0/8",)), Trunk("first", ("10.1.0.0/16",)), Trunk("second", ("10.2.0.0/16",))]
    found = told(directory(Directory.of([*trunks, ROUTE, DESK])))
    assert set(found) == {"trunk first", "trunk second"}


def test_a_held_trunk_that_nobody_may_decide_is_told() -> None:
    trunk = Trunk("a", ("192.0.2.1",))
    admin = ApiKey("admin", "0" * 64, "admin")
    assert told(directory(Directory.of([trunk, ROUTE, admin])))["trunk a"][0] == "warning"
    another = ApiKey("desk", "1" * 64, "decide")
    assert "trunk a" not in told(directory(Directory.of([trunk, ROUTE, admin, another])))


def test_a_client_that_can_decide_nothing_is_told() -> None:
    off = Trunk("off", ("192.0.2.1",), control=False)
    none = Client("none", "id-1", "hash", decide=())
    assert told(directory(Directory.of([off, ROUTE, none])))["client none"] == (
        "warning",
        "it may decide the calls of no trunk",
    )
    assert "it is never asked" in told(directory(Directory.of([off, ROUTE, DESK])))["client desk"][1]


def test_many_findings_are_cut_and_counted() -> None:
    trunks = [Trunk(f"t{n}", (f"192.0.2.{n}",), control=False) for n in range(30)]
    found = list(directory(Directory.of(trunks)))
    assert (len(found), found[-1].text) == (11, "and 20 more findings")


# --- all together --------------------------------------------------------------------------------------------------


def test_nobody_running_is_a_warning() -> None:
    settings = on(free_port(), free_port(protocol="tcp"))
    assert not instance.runs(settings)
    assert grade(instance.instance(settings)) == "warning"


async def test_what_a_running_one_says_of_itself_is_told(tmp_path: Path) -> None:
    async with serving(tmp_path) as rig:
        (tmp_path / "admin.key").write_text(KEYS["admin"])
        settings = Settings(state=tmp_path, http=HttpSettings((Listener(rig.address),)))

        async def findings() -> dict[str, tuple[str, str]]:
            return told(await asyncio.to_thread(lambda: list(instance.instance(settings))))

        found = await findings()
        assert found["running instance"] == ("ok", f"0.1.0 at http://{rig.address} is ready: 0 held, 0 live calls")
        assert found["callers"][1].startswith("3 calls came from addresses that no trunk has")
        assert "directory" not in found
        rig.control.directory_in_edge = False
        assert (await findings())["directory"][0] == "warning"
        rig.control.linked = False
        found = await findings()
        assert (found["running instance"][0], "directory" in found) == ("error", False)


def test_a_fresh_installation_has_warnings_but_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLGATE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("CALLGATE_RUN", str(tmp_path / "run"))
    monkeypatch.setenv("CALLGATE_EDGE__LISTEN", f"udp:127.0.0.1:{free_port()}")
    monkeypatch.setenv("CALLGATE_HTTP__LISTENERS", f'[{{bind = "127.0.0.1:{free_port(protocol="tcp")}"}}]')
    monkeypatch.setenv("CALLGATE_USER", "nobody")
    ran = run("check")
    assert ran.code == ExitCode.OK
    assert ran.lines[-1] == "0 errors, 2 warnings"
    as_json = run("check", "--json")
    assert (as_json.code, {finding["grade"] for finding in as_json.json}) == (ExitCode.OK, {"ok", "warning"})


def test_an_error_is_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLGATE_EDGE__KAMAILIO", "no-such-kamailio")
    ran = run("check")
    assert ran.code == ExitCode.FAILED
    assert "apt-get install kamailio" in ran.out


def test_documents_that_are_never_fetched_are_told() -> None:
    number = RcmlNumber("acme", "PN" + "1" * 32, "menu")
    entries: list[Entry] = [
        Trunk("a", ("192.0.2.1",)),
        Account("acme", "AC" + "1" * 32, "TokenOfAcme00000"),
        Application("menu", "acme", "AP" + "1" * 32),
        InboundRoute("any", "", lapse="busy", rcml=number),
    ]
    assert told(directory(Directory.of(entries)))["route any"] == (
        "warning",
        "its application menu has no voice URL: there is no document for its calls",
    )
    entries[2] = Application("menu", "acme", "AP" + "1" * 32, voice=RcmlVoice("https://example.com/"))
    (finding,) = directory(Directory.of(entries))
    assert finding.text == "1 trunks, 1 inbound routes, 0 clients, 1 accounts"
    entries[0] = Trunk("a", ("192.0.2.1",), control=False)
    assert "control is off on trunk a" in told(directory(Directory.of(entries)))["route any"][1]
