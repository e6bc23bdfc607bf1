"""What RCML's REST API finds in the directory: by sid, and by account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import ClassVar, TypeVar

from callgate.directory.model import Account, Application, Directory, InboundRoute, Phone

E = TypeVar("E", bound=Application | InboundRoute | Phone)


class RcmlIndex:
    """The index of one directory; made once for each, because that takes as long as it has entries.

    Lists are in the order in which their entries were made.
    """

    #: The last directory that was asked for with its index; there is one directory at a time.
    _last: ClassVar[tuple[Directory, RcmlIndex] | None] = None

    def __init__(self, directory: Directory) -> None:
        self._accounts = {account.sid: account for account in directory.accounts.values()}
        self._applications = {application.sid: application for application in directory.applications.values()}
        self._numbers = {route.rcml.sid: route for route in directory.routes.values() if route.rcml is not None}
        self._phones = {phone.sid: phone for phone in directory.phones.values() if phone.sid}
        self._applications_of = _by_account((each.account, each.created, each) for each in self._applications.values())
        self._numbers_of = _by_account(
            (each.rcml.account, each.rcml.created, each) for each in self._numbers.values() if each.rcml is not None
        )
        self._phones_of = _by_account((each.account, each.created, each) for each in self._phones.values())

    @classmethod
    def of(cls, directory: Directory) -> RcmlIndex:
        """The index of that directory, made only if it is another one than the last time."""
        last = cls._last
        if last is None or last[0] is not directory:
            last = cls._last = (directory, cls(directory))
        return last[1]

    def account(self, sid: str) -> Account | None:
        """The account with that sid."""
        return self._accounts.get(sid)

    def application(self, sid: str) -> Application | None:
        """The application with that sid, whichever account's it is."""
        return self._applications.get(sid)

    def number(self, sid: str) -> InboundRoute | None:
        """The inbound route that is the number (IncomingPhoneNumber) with that sid, whichever account's it is."""
        return self._numbers.get(sid)

    def phone(self, sid: str) -> Phone | None:
        """The phone that is the client with that sid, whichever account's it is."""
        return self._phones.get(sid)

    def accounts(self) -> Sequence[Account]:
        """Every account."""
        return tuple(sorted(self._accounts.values(), key=attrgetter("created", "name")))

    def applications(self, account: str) -> Sequence[Application]:
        """The applications of the account of that name."""
        return self._applications_of.get(account, ())

    def numbers(self, account: str) -> Sequence[InboundRoute]:
        """The inbound routes that are numbers of the account of that name."""
        return self._numbers_of.get(account, ())

    def phones(self, account: str) -> Sequence[Phone]:
        """The phones that the account of that name sees as its clients."""
        return self._phones_of.get(account, ())


def _by_account(entries: Iterable[tuple[str, float, E]]) -> dict[str, tuple[E, ...]]:
    """The entries of each account, given with their accounts' names and the times when they were made."""
    lists: dict[str, list[E]] = {}
    for account, _, entry in sorted(entries, key=lambda each: (each[1], each[2].name)):
        lists.setdefault(account, []).append(entry)
    return {account: tuple(found) for account, found in lists.items()}
