"""The ids that clients see."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.core.calls import CallId
from callgate.dialects.genesys import ids

CALL = CallId("019adf6e-1c2a-7abc-8d5e-1122334455ff")


@given(st.uuids())
def test_every_call_has_an_id_that_leads_back_to_it(uuid: UUID) -> None:
    identity = ids.call_uuid(CallId(str(uuid)))
    assert re.fullmatch("[0-9A-V]{32}", identity)
    assert ids.call_of(identity) == str(uuid)


def test_the_connection_is_the_lower_half_of_the_uuid() -> None:
    assert ids.connection(CALL) == "8d5e1122334455ff"


@pytest.mark.parametrize(
    "identity",
    [
        "",
        str(CALL),
        ids.call_uuid(CALL).lower(),
        ids.call_uuid(CALL)[:-1],
        ids.call_uuid(CALL) + "0",
        ids.call_uuid(CALL)[:-1] + "I",
        ids.call_uuid(CALL)[:-1] + "Z",
        ids.call_uuid(CALL)[:-8] + "========",
        "\u0660" * 32,
    ],
)
def test_what_is_spelled_otherwise_is_no_call(identity: str) -> None:
    assert ids.call_of(identity) is None


def test_the_vendors_own_sample_can_be_read_but_is_no_call_here() -> None:
    assert ids.call_of("013V08JRL498H1OI04000VTAES00000I") is None


def test_phones_and_queues_have_lasting_ids_of_their_own() -> None:
    assert ids.device("5001") == ids.device("5001") == str(UUID(ids.device("5001")))
    assert len({ids.device("9000"), ids.queue("9000"), ids.device("5001")}) == 3
