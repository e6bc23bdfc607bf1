"""The page about the concepts says what the code does."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from callgate.core import states
from callgate.core.answers import RESULT_NAMES, Answer
from callgate.core.calls import Call, call_id
from callgate.core.gate import Gate
from callgate.core.queues import agents, waiting
from callgate.dialects.native import errors
from callgate.dialects.yeastar.spelling import call_id_of, channel_of, extension_channel_of
from callgate.edge.wire import key_of, sequence_of

from .calls import EDGE, admitted

PAGE = (Path(__file__).parents[3] / "docs" / "concepts.md").read_text(encoding="utf-8")
RECEIVED = 1_713_149_824.25


@pytest.fixture
def call() -> Call:
    """The call of the page's example."""
    found = admitted(Gate(), sequence_of("1713149824.1"), RECEIVED)
    return msgspec.structs.replace(found, dialled="2002", destination="sip:192.0.2.20")


@pytest.mark.parametrize("table", [states, waiting, agents], ids=["calls", "places", "presences"])
def test_the_page_shows_the_tables_as_they_are(table: ModuleType) -> None:
    assert f"```mermaid\n{table.picture()}\n```" in PAGE


def test_the_page_spells_its_call_as_each_dialect_does(call: Call) -> None:
    assert call.id == call_id(RECEIVED, call.sequence, EDGE)
    for spelling in (call.id, call_id_of(call), channel_of(call), extension_channel_of(call), key_of(call)):
        assert f"`{spelling}`" in PAGE


@pytest.mark.parametrize("answer", Answer.__args__)
def test_the_page_explains_every_answer(answer: type) -> None:
    short = RESULT_NAMES[answer].replace("_", " ")
    assert f"\n| {short} " in PAGE.replace("| cancelled by the caller ", "| cancelled ")


@pytest.mark.parametrize(
    "kind",
    [errors.ALREADY_DECIDED, errors.LAPSED, errors.CANCELLED_BY_CALLER, errors.NOT_HELD, errors.NO_DESTINATION,
     errors.UNKNOWN_CALL,
     errors.EDGE_FAILED, errors.EDGE_SILENT],
)  # fmt: skip
def test_the_page_names_the_problems_of_the_own_api(kind: errors.Kind) -> None:
    assert f"| {kind.status} `{kind.name}` |" in PAGE
