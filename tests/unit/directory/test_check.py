"""What an entry may be, and how entries have to fit each other."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given

from callgate.directory.check import check_directory, check_entry, normal
from callgate.directory.model import ApiKey, Client, Directory, Entry, InboundRoute, Trunk, Webhook
from callgate.directory.rules import RULES
from callgate.directory.secrets import digest

from .strategies import HASHER, directories

TRUNK = Trunk("main", ("192.0.2.1",))
ROUTE = InboundRoute("sales", "sip:192.0.2.10")
CLIENT = Client("crm", "crm-1", HASHER.hash("a secret"))
WEBHOOK = Webhook("https://example.com/", "12345678")
KEY = ApiKey("ops", digest("cg_"))


def wrong(entry: Entry, **changes: object) -> list[str]:
    """The keys that are told to be wrong after these changes."""
    changed = msgspec.structs.replace(entry, **changes)
    return [problem.key for problem in check_entry(changed)]


def clashes(*entries: Entry) -> list[str]:
    return [str(problem) for problem in check_directory(Directory.of(normal(entry) for entry in entries))]


@given(directories())
def test_directories_made_by_the_rules_have_no_problem(directory: Directory) -> None:
    assert [problem for entry in directory.entries() for problem in check_entry(entry)] == []
    assert check_directory(directory) == []


@pytest.mark.parametrize("name", ["a", "A-b_9", "x" * 64])
def test_a_name_is_letters_digits_hyphen_and_underscore(name: str) -> None:
    assert wrong(TRUNK, name=name) == []


@pytest.mark.parametrize("name", ["", "x" * 65, "a b", "a\n", "é", "a.b", "*", "a/b"])
@pytest.mark.parametrize("entry", [TRUNK, ROUTE, CLIENT, KEY])
def test_no_other_name_is_taken(entry: Entry, name: str) -> None:
    assert wrong(entry, name=name) == ["name"]


@pytest.mark.parametrize(
    "source", ["192.0.2.1", "192.0.2.0/24", "0.0.0.0/0", "::1", "2001:db8::/32", "2001:DB8::1/128"]
)
def test_a_source_is_an_address_or_a_network(source: str) -> None:
    assert wrong(TRUNK, sources=(source,)) == []


@pytest.mark.parametrize(
    "source", ["", "192.0.2", "192.0.2.256", "192.0.2.1/33", "192.0.2.0/255.255.255.0", "fe80::1%eth0", "example.com",
               "192.0.2.1:5060", " 192.0.2.1", "192.0.2.1\n", "[::1]"],
)  # fmt: skip
def test_nothing_else_is_a_source(source: str) -> None:
    assert wrong(TRUNK, sources=(source,)) == ["sources[0]"]


def test_a_network_with_host_bits_is_told_the_network_that_was_meant() -> None:
    (problem,) = check_entry(Trunk("main", ("192.0.2.1/24",)))
    assert problem.value == '"192.0.2.1/24" (did you mean "192.0.2.0/24"?)'


def test_a_trunk_has_at_least_one_source_and_none_twice() -> None:
    assert wrong(TRUNK, sources=()) == ["sources"]
    assert wrong(TRUNK, sources=("::1", "::2", "::1")) == ["sources[2]"]


@pytest.mark.parametrize("did", ["2002", "+442079460000", "55*", "*", "+*", "#21", "a.b-c_D*", "1" * 32])
def test_a_did_is_a_number_a_prefix_or_a_star(did: str) -> None:
    assert wrong(ROUTE, did=did) == []


@pytest.mark.parametrize("did", ["", "+", "++44", "5*5", "**", "1" * 33, "2 002", "2002\n", "4+4", "sip:1", "é"])
def test_nothing_else_is_a_did(did: str) -> None:
    assert wrong(ROUTE, did=did) == ["did"]


@pytest.mark.parametrize(
    "uri",
    ["sip:192.0.2.10", "sips:pbx.example.com", "sip:127.0.0.1:5070", "SIP:2002@pbx", "sip:[2001:db8::1]:5060",
     "sip:+44207@[::1];transport=tcp;lr", "sip:a%20b;phone-context=x@host:65535"],
)  # fmt: skip
def test_a_destination_is_a_sip_uri_with_or_without_a_user(uri: str) -> None:
    assert wrong(ROUTE, destination=uri) == []


@pytest.mark.parametrize(
    "uri",
    ["", "sip:", "2002", "tel:+44", "http://pbx", "sip:@pbx", "sip:pbx:0", "sip:pbx:65536", "sip:pbx:x", "sip:a b@pbx",
     'sip:"a"@pbx', "sip:a'b@pbx", "sip:<a>@pbx", "<sip:a@pbx>", "sip:pbx\r\nVia: x", "sip:pbx\n", "sip:pbx;a=\x00",
     "sip:192.0.2.300", "sip:[::g]", "sip:a@b@c", "sip:pbx?X-a=b", "sip:pb..x", "sip:é@pbx", "sip:user:pw@pbx",
     "sip:" + "a" * 252],
)  # fmt: skip
def test_nothing_else_is_a_destination(uri: str) -> None:
    assert wrong(ROUTE, destination=uri) == ["destination"]


@pytest.mark.parametrize(("window", "keys"), [(1.0, []), (60.0, []), (10, []), (0.99, ["window"]), (60.01, ["window"]),
                                              (float("nan"), ["window"]), (float("inf"), ["window"])])  # fmt: skip
def test_a_window_is_one_to_sixty_seconds(window: float, keys: list[str]) -> None:
    assert wrong(ROUTE, window=window) == keys


def test_a_lapse_is_accept_or_a_reason_whatever_its_letter_case() -> None:
    assert wrong(ROUTE, lapse="Accept") == wrong(ROUTE, lapse="BUSY") == wrong(ROUTE, lapse=None) == []
    assert wrong(TRUNK, lapse="refuse", refuse="accept") == ["refuse", "lapse"]


def test_a_client_has_five_webhooks_at_most_each_of_a_url_of_its_own() -> None:
    webhooks = [msgspec.structs.replace(WEBHOOK, url=f"https://example.com/{number}") for number in range(6)]
    assert wrong(CLIENT, webhooks=tuple(webhooks[:5])) == []
    assert wrong(CLIENT, webhooks=tuple(webhooks)) == ["webhooks"]
    assert wrong(CLIENT, webhooks=(WEBHOOK, WEBHOOK)) == ["webhooks[1].url"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/x?y=z", "https://[::1]/", "https://example.com"])
def test_a_webhook_goes_to_an_http_url(url: str) -> None:
    assert wrong(CLIENT, webhooks=(msgspec.structs.replace(WEBHOOK, url=url),)) == []


@pytest.mark.parametrize(
    "url", ["", "ftp://a/", "https://", "//a/", "https://a b/", "https://u:p@a/", "http://a:99999/", "http://[::1/",
            "http://a/#x", "http://a/\n", "http://é/", "file:///etc/passwd", "https://a/" + "x" * 1024],
)  # fmt: skip
def test_a_webhook_goes_to_no_other_url(url: str) -> None:
    assert wrong(CLIENT, webhooks=(msgspec.structs.replace(WEBHOOK, url=url),)) == ["webhooks[0].url"]


def test_a_webhooks_other_keys_are_checked_each_by_itself() -> None:
    webhook = Webhook("https://example.com/", "short", "PUT", (30011, 7, 30011))  # type: ignore[arg-type]  # on purpose
    assert wrong(CLIENT, webhooks=(webhook,)) == [
        "webhooks[0].secret",
        "webhooks[0].method",
        "webhooks[0].events[1]",
        "webhooks[0].events[2]",
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [("client_id", ""), ("client_id", "a b"), ("dialect", "graph"), ("webhook_timeout", 0.0), ("webhook_timeout", 31.0),
     ("webhook_retries", -1), ("webhook_retries", 11), ("secret_hash", "secret"), ("secret_hash", "$argon2id$v=19$")],
)  # fmt: skip
def test_a_clients_other_keys_have_their_bounds(key: str, value: object) -> None:
    assert wrong(CLIENT, **{key: value}) == [key]


def test_a_hash_that_would_take_too_long_to_verify_is_not_taken() -> None:
    costly = CLIENT.secret_hash.replace("m=8,", "m=4194304,")
    assert costly != CLIENT.secret_hash
    assert wrong(CLIENT, secret_hash=costly) == ["secret_hash"]
    assert wrong(CLIENT, secret_hash=CLIENT.secret_hash.replace("argon2id", "argon2d")) == ["secret_hash"]


def test_a_key_has_a_digest_and_a_known_scope() -> None:
    assert wrong(KEY, digest=KEY.digest.upper()) == ["digest"]
    assert wrong(KEY, digest="", scope="root") == ["digest", "scope"]


def test_two_trunks_cannot_have_the_same_source_however_it_is_written() -> None:
    assert clashes(Trunk("a", ("10.0.0.1",)), Trunk("b", ("10.0.0.1/32",))) == [
        'trunk "b": sources[0] = "10.0.0.1": expected a source that no other trunk has; trunk "a" has it'
    ]
    assert len(clashes(Trunk("a", ("2001:db8:0::/48",)), Trunk("b", ("::1", "2001:DB8::/48")))) == 1


def test_a_network_inside_another_trunks_network_is_no_clash() -> None:
    assert clashes(Trunk("a", ("10.0.0.0/8",)), Trunk("b", ("10.1.0.0/16", "10.1.1.1"))) == []


def test_two_routes_cannot_match_the_very_same_calls() -> None:
    trunks = [Trunk("a", ("::1",)), Trunk("b", ("::2",))]
    first = InboundRoute("first", "sip:pbx", "+55*", ("a", "b"))
    assert clashes(*trunks, first, InboundRoute("second", "sip:pbx", "55*", ("b",))) == [
        'route "second": did = "55*": expected a DID that no other route of the same trunk has; route "first" has it'
    ]
    assert clashes(*trunks, first, InboundRoute("second", "sip:pbx", "55*")) == []
    assert len(clashes(InboundRoute("first", "sip:pbx"), InboundRoute("second", "sip:pbx"))) == 1


def test_two_routes_of_different_trunks_may_have_the_same_did() -> None:
    trunks = [Trunk("a", ("::1",)), Trunk("b", ("::2",))]
    assert clashes(*trunks, InboundRoute("1", "sip:pbx", "1", ("a",)), InboundRoute("2", "sip:pbx", "1", ("b",))) == []


def test_routes_and_clients_name_trunks_that_exist() -> None:
    assert clashes(TRUNK, InboundRoute("r", "sip:pbx", trunks=("main", "gone"))) == [
        'route "r": trunks[1] = "gone": expected the name of a trunk that exists'
    ]
    client = msgspec.structs.replace(CLIENT, see=("*", "gone"), decide=("main", "away"))
    assert clashes(TRUNK, client) == [
        'client "crm": see[1] = "gone": expected the name of a trunk that exists',
        'client "crm": decide[1] = "away": expected the name of a trunk that exists',
    ]


def test_client_ids_and_keys_belong_to_one_entry_only() -> None:
    other_client = msgspec.structs.replace(CLIENT, name="other")
    other_key = msgspec.structs.replace(KEY, name="other")
    told = clashes(CLIENT, other_client, KEY, other_key)
    assert told == [
        'client "other": client_id = "crm-1": expected a client id of its own; client "crm" has it',
        'key "other": digest = (not shown): expected a key of its own; key "ops" has it',
    ]


def test_the_normal_form_has_one_spelling() -> None:
    trunk = normal(Trunk("a", ("2001:DB8::1", "10.0.0.1/32", "10.0.0.1"), refuse="BUSY", lapse="Accept"))
    assert trunk == Trunk("a", ("2001:db8::1", "10.0.0.1"), refuse="busy", lapse="accept")
    route = normal(InboundRoute("r", "sip:pbx", "+44", lapse="Busy"))
    assert route == InboundRoute("r", "sip:pbx", "44", lapse="busy")


@pytest.mark.parametrize("entry", [TRUNK, ROUTE, CLIENT, WEBHOOK, KEY])
def test_every_field_of_an_entry_has_its_rule(entry: msgspec.Struct) -> None:
    kinds = {Trunk: "trunk", InboundRoute: "route", Client: "client", Webhook: "webhook", ApiKey: "key"}
    assert sorted(RULES[kinds[type(entry)]]) == sorted(type(entry).__struct_fields__)  # type: ignore[index]  # its kind


def test_no_secret_is_in_a_problem_or_in_a_webhooks_text() -> None:
    secret = "hunter2 hunter2"
    client = msgspec.structs.replace(CLIENT, secret_hash=secret, webhooks=(Webhook(f"https://u:{secret}@a/", secret),))
    assert secret not in "".join(map(str, check_entry(client)))
    assert secret not in repr(Webhook("https://a/", secret))
