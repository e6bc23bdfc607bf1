"""Subscriptions match as the protocol says, and an agent may subscribe to his own channels only."""

from __future__ import annotations

import pytest

from callgate.dialects.genesys.bayeux.channels import allowed, matches, well_formed


@pytest.mark.parametrize(
    ("subscription", "channel", "matching"),
    [
        ("/v2/me/calls", "/v2/me/calls", True),
        ("/v2/me/calls", "/v2/me/calls/1", False),
        ("/v2/me/*", "/v2/me/calls", True),
        ("/v2/me/*", "/v2/me", False),
        ("/v2/me/*", "/v2/me/calls/1", False),
        ("/v2/me/*", "/v2/men", False),
        ("/v2/me/**", "/v2/me/calls/1", True),
        ("/v2/me/**", "/v2/me", False),
        ("/v2/**", "/v2/me/calls", True),
        ("/v2/**", "/v20/me", False),
        ("/**", "/v2/me/calls", True),
        ("/*", "/v2/me/calls", False),
        ("/*", "/v2", True),
    ],
)
def test_a_wildcard_matches_one_segment_or_many(subscription: str, channel: str, matching: bool) -> None:
    assert matches(subscription, channel) is matching


@pytest.mark.parametrize(
    "subscription",
    ["/v2/me", "/v2/me/calls", "/v2/me/calls/1", "/v2/me/*", "/v2/me/**", "/v2/*", "/v2/**", "/*", "/**", "/v2/users",
     "/notifications/services", "/notifications/*"],
)  # fmt: skip
def test_an_agent_may_subscribe_to_what_has_his_own_channels(subscription: str) -> None:
    assert well_formed(subscription)
    assert allowed(subscription)


@pytest.mark.parametrize(
    "subscription",
    ["/v2/users/1234", "/v2/users/1234/calls", "/v2/users/*", "/v2/users/**", "/v2/men", "/v2/calls", "/me/calls",
     "/v1/**", "/meta/connect", "/meta/*", "/service/x", "/notifications/other", "/v2/me-too/*"],
)  # fmt: skip
def test_an_agent_may_not_subscribe_to_anybody_elses(subscription: str) -> None:
    assert well_formed(subscription)
    assert not allowed(subscription)


@pytest.mark.parametrize(
    "subscription", ["", "/", "v2/me", "/v2//me", "/v2/me/", "/v2/*/calls", "/v2/me/c*", "/***", "/a b"]
)
def test_what_is_no_channel_is_told_from_one(subscription: str) -> None:
    assert not well_formed(subscription)
