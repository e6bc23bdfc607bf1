"""The keys that tokens are signed with: made, changed in time, published, and kept over restarts.

Each key is published for one rotation before it is used, so that a bot that keeps the published keys for a day knows it
by then, and for one after. Sources: RFC 7517 (JSON Web Key), RFC 7638 (key ids), RFC 7518 section 3.3 (RS256).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog
from joserfc.jwk import RSAKey

from callgate.settings import GraphSettings

ALGORITHM = "RS256"
KEY_BITS = 2048
#: The name of the file in the state folder.
FILE_NAME = "graph-keys.json"
#: How often it is looked whether the next key has to be made, in seconds; more often where rotations are shorter.
_LOOK = 60.0

log = structlog.get_logger(__name__)


class KeyFileError(Exception):
    """The signing keys cannot be read or written."""

    def __init__(self, file: Path, what: str) -> None:
        super().__init__(
            f"the signing keys in {file} cannot be used: {what}; make it readable and writable, put a backup back, or "
            "remove it (new keys are made then, and bots have to get new tokens)"
        )


class SigningKey(msgspec.Struct, frozen=True, eq=False):
    """One key pair, which is used from ``begins`` on (Unix seconds). ``kid`` is its thumbprint."""

    begins: float
    kid: str
    pair: RSAKey

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.kid!r}, begins={self.begins})"  # no secret in any log


class _Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    begins: float
    pem: str


class _Contents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    keys: tuple[_Stored, ...]


class KeyRing:
    """The keys of this installation: one that is used, one that will be, and those that still have to be known.

    Args:
        folder: the state folder.
        settings: ``key_rotation``, and the lifetimes of what is signed: no key is dropped before them.
        now: Unix seconds.
    """

    def __init__(self, folder: Path, settings: GraphSettings, now: Callable[[], float]) -> None:
        self._file = folder / FILE_NAME
        self._rotation = settings.key_rotation
        longest = max(settings.token_lifetime, settings.notification_lifetime) + settings.clock_skew
        self._kept = max(settings.key_rotation, longest)
        self._now = now
        self._keys: tuple[SigningKey, ...] = ()
        self._by_kid: dict[str, SigningKey] = {}
        self._published = b""
        self._renewing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Load the keys, make those that are missing, and see to it that there is always a next one.

        Raises:
            KeyFileError: the file is broken, or cannot be read or written.
        """
        self._use(await asyncio.to_thread(self._load))
        await self.renew()
        self._renewing = asyncio.create_task(self._renew_in_time(), name="graph keys")

    async def stop(self) -> None:
        """Make no more keys."""
        if self._renewing is not None:
            self._renewing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._renewing
            self._renewing = None

    @property
    def current(self) -> SigningKey:
        """The key that is to be used now; :meth:`start` has to be over."""
        now = self._now()
        # None has begun when the clock was set back: then the oldest, which is published.
        return next((key for key in reversed(self._keys) if key.begins <= now), self._keys[0])

    def find(self, kid: str) -> RSAKey | None:
        """The key of that id, while it is published."""
        found = self._by_kid.get(kid)
        return None if found is None else found.pair

    @property
    def published(self) -> bytes:
        """The public keys as a JSON Web Key Set (RFC 7517 section 5)."""
        return self._published

    @property
    def max_age(self) -> int:
        """For how many seconds the published keys may be kept: a day, less where keys change more often."""
        return int(min(86_400.0, self._rotation / 2))

    async def renew(self) -> None:
        """Make the next key if there is none, and drop those that nothing is signed with any more.

        Raises:
            KeyFileError: the file cannot be written; all stays as it was.
        """
        keys = self._still_needed()
        while not keys or keys[-1].begins <= self._now():
            begins = max(keys[-1].begins + self._rotation, self._now()) if keys else self._now()
            keys.append(await asyncio.to_thread(_made, begins))
        if tuple(keys) != self._keys:
            await asyncio.to_thread(self._save, keys)
            self._use(keys)

    def _still_needed(self) -> list[SigningKey]:
        now, latest = self._now(), self._now() + self._rotation
        # A beginning that is too far away was set by another clock, or by a longer rotation.
        keys = [key if key.begins <= latest else msgspec.structs.replace(key, begins=latest) for key in self._keys]
        return [
            key for place, key in enumerate(keys) if place + 1 == len(keys) or keys[place + 1].begins + self._kept > now
        ]

    async def _renew_in_time(self) -> None:
        while True:
            await asyncio.sleep(min(_LOOK, self._rotation / 4))
            try:
                await self.renew()
            except KeyFileError as error:
                log.error("no new signing key, the old one stays in use", problem=str(error))

    def _use(self, keys: list[SigningKey]) -> None:
        self._keys = tuple(keys)
        self._by_kid = {key.kid: key for key in keys}
        self._published = msgspec.json.encode({"keys": [key.pair.as_dict(private=False) for key in keys]})

    def _load(self) -> list[SigningKey]:
        try:
            contents = msgspec.json.decode(self._file.read_bytes(), type=_Contents)
            return sorted((_loaded(stored) for stored in contents.keys), key=lambda key: key.begins)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise KeyFileError(self._file, error.strerror or type(error).__name__) from None
        except Exception as error:  # what the libraries make of a broken key has no common type, and no secret is told
            raise KeyFileError(self._file, f"it is broken ({type(error).__name__})") from None

    def _save(self, keys: list[SigningKey]) -> None:
        stored = tuple(_Stored(key.begins, key.pair.as_pem(private=True).decode()) for key in keys)
        fresh = self._file.with_suffix(".new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            fresh.unlink(missing_ok=True)
            fresh.touch(mode=0o600, exist_ok=False)
            with fresh.open("wb") as file:
                file.write(msgspec.json.encode(_Contents(stored)))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._file)
        except OSError as error:
            raise KeyFileError(self._file, error.strerror or type(error).__name__) from None


def _made(begins: float) -> SigningKey:
    return _signing_key(begins, RSAKey.generate_key(KEY_BITS, {"use": "sig", "alg": ALGORITHM}))


def _loaded(stored: _Stored) -> SigningKey:
    pair = RSAKey.import_key(stored.pem, {"use": "sig", "alg": ALGORITHM})
    if not pair.is_private:
        raise ValueError("a public key cannot sign")
    return _signing_key(stored.begins, pair)


def _signing_key(begins: float, pair: RSAKey) -> SigningKey:
    pair.ensure_kid()
    return SigningKey(begins, pair.thumbprint(), pair)
