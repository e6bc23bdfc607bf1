"""The command line as a whole: its help, its errors, its documents."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from callgate import __version__
from callgate.cli.application import COMMANDS, application
from callgate.cli.exits import ExitCode
from tests.unit.cli.console import run

ROOT = Path(__file__).parents[3]
WIDE = {"COLUMNS": "200", "TERM": "dumb"}


def commands() -> list[tuple[str, ...]]:
    """Every command with its words, those of groups too."""
    found: list[tuple[str, ...]] = []
    for group in application().registered_groups:
        assert group.name is not None
        assert group.typer_instance is not None
        found += [(group.name, str(command.name)) for command in group.typer_instance.registered_commands]
    return found + [(str(command.name),) for command in application().registered_commands]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_each_command_has_help_with_an_example_that_is_itself(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {**os.environ, **WIDE})
    ran = run(*words, "--help")
    assert ran.code == ExitCode.OK
    assert f"$ callgate {' '.join(words)}" in ran.out


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_each_command_is_in_the_documents(words: tuple[str, ...]) -> None:
    assert f"`callgate {' '.join(words)}" in (ROOT / "docs" / "cli.md").read_text()


def test_the_documents_and_the_help_list_every_exit_code() -> None:
    document, help_text = (ROOT / "docs" / "cli.md").read_text(), run("--help").out
    for code in ExitCode:
        assert f"| {code.value} | {code.meaning} |" in document
        assert re.search(rf"^ *{code.value}  {re.escape(code.meaning[:40])}", help_text, re.MULTILINE)


def test_the_issue_has_no_command_that_is_missing() -> None:
    wanted = "serve demo ring calls accept refuse redirect hangup trunk route client key apply export check"
    assert set(wanted.split()) <= {command.name for command in COMMANDS}


def test_without_a_command_the_help_is_shown() -> None:
    ran = run()
    assert "Usage: callgate" in ran.out + ran.err


@pytest.mark.parametrize("words", [("nonsense",), ("calls", "--nonsense"), ("trunk", "nonsense"), ("key", "add")])
def test_a_wrong_command_line_is_a_mistake_of_usage(words: tuple[str, ...]) -> None:
    ran = run(*words)
    assert ran.code == ExitCode.USAGE
    assert "Usage: callgate" in ran.err


def test_settings_that_cannot_be_used_are_one_line_for_each_mistake(tmp_path: Path) -> None:
    file = tmp_path / "callgate.toml"
    file.write_text("[edge]\nchildren = 0\nlisten = 3\n")
    ran = run("calls", "--settings", str(file))
    assert ran.code == ExitCode.USAGE
    assert ran.err.startswith(f"callgate: {file}:2: edge.children = 0: expected a whole number from 1 on\n{file}:3: ")


def test_what_should_not_happen_is_one_sentence_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(program: str) -> None:
        raise RuntimeError("out of cheese")

    monkeypatch.setattr("callgate.cli.version.find_kamailio", broken)
    ran = run("version")
    assert ran.code == ExitCode.FAILED
    assert ran.err.startswith("callgate: this is an error in Callgate (RuntimeError: out of cheese): please report it")


def test_what_should_not_happen_shows_its_traceback_when_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callgate.cli.version.find_kamailio", lambda program: 1 / 0)
    monkeypatch.setenv("CALLGATE_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        run("version")


def test_version_prints_what_runs_here() -> None:
    ran = run("version", "--json")
    assert ran.json["callgate"] == __version__
    assert run("version").out.startswith(f"callgate {__version__} (Python 3.")


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = f"{sys.executable} -m callgate.cli --help | head -1"
    ended = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stderr == ""


def test_the_admin_key_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "admin.key").mkdir()  # what nobody can read as a file, root included
    monkeypatch.setenv("CALLGATE_STATE", str(tmp_path))
    ran = run("calls")
    assert ran.code == ExitCode.DENIED
    assert ran.err.startswith(f"callgate: the admin key {tmp_path}/admin.key cannot be read by this user")
