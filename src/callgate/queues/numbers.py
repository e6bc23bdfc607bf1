"""Where a number leads that an agent sends a call to."""

from __future__ import annotations

import re
from urllib.parse import quote

import msgspec

from callgate.core.calls import Call
from callgate.directory.lookup import Lookup
from callgate.directory.model import INTERNAL, Directory, InboundRoute
from callgate.queues.staff import Staff

_SEPARATORS = re.compile(r"[\s().\-/]")
_NUMBER = re.compile(r"\+?[A-Za-z0-9*#_.+-]{1,64}")
#: A SIP URI: its scheme, its user part if it has one, and where it goes, with parameters.
_URI = re.compile(r"(sips?:)(?:([^@]*)@)?([^@]+)", re.IGNORECASE)


class ToPhone(msgspec.Struct, frozen=True):
    """A registered phone, by its login."""

    login: str


class ToAddress(msgspec.Struct, frozen=True):
    """A SIP URI."""

    uri: str


class ToQueue(msgspec.Struct, frozen=True):
    """A queue, by its name."""

    name: str


Destination = ToPhone | ToAddress | ToQueue


class Numbers:
    """The numbers of one directory: those that a phone could dial, and those of the trunk that a call came by.

    As at the edge, an exact route goes before a queue's or phone's own number, and that before a route with a prefix.
    """

    def __init__(self, directory: Directory, staff: Staff) -> None:
        self._directory = directory
        self._staff = staff
        self._lookup = Lookup(directory)
        self._queues = {queue.number.removeprefix("+"): queue.name for queue in directory.queues.values()}

    def destination(self, call: Call, text: str) -> Destination | None:
        """Where a call that rings is sent with that number; ``None``: nowhere."""
        number = _number(text, self._directory)
        if number is None:
            return None
        route = self._route(INTERNAL, number)
        if route is None or route.did.endswith("*"):
            inside = self._inside(number)
            if inside is not None:
                return inside
        route = route or self._route(call.trunk, number)
        if route is not None:
            if route.queue:
                return ToQueue(route.queue)
            if route.phone:
                return ToPhone(route.phone)
            if route.destination:
                return ToAddress(_with_number(route.destination, number))
        return self._outside(call, number)

    def referral(self, call: Call, text: str) -> str | None:
        """The SIP URI that the caller of an established call can call to get to that number; ``None``: none.

        It is the number at the address by which he reached us, if his trunk has a route for it.
        """
        number = _number(text, self._directory)
        if number is None:
            return None
        reached = self._route(call.trunk, number) is not None
        if call.trunk == INTERNAL and not reached:
            reached = isinstance(self._inside(number), ToPhone | ToQueue)
        here = _URI.fullmatch(call.caller.request_uri)
        if reached and here is not None:
            return f"{here[1]}{_quoted(number)}@{here[3].partition(';')[0].partition('?')[0]}"
        outside = self._outside(call, number)
        return None if outside is None else outside.uri

    def _route(self, trunk: str, number: str) -> InboundRoute | None:
        return self._lookup.route(trunk, number)

    def _inside(self, number: str) -> Destination | None:
        """The queue or phone that has that number itself."""
        queue = self._queues.get(number.removeprefix("+"))
        if queue is not None:
            return ToQueue(queue)
        phone = self._directory.phones.get(number)
        if phone is not None and phone.enabled:
            return ToPhone(phone.name)
        agent = self._staff.with_number(number)
        return ToAddress(agent.address) if agent is not None and agent.address else None

    def _outside(self, call: Call, number: str) -> ToAddress | None:
        """What the call's own route dials numbers through."""
        route = self._directory.route_of(call.route)
        if route is None or not route.outbound:
            return None
        return ToAddress(_with_number(route.outbound, number))


def _number(text: str, directory: Directory) -> str | None:
    """A number without what only makes it readable; a phone's login may be any."""
    if text in directory.phones:
        return text
    bare = _SEPARATORS.sub("", text)
    return bare if _NUMBER.fullmatch(bare) else None


def _with_number(uri: str, number: str) -> str:
    """The URI, with the number as its user part if it has none."""
    found = _URI.fullmatch(uri)
    return uri if found is None or found[2] else f"{found[1]}{_quoted(number)}@{found[3]}"


def _quoted(number: str) -> str:
    return quote(number, safe="+*")
