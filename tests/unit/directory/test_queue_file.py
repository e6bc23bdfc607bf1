"""Queues and agents in directory files: what may be left out, what is kept, and what is told of mistakes."""

from __future__ import annotations

import pytest

from callgate.directory.changes import difference
from callgate.directory.errors import DirectoryFileError
from callgate.directory.export import export
from callgate.directory.file import applied
from callgate.directory.model import Directory

from .queue_entries import ENTRIES, KRISTI, PASSWORD, PHONE, SUPPORT
from .strategies import HASHER

FILE = """\
[[phone]]
name = "5001"
password = "PasswordOf5001"

[[queue]]
name = "support"
number = "9000"

[[agent]]
name = "ksippo"
password = "PasswordOfKristi"
phone = "5001"
queues = ["support"]

[[route]]
name = "hotline"
did = "2002"
queue = "support"
"""


def read(text: str, current: Directory | None = None) -> Directory:
    return applied(current or Directory(), text.encode(), "d.toml", HASHER)


def told(text: str, current: Directory | None = None) -> list[str]:
    """The lines of the error that a text gives, without what was expected of a secret."""
    with pytest.raises(DirectoryFileError) as caught:
        read(text, current)
    return str(caught.value).splitlines()


def agent(*lines: str) -> str:
    return "\n".join(["[[agent]]", 'name = "ksippo"', 'phone = "5001"', *lines]) + "\n"


def test_a_small_contact_centre_is_read_and_read_again_it_is_no_change() -> None:
    first = read(FILE)
    assert first.queues == {"support": SUPPORT}
    found = first.agents["ksippo"]
    assert HASHER.verify(found.secret_hash, PASSWORD)
    assert (found.phone, found.queues, found.features, found.enabled) == ("5001", ("support",), ("api-voice",), True)
    assert len(found.id) == 32
    route = first.routes["hotline"]
    assert (route.queue, route.destination, route.window, route.lapse) == ("support", "", 60.0, None)
    assert not difference(first, read(FILE, first))


def test_a_table_without_a_password_keeps_the_one_that_there_is() -> None:
    first = read(FILE)
    kept = read(agent('last_name = "Sippola"'), first).agents["ksippo"]
    assert (kept.secret_hash, kept.id) == (first.agents["ksippo"].secret_hash, first.agents["ksippo"].id)
    changed = read(agent('password = "another-password"'), first).agents["ksippo"]
    assert HASHER.verify(changed.secret_hash, "another-password")
    assert (
        read(agent(f'secret_hash = "{KRISTI.secret_hash}"'), first).agents["ksippo"].secret_hash == KRISTI.secret_hash
    )


def test_what_is_wrong_is_told_with_its_line_and_without_secrets() -> None:
    current = Directory.of([PHONE, SUPPORT])
    expected = "8 to 128 printable ASCII characters without spaces"
    assert told(agent(), current) == [
        f'd.toml:1: agent "ksippo": password is missing: expected {expected}, or secret_hash instead'
    ]
    (short,) = told(agent('password = "short"'), current)
    assert short == f'd.toml:4: agent "ksippo": password = (not shown): expected {expected}'
    (both,) = told(agent(f'password = "{PASSWORD}"', f'secret_hash = "{KRISTI.secret_hash}"'), current)
    assert both.endswith("password = (not shown): expected password or secret_hash, not both")
    lines = told(
        agent(f'password = "{PASSWORD}"', 'queues = ["support", "nowhere"]', 'address = "sip:5001@192.0.2.1"')
        + '[[queue]]\nname = "sales"\nnumber = "9000"\nring = 0\nrefusal = "no"\n'
        + '[[route]]\nname = "r"\nqueue = "sales"\nphone = "5001"\n',
        current,
    )
    assert [line.split(": expected")[0] for line in lines] == [
        'd.toml:5: agent "ksippo": queues[1] = "nowhere"',
        'd.toml:6: agent "ksippo": address = "sip:5001@192.0.2.1"',
        'd.toml:9: queue "sales": number = "9000"',
        'd.toml:10: queue "sales": ring = 0.0',
        'd.toml:11: queue "sales": refusal = "no"',
        'd.toml:14: route "r": queue = "sales"',
    ]
    assert PASSWORD not in "".join(lines)


def test_keys_that_are_unknown_missing_or_of_a_wrong_type_are_told_together() -> None:
    lines = told('[[queue]]\nname = "q"\nlength = "many"\nnumer = 1\n[[agent]]\nname = "a"\nqueues = [1]\n')
    assert [line.split(": expected")[0] for line in lines] == [
        'd.toml:1: queue "q": number is missing',
        'd.toml:3: queue "q": length = "many"',
        'd.toml:4: queue "q": numer = 1',
        'd.toml:7: agent "a": queues[0] = 1',
    ]
    assert lines[2].endswith("did you mean number?")


def test_an_export_is_the_same_directory_again() -> None:
    directory = read(FILE).with_changes(ENTRIES)
    with_secrets = export(directory, include_secrets=True)
    assert not difference(directory, applied(Directory(), with_secrets.encode(), "d.toml", HASHER))
    assert not difference(directory, applied(directory, export(directory).encode(), "d.toml", HASHER, prune=True))
    for text in (with_secrets, export(directory)):
        assert PASSWORD not in text
        assert KRISTI.secret_hash in text  # a hash is no secret: an export keeps it, as with clients
    assert PHONE.ha1 not in export(directory)
