"""``Accounts/{sid}``: an account looks at itself."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from callgate.dialects.rcml.rest import wire
from callgate.dialects.rcml.rest.answers import Reply
from callgate.dialects.rcml.rest.edits import Edits
from callgate.dialects.rcml.rest.errors import not_done, not_found
from callgate.dialects.rcml.rest.requests import Request
from callgate.directory.model import Account
from callgate.directory.rcml import RcmlIndex


class Accounts:
    """The endpoints of an account."""

    def __init__(self, edits: Edits, now: Callable[[], float]) -> None:
        self._edits = edits
        self._now = now

    async def get(self, request: Request) -> Reply:
        return Reply(wire.account(request.account))

    async def update(self, request: Request) -> Reply:
        """Only the name can be changed: status and token are the operator's."""
        form, sid = request.form, request.account.sid
        if form.keys() & {"Status", "Password", "AuthToken", "Role", "EmailAddress"}:
            raise not_done("only FriendlyName can be changed here: status and token of an account are the operator's")
        if "FriendlyName" not in form:
            return await self.get(request)

        def make(index: RcmlIndex) -> Account:
            return msgspec.structs.replace(_own(index, sid), friendly_name=form["FriendlyName"], updated=self._now())

        return Reply(wire.account(_own(await self._edits.put(make), sid)))


def _own(index: RcmlIndex, sid: str) -> Account:
    found = index.account(sid)
    if found is None:
        raise not_found()
    return found
