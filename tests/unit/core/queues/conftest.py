from __future__ import annotations

import pytest

from .hall import Hall


@pytest.fixture
def hall() -> Hall:
    """The queue "sales", with three agents who have not logged in."""
    return Hall()
