"""Failed logins in a row, by who tries, and who is blocked for them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

import msgspec
import structlog

log = structlog.get_logger(__name__)


class Limits(Protocol):
    """What a dialect's settings say: after so many failures in a row, blocked for so long; so many are remembered."""

    @property
    def lockout_failures(self) -> int: ...

    @property
    def lockout_seconds(self) -> float: ...

    @property
    def lockout_addresses(self) -> int: ...


class BlockedAddress(msgspec.Struct, frozen=True):
    """An address that may not log in until then (Unix seconds)."""

    address: str
    until: float


class _Failures(msgspec.Struct):
    count: int
    until: float  # the lockout ends, or the failures are forgotten


class Lockout:
    """Failed logins in a row, by source address, and the addresses blocked for them.

    Args:
        limits: the settings; with more than ``lockout_addresses`` the oldest are forgotten.
        now: Unix seconds.
    """

    def __init__(self, limits: Limits, now: Callable[[], float]) -> None:
        self._limits = limits
        self._now = now
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def left(self, address: str) -> float:
        """For how many seconds more an address is blocked; 0.0: not at all."""
        failures = self._failures.get(address)
        if failures is None:
            return 0.0
        left = failures.until - self._now()
        if left <= 0:
            del self._failures[address]
            return 0.0
        return left if failures.count >= self._limits.lockout_failures else 0.0

    def failed(self, address: str) -> None:
        """A login from there failed."""
        failures = self._failures.setdefault(address, _Failures(0, 0.0))
        self._failures.move_to_end(address)
        failures.count += 1
        failures.until = self._now() + self._limits.lockout_seconds
        if failures.count == self._limits.lockout_failures:
            log.warning("address blocked after failed logins", address=address, seconds=self._limits.lockout_seconds)
        while len(self._failures) > self._limits.lockout_addresses:
            self._failures.popitem(last=False)

    def clear(self, address: str) -> bool:
        """Forget what failed there, because a login succeeded or an operator says so; true if there was something."""
        return self._failures.pop(address, None) is not None

    def blocked(self) -> list[BlockedAddress]:
        """The addresses that are blocked now."""
        now, limit = self._now(), self._limits.lockout_failures
        return [
            BlockedAddress(address, failures.until)
            for address, failures in self._failures.items()
            if failures.count >= limit and failures.until > now
        ]
