"""The settings file and the environment: what is read, what wins, and how a mistake is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from callgate.settings import Listener, Settings
from callgate.settings_file import SettingsError, load, shown


def write(folder: Path, text: str) -> Path:
    file = folder / "callgate.toml"
    file.write_text(text, encoding="utf-8")
    return file


def mistakes(file: Path | None, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        load(file, environ or {})
    return str(caught.value)


def test_no_file_and_no_environment_give_the_defaults() -> None:
    assert load(None, {}) == Settings()


def test_the_file_sets_what_it_names_and_leaves_the_rest(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """
        state = "/var/lib/callgate"
        [edge]
        listen = ["udp:192.0.2.1:5060", "tcp:[::1]:5060"]
        command_timeout = 2
        [[http.listeners]]
        bind = "0.0.0.0:8088"
        certificate = "a.pem"
        private_key = "b.pem"
        """,
    )
    settings = load(file, {})
    assert settings.state == Path("/var/lib/callgate")
    assert settings.edge.listen == ("udp:192.0.2.1:5060", "tcp:[::1]:5060")
    assert settings.edge.command_timeout == 2.0
    assert settings.edge.children == Settings().edge.children
    assert settings.http.listeners == (Listener("0.0.0.0:8088", "a.pem", "b.pem"),)


def test_the_environment_names_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, 'user = "callgate"')
    assert load(None, {"CALLGATE_SETTINGS": str(file)}).user == "callgate"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, "[edge]\nchildren = 3\nshared_memory = 64")
    settings = load(
        file,
        {
            "CALLGATE_EDGE__CHILDREN": "8",
            "CALLGATE_STATE": "/srv/123",
            "CALLGATE_DIRECTORY_FILE": "directory.toml",
            "CALLGATE_EDGE__LISTEN": "udp:192.0.2.1:5060, tcp:192.0.2.1:5060",
            "CALLGATE_HTTP__LISTENERS": '[{bind = "127.0.0.1:1"}]',
            "CALLGATE_YEASTAR__SERIAL": "4711",
        },
    )
    assert settings.edge.children == 8
    assert settings.edge.shared_memory == 64
    assert settings.state == Path("/srv/123")
    assert settings.directory_file == Path("directory.toml")
    assert settings.edge.listen == ("udp:192.0.2.1:5060", "tcp:192.0.2.1:5060")
    assert settings.http.listeners == (Listener("127.0.0.1:1"),)
    assert settings.yeastar.serial == "4711"


def test_what_kubernetes_injects_for_a_service_of_that_name_is_no_setting() -> None:
    environ = {"CALLGATE_PORT": "tcp://10.0.0.1:8088", "CALLGATE_SERVICE_HOST": "10.0.0.1", "CALLGATE_KEY": "secret"}
    assert load(None, environ) == Settings()


def test_a_mistake_names_file_line_key_value_and_what_was_expected(tmp_path: Path) -> None:
    file = write(tmp_path, 'state = "s"\n\n[edge]\nlisten = ["udp:192.0.2.1:5060", "192.0.2.1"]\n')
    text = mistakes(file)
    assert text.startswith(f'{file}:4: edge.listen[1] = "192.0.2.1": expected "udp:ADDRESS:PORT"')


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        '[edge]\nchildren = 0\n[http]\nbody_limit = "big"\n[[http.listeners]]\nbind = "a:1"\n'
        '[[http.listeners]]\nbind = "a"\n[[http.listeners]]\ncertificate = "x"',
    )
    lines = mistakes(file, {"CALLGATE_JOURNAL__BATCH": "-1"}).splitlines()
    assert [line.split(": expected")[0] for line in lines] == [
        f"{file}:2: edge.children = 0",
        f'{file}:4: http.body_limit = "big"',
        f'{file}:8: http.listeners[1].bind = "a"',
        f"{file}:9: http.listeners[2].bind = (nothing)",
        "environment CALLGATE_JOURNAL__BATCH: journal.batch = -1",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[edge]\nchildre = 3", ":2: edge.childre = 3: expected 'children', there is no 'childre'"),
        ("[egde]\nx = 1", ":1: egde = {\"x\":1}: expected 'edge', there is no 'egde'"),
        ("zzz = 1", ":1: zzz = 1: expected one of state, run, database,"),
        ("edge = {children = true}", ":1: edge.children = true: expected a whole number from 1 on"),
        ("edge = 3", ":1: edge = 3: expected a table"),
        ("state = 3", ":1: state = 3: expected a path in quotes"),
        ('[yeastar]\nidle_timeout = "60"', ':2: yeastar.idle_timeout = "60": expected a number of seconds'),
        ('[edge]\nlisten = "udp:a:1"', ':2: edge.listen = "udp:a:1": expected an array of "udp:ADDRESS:PORT"'),
        ("[edge]\nlink_port = 70000", ":2: edge.link_port = 70000: expected a port, 0 to 65535"),
        ("[edge]\nlisten = []", ": edge.listen = []: expected at least one address"),
        ('[edge]\nlisten = ["udp:a:99999"]', ': edge.listen = "udp:a:99999": expected a port of at most 65535'),
        (
            '[[http.listeners]]\nbind = "a:1"\ncertificate = "c.pem"',
            ': http.listeners[0] = "a:1": expected both certificate and private_key, or neither',
        ),
    ],
)
def test_a_mistake_says_what_was_expected(tmp_path: Path, text: str, expected: str) -> None:
    file = write(tmp_path, text)
    assert mistakes(file).startswith(f"{file}{expected}")


def test_a_misspelt_variable_is_told() -> None:
    text = mistakes(None, {"CALLGATE_EDGE__CHILDERN": "3"})
    assert text.startswith("environment CALLGATE_EDGE__CHILDERN: edge.childern = \"3\": expected 'children'")


def test_a_file_that_is_not_toml_is_told_with_its_line(tmp_path: Path) -> None:
    file = write(tmp_path, "state = 'a'\nedge = = 3")
    text = mistakes(file)
    assert text.startswith(f"{file}: this is not TOML: ")
    assert "line 2" in text


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert mistakes(tmp_path / "none.toml").endswith("none.toml: No such file or directory")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    assert "not UTF-8" in mistakes(binary)


def test_a_wrong_database_url_is_not_shown(tmp_path: Path) -> None:
    text = mistakes(write(tmp_path, "database = 3"))
    assert 'database = "***"' in text


def test_the_shown_settings_are_read_back_as_the_same_settings(tmp_path: Path) -> None:
    settings = load(
        write(
            tmp_path, 'directory_file = "d.toml"\n[[http.listeners]]\nbind = "a:1"\n[[http.listeners]]\nbind = "b:2"'
        ),
        {},
    )
    assert load(write(tmp_path, shown(settings)), {}) == settings


def test_the_shown_settings_hide_the_password_of_the_database(tmp_path: Path) -> None:
    text = shown(Settings(database="postgresql+asyncpg://gate:geheim@db/callgate?password=geheim"))
    assert "geheim" not in text
    assert 'database = "postgresql+asyncpg://gate:***@db/callgate?***"' in text
