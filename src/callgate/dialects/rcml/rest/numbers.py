"""``IncomingPhoneNumbers``: inbound routes that are bound to RCML, and the making of such routes.

A number's route is the operator's in all but its RCML part: by REST that part is changed, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from callgate.dialects.rcml.rest import voice, wire
from callgate.dialects.rcml.rest.answers import DELETED, Reply
from callgate.dialects.rcml.rest.edits import Edits
from callgate.dialects.rcml.rest.errors import NUMBER_NOT_AVAILABLE, RestError, missing, not_done, not_found, wrong
from callgate.dialects.rcml.rest.paging import Paging
from callgate.dialects.rcml.rest.requests import Request
from callgate.dialects.rcml.rest.resources import Listing, Resource
from callgate.directory.forms import is_did
from callgate.directory.model import Account, Application, InboundRoute, RcmlNumber
from callgate.directory.rcml import RcmlIndex
from callgate.directory.sids import NUMBER, new_sid
from callgate.settings import RcmlSettings

#: What people put between the digits of a number.
_SEPARATORS = re.compile(r"[\s()./-]")
_DIGITS = re.compile(r"\+?[0-9]+")
#: The lapse of a route without destination.
_LAPSE = "temporarily_unavailable"


class Numbers:
    """The endpoints of numbers."""

    def __init__(self, edits: Edits, settings: RcmlSettings, now: Callable[[], float]) -> None:
        self._edits = edits
        self._settings = settings
        self._now = now

    async def list(self, request: Request) -> Reply:
        paging = Paging.of(request, self._settings)
        index = await self._edits.index()
        routes = index.numbers(request.account.name)
        pattern, name = request.wanted("PhoneNumber"), request.wanted("FriendlyName")
        if pattern is not None:
            routes = [route for route in routes if _matches(pattern, route.did)]
        if name is not None:
            routes = [route for route in routes if _friendly_name(route) == name]
        total, routes = len(routes), routes[paging.offset : paging.offset + paging.size]
        paging.check(total)
        items = [self._resource(route, request.account) for route in routes]
        last = _bound(routes[-1]).sid if routes else ""
        return Reply(
            Listing("IncomingPhoneNumbers", "incomingPhoneNumbers", items, paging.envelope(total, len(items), last))
        )

    async def get(self, request: Request) -> Reply:
        return Reply(self._resource(_own(await self._edits.index(), request.account, request.sid), request.account))

    async def create(self, request: Request) -> Reply:
        form, account = request.form, request.account
        if form.get("AreaCode"):
            raise not_done("there is no stock of numbers to choose from by AreaCode: give a PhoneNumber")
        if "PhoneNumber" not in form:
            raise missing("PhoneNumber")
        did = _did(form["PhoneNumber"])
        if not _allowed(account, did):
            raise RestError(400, NUMBER_NOT_AVAILABLE, plain=True)
        sid, now = new_sid(NUMBER), self._now()

        def make(index: RcmlIndex) -> InboundRoute:
            rcml = RcmlNumber(account.name, sid, created=now)
            return InboundRoute(
                name=sid.lower(),
                destination=account.destination,
                did=did,
                lapse=None if account.destination else _LAPSE,
                outbound=account.outbound,
                rcml=self._changed(rcml, request, index),
            )

        index = await self._edits.put(make)
        return Reply(self._resource(_own(index, account, sid), account))

    async def update(self, request: Request) -> Reply:
        account, sid = request.account, request.sid
        if request.form.get("AccountSid", account.sid) != account.sid:
            raise not_done("a number cannot be given to another account by REST: that is the operator's")

        def make(index: RcmlIndex) -> InboundRoute:
            route = _own(index, account, sid)
            return msgspec.structs.replace(route, rcml=self._changed(_bound(route), request, index))

        index = await self._edits.put(make)
        return Reply(self._resource(_own(index, account, sid), account))

    async def delete(self, request: Request) -> Reply:
        await self._edits.remove("route", lambda index: _own(index, request.account, request.sid).name)
        return DELETED

    def _changed(self, rcml: RcmlNumber, request: Request, index: RcmlIndex) -> RcmlNumber:
        form = request.form
        application = rcml.application
        if "VoiceApplicationSid" in form:
            application = _application(index, request.account, form["VoiceApplicationSid"].strip())
        changed = msgspec.structs.replace(
            rcml,
            application=application,
            voice=voice.changed(rcml.voice, form, http=self._settings.http),
            friendly_name=form.get("FriendlyName", rcml.friendly_name),
            updated=self._now(),
        )
        if not changed.application and not changed.voice.voice_url:
            raise wrong("VoiceUrl or VoiceApplicationSid is required: without one nothing could decide the calls")
        return changed

    def _resource(self, route: InboundRoute, account: Account) -> Resource:
        rcml = _bound(route)
        return wire.number(route, rcml, account, self._edits.current.applications.get(rcml.application))


def _own(index: RcmlIndex, account: Account, sid: str) -> InboundRoute:
    route = index.number(sid)
    if route is None or route.rcml is None or route.rcml.account != account.name:
        raise not_found()
    return route


def _bound(route: InboundRoute) -> RcmlNumber:
    assert route.rcml is not None  # the index has no other
    return route.rcml


def _application(index: RcmlIndex, account: Account, sid: str) -> str:
    """The name of an account's application, "" for no sid."""
    if not sid:
        return ""
    found: Application | None = index.application(sid)
    if found is None or found.account != account.name:
        raise wrong(f"VoiceApplicationSid is {sid[:64]!r}: this account has no such application")
    return found.name


def _did(text: str) -> str:
    """The DID of a phone number, as it was typed.

    Raises:
        RestError: 400, it is none.
    """
    bare = _SEPARATORS.sub("", text)
    did = (bare if _DIGITS.fullmatch(bare) else text.strip()).removeprefix("+")
    if not did or not is_did(did):
        raise wrong(f"PhoneNumber is {text[:64]!r}: use one like +15105555555")
    return did


def _allowed(account: Account, did: str) -> bool:
    """Whether the account may take that DID. What stands for several is for the operator to give."""
    if did.endswith("*"):
        return False
    own = [number.removeprefix("+") for number in account.numbers]
    return any(did.startswith(number[:-1]) if number.endswith("*") else did == number for number in own)


def _matches(pattern: str, did: str) -> bool:
    """Whether a DID has this part, in which ``*`` stands for any digit."""
    expression = "".join("." if character == "*" else re.escape(character) for character in pattern.removeprefix("+"))
    return re.search(expression, did) is not None


def _friendly_name(route: InboundRoute) -> str:
    return _bound(route).friendly_name or wire.phone_number(route.did)
