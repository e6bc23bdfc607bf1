"""Stopping one task where it waits for something, and nowhere else."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class Interrupted(Exception):
    """What the document wants is not to be done any more: the call is over, decided, or another document runs."""


class Interruption:
    """A block in which a task may be stopped; it then raises :class:`Interrupted`.

    It is a cancellation of that task for the length of the block, as :func:`asyncio.timeout` is one. What was asked for
    outside of the block stops the task when it comes to the next one.
    """

    def __init__(self) -> None:
        self._asked = False
        self._sent = False
        self._before = 0
        self._task: asyncio.Task[object] | None = None

    @property
    def asked(self) -> bool:
        return self._asked

    def ask(self) -> None:
        """Stop the task, now or when it waits next."""
        self._asked = True
        if self._task is not None and not self._sent and self._task is not asyncio.current_task():
            self._sent = True
            self._task.cancel()

    def clear(self) -> None:
        """Let it wait again."""
        self._asked = False

    def __enter__(self) -> Self:
        if self._asked:
            raise Interrupted
        self._task = asyncio.current_task()
        assert self._task is not None
        self._before = self._task.cancelling()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        assert task is not None
        sent, self._sent = self._sent, False
        if sent and task.uncancel() > self._before:
            return  # it was cancelled by somebody else as well, and ends
        if self._asked and (sent or kind is None):
            raise Interrupted from error
