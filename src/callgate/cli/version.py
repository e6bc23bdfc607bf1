"""``callgate version``."""

from __future__ import annotations

import platform

import msgspec

from callgate import __version__
from callgate.cli import output
from callgate.cli.options import AsJson
from callgate.edge.configuration import find_kamailio
from callgate.edge.errors import EdgeError


class Versions(msgspec.Struct, frozen=True):
    """What runs here; ``kamailio`` is ``None`` where none can be used."""

    callgate: str
    python: str
    kamailio: str | None


def version(*, as_json: AsJson = False) -> None:
    """Print the versions of Callgate, Python and Kamailio."""
    try:
        kamailio: str | None = ".".join(map(str, find_kamailio("kamailio").version))
    except EdgeError:
        kamailio = None
    found = Versions(__version__, platform.python_version(), kamailio)
    if as_json:
        output.print_json(found)
    else:
        output.say(f"callgate {found.callgate} (Python {found.python}, Kamailio {found.kamailio or 'not usable'})")
