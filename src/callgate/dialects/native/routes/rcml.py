"""Accounts, applications and phones. Tokens and passwords are told once, in the reply that made them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from callgate.dialects.native import errors, paths, wire, wire_rcml
from callgate.dialects.native.operations import Operation
from callgate.dialects.native.routes.bindings import take_voice, voice_shown
from callgate.dialects.native.routes.entries import Edited, Entries, changes_of
from callgate.directory import sids
from callgate.directory.model import Account, Application, Directory, Phone
from callgate.directory.rules import SECRET_RULES
from callgate.directory.secrets import ha1, new_password, new_token
from callgate.directory.sids import new_sid


class Accounts(Entries[Account, wire_rcml.Account, wire_rcml.AccountRequest, wire_rcml.AccountPatch]):
    """The accounts of RCML."""

    kind = "account"
    tag = "Accounts"
    read_scope = "admin"
    paths = (paths.ACCOUNTS, paths.ACCOUNT)
    shown = wire_rcml.Account
    page = wire.Page[wire_rcml.Account]
    written = wire_rcml.AccountRequest
    patch = wire_rcml.AccountPatch
    example = wire_rcml.AccountRequest("acme", numbers=["4420*"], outbound="sip:gateway.example.com")
    patch_example = wire_rcml.AccountPatch(status="suspended")

    def entries(self, directory: Directory) -> Mapping[str, Account]:
        return directory.accounts

    def show(self, edited: Edited[Account]) -> wire_rcml.Account:
        account = edited.entry
        return wire_rcml.Account(
            account.name,
            account.sid,
            account.friendly_name,
            account.status,
            list(account.numbers),
            account.destination,
            account.outbound,
            account.sign,
            edited.secrets.get("", UNSET),
        )

    async def make(self, written: wire_rcml.AccountRequest, former: Account | None) -> Edited[Account]:
        changes, secrets = changes_of(written), dict[str, str]()
        changes["sid"] = written.sid or (former.sid if former else new_sid(sids.ACCOUNT))
        if written.token is None:
            changes["token"] = former.token if former is not None else secrets.setdefault("", new_token())
        return Edited(Account(**changes), secrets)

    async def change(self, entry: Account, patch: wire_rcml.AccountPatch) -> Edited[Account]:
        return Edited(msgspec.structs.replace(entry, **changes_of(patch)))

    def operations(self) -> list[Operation[Any, Any]]:
        return [
            *super().operations(),
            self._rotation(paths.ACCOUNT_TOKEN, "Give an account a new token; the old one ends at once", self._rotated),
        ]

    async def _rotated(self, entry: Account) -> Edited[Account]:
        token = new_token()
        return Edited(msgspec.structs.replace(entry, token=token), {"": token})


class Applications(Entries[Application, wire_rcml.Application, wire_rcml.Application, wire_rcml.ApplicationPatch]):
    """The applications of RCML: where documents are fetched from."""

    kind = "application"
    tag = "Applications"
    read_scope = "read"
    paths = (paths.APPLICATIONS, paths.APPLICATION)
    shown = written = wire_rcml.Application
    page = wire.Page[wire_rcml.Application]
    patch = wire_rcml.ApplicationPatch
    example = wire_rcml.Application("menu", "acme", voice_url="https://example.com/voice")
    patch_example = wire_rcml.ApplicationPatch(voice_fallback_url="https://backup.example.com/voice")

    def entries(self, directory: Directory) -> Mapping[str, Application]:
        return directory.applications

    def show(self, edited: Edited[Application]) -> wire_rcml.Application:
        entry = edited.entry
        return wire_rcml.Application(
            name=entry.name,
            account=entry.account,
            sid=entry.sid,
            friendly_name=entry.friendly_name,
            **voice_shown(entry.voice),
        )

    async def make(self, written: wire_rcml.Application, former: Application | None) -> Edited[Application]:
        changes = changes_of(written)
        changes["sid"] = written.sid or (former.sid if former else new_sid(sids.APPLICATION))
        voice = take_voice(changes, former.voice if former else None)
        return Edited(Application(voice=voice, **changes))

    async def change(self, entry: Application, patch: wire_rcml.ApplicationPatch) -> Edited[Application]:
        changes = changes_of(patch)
        voice = take_voice(changes, entry.voice)
        return Edited(msgspec.structs.replace(entry, voice=voice, **changes))


class Phones(Entries[Phone, wire_rcml.Phone, wire_rcml.PhoneRequest, wire_rcml.PhonePatch]):
    """The SIP users that register here."""

    kind = "phone"
    tag = "Phones"
    read_scope = "admin"
    paths = (paths.PHONES, paths.PHONE)
    shown = wire_rcml.Phone
    page = wire.Page[wire_rcml.Phone]
    written = wire_rcml.PhoneRequest
    patch = wire_rcml.PhonePatch
    example = wire_rcml.PhoneRequest("alice", account="acme")
    patch_example = wire_rcml.PhonePatch(enabled=False)

    def entries(self, directory: Directory) -> Mapping[str, Phone]:
        return directory.phones

    def show(self, edited: Edited[Phone]) -> wire_rcml.Phone:
        phone = edited.entry
        return wire_rcml.Phone(
            phone.name,
            phone.friendly_name,
            phone.account,
            phone.sid,
            phone.enabled,
            edited.secrets.get("", UNSET),
        )

    async def make(self, written: wire_rcml.PhoneRequest, former: Phone | None) -> Edited[Phone]:
        secrets: dict[str, str] = {}
        if written.password is not None:
            hashed = _hashed(written.name, written.password)
        elif former is not None:
            hashed = former.ha1
        else:
            secrets[""] = new_password()
            hashed = ha1(written.name, secrets[""])
        sid = written.sid or _sid(written.account, former)
        return Edited(
            Phone(written.name, hashed, written.friendly_name, written.account, sid, written.enabled), secrets
        )

    async def change(self, entry: Phone, patch: wire_rcml.PhonePatch) -> Edited[Phone]:
        changes = changes_of(patch)
        password = changes.pop("password", None)
        if password is not None:
            changes["ha1"] = _hashed(entry.name, password)
        if "account" in changes:
            changes["sid"] = _sid(changes["account"], entry)
        return Edited(msgspec.structs.replace(entry, **changes))

    def operations(self) -> list[Operation[Any, Any]]:
        return [
            *super().operations(),
            self._rotation(
                paths.PHONE_PASSWORD, "Give a phone a new password; the old one ends at once", self._rotated
            ),
        ]

    async def _rotated(self, entry: Phone) -> Edited[Phone]:
        password = new_password()
        return Edited(msgspec.structs.replace(entry, ha1=ha1(entry.name, password)), {"": password})


def _hashed(login: str, password: str) -> str:
    rule = SECRET_RULES["password"]
    if not rule.holds(password):
        raise errors.invalid("$.password", f"expected {rule.expected}")
    return ha1(login, password)


def _sid(account: str, former: Phone | None) -> str:
    """The sid of a phone of that account: "" for none, else the one it has, or a new one."""
    return (former.sid if former else "") or new_sid(sids.CLIENT) if account else ""
