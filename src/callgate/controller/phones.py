"""The phones that are registered at the edge."""

from __future__ import annotations

from collections.abc import Iterator

from callgate.core.control import PhoneStatus


class RegisteredPhones:
    """What the edge has told of phones, over all its connections."""

    def __init__(self) -> None:
        self._registered: dict[str, PhoneStatus] = {}
        self._untold: set[str] = set()  # known from before this connection, and not told on it yet

    def __iter__(self) -> Iterator[PhoneStatus]:
        return iter(tuple(self._registered.values()))

    def get(self, login: str) -> PhoneStatus | None:
        """Where that phone is; ``None``: it is not registered."""
        return self._registered.get(login)

    def connecting(self) -> None:
        """The edge tells from the beginning."""
        self._untold = set(self._registered)

    def tell(self, login: str, contacts: int, source: str) -> bool:
        """The edge tells of a phone; false if that says nothing new: it is not there and was not before."""
        self._untold.discard(login)
        if contacts > 0:
            self._registered[login] = PhoneStatus(login, contacts, source)
            return True
        return self._registered.pop(login, None) is not None

    def untold(self) -> frozenset[str]:
        """Those that the edge has not told on this connection: when it has told all, they are gone."""
        return frozenset(self._untold)
