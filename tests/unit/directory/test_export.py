"""Export: the directory as a file that says the same, and no secret that it does not have to say."""

from __future__ import annotations

import tomllib

from hypothesis import given

from callgate.directory.changes import difference
from callgate.directory.export import export
from callgate.directory.file import applied
from callgate.directory.model import LOCAL_KEY, ApiKey, Client, Directory, InboundRoute, Trunk, Webhook
from callgate.directory.secrets import digest

from .strategies import HASHER, directories

CLIENT = Client("crm", "crm-1", HASHER.hash("a secret"), webhooks=(Webhook("https://example.com/", "hunter2hunter2"),))


@given(directories())
def test_an_export_applied_to_its_own_directory_changes_nothing(directory: Directory) -> None:
    for include_secrets in (False, True):
        text = export(directory, include_secrets=include_secrets)
        for prune in (False, True):
            after = applied(directory, text.encode(), "export.toml", HASHER, prune=prune)
            assert not difference(directory, after)


@given(directories())
def test_an_export_with_secrets_applied_elsewhere_gives_the_same_directory(directory: Directory) -> None:
    text = export(directory, include_secrets=True)
    assert applied(Directory(), text.encode(), "export.toml", HASHER) == directory


def test_the_key_of_this_machines_command_line_is_not_exported() -> None:
    keys = [ApiKey(LOCAL_KEY, digest("local"), "admin"), ApiKey("other", digest("other"))]
    assert [key["name"] for key in tomllib.loads(export(Directory.of(keys)))["key"]] == ["other"]


def test_webhook_secrets_are_left_out_unless_asked_for() -> None:
    directory = Directory.of([CLIENT])
    assert "hunter2" not in export(directory)
    assert 'secret = "hunter2hunter2"' in export(directory, include_secrets=True)


def test_entries_come_in_the_order_of_their_numbers_and_names() -> None:
    directory = Directory.of(
        [
            InboundRoute("b", "sip:pbx", "1", number=7),
            InboundRoute("a", "sip:pbx", "2", number=12),
            Trunk("z", ("::1",), number=1),
            Trunk("y", ("::2",), number=2),
            ApiKey("k2", digest("2")),
            ApiKey("k1", digest("1")),
        ]
    )
    tables = tomllib.loads(export(directory))
    assert {kind: [table["name"] for table in items] for kind, items in tables.items()} == {
        "trunk": ["z", "y"],
        "route": ["b", "a"],
        "key": ["k1", "k2"],
    }


def test_every_key_is_spelled_out() -> None:
    directory = Directory.of([Trunk("a", ("::1",)), InboundRoute("r", "sip:pbx")])
    assert tomllib.loads(export(directory)) == {
        "trunk": [{"name": "a", "sources": ["::1"], "control": True, "refuse": "rejected", "lapse": "accept"}],
        "route": [{"name": "r", "did": "*", "trunks": [], "destination": "sip:pbx", "window": 10.0}],
    }
