"""Phones as they are now: who is registered, and where."""

from __future__ import annotations

from typing import Any

from callgate.core.control import CallControl
from callgate.dialects.native import errors, paths, wire_rcml
from callgate.dialects.native.operations import NoQuery, Operation, Reply, Request, json_reply
from callgate.dialects.native.routes.pages import PageQuery, names_on
from callgate.dialects.native.wire import Page
from callgate.directory.errors import UnknownEntryError
from callgate.directory.service import DirectoryService


class PhoneStatuses:
    """The operations on the registrations of the directory's phones."""

    def __init__(self, control: CallControl, directory: DirectoryService) -> None:
        self._control = control
        self._directory = directory

    async def status(self, request: Request[NoQuery, None]) -> Reply:
        name = request.parameters["name"]
        if name not in self._directory.current.phones:
            raise errors.ProblemError(errors.UNKNOWN_ENTRY, str(UnknownEntryError("phone", name)))
        return json_reply(self._shown(name))

    async def list_page(self, request: Request[PageQuery, None]) -> Reply:
        names, following = names_on(request.query, sorted(self._directory.current.phones))
        return json_reply(Page([self._shown(name) for name in names], following))

    def operations(self) -> list[Operation[Any, Any]]:
        return [
            Operation(
                "GET",
                paths.PHONE_STATUS,
                self.status,
                "Phones",
                "Get whether a phone is registered, and where",
                reply=wire_rcml.PhoneStatus,
                problems=(errors.UNKNOWN_ENTRY,),
            ),
            Operation(
                "GET",
                paths.PHONE_STATUSES,
                self.list_page,
                "Phones",
                "List by name which phones are registered, and where",
                query=PageQuery,
                reply=Page[wire_rcml.PhoneStatus],
            ),
        ]

    def _shown(self, name: str) -> wire_rcml.PhoneStatus:
        found = self._control.phone(name)
        if found is None:
            return wire_rcml.PhoneStatus(name, registered=False, contacts=0, source=None)
        return wire_rcml.PhoneStatus(name, registered=True, contacts=found.contacts, source=found.source)
