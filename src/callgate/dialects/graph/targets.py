"""Whom a redirect rings: the participants of the request as targets of a dialling.

Source: Microsoft Graph's page of call: redirect. A phone's id is a number; a user's is the login of a phone that
registers here, or a SIP URI.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from callgate.core.verdicts import Dial, Target, dial, target
from callgate.dialects.graph.errors import bad_request
from callgate.dialects.graph.model import Refused
from callgate.dialects.graph.wire import RING_ONE, RING_SEVERAL, RedirectBody, RedirectTarget
from callgate.directory.forms import is_sip_uri
from callgate.directory.graph import covers
from callgate.directory.model import Bot, Directory, InboundRoute

_SEPARATORS = re.compile(r"[\s().\-/]")
_NUMBER = re.compile(r"\+?[0-9*#]{1,32}")
_GATEWAY = re.compile(r"(sips?:)(?:[^@]*@)?([^@]+)", re.IGNORECASE)
_HOST = re.compile(r"sips?:(?:[^@]*@)?(\[[^\]]*\]|[^:;?]+)", re.IGNORECASE)


def dialling(body: RedirectBody, bot: Bot, route: InboundRoute, directory: Directory) -> Dial:
    """What the gate is asked for.

    Raises:
        Refused: 400, a target cannot be rung; 403, the bot may not redirect there. The text names the target.
    """
    targets = tuple(
        _target(each, f"targets[{index}]", bot, route, directory) for index, each in enumerate(body.targets)
    )
    seconds = body.timeout or (RING_ONE if len(targets) == 1 else RING_SEVERAL)
    return dial(targets, ring_seconds=float(seconds))


def _target(given: RedirectTarget, where: str, bot: Bot, route: InboundRoute, directory: Directory) -> Target:
    kinds = [kind for kind, value in given.identity.items() if isinstance(value, dict) and not kind.startswith("@")]
    if len(kinds) != 1:
        raise bad_request(f"{where}: identity must have one member that says who is meant: phone or user.")
    kind = kinds[0]
    identity = given.identity[kind].get("id")
    if kind in ("application", "applicationInstance"):
        raise bad_request(f"{where}: Callgate cannot ring an {kind}: give a phone or a user.")
    if not isinstance(identity, str) or not identity.strip():
        raise bad_request(f"{where}: identity.{kind[:40]} has no id.")
    identity = identity.strip()
    if is_sip_uri(identity):
        return _uri(identity, where, bot)
    if kind == "phone":
        return _number(identity, where, bot, route)
    return _phone(identity, where, bot, directory)


def _uri(uri: str, where: str, bot: Bot) -> Target:
    host = _HOST.match(uri)
    _allow(host[1] if host is not None else "", where, bot)
    return target(uri)


def _number(text: str, where: str, bot: Bot, route: InboundRoute) -> Target:
    number = _SEPARATORS.sub("", text)
    if _NUMBER.fullmatch(number) is None:
        raise bad_request(f"{where}: {text[:40]!r} is not a number: use digits, with or without a leading +.")
    _allow(number, where, bot)
    through = _GATEWAY.fullmatch(route.outbound or route.destination)
    if through is None:
        raise bad_request(
            f"{where}: inbound route {route.name} has neither an outbound nor a destination to dial numbers through: "
            "set its outbound."
        )
    return target(f"{through[1]}{quote(number, safe='+*')}@{through[2]}")


def _phone(login: str, where: str, bot: Bot, directory: Directory) -> Target:
    phone = directory.phones.get(login)
    if phone is None or not phone.enabled:
        raise bad_request(f"{where}: no phone registers here as {login[:64]!r}: give its login, or a SIP URI.")
    _allow(login, where, bot)
    return target(phone=login)


def _allow(what: str, where: str, bot: Bot) -> None:
    if not covers(bot.redirects, what):
        raise Refused(403, "accessDenied", f"{where}: this bot may not redirect to {what[:64]!r}.")
