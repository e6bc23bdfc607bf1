"""The nouns of Dial: whom to ring. Each becomes a target, or is told why it cannot be one."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote

import msgspec

from callgate.core.verdicts import Target, VerdictError, target
from callgate.dialects.rcml.document import Element
from callgate.dialects.rcml.failures import Code
from callgate.dialects.rcml.verbs.verb import Stage, check_attributes
from callgate.directory.forms import is_sip_uri

#: The documented bounds of a Sip noun, in characters, which Number's headers share.
URI_LIMIT, HEADERS_LIMIT = 255, 1024
#: Nouns that need what Callgate has not: it mixes no media and keeps no queue.
LATER = frozenset({"Conference", "Queue", "Video"})
#: The nouns that count for the ten that one Dial may have.
COUNTED = frozenset({"Number", "Client"})

_CALLBACKS = frozenset({"url", "method", "statusCallback", "statusCallbackEvent", "statusCallbackMethod"})
_KNOWN: dict[str, frozenset[str]] = {"Number": frozenset(), "Sip": frozenset({"name"}), "Client": frozenset({"name"})}
_LATER: dict[str, frozenset[str]] = {
    "Number": _CALLBACKS | {"sendDigits"},
    "Sip": _CALLBACKS | {"username", "password"},
    "Client": _CALLBACKS,
}
_SEPARATORS = re.compile(r"[\s().\-/]")
_NUMBER = re.compile(r"\+?[0-9*#]{1,32}")
_OUTBOUND = re.compile(r"(sips?:)(?:[^@]*@)?([^@]+)", re.IGNORECASE)
_HEADER = re.compile(r"X-[A-Za-z0-9-]{1,62}", re.IGNORECASE)


class Wanted(msgspec.Struct, frozen=True):
    """A target, and what the records call it."""

    target: Target
    name: str


class Unusable(Exception):
    """A noun that cannot be dialled: the text says why, and what to do."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(text)
        self.code = code


def number_of(text: str) -> str | None:
    """A number without what only makes it readable; ``None``: it is none."""
    bare = _SEPARATORS.sub("", text)
    return bare if _NUMBER.fullmatch(bare) else None


def read(noun: Element, stage: Stage) -> Wanted | None:
    """Whom the noun wants to ring; ``None``: nobody, and why has been told."""
    try:
        if noun.tag in _KNOWN:
            check_attributes(noun, _KNOWN[noun.tag], _LATER[noun.tag], stage.notices)
        match noun.tag:
            case "Number":
                return _number(noun, stage)
            case "Sip":
                return _sip(noun, stage)
            case "Client":
                return _client(noun, stage)
    except Unusable as error:
        stage.notices.error(error.code, f"{noun.tag} is not dialled: {error}", noun.line)
        return None
    except VerdictError as error:
        stage.notices.error(Code.DIAL_TARGET, f"{noun.tag} is not dialled: {error}", noun.line)
        return None
    if noun.tag in LATER:
        stage.notices.warn(Code.NOT_DONE, f"{noun.tag} is not done by Callgate and is skipped", noun.line)
    else:
        known = {each.lower(): each for each in (*_KNOWN, *LATER)}.get(noun.tag.lower())
        hint = f": did you mean {known}?" if known else f": use {', '.join(_KNOWN)}"
        stage.notices.warn(Code.SCHEMA, f"<{noun.tag[:40]}> in Dial is not known and is skipped{hint}", noun.line)
    return None


def _number(noun: Element, stage: Stage) -> Wanted:
    text, _, query = noun.text.partition("?")
    number = number_of(text)
    if number is None:
        raise Unusable(Code.DIAL_NUMBER, f"{text[:40]!r} is not a number: use digits, with or without a leading +")
    through = _OUTBOUND.fullmatch(stage.route.outbound or stage.route.destination)
    if through is None:
        raise Unusable(
            Code.DIAL_TARGET,
            f"inbound route {stage.route.name} has neither an outbound nor a destination to dial {number} through: "
            "set its outbound",
        )
    uri = f"{through[1]}{quote(number, safe='+*')}@{through[2]}"
    return Wanted(target(uri, headers=_headers(noun, query, stage)), number)


def _sip(noun: Element, stage: Stage) -> Wanted:
    uri, _, query = noun.text.partition("?")
    uri = uri.strip()
    if len(uri) >= URI_LIMIT:
        raise Unusable(Code.DIAL_TARGET, f"its URI has {len(uri)} characters: less than {URI_LIMIT} are allowed")
    if not is_sip_uri(uri):
        raise Unusable(Code.DIAL_TARGET, f"{uri[:80]!r} is not a SIP URI: use for example sip:2002@192.0.2.10:5060")
    return Wanted(target(uri, headers=_headers(noun, query, stage)), uri)


def _client(noun: Element, stage: Stage) -> Wanted:
    login = noun.text
    phone = stage.phone(login)
    if phone is None or phone.account != stage.account.name:
        raise Unusable(Code.DIAL_TARGET, f"this account has no client {login[:64]!r}: create it first")
    if not phone.enabled:
        raise Unusable(Code.DIAL_TARGET, f"client {login} is disabled: enable it first")
    return Wanted(target(phone=login), f"client:{login}")


def _headers(noun: Element, query: str, stage: Stage) -> dict[str, str]:
    """The headers for the target: ``X-…`` alone, the rest belongs to the SIP stack."""
    if len(query) >= HEADERS_LIMIT:
        raise Unusable(
            Code.DIAL_TARGET, f"its headers have {len(query)} characters: less than {HEADERS_LIMIT} are allowed"
        )
    headers = {}
    for name, value in parse_qsl(query, keep_blank_values=True, separator="&"):
        if _HEADER.fullmatch(name) is None:
            stage.notices.warn(
                Code.SCHEMA,
                f"{noun.tag}'s header {name[:40]!r} is not sent: only names that begin with X- are, "
                "of letters, digits and -",
                noun.line,
            )
        else:
            headers[name] = value
    return headers
