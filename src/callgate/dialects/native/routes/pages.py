"""Lists by name, in pages."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from callgate.dialects.native.wire import Limit


class PageQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which page of a list."""

    cursor: Annotated[str, Meta(description="`next` of the page before; left out: the first page.")] = ""
    limit: Annotated[Limit, Meta(description="How many items, 1 to 1000.")] = 100


def names_on(query: PageQuery, names: Sequence[str]) -> tuple[Sequence[str], str | None]:
    """Those of the sorted names that are on the page, and the cursor of the next one."""
    first = bisect_right(names, query.cursor)
    last = first + query.limit
    page = names[first:last]
    return page, page[-1] if last < len(names) else None
