"""Who asks: ``Authorization: Bearer cg_…``, and what the key's scope allows."""

from __future__ import annotations

import hmac
from hashlib import sha256

from callgate.dialects.native.errors import FORBIDDEN, UNAUTHORIZED, ProblemError
from callgate.dialects.native.wire import Scope
from callgate.directory.model import ApiKey
from callgate.directory.service import DirectoryService

#: What a scope includes: each the ones before it.
_RANK: dict[Scope, int] = {"read": 0, "decide": 1, "admin": 2}


class Keys:
    """The directory's API keys, found by their digest."""

    def __init__(self, directory: DirectoryService) -> None:
        self._directory = directory
        self._keys: dict[str, ApiKey] | None = None
        self._by_digest: dict[str, ApiKey] = {}

    def admit(self, authorization: str | None, scope: Scope) -> ApiKey:
        """The key that this Authorization header carries, if it may do what needs ``scope``.

        Raises:
            ProblemError: 401 without a known key, 403 with one of a lesser scope.
        """
        if authorization is None:
            raise _unauthorized("the request has no Authorization header", b"Bearer")
        scheme, _, token = authorization.partition(" ")
        key = self._find(token.strip()) if scheme.lower() == "bearer" else None
        if key is None:
            raise _unauthorized("there is no such API key", b'Bearer error="invalid_token"')
        if _RANK[key.scope] < _RANK[scope]:
            challenge = b'Bearer error="insufficient_scope", scope="%b"' % scope.encode()
            raise ProblemError(
                FORBIDDEN,
                f"key {key.name} has scope {key.scope}, this needs {scope}",
                headers=((b"www-authenticate", challenge),),
            )
        return key

    def holds(self, key: ApiKey) -> bool:
        """Whether the key is in the directory as it was when it was admitted."""
        return self._directory.current.keys.get(key.name) == key

    def _find(self, token: str) -> ApiKey | None:
        keys = self._directory.current.keys
        if keys is not self._keys:
            self._keys, self._by_digest = keys, {key.digest: key for key in keys.values()}
        digest = sha256(token.encode()).hexdigest()
        key = self._by_digest.get(digest)
        return key if key is not None and hmac.compare_digest(key.digest, digest) else None


def _unauthorized(detail: str, challenge: bytes) -> ProblemError:
    return ProblemError(UNAUTHORIZED, detail, headers=((b"www-authenticate", challenge),))
