"""Secrets that a request brings in clear: checked, and hashed beside the calls."""

from __future__ import annotations

import asyncio

from callgate.dialects.native import errors
from callgate.directory.rules import SECRET_RULES
from callgate.directory.secrets import SecretHasher


async def hashed(hasher: SecretHasher, secret: str, field: str = "secret") -> str:
    """The hash of the secret of a client or a bot, or of an agent's ``password``.

    Raises:
        ProblemError: 422, it is none.
    """
    rule = SECRET_RULES[field]
    if not rule.holds(secret):
        raise errors.invalid(f"$.{field}", f"expected {rule.expected}")
    return await asyncio.to_thread(hasher.hash, secret)
