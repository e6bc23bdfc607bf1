"""Protection against requests that another site has a browser send (Genesys, "CSRF Protection").

Every reply to a GET tells the name of a header and the token of its HTTP session; what changes something must carry it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from uuid import UUID

HEADER = "X-CSRF-TOKEN"


class Csrf:
    """The tokens of HTTP sessions: made from the session and a key of this process, so that none has to be kept."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def headers(self, session: str) -> tuple[tuple[bytes, bytes], ...]:
        """What a reply to a GET tells."""
        return (b"x-csrf-header", HEADER.encode()), (b"x-csrf-token", self.token(session).encode())

    def token(self, session: str) -> str:
        """The token of a session, in the form of a UUID."""
        return str(UUID(bytes=hmac.digest(self._key, session.encode(), hashlib.sha256)[:16], version=4))

    def right(self, session: str, token: str) -> bool:
        """Whether this is the token of that session."""
        return hmac.compare_digest(self.token(session).encode(), token.encode())
