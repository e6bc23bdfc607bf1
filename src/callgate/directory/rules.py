"""What each key of each kind of entry may be: one table, that checks, errors and documentation are made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from callgate.core.reasons import REASONS
from callgate.directory import sids, urls
from callgate.directory.certificates import RSA_BITS_MIN, is_certificate, separated
from callgate.directory.errors import NOT_SHOWN, shown
from callgate.directory.forms import (
    SECRET_MAX,
    SECRET_MIN,
    TOKEN_MAX,
    TOKEN_MIN,
    URL_LIMIT,
    is_application_url,
    is_dialled,
    is_did,
    is_digest,
    is_feature,
    is_gateway,
    is_ha1,
    is_id,
    is_key,
    is_login,
    is_name,
    is_phone_address,
    is_secret,
    is_sip_uri,
    is_source,
    is_target,
    is_token,
    is_url,
    is_user,
    is_uuid,
)
from callgate.directory.model import BOT_LAPSE, INTERNAL, WEBHOOK_LIMIT, WINDOW_MAX, WINDOW_MIN, Kind
from callgate.directory.secrets import is_secret_hash

#: The bounds of a client's webhook settings: seconds, and how often.
WEBHOOK_TIMEOUT_MIN, WEBHOOK_TIMEOUT_MAX, WEBHOOK_RETRIES_MAX = 1.0, 30.0, 10
#: How long a friendly name may be, in characters.
FRIENDLY_NAME_LIMIT = 128
#: How many secrets a bot may have: the one it uses, and the one it changes to. How many certificates.
BOT_SECRETS_MAX, BOT_CERTIFICATES_MAX = 2, 10

#: The bounds of a queue: seconds but for ``length`` (calls) and ``priority``.
RING_MIN, RING_MAX = 1.0, 600.0
WAIT_MIN, WAIT_MAX = 1.0, 86_400.0
AFTER_CALL_WORK_MAX, REJECT_PAUSE_MAX = 3_600.0, 3_600.0
LENGTH_MAX, PRIORITY_MAX = 100_000, 1_000


class Rule(msgspec.Struct, frozen=True):
    """What one key may be: ``holds`` is asked of the value, or with ``each`` of every item of it (none twice).

    ``expected`` follows the word "expected" in errors. ``least`` and ``most`` are how many items there may be.
    """

    expected: str
    holds: Callable[[Any], bool]
    each: bool = False
    least: int = 0
    most: int = 1000


def _is_reason(text: str) -> bool:
    return text.lower() in REASONS


def _is_lapse(text: str) -> bool:
    return text.lower() == "accept" or _is_reason(text)


def _one_of(*values: str) -> Rule:
    return Rule(" or ".join(f'"{value}"' for value in values), lambda value: value in values)


#: The reasons, for error texts.
REASON_NAMES = ", ".join(f'"{name}"' for name in REASONS)


def _sid(prefix: str, *, may_lack: bool = False) -> Rule:
    return Rule(
        f'"{prefix}" and 32 characters 0-9, a-f; leave it out to have one made',
        lambda text: sids.is_sid_of(prefix, text) or (may_lack and not text),
    )


def _seconds(least: float, most: float) -> Rule:
    return Rule(f"{least:g} to {most:.0f} seconds", lambda seconds: least <= seconds <= most)


def _is_text(text: str) -> bool:
    return len(text) <= FRIENDLY_NAME_LIMIT and text.isprintable()


_NAME_RULE = Rule('1 to 64 letters, digits, "-" and "_"', is_name)
_SCOPE_RULE = Rule('names of trunks, or ["*"] for every trunk', lambda name: name == "*" or is_name(name), True)
_SECRET_RULE = Rule(f"{SECRET_MIN} to {SECRET_MAX} printable ASCII characters without spaces", is_secret)
_NUMBER_RULE = Rule("a number that Callgate gave, 0 for a new entry", lambda number: 0 <= number < 2**31)
_TIME_RULE = Rule("Unix seconds", lambda at: 0 <= at < 2**40)
_SWITCH_RULE = Rule("true or false", lambda switch: isinstance(switch, bool))
_FRIENDLY_NAME_RULE = Rule(f"at most {FRIENDLY_NAME_LIMIT} printable characters", _is_text)
_ACCOUNT_RULE = Rule("the name of an account that exists", is_name)
_GATEWAY_RULE = Rule(
    'a SIP URI without a user part, like "sip:192.0.2.20:5060"', lambda text: not text or is_gateway(text)
)
_APPLICATION_URL_RULE = Rule(
    f'an http or https URL, like "https://example.com/voice", at most {URL_LIMIT} characters; '
    f'a password in it may not be "{urls.HIDDEN}", which stands for one that is not shown',
    lambda text: not text or is_application_url(text),
)
_METHOD_RULE = _one_of("POST", "GET")
_UUID_RULE = Rule(
    'a UUID, like "8d9c9d0e-6b1c-4f43-9a0c-2f8f3f0f5a11"; leave it out to have one made',
    is_uuid,
)
_CERTIFICATES_EXPECTED = (
    f'X.509 certificates in PEM ("-----BEGIN CERTIFICATE-----"), each with an RSA key of at least {RSA_BITS_MIN} bits'
)
_URL_EXPECTED = f'an http or https URL, like "{{}}", at most {URL_LIMIT} characters, without user and password'
_VOICE_RULES = {
    "voice_url": _APPLICATION_URL_RULE,
    "voice_method": _METHOD_RULE,
    "voice_fallback_url": _APPLICATION_URL_RULE,
    "voice_fallback_method": _METHOD_RULE,
    "status_callback": _APPLICATION_URL_RULE,
    "status_callback_method": _METHOD_RULE,
}
#: The keys of :class:`callgate.directory.model.RcmlVoice`.
VOICE_KEYS = frozenset(_VOICE_RULES)

#: A rule for each key of each kind of entry, of a client's webhook and of a route's RCML binding. Those of
#: an RcmlVoice stand among those of what holds it.
RULES: Mapping[Kind | Literal["webhook", "rcml"], Mapping[str, Rule]] = {
    "trunk": {
        "name": Rule(
            f'{_NAME_RULE.expected}, but not "{INTERNAL}"',  # where calls from phones come from
            lambda name: is_name(name) and name != INTERNAL,
        ),
        "sources": Rule(
            'IP addresses and networks, like ["192.0.2.10", "198.51.100.0/24", "2001:db8::/32"]',
            is_source,
            each=True,
            least=1,
        ),
        "control": _SWITCH_RULE,
        "refuse": Rule(f"a reason: {REASON_NAMES}", _is_reason),
        "lapse": Rule(f'"accept" or a reason: {REASON_NAMES}', _is_lapse),
        "number": _NUMBER_RULE,
    },
    "account": {
        "name": _NAME_RULE,
        "sid": _sid(sids.ACCOUNT),
        "token": Rule(
            f"{TOKEN_MIN} to {TOKEN_MAX} printable ASCII characters without spaces",
            is_token,
        ),
        "friendly_name": _FRIENDLY_NAME_RULE,
        "status": _one_of("active", "suspended"),
        "numbers": Rule(
            'numbers that it may take by REST, like ["2002", "4420*"], or ["*"] for any', is_did, each=True
        ),
        "destination": Rule('a SIP URI, like "sip:192.0.2.10:5060"', lambda text: not text or is_sip_uri(text)),
        "outbound": _GATEWAY_RULE,
        "sign": _SWITCH_RULE,
        "created": _TIME_RULE,
        "updated": _TIME_RULE,
    },
    "application": {
        "name": _NAME_RULE,
        "account": _ACCOUNT_RULE,
        "sid": _sid(sids.APPLICATION),
        "friendly_name": _FRIENDLY_NAME_RULE,
        **_VOICE_RULES,
        "created": _TIME_RULE,
        "updated": _TIME_RULE,
    },
    "bot": {
        "name": _NAME_RULE,
        "app_id": _UUID_RULE,
        "tenant": _UUID_RULE,
        "callback": Rule(_URL_EXPECTED.format("https://bot.example.com/callbacks"), is_url),
        "media": Rule('a SIP URI, like "sip:192.0.2.30:5060" or "sip:greeter@media.example.com"', is_sip_uri),
        "display_name": _FRIENDLY_NAME_RULE,
        "secret_hashes": Rule(
            "Argon2id hashes as `callgate export` writes them, or give secret instead",
            is_secret_hash,
            each=True,
            most=BOT_SECRETS_MAX,
        ),
        "certificates": Rule(_CERTIFICATES_EXPECTED, is_certificate, each=True, most=BOT_CERTIFICATES_MAX),
        "numbers": Rule(
            'numbers whose calls it is told of, like ["2002", "4420*"], or ["*"] for any', is_did, each=True
        ),
        "redirects": Rule(
            'numbers and SIP hosts that it may redirect to, like ["4420*", "pbx.example.com"], or ["*"] for any',
            is_target,
            each=True,
        ),
        "enabled": _SWITCH_RULE,
    },
    "route": {
        "name": _NAME_RULE,
        "destination": Rule(
            'a SIP URI, like "sip:192.0.2.10:5060" or "sip:2002@pbx.example.com"',
            lambda text: not text or is_sip_uri(text),
        ),
        "did": Rule(
            'a number like "2002" or "+442079460000", a prefix like "55*", or "*": '
            'letters, digits, "#", "-", ".", "_", at most 32 characters',
            is_did,
        ),
        "trunks": Rule(
            'names of trunks, like ["carrier"], or ["phones"] for the calls of phones; leave it out for every trunk',
            is_name,
            each=True,
        ),
        "window": Rule(f"{WINDOW_MIN:g} to {WINDOW_MAX:g} seconds", lambda window: WINDOW_MIN <= window <= WINDOW_MAX),
        "lapse": Rule(
            f'"accept" or a reason: {REASON_NAMES}; leave it out for the trunk\'s, or for "{BOT_LAPSE}" '
            "with bots, queue or phone",
            lambda lapse: lapse is None or _is_lapse(lapse),
        ),
        "number": _NUMBER_RULE,
        "outbound": _GATEWAY_RULE,
        "rcml": Rule("[route.rcml] in single brackets, once for a route", lambda _: True),
        "bots": Rule('names of bots, like ["greeter"]; leave it out for none', is_name, each=True),
        "queue": Rule("the name of a queue that exists", lambda text: not text or is_name(text)),
        "phone": Rule("the login of a phone that exists", lambda text: not text or is_login(text)),
    },
    "rcml": {
        "account": _ACCOUNT_RULE,
        "application": Rule("the name of an application of the same account", lambda text: not text or is_name(text)),
        **_VOICE_RULES,
        "on_failure": _one_of("refuse", "lapse"),
        "friendly_name": _FRIENDLY_NAME_RULE,
        "sid": _sid(sids.NUMBER),
        "created": _TIME_RULE,
        "updated": _TIME_RULE,
    },
    "phone": {
        "name": Rule('1 to 64 letters, digits, "_", ".", "+" and "-": what the phone logs in with', is_login),
        "ha1": Rule(
            "the HA1 of a password (RFC 7616): 32 characters 0-9, a-f, or give password instead",
            is_ha1,
        ),
        "friendly_name": _FRIENDLY_NAME_RULE,
        "account": Rule("the name of an account that exists", lambda text: not text or is_name(text)),
        "sid": _sid(sids.CLIENT, may_lack=True),
        "enabled": _SWITCH_RULE,
        "created": _TIME_RULE,
        "updated": _TIME_RULE,
    },
    "queue": {
        "name": _NAME_RULE,
        "number": Rule(
            'a number like "9000" or "+442079460000": letters, digits, "#", "-", ".", "_", at most 32 characters',
            is_dialled,
        ),
        "priority": Rule(
            f"a whole number, -{PRIORITY_MAX} to {PRIORITY_MAX}",
            lambda priority: -PRIORITY_MAX <= priority <= PRIORITY_MAX,
        ),
        "length": Rule(f"how many calls may wait, 0 to {LENGTH_MAX}", lambda length: 0 <= length <= LENGTH_MAX),
        "wait": _seconds(WAIT_MIN, WAIT_MAX),
        "overflow": Rule(
            'a SIP URI, like "sip:voicemail@pbx.example.com"; leave it out to refuse',
            lambda text: not text or is_sip_uri(text),
        ),
        "refusal": Rule(f"a reason: {REASON_NAMES}", _is_reason),
        "ring": _seconds(RING_MIN, RING_MAX),
        "after_call_work": _seconds(0, AFTER_CALL_WORK_MAX),
        "missed": _one_of("not_ready", "ready"),
        "reject_pause": _seconds(0, REJECT_PAUSE_MAX),
    },
    "agent": {
        "name": Rule('1 to 64 letters, digits, "_", ".", "+", "-" and "@": what the agent logs in with', is_user),
        "secret_hash": Rule(
            "an Argon2id hash as `callgate export` writes it, or give password instead", is_secret_hash
        ),
        "id": Rule("32 characters 0-9, a-f; leave it out to have one made", lambda text: not text or is_id(text)),
        "first_name": _FRIENDLY_NAME_RULE,
        "last_name": _FRIENDLY_NAME_RULE,
        "phone": Rule("the login of a phone that exists", lambda text: not text or is_login(text)),
        "address": Rule(
            'the SIP URI of a phone that does not register here, its number in it, like "sip:5001@192.0.2.40:5060"',
            lambda text: not text or is_phone_address(text),
        ),
        "queues": Rule('names of queues, like ["support"]; leave it out for none', is_name, each=True),
        "features": Rule('features of the API, like ["api-voice"]', is_feature, each=True),
        "enabled": _SWITCH_RULE,
    },
    "client": {
        "name": _NAME_RULE,
        "client_id": _NAME_RULE,
        "secret_hash": Rule("an Argon2id hash as `callgate export` writes it, or give secret instead", is_secret_hash),
        "dialect": _one_of("yeastar"),
        "see": _SCOPE_RULE,
        "decide": _SCOPE_RULE,
        "webhooks": Rule(f"at most {WEBHOOK_LIMIT} webhooks, each of a URL of its own", lambda _: True),
        "webhook_timeout": Rule(
            f"{WEBHOOK_TIMEOUT_MIN:g} to {WEBHOOK_TIMEOUT_MAX:g} seconds",
            lambda seconds: WEBHOOK_TIMEOUT_MIN <= seconds <= WEBHOOK_TIMEOUT_MAX,
        ),
        "webhook_retries": Rule(
            f"a whole number, 0 to {WEBHOOK_RETRIES_MAX}", lambda retries: 0 <= retries <= WEBHOOK_RETRIES_MAX
        ),
    },
    "webhook": {
        "url": Rule(_URL_EXPECTED.format("https://example.com/events"), is_url),
        "secret": _SECRET_RULE,
        "method": _METHOD_RULE,
        "events": Rule(
            "event ids, like [30011, 30016]; leave it out for all",
            lambda event: 30000 <= event <= 39999,
            each=True,
        ),
    },
    "key": {
        "name": _NAME_RULE,
        "digest": Rule("the SHA-256 of a key: 64 characters 0-9, a-f", is_digest),
        "scope": _one_of("read", "decide", "admin"),
    },
}

#: The keys of a directory file that hold secrets in clear, and what is kept of them instead.
SECRET_RULES: Mapping[str, Rule] = {
    "secret": _SECRET_RULE,
    "key": Rule('"cg_" and 43 letters, digits, "-" and "_", as `callgate key add` makes it', is_key),
    "password": _SECRET_RULE,
}

#: The keys of a directory file that an entry has under another name.
FILE_RULES: Mapping[str, Rule] = {
    "certificate": Rule(_CERTIFICATES_EXPECTED, lambda text: all(map(is_certificate, separated(text)))),
}

#: Keys whose values are never shown: a secret, or a table with one in it.
SECRET_KEYS = frozenset(
    {
        "secret",
        "secret_hash",
        "secret_hashes",
        "certificate",  # where a private key may have been put
        "certificates",
        "key",
        "digest",
        "webhook",
        "webhooks",
        "token",
        "password",
        "ha1",
        "rcml",
    }
)
#: Keys whose values are not shown where they hold user and password.
URL_KEYS = frozenset({"url", "callback", *urls.URL_KEYS})


def shown_at(key: str, value: object) -> str:
    """A value for an error text, unless it is or may hold a secret."""
    hidden = key in SECRET_KEYS or (key in URL_KEYS and "@" in str(value))  # user:password@
    return NOT_SHOWN if hidden else shown(value)
