from __future__ import annotations

import pytest

from callgate.core.gate import Gate


@pytest.fixture
def gate() -> Gate:
    """A gate that knows no call yet."""
    return Gate()
