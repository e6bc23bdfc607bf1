"""The directory's rows on their way to the edge: what it looks calls up in is what we say it is, whatever fails."""

from __future__ import annotations

import pytest

from callgate.edge.link import EdgeLink
from callgate.edge.rows import Rows, digest_of

from . import fake
from .fake import Command, FakeEdge, Reply
from .listener import Heard, Linked


def routes(*numbers: int, destination: str = "sip:pbx") -> Rows:
    rows = {f"r:*:{number}": f"route|{destination}|12000|-" for number in numbers}
    return {"a:192.0.2.10": "carrier|1|0", "n:count": "0", **rows, "x:longest": "0"}


def fail_at(edge: FakeEdge, number: int) -> None:
    """The ``number``-th command from now on fails; the others are done."""
    begin = len(edge.commands)
    edge.reply = lambda command: ("failed", 0) if len(edge.commands) - begin == number else ("done", 0)


async def test_an_edge_without_rows_gets_all_of_them(linked: Linked) -> None:
    rows = routes(*range(3_000))
    assert await linked.link.tables(rows)
    assert linked.edge.rows == rows
    assert linked.edge.digest == digest_of(rows)
    assert len(linked.edge.named("put")) > 1


async def test_an_edge_that_has_the_rows_gets_nothing() -> None:
    edge = FakeEdge()
    edge.digest = digest_of(routes(1))
    async with fake.running(edge) as address:
        link = EdgeLink(address, Heard())
        await link.connect()
        assert await link.tables(routes(1))
        link.close()
    assert edge.commands == []


async def test_a_small_change_is_sent_alone(linked: Linked) -> None:
    await linked.link.tables(routes(*range(1_000)))
    linked.edge.commands.clear()
    changed = {**routes(*range(1, 1_000)), "r:*:7": "other|sip:bot|12000|-"}
    assert await linked.link.tables(changed)
    assert linked.edge.rows == changed
    assert linked.edge.digest == digest_of(changed)
    assert [command.word for command in linked.edge.commands] == ["commit", "put", "drop", "commit"]
    assert linked.edge.named("put")[0].rest == ("now", "r:*:7", "other|sip:bot|12000|-")
    assert linked.edge.named("drop")[0].rest == ("r:*:0",)


async def test_a_large_change_is_a_new_generation_that_counts_from_its_commit_on(linked: Linked) -> None:
    before, after = routes(*range(3_000)), routes(*range(3_000), destination="sip:bot")
    await linked.link.tables(before)
    seen = []

    def reply(command: Command) -> Reply:
        seen.append(linked.edge.rows == before)
        return "done", 0

    linked.edge.reply = reply
    assert await linked.link.tables(after)
    assert all(seen), "until the commit, every call is looked up in the rows of before"
    assert linked.edge.rows == after
    assert list(linked.edge.tables) == [linked.edge.generation], "and then the old ones are gone"


async def test_networks_that_move_are_never_changed_one_by_one(linked: Linked) -> None:
    before = {**routes(1), "n:count": "1", "n:0": "10.0.0.0/8|carrier|1|0"}
    after = {**routes(1), "n:count": "2", "n:0": "10.1.0.0/16|branch|1|0", "n:1": "10.0.0.0/8|carrier|1|0"}
    await linked.link.tables(before)
    linked.edge.commands.clear()
    assert await linked.link.tables(after)
    assert linked.edge.rows == after
    assert "now" not in {command.rest[0] for command in linked.edge.named("put")}


async def test_a_network_that_stays_where_it_is_may_change_its_trunk(linked: Linked) -> None:
    before = {**routes(1), "n:count": "1", "n:0": "10.0.0.0/8|carrier|1|0"}
    after = {**before, "n:0": "10.0.0.0/8|carrier|0|0"}
    await linked.link.tables(before)
    linked.edge.commands.clear()
    assert await linked.link.tables(after)
    assert linked.edge.named("put")[0].rest == ("now", "n:0", "10.0.0.0/8|carrier|0|0")


@pytest.mark.parametrize("failing", [1, 2, 3, 4])
async def test_a_change_that_fails_in_the_middle_is_made_good_whatever_comes_next(linked: Linked, failing: int) -> None:
    first = routes(1, 2, 3)
    await linked.link.tables(first)
    fail_at(linked.edge, failing)
    assert not await linked.link.tables(routes(2, 3, 4))
    for rows in (first, routes(1, 2), routes(2, 3, 4)):
        assert await linked.link.tables(rows)
        assert linked.edge.rows == rows
        assert linked.edge.digest == digest_of(rows)


async def test_a_change_cut_off_by_the_end_of_the_link_is_no_longer_what_the_digest_says(linked: Linked) -> None:
    first = routes(1, 2, 3)
    await linked.link.tables(first)
    fail_at(linked.edge, 3)
    assert not await linked.link.tables(routes(2, 3, 4))
    linked.link.close()
    linked.edge.reply = lambda command: ("done", 0)
    again = EdgeLink(linked.address, Heard())
    await again.connect()
    assert await again.tables(first)
    again.close()
    assert linked.edge.rows == first


async def test_rows_of_a_generation_that_failed_never_come_back(linked: Linked) -> None:
    fail_at(linked.edge, 3)
    assert not await linked.link.tables(routes(*range(3_000)))
    assert await linked.link.tables(routes(9_999))
    assert linked.edge.rows == routes(9_999)


async def test_rows_that_an_earlier_controller_left_behind_never_come_back() -> None:
    edge = FakeEdge()
    async with fake.running(edge) as address:
        for number in range(20):
            link = EdgeLink(address, Heard())
            await link.connect()
            fail_at(edge, 2)
            assert not await link.tables(routes(number))
            link.close()
        edge.reply = lambda command: ("done", 0)
        link = EdgeLink(address, Heard())
        await link.connect()
        assert await link.tables(routes(9_999))
        link.close()
    assert edge.rows == routes(9_999)


async def test_the_same_rows_are_tried_again_in_the_same_place(linked: Linked) -> None:
    rows = routes(*range(3_000))
    for _ in range(5):
        fail_at(linked.edge, 4)
        assert not await linked.link.tables(rows)
    linked.edge.reply = lambda command: ("done", 0)
    assert await linked.link.tables(rows)
    assert linked.edge.rows == rows
    assert len({command.rest[0] for command in linked.edge.named("put")}) == 1


async def test_a_commit_whose_acknowledgement_was_lost_does_no_harm(linked: Linked) -> None:
    linked.edge.reply = lambda command: None if command.word == "commit" else ("done", 0)
    rows = routes(1, 2)
    assert not await linked.link.tables(rows)
    commit = linked.edge.named("commit")[0]
    linked.edge.generation, linked.edge.digest = int(commit.rest[0]), commit.rest[1]
    linked.edge.reply = lambda command: ("done", 0)
    assert await linked.link.tables(routes(3))
    assert linked.edge.rows == routes(3)


async def test_a_link_that_is_gone_takes_no_rows(linked: Linked) -> None:
    linked.link.close()
    assert not await linked.link.tables(routes(1))
