"""Secrets that a request brings in clear: checked, and hashed beside the calls."""

from __future__ import annotations

import asyncio

from callgate.dialects.native import errors
from callgate.directory.rules import SECRET_RULES
from callgate.directory.secrets import SecretHasher


async def hashed(hasher: SecretHasher, secret: str) -> str:
    """The hash of a client's or a bot's secret.

    Raises:
        ProblemError: 422, it is none.
    """
    rule = SECRET_RULES["secret"]
    if not rule.holds(secret):
        raise errors.invalid("$.secret", f"expected {rule.expected}")
    return await asyncio.to_thread(hasher.hash, secret)
