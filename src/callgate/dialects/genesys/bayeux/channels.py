"""Which channels there are, and what a subscription matches (The Bayeux Protocol Specification 1.0, "Channels").

An agent hears of nobody but himself, whatever he subscribes to: events are published to an agent, and ``/v2/me/…`` is
his own. Subscriptions that could only ever mean somebody else's channels are refused.
"""

from __future__ import annotations

import re

#: An agent's own channels are this one and those below it.
OWN = "/v2/me"
#: The others that may be subscribed to; nothing is published there.
OTHERS = ("/v2/users", "/notifications/services")

#: Segments, and a wildcard at most at the end; more characters than the specification has, as CometD takes them.
_PATTERN = re.compile(r"(?:/[^/*\s]+)*/(?:\*\*?|[^/*\s]+)")


def well_formed(subscription: str) -> bool:
    """Whether it is a channel, or a pattern with a wildcard as its last segment."""
    return _PATTERN.fullmatch(subscription) is not None


def allowed(subscription: str) -> bool:
    """Whether an agent may subscribe to it: a channel of his own or for everybody, or a pattern that has such ones."""
    fixed, wildcard = _split(subscription)
    if fixed == OWN or fixed.startswith(f"{OWN}/"):
        return True
    if not wildcard:
        return fixed in OTHERS
    return any(channel.startswith(f"{fixed}/") for channel in (OWN, *OTHERS))


def matches(subscription: str, channel: str) -> bool:
    """Whether a channel's events go to a subscription: "/a/*" has one segment more, "/a/**" one or more."""
    fixed, wildcard = _split(subscription)
    if not wildcard:
        return fixed == channel
    parent, _, last = channel.rpartition("/")
    if not last:
        return False
    return parent == fixed if wildcard == "*" else channel.startswith(f"{fixed}/")


def _split(subscription: str) -> tuple[str, str]:
    """A subscription without its wildcard, and that; "" if it has none."""
    fixed, _, last = subscription.rpartition("/")
    return (fixed, last) if last in ("*", "**") else (subscription, "")
