"""Which trunk and which inbound route a call gets: the order of precedence, by example and against a plain model."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st

from callgate.directory.lookup import Lookup
from callgate.directory.model import INTERNAL, Directory, InboundRoute, Phone, Queue, Trunk

from .strategies import NAMES, directories


def lookup(*routes: tuple[str, tuple[str, ...]]) -> Lookup:
    """Routes named after their DID and trunks: ``2002``, ``2002@main``."""
    return Lookup(
        Directory.of(InboundRoute("@".join([did, *trunks]), "sip:192.0.2.1", did, trunks) for did, trunks in routes)
    )


def found(index: Lookup, dialled: str, trunk: str = "main") -> str | None:
    route = index.route(trunk, dialled)
    return route.name if route else None


def test_an_exact_did_goes_before_any_prefix() -> None:
    index = lookup(("2002", ()), ("200*", ("main",)), ("2002*", ("main",)), ("*", ("main",)))
    assert found(index, "2002") == "2002"
    assert found(index, "20021") == "2002*@main"
    assert found(index, "2001") == "200*@main"
    assert found(index, "1") == "*@main"


def test_an_exact_did_of_the_trunk_goes_before_that_of_every_trunk() -> None:
    index = lookup(("2002", ()), ("2002", ("main", "other")))
    assert found(index, "2002") == "2002@main@other"
    assert found(index, "2002", "other") == "2002@main@other"
    assert found(index, "2002", "third") == "2002"


def test_a_longer_prefix_of_every_trunk_goes_before_a_shorter_one_of_the_trunk() -> None:
    index = lookup(("55*", ()), ("5*", ("main",)), ("55*", ("other",)))
    assert found(index, "551") == "55*"
    assert found(index, "551", "other") == "55*@other"
    assert found(index, "52") == "5*@main"
    assert found(index, "52", "other") is None


def test_a_prefix_matches_the_number_that_is_the_prefix_itself() -> None:
    assert found(lookup(("55*", ())), "55") == "55*"
    assert found(lookup(("55*", ())), "5") is None


def test_the_star_alone_comes_last_and_matches_nothing_dialled_too() -> None:
    index = lookup(("*", ()), ("1*", ("main",)))
    assert found(index, "") == "*"
    assert found(index, "2") == "*"
    assert found(index, "1") == "1*@main"


def test_one_leading_plus_of_the_dialled_number_is_left_aside() -> None:
    index = lookup(("442079460000", ()), ("49*", ()))
    assert found(index, "+442079460000") == "442079460000"
    assert found(index, "+4930") == "49*"
    assert found(index, "++4930") is None


def test_a_source_is_found_by_address_first_then_by_the_longest_network() -> None:
    index = Lookup(
        Directory.of(
            [
                Trunk("wide", ("10.0.0.0/8", "2001:db8::/32")),
                Trunk("narrow", ("10.1.0.0/16",)),
                Trunk("host", ("10.1.2.3", "::1")),
            ]
        )
    )
    names = {
        address: trunk.name if (trunk := index.trunk(ip_address(address))) else None
        for address in ("10.1.2.3", "10.1.2.4", "10.2.0.1", "11.0.0.1", "::1", "2001:db8::7", "::10.1.2.3")
    }
    assert names == {
        "10.1.2.3": "host",
        "10.1.2.4": "narrow",
        "10.2.0.1": "wide",
        "11.0.0.1": None,
        "::1": "host",
        "2001:db8::7": "wide",
        "::10.1.2.3": None,
    }


@given(directories(), st.text("+0129#.-_aZ", max_size=5), NAMES)
def test_the_route_found_is_the_best_of_those_that_match(directory: Directory, dialled: str, stranger: str) -> None:
    number = dialled[1:] if dialled.startswith("+") else dialled
    index = Lookup(directory)
    for trunk in {*directory.trunks, stranger}:

        def rank(route: InboundRoute, trunk: str = trunk) -> tuple[bool, int, bool]:
            exact = not route.did.endswith("*")
            return exact, len(route.did), trunk in route.trunks

        matching = [
            route
            for route in directory.routes.values()
            if (not route.trunks or trunk in route.trunks)
            and (number.startswith(route.did[:-1]) if route.did.endswith("*") else number == route.did)
        ]
        assert index.route(trunk, dialled) == max(matching, key=rank, default=None)


@given(directories(), st.ip_addresses())
def test_the_trunk_found_is_the_one_of_the_longest_network(directory: Directory, stranger: object) -> None:
    index = Lookup(directory)
    sources = [(ip_network(source), trunk) for trunk in directory.trunks.values() for source in trunk.sources]
    for address in [ip_address(str(stranger)), *(network.network_address for network, _ in sources)]:
        containing = [(network.prefixlen, trunk.name) for network, trunk in sources if address in network]
        trunk = index.trunk(address)
        assert (trunk.name if trunk else None) == (max(containing)[1] if containing else None)


def test_a_phone_dials_queues_and_phones_unless_a_route_says_otherwise() -> None:
    entries = (Phone("5001", "0" * 32), Phone("+5002", "0" * 32, enabled=False), Queue("support", "9000"))
    index = Lookup(Directory.of(entries))
    assert [found(index, number, INTERNAL) for number in ("5001", "+5001", "9000", "5002", "5003")] == [
        "phone:5001",
        "phone:5001",
        "queue:support",
        None,
        None,
    ]
    assert found(index, "9000") is None
    routes = [
        InboundRoute("any", "sip:pbx"),
        InboundRoute("nine", "sip:pbx", "9000"),
        InboundRoute("own", "sip:pbx", "5001", (INTERNAL,)),
        InboundRoute("five", "sip:pbx", "5*", (INTERNAL,)),
    ]
    assert found(Lookup(Directory.of([*entries, *routes[:1]])), "9000", INTERNAL) == "queue:support"
    index = Lookup(Directory.of([*entries, *routes]))
    assert [found(index, number, INTERNAL) for number in ("9000", "5001", "5002", "6")] == [
        "nine",
        "own",
        "five",
        "any",
    ]
