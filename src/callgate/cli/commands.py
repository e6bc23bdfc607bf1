"""Command groups whose commands all show an example in their help."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import typer
from rich.markup import escape

F = TypeVar("F", bound=Callable[..., Any])


class Commands(typer.Typer):
    """A group of commands; ``help`` is its one line."""

    def __init__(self, help: str, **more: Any) -> None:
        super().__init__(
            help=help,
            no_args_is_help=True,
            rich_markup_mode="rich",
            pretty_exceptions_enable=False,
            context_settings={"help_option_names": ["-h", "--help"]},
            **more,
        )

    def command(  # type: ignore[override]  # an example is a must
        self, name: str, *examples: str, panel: str | None = None
    ) -> Callable[[F], F]:
        """Register a command with the examples of its help; ``panel`` is where the group's help lists it."""
        title = "Example" if len(examples) == 1 else "Examples"
        epilog = "\n".join([f"[bold]{title}[/]", *(f"[dim]$[/] {escape(example)}" for example in examples)])
        return super().command(name, epilog=epilog, rich_help_panel=panel)
