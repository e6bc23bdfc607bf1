"""What a demo runs on: its directory file, with the destination's address and the window put in."""

from __future__ import annotations

import tomllib
from importlib import resources

import msgspec

from callgate.cli.demo.documents import ADDRESS
from callgate.cli.exits import CommandError
from callgate.settings import Settings

#: Where the destination of examples/directory.toml sits.
DESTINATION = "127.0.0.1:5070"
#: Where the phone of the directory's first agent sits.
PHONE = "127.0.0.1:5071"
#: The numbers that the demo dials: an application decides the calls to the first, documents those to the second, and
#: those to the third wait in a queue.
NUMBER = "2002"
DOCUMENT_NUMBER = "2003"
QUEUE_NUMBER = "9000"


class DemoClient(msgspec.Struct, frozen=True):
    """The application of the demo's directory."""

    client_id: str
    secret: str


class DemoAgent(msgspec.Struct, frozen=True):
    """An agent of the demo's directory."""

    name: str
    password: str


class _Directory(msgspec.Struct, frozen=True):
    """What is read of the demo's directory."""

    client: list[DemoClient]
    agent: list[DemoAgent]


def directory(
    destination: str = DESTINATION, window: float | None = None, documents: str = ADDRESS, phone: str = PHONE
) -> str:
    """The text of ``examples/directory.toml``, with other addresses and another window (seconds) if given."""
    text = resources.files(__package__).joinpath("directory.toml").read_text(encoding="utf-8")
    if window is not None:
        text = text.replace("\nwindow = 10\n", f"\nwindow = {window:g}\n")
    text = text.replace(f'"http://{ADDRESS}/', f'"http://{documents}/')
    text = text.replace(f'{PHONE}"', f'{phone}"')
    return text.replace(f'{DESTINATION}"', f'{destination}"')


def agents() -> list[DemoAgent]:
    """The agents that the demo's directory knows; the first one's phone is at :data:`PHONE`."""
    return msgspec.convert(tomllib.loads(directory()), _Directory).agent


def client() -> DemoClient:
    """The application that the demo's directory knows."""
    return msgspec.convert(tomllib.loads(directory()), _Directory).client[0]


def with_demo_directory(settings: Settings, destination: str) -> Settings:
    """The settings with the demo's directory, written into the run folder.

    Raises:
        CommandError: the run folder cannot be written.
    """
    file = settings.run / "demo-directory.toml"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(directory(destination), encoding="utf-8")
    except OSError as error:
        raise CommandError(
            f"cannot write {file} ({error.strerror}): choose another folder in the setting run"
        ) from error
    return msgspec.structs.replace(settings, directory_file=file)
