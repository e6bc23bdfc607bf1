"""What the directory says of a call that an RCML application decides, as it was when the call came in."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from callgate.core.calls import Call
from callgate.core.verdicts import Decider
from callgate.dialects.rcml.model import DIALECT, Method, Parameters
from callgate.directory.model import Account, Directory, InboundRoute, RcmlNumber


class Source(msgspec.Struct, frozen=True):
    """Where a document is to be had, and ``extra``, what its request tells beside the usual. ``url`` is absolute."""

    url: str
    method: Method
    extra: Parameters = []


class Binding(msgspec.Struct, frozen=True):
    """An inbound route with its RCML number, account and URLs; ``None`` where there is no such URL."""

    route: InboundRoute
    number: RcmlNumber
    account: Account
    decider: Decider
    voice: Source | None
    fallback: Source | None
    status_callback: Source | None

    @classmethod
    def of(cls, directory: Directory, call: Call) -> Binding | None:
        """The binding of a call's route; ``None``: no application decides it.

        Each URL is the application's, if the number names one that has it, else the number's own.
        """
        route = directory.routes.get(call.route)
        if route is None or route.rcml is None:
            return None
        number = route.rcml
        account = directory.accounts.get(number.account)
        if account is None:
            return None
        application = directory.applications.get(number.application)
        voices = [number.voice] if application is None else [application.voice, number.voice]
        return cls(
            route,
            number,
            account,
            Decider(DIALECT, account.name),
            _first((each.voice_url, each.voice_method) for each in voices),
            _first((each.voice_fallback_url, each.voice_fallback_method) for each in voices),
            _first((each.status_callback, each.status_callback_method) for each in voices),
        )

    @property
    def token(self) -> str | None:
        """What requests are signed with, ``None``: they are not."""
        return self.account.token if self.account.sign else None


def _first(urls: Iterable[tuple[str, Method]]) -> Source | None:
    return next((Source(url, method) for url, method in urls if url), None)
