"""The body of a POST: an operation's name and its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from callgate.core.queues.model import Presence
from callgate.dialects.genesys.errors import GenesysError, Status, missing, not_done, not_found, not_now, out_of_range
from callgate.dialects.genesys.requests import Reply, Request, success
from callgate.queues.port import ContactCentre

#: The longest number that calls are sent to, in characters.
_NUMBER_LIMIT = 128
_NAME_LIMIT = 64
#: What agents say of themselves, by the names of the operations (Genesys, "Ready", "Not Ready", "After Call Work").
PRESENCES: Mapping[str, Presence] = {
    "Ready": Presence.READY,
    "NotReady": Presence.NOT_READY,
    "AfterCallWork": Presence.AFTER_CALL_WORK,
}
#: What may be said beside an operation, and what it then means.
_WORK_MODES: Mapping[str, Mapping[str, Presence]] = {
    "Ready": {"ManualIn": Presence.READY, "AutoIn": Presence.READY},
    "NotReady": {"AfterCallWork": Presence.AFTER_CALL_WORK},
}
#: What the vendor's agents can make themselves besides.
_OTHER_PRESENCES = frozenset(("AuxWork", "DndOn", "DndOff", "LogOut", "Offline"))


class Operation(msgspec.Struct, frozen=True):
    """An operation that a client wants: its name, and everything else that its body has."""

    name: str
    given: Mapping[str, Any]

    @classmethod
    def read(cls, body: bytes) -> Operation:
        """Read a body.

        Raises:
            GenesysError: it is no JSON object, or has no ``operationName``.
        """
        try:
            given = msgspec.json.decode(body) if body.strip() else {}
        except (ValueError, RecursionError):
            raise GenesysError(Status.PARAMETER_MISSING, "The request body is not JSON", http=400) from None
        if not isinstance(given, dict):
            raise GenesysError(Status.PARAMETER_MISSING, "The request body is not a JSON object", http=400)
        name = given.get("operationName")
        if name is None or name == "":
            raise missing("operationName")
        if not isinstance(name, str):
            raise out_of_range("operationName must be a text")
        return cls(name, given)

    def unknown(self, known_elsewhere: frozenset[str] = frozenset()) -> GenesysError:
        """What is said to a name that nothing here has; ``known_elsewhere`` are those of the vendor's."""
        if self.name in known_elsewhere:
            return not_done(self.name)
        return out_of_range(f"operationName {self.name[:_NAME_LIMIT]!r} is not known here")

    def number(self) -> str:
        """The number in ``destination``.

        Raises:
            GenesysError: there is none.
        """
        destination = self.given.get("destination")
        number = destination.get("phoneNumber") if isinstance(destination, dict) else None
        if number is None or number == "":
            raise missing("destination.phoneNumber")
        if not isinstance(number, str) or not number.isprintable() or len(number) > _NUMBER_LIMIT:
            raise out_of_range("destination.phoneNumber must be a number, as text")
        return number

    def channels(self) -> tuple[str, ...]:
        """The names in ``channels``.

        Raises:
            GenesysError: there are none.
        """
        given = self.given.get("channels")
        if given is None or given == []:
            raise missing("channels")
        if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
            raise out_of_range('channels must be a list of names, for example ["voice"]')
        return tuple(given)

    def presence(self) -> Presence:
        """What the agent shall be.

        Raises:
            GenesysError: the operation is not about that, or its ``workmode`` is not known.
        """
        presence = PRESENCES.get(self.name)
        if presence is None:
            raise self.unknown(_OTHER_PRESENCES)
        mode = self.given.get("workmode", self.given.get("workMode"))
        if mode is None or mode == "":
            return presence
        meant = _WORK_MODES.get(self.name, {}).get(mode) if isinstance(mode, str) else None
        if meant is None:
            known = " or ".join(_WORK_MODES.get(self.name, {})) or "not given"
            raise out_of_range(f"workmode must be {known} for {self.name}")
        return meant


def present(request: Request, centre: ContactCentre, presence: Presence) -> Reply:
    """Have the agent be this.

    Raises:
        GenesysError: he cannot.
    """
    if centre.present(request.agent, presence):
        return success()
    if centre.agent(request.agent) is None:
        raise not_found("The user")
    raise not_now("The user is not logged in: send StartContactCenterSession first")
