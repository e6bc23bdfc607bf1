"""``Clients``: the phones of an account that register, by login and password."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from callgate.dialects.rcml.rest import wire
from callgate.dialects.rcml.rest.answers import DELETED, Reply
from callgate.dialects.rcml.rest.edits import Edits
from callgate.dialects.rcml.rest.errors import RestError, missing, not_found, wrong
from callgate.dialects.rcml.rest.requests import Request
from callgate.dialects.rcml.rest.resources import Listing
from callgate.directory.forms import is_login
from callgate.directory.model import Account, Phone
from callgate.directory.rcml import RcmlIndex
from callgate.directory.secrets import ha1
from callgate.directory.sids import CLIENT, new_sid

#: How long a password is, in characters.
PASSWORD_MIN, PASSWORD_MAX = 8, 128
#: What else the errors of the directory may be about.
_ALSO = {"name": "Login"}


class Clients:
    """The endpoints of clients."""

    def __init__(self, edits: Edits, now: Callable[[], float]) -> None:
        self._edits = edits
        self._now = now

    async def list(self, request: Request) -> Reply:
        index = await self._edits.index()
        items = [wire.client(entry, request.account) for entry in index.phones(request.account.name)]
        return Reply(Listing("Clients", "clients", items))

    async def get(self, request: Request) -> Reply:
        found = _own(await self._edits.index(), request.account, request.sid)
        return Reply(wire.client(found, request.account))

    async def create(self, request: Request) -> Reply:
        form, account = request.form, request.account
        for parameter in ("Login", "Password"):
            if parameter not in form:
                raise missing(parameter)
        login = form["Login"]
        if not is_login(login):
            raise RestError(400, f"Login {login[:64]} contains invalid character(s)", plain=True)
        sid, now = new_sid(CLIENT), self._now()

        def make(index: RcmlIndex) -> Phone:
            taken = self._edits.current.phones.get(login)
            if taken is not None:
                raise _taken(taken, account)
            return self._changed(Phone(login, "", account=account.name, sid=sid, created=now), request)

        index = await self._edits.put(make, _ALSO)
        return Reply(wire.client(_own(index, account, sid), account))

    async def update(self, request: Request) -> Reply:
        account, sid = request.account, request.sid

        def make(index: RcmlIndex) -> Phone:
            return self._changed(_own(index, account, sid), request)

        index = await self._edits.put(make, _ALSO)
        return Reply(wire.client(_own(index, account, sid), account))

    async def delete(self, request: Request) -> Reply:
        await self._edits.remove("phone", lambda index: _own(index, request.account, request.sid).name)
        return DELETED

    def _changed(self, entry: Phone, request: Request) -> Phone:
        form = request.form
        status = form.get("Status", "1" if entry.enabled else "0").strip()
        if status not in ("0", "1"):
            raise wrong(f"Status is {status[:64]!r}: use 1 (enabled) or 0 (disabled)")
        return msgspec.structs.replace(
            entry,
            ha1=ha1(entry.name, _password(form["Password"])) if "Password" in form else entry.ha1,
            friendly_name=form.get("FriendlyName", entry.friendly_name),
            enabled=status == "1",
            updated=self._now(),
        )


def _own(index: RcmlIndex, account: Account, sid: str) -> Phone:
    found = index.phone(sid)
    if found is None or found.account != account.name:
        raise not_found()
    return found


def _password(text: str) -> str:
    if len(text) < PASSWORD_MIN:
        raise wrong("Password too weak")
    if len(text) > PASSWORD_MAX:
        raise wrong(f"Password is too long: use {PASSWORD_MIN} to {PASSWORD_MAX} characters")
    return text


def _taken(phone: Phone, account: Account) -> RestError:
    if phone.account == account.name:
        return RestError(409, f"The login {phone.name} is that of the client {phone.sid}: change that one")
    return RestError(
        409,
        "A client with the same name was already created by another account. "
        "Please, choose a different name and try again.",
        plain=True,
    )
