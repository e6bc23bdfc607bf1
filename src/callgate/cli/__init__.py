"""The command line: one module for each command or group of commands, all listed in ``application``."""

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point ``callgate``; without ``arguments`` those of the process."""
    from callgate.cli.application import main as run  # noqa: PLC0415 - only now, so that a module can be used alone

    run(arguments)
