"""Who asks: an account's sid and token, by HTTP Basic authentication (RFC 7617).

Source: the open-source product's SecurityFilter and AccountKey: the password is the token, or what the token is the MD5
of; 401 with its realm, 403 for an account that is not active.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import math
from base64 import b64decode
from collections.abc import Callable

from callgate.dialects.lockout import Lockout
from callgate.dialects.rcml.rest.errors import RestError
from callgate.directory.model import Account
from callgate.settings import RcmlSettings

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="Restcomm realm"'}
#: Stands for the token of an account that does not exist: the comparison takes as long.
_NOBODY = "0" * 32


class Guard:
    """Lets accounts in, and blocks who guesses: an address, for the account that it tries to be.

    Others at the same address, behind the same proxy say, are not blocked with it.
    """

    def __init__(self, settings: RcmlSettings, now: Callable[[], float]) -> None:
        self._lockout = Lockout(settings, now)

    def account(self, authorization: str, address: str, find: Callable[[str], Account | None]) -> Account:
        """The account whose sid and token these are; ``find`` finds one by its sid.

        Raises:
            RestError: 401, they are missing or wrong; 403, the account is suspended; 429, too many were wrong.
        """
        given = _read(authorization)
        if given is None:
            raise RestError(401, headers=_CHALLENGE)
        sid, token = given
        who = f"{address} {sid[:34]}"
        left = math.ceil(self._lockout.left(who))
        if left:
            raise RestError(429, f"too many failed logins: wait for {left} s", headers={"Retry-After": str(left)})
        account = find(sid)
        if not _matches(_NOBODY if account is None else account.token, token) or account is None:
            self._lockout.failed(who)
            raise RestError(401, headers=_CHALLENGE)
        self._lockout.clear(who)
        if account.status != "active":
            raise RestError(403, "Provided Account is not active", plain=True)
        return account


def _read(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (user, password) if colon else None


def _matches(token: str, given: str) -> bool:
    digest = hashlib.md5(given.encode(), usedforsecurity=False).hexdigest()
    as_given, as_digest = (hmac.compare_digest(token.encode(), each.encode()) for each in (given, digest))
    return as_given | as_digest
