"""What can be wrong with the edge; each text names the remedy."""

from __future__ import annotations


class EdgeError(Exception):
    """The edge cannot do its work."""


class KamailioMissingError(EdgeError):
    """Kamailio is not installed, or not where the settings say."""

    def __init__(self, program: str) -> None:
        super().__init__(
            f"Kamailio was not found as {program!r}: install it (apt-get install kamailio kamailio-extra-modules), "
            "or name the program in the setting edge.kamailio"
        )


class KamailioVersionError(EdgeError):
    """Kamailio is too old, or its version could not be read."""

    def __init__(self, found: str) -> None:
        super().__init__(f"Kamailio 5.6 or later is needed, found {found}: upgrade the package kamailio")


class KamailioModuleError(EdgeError):
    """A module that the configuration loads is not installed."""

    def __init__(self, modules: list[str], folder: str) -> None:
        super().__init__(
            f"Kamailio lacks {', '.join(modules)} in {folder}: install kamailio-extra-modules "
            "(evapi comes with it), of the same version as kamailio"
        )


class ConfigurationRefusedError(EdgeError):
    """Kamailio refused the rendered configuration: an error in Callgate, or a setting Kamailio cannot use."""

    def __init__(self, file: str, text: str) -> None:
        super().__init__(f"Kamailio refused its configuration {file}: {text}")


class PortTakenError(EdgeError):
    """An address that the edge is to listen on is in use."""

    def __init__(self, address: str, owner: str | None, setting: str) -> None:
        by = f" by {owner}" if owner else ""
        super().__init__(f"{address} is taken{by}: stop it, or choose another address in the setting {setting}")


class AddressRefusedError(EdgeError):
    """An address cannot be listened on, though nobody else does."""

    def __init__(self, address: str, why: str, setting: str) -> None:
        super().__init__(
            f"cannot listen on {address}: {why}; the setting {setting} must name an address of this machine, "
            "and a port below 1024 needs the capability CAP_NET_BIND_SERVICE"
        )


class EdgeDiedError(EdgeError):
    """Kamailio ended while starting."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"Kamailio ended with code {code} while starting: {text}")


class LinkRefusedError(EdgeError):
    """The edge closed the link, or did not welcome this controller."""

    def __init__(self, text: str) -> None:
        super().__init__(f"the edge did not take this controller: {text}")
