"""Which IP addresses are everybody's, and which belong to a network or machine of somebody's own."""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: All unicast addresses of the public IPv6 Internet (RFC 4291 section 2.4, IANA's registry of the address space).
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
#: IPv6 addresses that end in the IPv4 address which a packet is sent to in the end: translated (RFC 6052) and
#: "compatible" ones (RFC 4291 section 2.5.5.1).
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_UNSPECIFIED, _LOOPBACK = ipaddress.IPv6Address("::"), ipaddress.IPv6Address("::1")


def read(text: str) -> Address | None:
    """The address that a text is, without a scope; ``None``: it is none, but maybe a name."""
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether it is a unicast address of the Internet: not private, shared, loopback, link-local, multicast, reserved
    or unspecified, and no IPv6 address that stands for an IPv4 address which is."""
    inner = _inner(address)
    if isinstance(inner, ipaddress.IPv6Address) and inner not in _GLOBAL_UNICAST:
        return False
    return inner.is_global and not (inner.is_multicast or inner.is_reserved)


def is_loopback(address: Address) -> bool:
    """Whether it is this machine's own."""
    return _inner(address).is_loopback


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _TRANSLATED or (address in _COMPATIBLE and address not in (_UNSPECIFIED, _LOOPBACK)):
        return ipaddress.IPv4Address(address.packed[-4:])
    return address
