"""Kamailio's configuration: rendered from a template for the version that is installed."""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
from collections.abc import Iterable
from hashlib import md5
from importlib import resources
from ipaddress import ip_address
from pathlib import Path

import jinja2
import msgspec

from callgate.directory.model import REALM
from callgate.edge.errors import KamailioMissingError, KamailioModuleError, KamailioVersionError
from callgate.settings import EdgeSettings

OLDEST = (5, 6)
#: Those that all tests have run with: docs/operating.md tells where.
TESTED = ((5, 6), (6, 0))

#: Where distributions put Kamailio's modules; the program itself knows, but has no way of telling.
_MODULE_FOLDERS = (
    "/usr/lib/x86_64-linux-gnu/kamailio/modules",
    "/usr/lib/aarch64-linux-gnu/kamailio/modules",
    "/usr/lib64/kamailio/modules",
    "/usr/lib/kamailio/modules",
    "/usr/local/lib64/kamailio/modules",
    "/usr/local/lib/kamailio/modules",
)

#: The longest that one decision may take, in seconds, with the guard's two seconds.
_LONGEST_HOLD = 62
#: What has become of a call is remembered for so long at least, in seconds, for a command that is sent twice.
_REMEMBER = 10


class Kamailio(msgspec.Struct, frozen=True):
    """The Kamailio that is installed: program, version, folder of modules."""

    program: str
    version: tuple[int, int, int]
    modules: Path


class LinkAddress(msgspec.Struct, frozen=True):
    """Where a controller finds the edge: two loopback ports and the secret both sides know."""

    link_port: int
    control_port: int
    secret: str

    def __repr__(self) -> str:
        return f"LinkAddress(link_port={self.link_port}, control_port={self.control_port})"  # no secret in any log


def template() -> str:
    """The text of the template's first file, which names the modules and includes the others."""
    return (resources.files("callgate.edge") / "template" / "kamailio.cfg.j2").read_text()


def modules_needed() -> list[str]:
    """The modules that the template loads, by file name."""
    return re.findall(r'^loadmodule "(\w+\.so)"', template(), re.MULTILINE)


def find_kamailio(program: str) -> Kamailio:
    """Look at what is installed.

    Raises:
        KamailioMissingError: no such program.
        KamailioVersionError: older than 5.6.
        KamailioModuleError: a module is missing.
    """
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        raise KamailioMissingError(program)
    answer = subprocess.run([path, "-v"], capture_output=True, text=True, timeout=10, check=False)
    found = re.search(r"version: kamailio (\d+)\.(\d+)\.(\d+)", answer.stdout)
    if found is None:
        raise KamailioVersionError(answer.stdout.splitlines()[0] if answer.stdout else "a program that is not Kamailio")
    version = (int(found[1]), int(found[2]), int(found[3]))
    if version[:2] < OLDEST:
        raise KamailioVersionError(".".join(map(str, version)))
    folder = next((Path(each) for each in _MODULE_FOLDERS if (Path(each) / "tm.so").exists()), None)
    if folder is None:
        raise KamailioModuleError(["tm.so"], "any usual folder")
    missing = [name for name in modules_needed() if not (folder / name).exists()]
    if missing:
        raise KamailioModuleError(missing, str(folder))
    return Kamailio(path, version, folder)


def render(settings: EdgeSettings, kamailio: Kamailio, address: LinkAddress) -> str:
    """The configuration text for these settings and that version of Kamailio."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("callgate.edge", "template"),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        trim_blocks=True,
    )
    ring = int(settings.ring_timeout * 1000)
    return environment.get_template("kamailio.cfg.j2").render(
        debug=settings.debug,
        children=settings.children,
        tcp_children=max(1, settings.children // 2),
        listen=settings.listen,
        advertise=settings.advertise,
        control_port=address.control_port,
        link_port=address.link_port,
        secret=address.secret,
        module_path=f"{kamailio.modules}/",
        version=kamailio.version,
        credit=settings.credit,
        ring_timeout_ms=ring,
        destination_timeout_ms=int(settings.destination_timeout * 1000),
        lifetime_ms=max(int(settings.longest_call_setup * 1000), ring + (_LONGEST_HOLD + 10) * 1000),
        branches=settings.branches,
        remember_seconds=max(_REMEMBER, int(settings.command_timeout * 4)),
        realm=REALM,
        registration_min=settings.registration_min,
        registration_max=settings.registration_max,
        registration_default=settings.registration_default,
        registration_sweep=max(1, min(10, settings.registration_min // 2)),
        wrong_passwords=settings.wrong_passwords,
        keep_alive=settings.keep_alive,
        restore_password=secrets.token_hex(16),
        dummy_ha1=md5(secrets.token_bytes(16), usedforsecurity=False).hexdigest(),
        multihomed=_multihomed(settings.listen),
        nonce=secrets.randbits(42),
    )


def _multihomed(listen: Iterable[str]) -> bool:
    """Whether there is a choice from which address to send: two UDP addresses of one family, loopback left aside."""
    addresses = [
        ip_address(each.split(":", 1)[1].rpartition(":")[0].strip("[]")) for each in listen if each.startswith("udp:")
    ]
    outside = [address.version for address in addresses if not address.is_loopback]
    return any(outside.count(version) > 1 for version in (4, 6))
