"""``Applications``: URLs that several numbers can share."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from callgate.dialects.rcml.rest import voice, wire
from callgate.dialects.rcml.rest.answers import DELETED, Reply
from callgate.dialects.rcml.rest.edits import Edits
from callgate.dialects.rcml.rest.errors import RestError, not_done, not_found
from callgate.dialects.rcml.rest.requests import Request
from callgate.dialects.rcml.rest.resources import Listing
from callgate.directory.model import Account, Application
from callgate.directory.rcml import RcmlIndex
from callgate.directory.sids import APPLICATION, new_sid
from callgate.directory.urls import restored
from callgate.settings import RcmlSettings

#: What else the errors of the directory may be about.
_ALSO = {"voice_url": "RcmlUrl"}


class Applications:
    """The endpoints of applications."""

    def __init__(self, edits: Edits, settings: RcmlSettings, now: Callable[[], float]) -> None:
        self._edits = edits
        self._settings = settings
        self._now = now

    async def list(self, request: Request) -> Reply:
        index = await self._edits.index()
        items = [wire.application(entry, request.account) for entry in index.applications(request.account.name)]
        return Reply(Listing("Applications", "applications", items))

    async def get(self, request: Request) -> Reply:
        found = _own(await self._edits.index(), request.account, request.sid)
        return Reply(wire.application(found, request.account))

    async def create(self, request: Request) -> Reply:
        account = request.account
        if "FriendlyName" not in request.form:
            raise RestError(400, "Friendly name can not be null.", plain=True)
        sid, now = new_sid(APPLICATION), self._now()
        entry = self._changed(Application(sid.lower(), account.name, sid, created=now), request)
        index = await self._edits.put(lambda _: entry, _ALSO)
        return Reply(wire.application(_own(index, account, sid), account))

    async def update(self, request: Request) -> Reply:
        account, sid = request.account, request.sid

        def make(index: RcmlIndex) -> Application:
            return self._changed(_own(index, account, sid), request)

        index = await self._edits.put(make, _ALSO)
        return Reply(wire.application(_own(index, account, sid), account))

    async def delete(self, request: Request) -> Reply:
        await self._edits.remove("application", lambda index: _own(index, request.account, request.sid).name)
        return DELETED

    def _changed(self, entry: Application, request: Request) -> Application:
        form = request.form
        if form.get("Kind", "").strip().lower() not in ("", "voice"):
            raise not_done("Callgate has applications of the kind voice only")
        urls = entry.voice
        if "RcmlUrl" in form:
            url = voice.url("RcmlUrl", form["RcmlUrl"], http=self._settings.http)
            urls = restored(msgspec.structs.replace(urls, voice_url=url), urls)
        return msgspec.structs.replace(
            entry,
            voice=urls,
            friendly_name=form.get("FriendlyName", entry.friendly_name),
            updated=self._now(),
        )


def _own(index: RcmlIndex, account: Account, sid: str) -> Application:
    found = index.application(sid)
    if found is None or found.account != account.name:
        raise not_found()
    return found
