"""Secrets: how they are made, hashed and compared.

A client's secret may be one that a vendor's software made, so it is kept as an Argon2id hash (RFC 9106), which is slow
on purpose. An API key is always random with 256 bits, so its SHA-256 is enough and fast. A webhook's secret signs
what is sent, so it has to be kept as it is.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import string
from collections.abc import Iterable

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from callgate.directory.model import REALM, ApiKey
from callgate.settings import DirectorySettings

#: Characters of a client id, a client secret and a webhook secret, as Yeastar makes them.
SECRET_LENGTH = 32
#: Characters of a phone's password that is made: somebody may have to key them in.
PASSWORD_LENGTH = 20
#: What every API key begins with, so that one that got lost is found by secret scanners.
KEY_PREFIX = "cg_"

_ALPHABET = string.ascii_letters + string.digits
#: No hash in the directory may cost more than this to verify: lanes, passes, memory in KiB.
_HASH_LIMITS = (16, 16, 262_144)


def new_client_id() -> str:
    """A client id: 32 letters and digits."""
    return _random_text()


def new_client_secret() -> str:
    """A client secret: 32 letters and digits (190 bits)."""
    return _random_text()


def new_webhook_secret() -> str:
    """A secret that signs a webhook's events: 32 letters and digits (190 bits)."""
    return _random_text()


def new_token() -> str:
    """An account's token: 32 letters and digits (190 bits)."""
    return _random_text()


def new_password() -> str:
    """A phone's password: 20 letters and digits (119 bits)."""
    return _random_text(PASSWORD_LENGTH)


def ha1(login: str, password: str) -> str:
    """What digest authentication needs of a phone's password: HA1 of RFC 7616 section 3.4.2, for :data:`REALM`.

    With MD5, because that is what SIP telephones speak (RFC 3261 section 22.4; RFC 8760 brought others late). Who has
    the HA1 can register as the phone, so it is as secret as the password.
    """
    return hashlib.md5(f"{login}:{REALM}:{password}".encode(), usedforsecurity=False).hexdigest()


def new_key() -> str:
    """An API key: ``cg_`` and 43 URL-safe characters (256 bits)."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def digest(key: str) -> str:
    """The SHA-256 of an API key in hex: what the directory keeps of it."""
    return hashlib.sha256(key.encode()).hexdigest()


def find_key(keys: Iterable[ApiKey], key: str) -> ApiKey | None:
    """The entry of an API key, ``None``: nobody has it. Takes the same time wherever two keys differ."""
    wanted, found = digest(key), None
    for entry in keys:
        if hmac.compare_digest(entry.digest, wanted):
            found = entry
    return found


class SecretHasher:
    """Hashes client secrets and verifies them, at the cost that the settings say.

    Both take tens of milliseconds and some megabytes: call them in a thread (``asyncio.to_thread``), never on the
    event loop.
    """

    def __init__(self, settings: DirectorySettings) -> None:
        self._argon2 = argon2.PasswordHasher(
            time_cost=settings.hash_passes,
            memory_cost=max(settings.hash_memory, 8 * settings.hash_lanes),  # what Argon2 needs at least
            parallelism=settings.hash_lanes,
        )

    def hash(self, secret: str) -> str:
        """The secret's hash with a random salt, in PHC form (``$argon2id$…``)."""
        return self._argon2.hash(secret)

    def verify(self, secret_hash: str | None, secret: str) -> bool:
        """Whether the secret is the one of that hash.

        ``None`` is for a client id that nobody has: it takes as long as a wrong secret, and is false.
        """
        if secret_hash is None:
            self._argon2.hash(secret)
            return False
        try:
            return self._argon2.verify(secret_hash, secret)
        except (VerificationError, InvalidHashError):
            return False


def is_secret_hash(text: str) -> bool:
    """Whether this is an Argon2id hash that can be verified at a bearable cost."""
    try:
        parameters = argon2.extract_parameters(text)
    except (InvalidHashError, ValueError):
        return False
    cost = (parameters.parallelism, parameters.time_cost, parameters.memory_cost)
    bearable = all(1 <= value <= limit for value, limit in zip(cost, _HASH_LIMITS, strict=True))
    return parameters.type is argon2.Type.ID and bearable and text.isascii() and len(text) <= 256


def _random_text(length: int = SECRET_LENGTH) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
