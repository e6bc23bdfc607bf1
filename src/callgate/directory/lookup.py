"""Which trunk a call comes from and which inbound route it takes.

The edge decides this by itself for each INVITE. This is the same rule in Python: transfers ask it, and the tests
hold the edge against it.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from callgate.directory.model import INTERNAL, Directory, InboundRoute, Trunk

#: Stands for "every trunk"; no trunk has this name.
_EVERY = ""


class Lookup:
    """The index of one directory."""

    def __init__(self, directory: Directory) -> None:
        self._exact: dict[tuple[str, str], InboundRoute] = {}
        self._prefixes: dict[tuple[str, str], InboundRoute] = {}
        for route in directory.routes.values():
            for trunk in route.trunks or (_EVERY,):
                if route.did.endswith("*"):
                    self._prefixes[trunk, route.did[:-1]] = route
                else:
                    self._exact[trunk, route.did] = route
        self._add_internal(directory)
        #: How long the prefixes are, longest first.
        self._lengths = sorted({len(prefix) for _, prefix in self._prefixes}, reverse=True)
        self._addresses: dict[tuple[int, int], Trunk] = {}
        self._networks: dict[tuple[int, int, int], Trunk] = {}
        for entry in directory.trunks.values():
            for source in entry.sources:
                network = ip_network(source)
                if network.prefixlen == network.max_prefixlen:
                    self._addresses[network.version, int(network.network_address)] = entry
                else:
                    self._networks[_key(network)] = entry
        #: Version of the address, prefix length and mask of the networks, longest prefix first.
        self._masks = sorted(
            {(version, length, _mask(version, length)) for version, length, _ in self._networks}, reverse=True
        )

    def _add_internal(self, directory: Directory) -> None:
        """What phones can dial though nobody wrote a route for it: queues, and enabled phones."""
        names = [f"queue:{queue}" for queue in directory.queues]
        names += [f"phone:{phone.name}" for phone in directory.phones.values() if phone.enabled]
        for route in filter(None, map(directory.route_of, names)):
            number = route.did.removeprefix("+")
            if (_EVERY, number) not in self._exact:
                self._exact.setdefault((INTERNAL, number), route)

    def route(self, trunk: str, dialled: str) -> InboundRoute | None:
        """The inbound route of a call on that trunk to that number, ``None``: there is none.

        ``dialled`` is the user part of the request URI; a leading "+" is left aside. First goes the exact DID of a
        route that names the trunk, then that of a route for every trunk, then the prefixes from the longest to the
        shortest, at each length the trunk's own before that of every trunk, ``*`` last. On :data:`INTERNAL` the numbers
        of queues and the logins of phones come after exact DIDs and before prefixes.
        """
        number = dialled.removeprefix("+")
        exact = self._exact.get((trunk, number)) or self._exact.get((_EVERY, number))
        if exact is not None:
            return exact
        for length in self._lengths:
            if length <= len(number):
                prefix = number[:length]
                found = self._prefixes.get((trunk, prefix)) or self._prefixes.get((_EVERY, prefix))
                if found is not None:
                    return found
        return None

    def trunk(self, source: IPv4Address | IPv6Address) -> Trunk | None:
        """The trunk that an INVITE from that address comes from, ``None``: an unknown source.

        First goes the address itself, then the networks it is in, the longest prefix first.
        """
        address = int(source)
        exact = self._addresses.get((source.version, address))
        if exact is not None:
            return exact
        for version, length, mask in self._masks:
            if version == source.version:
                found = self._networks.get((version, length, address & mask))
                if found is not None:
                    return found
        return None


def _key(network: IPv4Network | IPv6Network) -> tuple[int, int, int]:
    return network.version, network.prefixlen, int(network.network_address)


def _mask(version: int, length: int) -> int:
    bits = 32 if version == 4 else 128
    return ((1 << length) - 1) << (bits - length)
