"""Kamailio's configuration: which Kamailio is fit, what is missing, and what is rendered for it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from callgate.edge import configuration
from callgate.edge.configuration import Kamailio, LinkAddress, find_kamailio, modules_needed, render
from callgate.edge.errors import EdgeError, KamailioMissingError, KamailioModuleError, KamailioVersionError
from callgate.settings import EdgeSettings

ADDRESS = LinkAddress(40_001, 40_002, "the-links-secret")
VERSIONS = [(5, 6, 3), (5, 7, 4), (6, 0, 1)]


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with every module, as a distribution has it."""
    folder = tmp_path / "modules"
    folder.mkdir()
    for name in modules_needed():
        (folder / name).touch()
    monkeypatch.setattr(configuration, "_MODULE_FOLDERS", (str(tmp_path / "nowhere"), str(folder)))
    return folder


def program(folder: Path, says: str) -> str:
    """A program that answers ``-v`` with this."""
    file = folder / "kamailio"
    file.write_text(f"#!/bin/sh\n[ \"$1\" = -v ] || exit 1\ncat <<'END'\n{says}\nEND\n")
    file.chmod(0o755)
    return str(file)


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ("version: kamailio 5.6.3 (x86_64/linux)\nflags: USE_TCP", (5, 6, 3)),
        ("version: kamailio 5.7.4 (x86_64/linux) ", (5, 7, 4)),
        ("version: kamailio 5.10.0 (aarch64/linux)", (5, 10, 0)),
        ("version: kamailio 6.0.0-rc1 (x86_64/linux) d3f1b2", (6, 0, 0)),
    ],
)
def test_the_version_is_read(tmp_path: Path, modules: Path, says: str, version: tuple[int, int, int]) -> None:
    path = program(tmp_path, says)
    assert find_kamailio(path) == Kamailio(path, version, modules)


@pytest.mark.parametrize("version", ["4.4.7", "5.0.0", "5.5.9"])
def test_a_version_that_is_too_old_is_told(tmp_path: Path, modules: Path, version: str) -> None:
    path = program(tmp_path, f"version: kamailio {version} (x86_64/linux)")
    with pytest.raises(KamailioVersionError, match=rf"5\.6 or later is needed, found {re.escape(version)}: upgrade"):
        find_kamailio(path)


@pytest.mark.parametrize(("says", "found"), [("opensips 3.4", "opensips 3.4"), ("", "")])
def test_another_program_is_told(tmp_path: Path, modules: Path, says: str, found: str) -> None:
    with pytest.raises(KamailioVersionError, match=f"found {found}"):
        find_kamailio(program(tmp_path, says))


def test_a_missing_program_is_told_with_what_to_install(tmp_path: Path) -> None:
    path = str(tmp_path / "kamailio")
    with pytest.raises(KamailioMissingError, match=r"apt-get install kamailio .* setting edge\.kamailio") as error:
        find_kamailio(path)
    assert path in str(error.value)


def test_a_file_that_cannot_be_run_is_no_program(tmp_path: Path) -> None:
    path = program(tmp_path, "version: kamailio 5.6.3 (x86_64/linux)")
    Path(path).chmod(0o644)
    with pytest.raises(KamailioMissingError):
        find_kamailio(path)


def test_missing_modules_are_told_by_name(tmp_path: Path, modules: Path) -> None:
    (modules / "evapi.so").unlink()
    (modules / "rtimer.so").unlink()
    with pytest.raises(KamailioModuleError) as error:
        find_kamailio(program(tmp_path, "version: kamailio 5.6.3 (x86_64/linux)"))
    assert "lacks rtimer.so, evapi.so in" in str(error.value)
    assert "install kamailio-extra-modules" in str(error.value)


def test_no_modules_at_all_are_told(tmp_path: Path, modules: Path) -> None:
    (modules / "tm.so").unlink()
    with pytest.raises(KamailioModuleError, match=r"lacks tm\.so"):
        find_kamailio(program(tmp_path, "version: kamailio 5.6.3 (x86_64/linux)"))


def test_every_fault_is_an_error_of_the_edge() -> None:
    for error in (KamailioMissingError, KamailioVersionError, KamailioModuleError):
        assert issubclass(error, EdgeError)


# --- the template ----------------------------------------------------------------------------------------------------


def rendered(settings: EdgeSettings | None = None, version: tuple[int, int, int] = VERSIONS[0]) -> str:
    kamailio = Kamailio("kamailio", version, Path("/usr/lib/kamailio/modules"))
    return render(settings or EdgeSettings(), kamailio, ADDRESS)


@pytest.mark.parametrize(("version", "known"), [((5, 6, 3), False), ((5, 8, 4), False), ((6, 0, 1), True)])
def test_a_version_with_a_limit_for_datagrams_takes_the_longest(version: tuple[int, int, int], known: bool) -> None:
    assert ("msg_recv_max_size=65535\n" in rendered(version=version)) is known


@pytest.mark.parametrize("version", VERSIONS)
def test_it_renders_for_each_version_and_leaves_no_placeholder(version: tuple[int, int, int]) -> None:
    text = rendered(version=version)
    assert "{{" not in text
    assert "{%" not in text
    assert 'mpath="/usr/lib/kamailio/modules/"' in text
    assert text.count("{") == text.count("}")


def test_addresses_and_ports_are_those_of_the_settings() -> None:
    text = rendered(EdgeSettings(listen=("udp:192.0.2.1:5060", "tcp:[2001:db8::1]:5070"), advertise="203.0.113.5:5060"))
    assert "listen=udp:192.0.2.1:5060 advertise 203.0.113.5:5060\n" in text
    assert "listen=tcp:[2001:db8::1]:5070 advertise 203.0.113.5:5060\n" in text
    assert "listen=udp:127.0.0.1:40002\n" in text
    assert 'modparam("evapi", "bind_addr", "127.0.0.1:40001")' in text


def test_times_of_the_settings_are_milliseconds_there() -> None:
    text = rendered(EdgeSettings(ring_timeout=90.5, destination_timeout=4.0))
    assert 'modparam("tm", "fr_inv_timer", 90500)' in text
    assert "!DESTINATION_MS!4000!" in text


def test_the_longest_call_setup_bounds_everything_that_a_call_waits_in() -> None:
    text = rendered(EdgeSettings(longest_call_setup=1800.0))
    assert 'modparam("tm", "max_inv_lifetime", 1800000)' in text
    assert 'modparam("dialog", "early_timeout", 1860)' in text
    assert "leg=>size=14;autoexpire=1860;" in text


def test_a_call_may_always_be_held_and_ring_once_in_full() -> None:
    text = rendered(EdgeSettings(longest_call_setup=10.0, ring_timeout=120.0))
    assert 'modparam("tm", "max_inv_lifetime", 192000)' in text


def test_two_branches_are_left_for_holding_again_and_for_routing_on() -> None:
    text = rendered(EdgeSettings(branches=12))
    assert "max_branches=12\n" in text
    assert "!LAST_TARGET!9!" in text


def test_what_was_done_is_remembered_for_longer_than_a_command_is_repeated() -> None:
    assert "done=>size=14;autoexpire=10;" in rendered()
    assert "done=>size=14;autoexpire=40;" in rendered(EdgeSettings(command_timeout=10.0))


def test_link_and_control_are_reached_from_this_machine_only() -> None:
    addresses = re.findall(r"(?:listen=\w+:|bind_addr\", \")([^\"\s]+)", rendered())
    assert addresses
    assert all(address.startswith("127.0.0.1:") for address in addresses)


def test_each_start_has_a_random_number_of_its_own() -> None:
    first, second = (re.search(r'\\"edge\\":(\d+)', rendered()) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first[1] != second[1]
    assert 0 <= int(first[1]) < 2**42


def test_the_secret_stands_in_the_configuration_once() -> None:
    assert rendered().count(ADDRESS.secret) == 1


def test_every_module_that_a_parameter_is_set_for_is_loaded() -> None:
    loaded = {name.removesuffix(".so") for name in modules_needed()}
    assert set(re.findall(r'^modparam\("(\w+)"', rendered(), re.MULTILINE)) <= loaded
    assert {"tm", "evapi", "htable", "dialog", "nosip", "uac", "auth", "usrloc", "registrar", "nathelper"} <= loaded


def test_what_stands_in_for_the_links_address_in_a_log_does_not_tell_the_secret() -> None:
    assert ADDRESS.secret not in repr(ADDRESS)
    assert ADDRESS.secret not in str(ADDRESS)
