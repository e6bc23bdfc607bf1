"""`callgate serve` up to where the supervisor begins, and what the demo tells."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec
import pytest

from callgate.cli.connection import own_url
from callgate.cli.demo.scene import client, directory, with_demo_directory
from callgate.cli.demo.story import story
from callgate.cli.exits import CommandError, ExitCode
from callgate.cli.ring import own_edge
from callgate.settings import EdgeSettings, HttpSettings, Listener, Settings
from callgate.settings_file import load
from tests.unit.cli.console import run

ROOT = Path(__file__).parents[3]


def test_the_settings_in_effect_are_printed_as_a_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLGATE_EDGE__CHILDREN", "7")
    ran = run("serve", "--directory", "some.toml", "--print-settings")
    assert ran.code == ExitCode.OK
    printed = tmp_path / "printed.toml"
    printed.write_text(ran.out)
    settings = load(printed, {})
    assert (settings.edge.children, settings.directory_file) == (7, Path("some.toml"))


def test_a_password_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLGATE_DATABASE", "postgresql://gate:geheim@db/callgate")
    ran = run("serve", "--print-settings")
    assert "geheim" not in ran.out
    assert 'database = "postgresql://gate:***@db/callgate"' in ran.out


def test_a_directory_file_that_cannot_be_read_is_told_before_anything_starts(tmp_path: Path) -> None:
    ran = run("serve", "--directory", str(tmp_path / "none.toml"))
    assert (ran.code, ran.err) == (
        ExitCode.USAGE,
        f"callgate: cannot read the directory file {tmp_path}/none.toml: No such file or directory\n",
    )


def test_the_demo_uses_the_example_of_the_project() -> None:
    assert directory() == (ROOT / "examples" / "directory.toml").read_text()


def test_the_demo_puts_in_its_destination_and_its_window() -> None:
    changed = tomllib.loads(directory("127.0.0.1:4711", 2.5))
    assert {route.get("destination") for route in changed["route"]} == {"sip:127.0.0.1:4711", None}
    assert {route.get("window") for route in changed["route"]} == {2.5, None}
    assert changed["bot"][0]["media"] == "sip:2002@127.0.0.1:4711"
    assert [route["name"] for route in changed["route"] if "destination" not in route] == ["bot", "support"]


def test_the_demo_writes_its_directory_into_the_run_folder(tmp_path: Path) -> None:
    settings = with_demo_directory(Settings(run=tmp_path / "run"), "127.0.0.1:4711")
    assert settings.directory_file == tmp_path / "run" / "demo-directory.toml"
    assert "127.0.0.1:4711" in settings.directory_file.read_text()
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match="choose another folder in the setting run"):
        with_demo_directory(Settings(run=tmp_path / "file"), "127.0.0.1:4711")


def test_the_story_tells_addresses_and_three_commands() -> None:
    settings = Settings(
        state=Path("run/state"),
        edge=EdgeSettings(listen=("udp:0.0.0.0:6060",)),
        http=HttpSettings(listeners=(Listener("[::1]:9088"),)),
    )
    told = story(settings, "127.0.0.1:4711", Path("my settings.toml"))
    for part in (
        "udp:0.0.0.0:6060",
        "http://[::1]:9088/v1/docs",
        "run/state/admin.key",
        "run/state/callgate.sqlite3",
        "127.0.0.1:4711",
        "ring --to 2002 --edge 127.0.0.1:6060 &",
        "API=http://[::1]:9088/openapi/v1.0",
        client().client_id,
        "call/refuse_inbound?access_token=$TOKEN",
        "log --settings 'my settings.toml'",
    ):
        assert part in told


def test_the_url_of_the_settings_is_one_that_can_be_opened() -> None:
    def url(*listeners: Listener) -> tuple[str, str]:
        return own_url(Settings(http=HttpSettings(listeners=listeners)))

    secure = Listener("0.0.0.0:443", "cert.pem", "key.pem")
    assert url(secure) == ("https://127.0.0.1:443", "cert.pem")
    assert url(secure, Listener("[::]:80")) == ("http://[::1]:80", "")


@pytest.mark.parametrize(
    ("listen", "transport", "edge"),
    [
        (("udp:192.0.2.1:5060",), "udp", "192.0.2.1:5060"),
        (("udp:0.0.0.0:5060", "tcp:127.0.0.1:5061"), "tcp", "127.0.0.1:5061"),
        (("udp:[::]:5060",), "udp", "[::1]:5060"),
        (("tcp:127.0.0.1:5061",), "udp", "127.0.0.1:5061"),
    ],
)
def test_the_edge_of_the_settings_is_one_that_can_be_called(listen: tuple[str, ...], transport: str, edge: str) -> None:
    settings = msgspec.structs.replace(Settings(), edge=EdgeSettings(listen=listen))
    assert own_edge(settings, transport) == edge
