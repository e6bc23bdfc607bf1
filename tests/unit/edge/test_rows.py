"""The directory as the edge's rows: looked up as Kamailio's template does, they say the same as the directory."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callgate.core.verdicts import Accept, Refuse, Verdict
from callgate.directory.lookup import Lookup
from callgate.directory.model import INTERNAL, Bot, Directory, Entry, InboundRoute, Phone, Queue, Trunk, lapse_verdict
from callgate.edge.rows import BATCH_BYTES, GUARD_MARGIN, Rows, digest_of, drops, networks, puts, rows_of
from tests.unit.directory.strategies import directories

CARRIER = Trunk("carrier", ("192.0.2.10", "198.51.100.0/24"))
SALES = InboundRoute("sales", "sip:pbx.example.com", "2002")


# --- the template's lookup, in few lines -----------------------------------------------------------------------------


def trunk_row(rows: Rows, source: IPv4Address | IPv6Address) -> str | None:
    """route[FROM_WHOM]: the address itself, then one network after the other."""
    found = rows.get(f"a:{source}")
    if found is None:
        for index in range(int(rows["n:count"])):
            network, _, value = rows[f"n:{index}"].partition("|")
            if source in ip_network(network):
                return value
    return found


def route_row(rows: Rows, trunk: str, user: str) -> str | None:
    """route[WHERE_TO]: exact, then the prefixes from the longest there is to the empty one."""
    did = user[1:] if user.startswith("+") else user
    for key in route_keys(trunk, did, int(rows["x:longest"])):
        if key in rows:
            return rows[key]
    return None


def route_keys(trunk: str, did: str, longest: int) -> Iterator[str]:
    yield from (f"r:{trunk}:{did}", f"r:*:{did}")
    for length in range(min(len(did), longest), -1, -1):
        yield from (f"p:{trunk}:{did[:length]}", f"p:*:{did[:length]}")


def lapse_of(row: str) -> Verdict:
    """route[DEFAULT]: "0" goes on, else status|phrase|cause|retry."""
    if row == "0":
        return Accept()
    status, phrase, cause, retry = row.split("|")
    headers = (("Retry-After", retry),) if retry else ()
    return Refuse(int(status), phrase.replace("_", " "), int(cause), headers=headers)


def without_name(verdict: Verdict) -> Verdict:
    """The row tells what the caller gets; the name of the reason stays here."""
    if isinstance(verdict, Refuse):
        return Refuse(verdict.status, verdict.phrase, verdict.cause, headers=verdict.headers)
    return verdict


# --- rules -----------------------------------------------------------------------------------------------------------


def near(directory: Directory) -> st.SearchStrategy[IPv4Address | IPv6Address]:
    """Addresses in the directory's networks, beside them, and anywhere."""
    known = [ip_network(source) for trunk in directory.trunks.values() for source in trunk.sources]
    edges = [address for network in known for address in (network[0], network[-1])]
    beside = [ip_address(int(address) + 1) for address in edges if int(address) + 1 < 2**32]
    anywhere = st.ip_addresses()
    return st.one_of(anywhere, st.sampled_from([*edges, *beside])) if edges else anywhere


def dialled(directory: Directory) -> st.SearchStrategy[str]:
    """Numbers of the directory's routes, longer and shorter ones, and any."""
    known = [route.did.rstrip("*") for route in directory.routes.values()]
    any_number = st.text("0129+*aZ#", max_size=6)
    if not known:
        return any_number
    one = st.sampled_from(known)
    return st.one_of(
        any_number,
        one,
        one.map(lambda did: f"+{did}"),
        st.tuples(one, any_number).map("".join),
        one.map(lambda d: d[:-1]),
    )


@settings(max_examples=60)
@given(st.data())
def test_the_edge_finds_the_same_trunk_as_the_directory(data: st.DataObject) -> None:
    directory = data.draw(directories())
    rows, lookup = rows_of(directory), Lookup(directory)
    for source in data.draw(st.lists(near(directory), max_size=5)):
        trunk = lookup.trunk(source)
        row = trunk_row(rows, source)
        if trunk is None or row is None:
            assert (trunk, row) == (None, None)
            continue
        name, control, lapse = row.split("|", 2)
        assert (name, control) == (trunk.name, str(int(trunk.control)))
        default = directory.lapse_of(InboundRoute("any", "sip:any"), trunk)
        assert lapse_of(lapse) == without_name(default)


@settings(max_examples=60)
@given(st.data())
def test_the_edge_finds_the_same_route_as_the_directory(data: st.DataObject) -> None:
    directory = data.draw(directories())
    rows, lookup = rows_of(directory), Lookup(directory)
    for user in data.draw(st.lists(dialled(directory), max_size=5)):
        trunk = data.draw(st.sampled_from([*directory.trunks, "another"]))
        route = lookup.route(trunk, user)
        row = route_row(rows, trunk, user)
        if route is None or row is None:
            assert (route, row) == (None, None)
            continue
        name, destination, guard, lapse = row.split("|", 3)
        assert (name, destination) == (route.name, route.destination)
        assert int(guard) == pytest.approx((route.window + GUARD_MARGIN) * 1000, abs=1)
        # What the guard gives is what the controller gives, on whatever trunk: "-" is the trunk's own.
        for of_trunk in ("accept", "busy"):
            wanted = directory.lapse_of(route, Trunk("any", (), lapse=of_trunk))
            told = lapse_verdict(of_trunk) if lapse == "-" else lapse_of(lapse)
            assert without_name(told) == without_name(wanted)


@settings(max_examples=50)
@given(directories())
def test_no_key_and_no_value_holds_a_space_or_is_empty(directory: Directory) -> None:
    for key, value in rows_of(directory).items():
        assert f"{key} {value}".split() == [key, value]


def test_the_rows_of_a_small_directory() -> None:
    prefix = InboundRoute(
        "all", "sip:2000@pbx.example.com", "55*", ("carrier",), window=2.5, lapse="service_unavailable"
    )
    assert rows_of(Directory.of([CARRIER, SALES, prefix])) == {
        "a:192.0.2.10": "carrier|1|0",
        "n:0": "198.51.100.0/24|carrier|1|0",
        "n:count": "1",
        "r:*:2002": "sales|sip:pbx.example.com|12000|-",
        "p:carrier:55": "all|sip:2000@pbx.example.com|4500|503|Service_Unavailable|41|30",
        "x:longest": "2",
        "t:phones": "phones|1|480|Temporarily_Unavailable|18|",
    }


def test_a_route_with_bots_lapses_with_480_and_without_a_destination_has_none() -> None:
    bot = Bot("greeter", "8d9c9d0e-6b1c-4f43-9a0c-2f8f3f0f5a11", "", "https://bot.example.com", "sip:192.0.2.30")
    desk = InboundRoute("desk", "", "2002", window=15.0, bots=("greeter",))
    assert rows_of(Directory.of([bot, desk]))["r:*:2002"] == "desk||17000|480|Temporarily_Unavailable|18|"


def test_a_phone_is_there_with_its_ha1_for_as_long_as_it_is_enabled() -> None:
    phones = [Phone("anna", "a" * 32), Phone("bert", "b" * 32, enabled=False)]
    rows = rows_of(Directory.of(phones))
    assert rows["u:anna"] == "a" * 32
    assert "u:bert" not in rows


def test_phones_can_dial_every_queue_and_every_phone_that_is_enabled() -> None:
    entries: list[Entry] = [Phone("5001", "a" * 32), Phone("5002", "b" * 32, enabled=False), Queue("support", "+9000")]
    rows = rows_of(Directory.of(entries))
    assert route_row(rows, INTERNAL, "5001") == "phone:5001||62000|480|Temporarily_Unavailable|18|"
    assert route_row(rows, INTERNAL, "+9000") == "queue:support||62000|480|Temporarily_Unavailable|18|"
    assert route_row(rows, INTERNAL, "5002") is None
    assert route_row(rows, "carrier", "9000") is None, "for phones alone"


def test_a_queue_goes_before_a_phone_of_the_same_number() -> None:
    rows = rows_of(Directory.of([Queue("support", "5001"), Phone("5001", "a" * 32)]))
    assert (route_row(rows, INTERNAL, "5001") or "").startswith("queue:support|")


@pytest.mark.parametrize("trunks", [(), (INTERNAL,)])
def test_a_written_route_goes_before_a_queue_or_phone_of_the_same_number(trunks: tuple[str, ...]) -> None:
    written = [InboundRoute(f"to-{did}", "sip:192.0.2.20", did, trunks) for did in ("9000", "+5001")]
    rows = rows_of(Directory.of([*written, Queue("support", "9000"), Phone("5001", "a" * 32)]))
    assert [(route_row(rows, INTERNAL, did) or "").partition("|")[0] for did in ("9000", "5001")] == [
        "to-9000",
        "to-+5001",
    ]


def test_a_written_prefix_goes_behind_a_queue() -> None:
    all_numbers = InboundRoute("all", "sip:192.0.2.20", "*")
    rows = rows_of(Directory.of([all_numbers, Queue("support", "9000")]))
    assert (route_row(rows, INTERNAL, "9000") or "").startswith("queue:support|")
    assert (route_row(rows, INTERNAL, "0049") or "").startswith("all|")


def test_a_longer_network_goes_before_a_shorter_one() -> None:
    wide, narrow = Trunk("wide", ("10.0.0.0/8",)), Trunk("narrow", ("10.1.0.0/16", "2001:db8::/32"))
    rows = rows_of(Directory.of([wide, narrow]))
    assert trunk_row(rows, IPv4Address("10.1.2.3")) == "narrow|1|0"
    assert trunk_row(rows, IPv4Address("10.2.2.3")) == "wide|1|0"
    assert trunk_row(rows, IPv6Address("2001:db8::3")) == "narrow|1|0"
    assert list(networks(rows).values())[:3] == ["2001:db8::/32", "10.1.0.0/16", "10.0.0.0/8"]


# --- what is sent ----------------------------------------------------------------------------------------------------


@given(st.dictionaries(st.text("abc:*", min_size=1), st.text("xyz|", min_size=1, max_size=3000), max_size=30))
def test_batches_hold_every_row_once_and_stay_under_the_limit(rows: Rows) -> None:
    batches = list(puts(rows))
    words = [word for batch in batches for word in batch.split(" ")]
    assert dict(zip(words[::2], words[1::2], strict=True)) == rows
    assert len(words) == 2 * len(rows)
    assert all(batch and len(batch.encode()) <= BATCH_BYTES for batch in batches)


@given(st.lists(st.text("abc:*", min_size=1, max_size=3000), max_size=30))
def test_keys_to_drop_are_sent_once_each_under_the_limit(keys: list[str]) -> None:
    batches = list(drops(keys))
    assert [key for batch in batches for key in batch.split(" ")] == keys
    assert all(batch and len(batch.encode()) <= BATCH_BYTES for batch in batches)


def test_batches_are_well_filled() -> None:
    rows = {f"r:*:{number:08}": f"route-{number}|sip:pbx.example.com|12000|-" for number in range(2_000)}
    total = sum(len(key) + len(value) + 2 for key, value in rows.items())
    assert len(list(puts(rows))) <= total // BATCH_BYTES + 2


def test_the_digest_is_the_same_in_any_order_and_in_every_version() -> None:
    rows = rows_of(Directory.of([CARRIER, SALES]))
    assert digest_of(rows) == digest_of(dict(reversed(rows.items())))
    assert digest_of({"a:1": "x", "b:2": "y"}) == "14505a3e65a0e9ad3e767cecc05a0c2d664499e4bd0a17d597700b3cd4c199b2"


@settings(max_examples=40)
@given(directories(), directories())
def test_two_directories_have_the_same_digest_only_if_their_rows_are_the_same(one: Directory, other: Directory) -> None:
    assert (digest_of(rows_of(one)) == digest_of(rows_of(other))) is (rows_of(one) == rows_of(other))
