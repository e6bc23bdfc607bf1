"""The directory as the edge's rows: what Kamailio looks up for each INVITE.

Keys are ``a:<address>``, ``n:<index>`` and ``n:count`` (networks, the longest prefix first), ``r:<trunk>:<did>``
(exact), ``p:<trunk>:<prefix>``, with ``*`` for every trunk, ``x:longest``, the length of the longest prefix,
``u:<login>``, a phone's HA1, and ``t:phones``, the trunk of the phones. No value holds a space.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from ipaddress import ip_address, ip_network

from callgate.core.verdicts import Refuse, Verdict
from callgate.directory.model import INTERNAL, Directory, InboundRoute, Trunk, lapse_verdict

#: The guard timer fires that much after the window, in seconds: a controller that lives is always first.
GUARD_MARGIN = 2.0
#: How much of one datagram rows may fill, in bytes.
BATCH_BYTES = 8_000

Rows = dict[str, str]


def rows_of(directory: Directory) -> Rows:
    """All rows of a directory."""
    rows: Rows = {}
    networks = []
    for trunk in directory.trunks.values():
        value = _trunk(trunk)
        for source in trunk.sources:
            if "/" in source:
                networks.append((ip_network(source, strict=False), value))
            else:
                rows[f"a:{ip_address(source)}"] = value
    networks.sort(key=lambda each: -each[0].prefixlen)
    for index, (network, value) in enumerate(networks):
        rows[f"n:{index}"] = f"{network}|{value}"
    rows["n:count"] = str(len(networks))
    longest = 0
    for route in directory.routes.values():
        prefix = route.did.endswith("*")
        number = route.did.rstrip("*").removeprefix("+")
        if prefix:
            longest = max(longest, len(number))
        value = _route(route)
        for trunk_name in route.trunks or ("*",):
            rows[f"{'p' if prefix else 'r'}:{trunk_name}:{number}"] = value
    rows["x:longest"] = str(longest)
    for phone in directory.phones.values():
        if phone.enabled:
            rows[f"u:{phone.name}"] = phone.ha1
    return rows | _internal(directory, rows)


def _internal(directory: Directory, written: Rows) -> Rows:
    """The trunk of the phones, and the numbers that they can dial without an inbound route that says so.

    A written route of the same DID goes before these; where a queue and a phone have the same number, it is the queue.
    """
    numbers = {phone.name: f"phone:{phone.name}" for phone in directory.phones.values() if phone.enabled}
    numbers |= {queue.number: f"queue:{queue.name}" for queue in directory.queues.values()}
    rows: Rows = {}
    for number, name in numbers.items():
        did = number.removeprefix("+")
        route = directory.route_of(name)
        if route is not None and f"r:{INTERNAL}:{did}" not in written and f"r:*:{did}" not in written:
            rows[f"r:{INTERNAL}:{did}"] = _route(route)
    trunk = directory.trunk_of(INTERNAL)
    assert trunk is not None
    rows[f"t:{INTERNAL}"] = _trunk(trunk)
    return rows


def _trunk(trunk: Trunk) -> str:
    return f"{trunk.name}|{int(trunk.control)}|{_lapse(lapse_verdict(trunk.lapse))}"


def _route(route: InboundRoute) -> str:
    own = route.own_lapse
    lapse = "-" if own is None else _lapse(lapse_verdict(own))
    destination = route.destination.replace("|", "%7C")
    return f"{route.name}|{destination}|{int((route.window + GUARD_MARGIN) * 1000)}|{lapse}"


def _lapse(verdict: Verdict) -> str:
    if not isinstance(verdict, Refuse):
        return "0"
    retry = next((value for name, value in verdict.headers if name == "Retry-After"), "")
    return f"{verdict.status}|{verdict.phrase.replace(' ', '_')}|{verdict.cause}|{retry}"


def networks(rows: Rows) -> dict[str, str]:
    """The networks by their index: the one part of the rows whose keys say nothing about what they stand for."""
    return {key: value.partition("|")[0] for key, value in rows.items() if key.startswith("n:")}


def digest_of(rows: Rows) -> str:
    """A digest by which an edge that has these rows already is recognised."""
    digest = sha256()
    for key in sorted(rows):
        digest.update(f"{key} {rows[key]}\n".encode())
    return digest.hexdigest()


def puts(rows: Rows) -> Iterator[str]:
    """The rows as words "key value key value …", in batches of one datagram each."""
    return _batches(f"{key} {value}" for key, value in rows.items())


def drops(keys: list[str]) -> Iterator[str]:
    """Keys to drop, in batches of one datagram each."""
    return _batches(iter(keys))


def _batches(items: Iterator[str]) -> Iterator[str]:
    batch: list[str] = []
    size = 0
    for item in items:
        if size + len(item) > BATCH_BYTES and batch:
            yield " ".join(batch)
            batch, size = [], 0
        batch.append(item)
        size += len(item) + 1
    if batch:
        yield " ".join(batch)
