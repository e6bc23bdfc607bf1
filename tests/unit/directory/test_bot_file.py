"""Tables of bots in a directory file: what is kept, what is made, what is told; and what an export holds."""

from __future__ import annotations

from textwrap import dedent

import pytest

from callgate.directory.changes import difference
from callgate.directory.errors import DirectoryFileError
from callgate.directory.export import export
from callgate.directory.file import applied
from callgate.directory.forms import is_uuid
from callgate.directory.model import Directory

from .bot_entries import APP_ID, DESK, GREETER, OTHER, SECRET, TENANT, certificate, private_key
from .strategies import HASHER


def read(text: str, current: Directory | None = None) -> Directory:
    return applied(current or Directory(), text.encode(), "d.toml", HASHER)


def told(text: str, current: Directory | None = None) -> list[str]:
    """The lines of the error about this file."""
    with pytest.raises(DirectoryFileError) as caught:
        read(text, current)
    return str(caught.value).split("\n")


def bot(*lines: str) -> str:
    return "\n".join(["[[bot]]", 'name = "greeter"', 'callback = "https://a"', 'media = "sip:m"', *lines, ""])


def test_every_key_is_read() -> None:
    text = dedent(f'''
        [[bot]]
        name = "greeter"
        app_id = "{APP_ID.upper()}"
        tenant = "{TENANT}"
        callback = "https://bot.example.com/callbacks"
        media = "sip:192.0.2.30"
        display_name = "Greeter"
        secret_hashes = ["{GREETER.secret_hashes[0]}"]
        numbers = ["+4420*"]
        redirects = ["+4420*", "pbx.example.com"]
        enabled = false
    ''')
    found = read(text).bots["greeter"]
    assert (found.app_id, found.tenant, found.display_name, found.enabled) == (APP_ID, TENANT, "Greeter", False)
    assert (found.numbers, found.redirects) == (("4420*",), ("4420*", "pbx.example.com"))
    assert (found.callback, found.media) == ("https://bot.example.com/callbacks", "sip:192.0.2.30")
    assert found.secret_hashes == GREETER.secret_hashes


def test_ids_are_made_and_kept() -> None:
    text = bot(f'secret = "{SECRET}"')
    first = read(text)
    made = first.bots["greeter"]
    assert is_uuid(made.app_id) and is_uuid(made.tenant) and made.app_id != made.tenant
    assert (made.numbers, made.redirects, made.enabled) == (("*",), ("*",), True)
    assert not difference(first, read(text, first))
    assert read(text).bots["greeter"].app_id != made.app_id


def test_a_secret_in_clear_is_hashed_and_is_the_only_one_from_then_on() -> None:
    first = read(bot(f'secret = "{SECRET}"'))
    (known,) = first.bots["greeter"].secret_hashes
    assert HASHER.verify(known, SECRET)
    other = HASHER.hash("another-secret")
    two = read(bot(f'secret_hashes = ["{other}", "{known}"]'), first)
    assert two.bots["greeter"].secret_hashes == (other, known)
    assert read(bot(f'secret = "{SECRET}"'), two).bots["greeter"].secret_hashes == (known,)
    (third,) = read(bot('secret = "a-third-secret"'), two).bots["greeter"].secret_hashes
    assert HASHER.verify(third, "a-third-secret")


def test_a_table_without_a_secret_keeps_those_that_there_are() -> None:
    first = read(bot(f'secret = "{SECRET}"'))
    assert not difference(first, read(bot(), first))
    with_certificate = bot("secret_hashes = []", f"certificate = '''{certificate()}'''")
    assert read(with_certificate, first).bots["greeter"].secret_hashes == ()


def test_one_text_holds_several_certificates_and_what_is_none_is_left_out() -> None:
    text = f"subject=greeter\n{certificate()}\n{private_key()}{certificate(number=2)}"
    found = read(bot(f"certificate = '''\n{text}'''")).bots["greeter"]
    assert found.certificates == (certificate(), certificate(number=2))


def test_what_is_wrong_is_told_with_its_line_and_without_secrets() -> None:
    expected = "8 to 128 printable ASCII characters without spaces"
    assert told(bot()) == [f'd.toml:1: bot "greeter": secret is missing: expected {expected}; or a certificate']
    assert told(bot('secret = "short"')) == [f'd.toml:5: bot "greeter": secret = (not shown): expected {expected}']
    (both,) = told(bot(f'secret = "{SECRET}"', f'secret_hashes = ["{GREETER.secret_hashes[0]}"]'))
    assert both.endswith("secret = (not shown): expected secret or secret_hashes, not both")
    (line,) = told(bot(f'secret = "{SECRET}"', f'certificate = """\n{private_key()}"""', "enabled = true"))
    assert line.startswith('d.toml:6: bot "greeter": certificate[0] = (not shown): expected X.509 certificates in PEM')
    (line,) = told(bot(f'secret = "{SECRET}"', "certificate = 1", ""))
    assert line.startswith('d.toml:6: bot "greeter": certificate = (not shown): expected X.509')
    lines = told(bot("enabled = 1", f'certificate = "{"x" * 9}"', 'secret_hashes = ["argon"]'))
    assert [line.partition(" = ")[0] for line in lines] == [
        'd.toml:5: bot "greeter": enabled',
        'd.toml:6: bot "greeter": certificate',
        'd.toml:7: bot "greeter": secret_hashes[0]',
    ]
    assert "argon" not in "".join(lines).replace("Argon2id hashes", "")
    (line,) = told(bot(f'secret = "{SECRET}"', "", "[[route]]", 'name = "desk"', 'bots = ["greeter", "nobody"]'))
    assert line == 'd.toml:9: route "desk": bots[1] = "nobody": expected the name of a bot that exists'


@pytest.mark.parametrize(
    ("lines", "window", "lapse"),
    [
        ("", 15.0, None),
        ("window = 10", 10.0, None),
        ('window = 2\nlapse = "busy"', 2.0, "busy"),
    ],
)
def test_a_route_with_bots_has_graphs_window_unless_it_says_another(
    lines: str, window: float, lapse: str | None
) -> None:
    found = read(f'[[route]]\nname = "desk"\nbots = ["greeter"]\n{lines}\n', Directory.of([GREETER])).routes["desk"]
    assert (found.window, found.lapse, found.bots, found.destination) == (window, lapse, ("greeter",), "")
    plain = read(f'[[route]]\nname = "sales"\ndestination = "sip:pbx"\n{lines}\n').routes["sales"]
    assert plain.window == (10.0 if window == 15.0 else window)


def test_an_export_is_the_same_directory_again() -> None:
    greeter = read(
        bot(
            f'app_id = "{APP_ID}"',
            f'secret = "{SECRET}"',
            f"certificate = '''{certificate() + certificate(number=2)}'''",
        )
    )
    directory = greeter.with_changes([OTHER, DESK])
    text = export(directory)
    assert not difference(directory, applied(directory, text.encode(), "d.toml", HASHER, prune=True))
    assert not difference(directory, read(text))
    assert SECRET not in text
    assert text.index("[[bot]]") < text.index("[[route]]")


def test_an_export_of_routes_without_bots_says_nothing_of_them() -> None:
    assert "bots" not in export(read('[[route]]\nname = "sales"\ndestination = "sip:pbx"\n'))
