"""What an endpoint gives back."""

from __future__ import annotations

import msgspec

from callgate.dialects.rcml.rest.resources import Content


class Reply(msgspec.Struct, frozen=True):
    """A status, and a resource or list, or nothing."""

    content: Content | None = None
    status: int = 200


#: What was to be deleted is gone.
DELETED = Reply(status=204)
