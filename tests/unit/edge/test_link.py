"""The link, against an edge of our own on real loopback sockets."""

from __future__ import annotations

import asyncio
from base64 import b64encode

import pytest
from structlog.testing import capture_logs

from callgate.core.reports import Ack, AckResult, Incoming, Progress, Report
from callgate.core.verdicts import Accept, refuse
from callgate.edge.configuration import LinkAddress
from callgate.edge.errors import LinkRefusedError
from callgate.edge.link import DATAGRAM_BYTES, IN_FLIGHT, EdgeLink
from callgate.edge.wire import key_of, sequence_of

from . import fake
from .fake import SECRET, Command, FakeEdge, Reply, call_frame
from .listener import COMMAND_TIMEOUT, Heard, Linked

DONE, UNANSWERED = Ack(AckResult.DONE), Ack(AckResult.UNANSWERED)


def silent(command: Command) -> Reply:
    return None


# --- connecting ------------------------------------------------------------------------------------------------------


RESUMED = {"e": "resumed", "k": "1000.8", "state": "answered", "n": 3}


async def test_a_welcome_tells_what_runs_there(linked: Linked) -> None:
    assert linked.link.connected
    assert linked.link.version == "5.6.3"


async def test_what_the_edge_has_is_told_between_welcome_and_synced() -> None:
    edge = FakeEdge()
    edge.snapshot = [call_frame("1000.7"), call_frame("1000.8"), RESUMED]
    async with fake.running(edge) as address:
        linked = Linked(edge, address, Heard())
        await linked.link.connect()
        first, second, *rest = await linked.heard.until(4)
        linked.link.close()
    assert isinstance(first, Incoming)
    assert isinstance(second, Incoming)
    assert (first.sequence, second.sequence, first.edge) == (sequence_of("1000.7"), sequence_of("1000.8"), fake.NONCE)
    assert rest == [("resumed", sequence_of("1000.8"), True, 3), "synced"]
    assert linked.heard.connections == [0]


async def test_nobody_there_is_an_error_of_the_system(unused_tcp_port: int) -> None:
    link = EdgeLink(LinkAddress(unused_tcp_port, unused_tcp_port, SECRET), Heard())
    with pytest.raises(ConnectionRefusedError):
        await link.connect()
    assert not link.connected


async def test_an_edge_that_sends_us_away_is_told_without_the_secret() -> None:
    edge = FakeEdge()
    async with fake.running(edge) as address, fake.running(FakeEdge()) as other:
        link = EdgeLink(LinkAddress(address.link_port, other.control_port, SECRET), Heard())
        with pytest.raises(LinkRefusedError, match="the connection was closed") as error:
            await link.connect()
    assert SECRET not in str(error.value)


async def test_an_edge_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callgate.edge.link._WELCOME_TIMEOUT", 0.1)
    edge = FakeEdge()
    edge.welcoming = False
    async with fake.running(edge) as address:
        link = EdgeLink(address, Heard())
        with pytest.raises(LinkRefusedError, match=r"no welcome within 0\.1 s"):
            await link.connect()
        assert not link.connected


async def test_the_beat_says_how_far_we_have_read(linked: Linked) -> None:
    for number in range(5):
        linked.edge.tell("ringing", k=f"1000.{number}", status=180)
    await linked.edge.until(lambda: linked.edge.beats[-1:] == [7])  # with "welcome" and "synced"
    assert sorted(linked.edge.beats) == linked.edge.beats


# --- events ----------------------------------------------------------------------------------------------------------


async def test_a_report_is_passed_on_in_the_domains_words(linked: Linked) -> None:
    await linked.heard.until(1)
    linked.edge.tell("failed", k="1000.7", status=480, phrase=b64encode(b"Gone \xff").decode())
    linked.edge.tell("ended", k="1000.7", by="caller")
    assert (await linked.heard.until(3))[1:] == [
        Report(sequence_of("1000.7"), Progress.FAILED, 480, "Gone \\xff"),
        Report(sequence_of("1000.7"), Progress.ENDED, by="caller"),
    ]


async def test_counters_are_kept(linked: Linked) -> None:
    rows = [{"name": "call", "slots": 1, "all": 3}, {"name": "directory", "slots": 1, "all": 9}]
    linked.edge.tell(
        "counters",
        unknown_source=1,
        no_route=2,
        no_controller=3,
        no_credit=4,
        guard=5,
        failed_registrations=6,
        tables={"result": rows},
    )
    linked.edge.tell("routed", k="1000.7")
    await linked.heard.until(2)
    assert linked.link.counters == {
        "unknown_source": 1,
        "no_route": 2,
        "no_controller": 3,
        "no_credit": 4,
        "guard": 5,
        "failed_registrations": 6,
    }
    assert linked.link.entries == {"call": 3}


async def test_a_phone_that_registers_is_told(linked: Linked) -> None:
    await linked.heard.until(1)
    linked.edge.tell("phone", login=b64encode(b"anna").decode(), contacts=2, source="192.0.2.7:5062")
    assert (await linked.heard.until(2))[1] == ("phone", "anna", 2, "192.0.2.7:5062")


async def test_a_frame_that_cannot_be_read_costs_only_itself(linked: Linked) -> None:
    await linked.heard.until(1)
    with capture_logs() as logs:
        for event in (b"{}", b"not json", b'{"e":"routed","k":"no key"}'):
            linked.edge.write(b"%d:%b," % (len(event), event))
        linked.edge.tell("routed", k="1000.7")
        await linked.heard.until(2)
    assert linked.heard.events[1:] == [Report(sequence_of("1000.7"), Progress.ROUTED)]
    assert [line["log_level"] for line in logs] == ["error"] * 3


async def test_a_fault_of_a_listener_costs_only_its_event(linked: Linked) -> None:
    await linked.heard.until(1)
    linked.heard.fault = RuntimeError("a fault in Callgate")
    with capture_logs() as logs:
        linked.edge.tell("routed", k="1000.7")
        linked.edge.tell("routed", k="1000.8")
        await linked.heard.until(3)
    assert linked.link.connected
    assert [line["event"] for line in logs] == ["an event of the edge could not be taken in"]


async def test_a_stream_that_is_broken_ends_the_link_and_its_owner_is_told(linked: Linked) -> None:
    await linked.heard.until(1)
    waiting = linked.link.hang_up(linked.call())
    linked.edge.reply = silent
    linked.edge.write(b"garbage")
    assert (await linked.heard.until(2))[1:] == ["lost"]
    assert not linked.link.connected
    assert await waiting in (DONE, UNANSWERED)


async def test_the_end_of_the_edge_is_told_once(linked: Linked) -> None:
    await linked.heard.until(1)
    linked.edge.drop_link()
    await linked.heard.until(2)
    linked.link.close()
    await asyncio.sleep(0)
    assert linked.heard.events == ["synced", "lost"]


async def test_closing_it_ourselves_is_no_loss(linked: Linked) -> None:
    await linked.heard.until(1)
    linked.link.close()
    await asyncio.sleep(0.05)
    assert linked.heard.events == ["synced"]
    assert not linked.link.connected


# --- commands --------------------------------------------------------------------------------------------------------


async def test_a_command_is_answered_by_its_own_acknowledgement(linked: Linked) -> None:
    answers = {"route": ("cancelled", 487), "refuse": ("done", 603), "hangup": ("failed", 0)}
    linked.edge.reply = lambda command: answers[command.word]
    call = linked.call()
    acks = await asyncio.gather(
        linked.link.decide(call, Accept(), 12.0), linked.link.decide(call, refuse(), 12.0), linked.link.hang_up(call)
    )
    assert list(acks) == [Ack(AckResult.CANCELLED, 487), Ack(AckResult.DONE, 603), Ack(AckResult.FAILED)]
    assert linked.edge.named("hangup")[0].rest == (
        "1000.7",
        b64encode(call.caller.sip_call_id.encode()).decode(),
        "1",
    )


async def test_acknowledgements_may_come_in_any_order(linked: Linked) -> None:
    linked.edge.reply = silent
    answers = [linked.link.decide(linked.call(number), Accept(), 12.0) for number in range(3)]
    await linked.edge.command("route", count=3)
    for status, command in reversed(list(enumerate(linked.edge.named("route")))):
        linked.edge.acknowledge(command, "done", status)
    assert await asyncio.gather(*answers) == [Ack(AckResult.DONE, status) for status in range(3)]


async def test_a_command_without_an_answer_is_sent_again_once_and_then_is_unanswered(linked: Linked) -> None:
    linked.edge.reply = silent
    loop = asyncio.get_running_loop()
    began = loop.time()
    with capture_logs() as logs:
        assert await linked.link.decide(linked.call(), Accept(), 12.0) == UNANSWERED
    assert loop.time() - began >= 2 * COMMAND_TIMEOUT
    assert len(linked.edge.commands) == 2
    assert len(linked.edge.named("route")) == 1, "the second has the same id, so that it is not done twice"
    assert [line["log_level"] for line in logs] == ["warning"]


async def test_the_second_sending_may_be_answered(linked: Linked) -> None:
    linked.edge.reply = lambda command: ("done", 0) if len(linked.edge.commands) == 2 else None
    assert await linked.link.decide(linked.call(), Accept(), 12.0) == DONE
    assert len(linked.edge.commands) == 2


async def test_a_late_a_double_and_an_unknown_acknowledgement_are_ignored(linked: Linked) -> None:
    linked.edge.reply = silent
    given_up = linked.link.decide(linked.call(1), Accept(), 12.0)
    assert await given_up == UNANSWERED
    linked.edge.acknowledge(linked.edge.commands[0], "done")
    linked.edge.reply = lambda command: ("lapsed", 0)
    answer = await linked.link.decide(linked.call(2), Accept(), 12.0)
    linked.edge.acknowledge(linked.edge.commands[-1], "done")
    linked.edge.tell("ack", id=0, result="done")
    linked.edge.tell("routed", k="1000.2")
    await linked.heard.until(2)
    assert (answer, given_up.result()) == (Ack(AckResult.LAPSED), UNANSWERED)


async def test_so_many_commands_are_under_way_and_more_wait_for_them(linked: Linked) -> None:
    linked.edge.reply = silent
    answers = [linked.link.decide(linked.call(number), Accept(), 12.0) for number in range(IN_FLIGHT + 3)]
    await linked.edge.command("route", count=IN_FLIGHT)
    assert len(linked.edge.named("route")) == IN_FLIGHT
    linked.edge.reply = lambda command: ("done", 0)
    linked.edge.acknowledge(linked.edge.commands[0])
    sent = await linked.edge.command("route", count=IN_FLIGHT + 1)
    assert sent.rest == (f"1000.{IN_FLIGHT}",), "they go in their order"
    assert await asyncio.gather(*answers) == [DONE] * (IN_FLIGHT + 3)


async def test_commands_that_wait_go_on_when_others_are_given_up(linked: Linked) -> None:
    linked.edge.reply = lambda command: ("done", 0) if command.rest[0] == f"1000.{IN_FLIGHT}" else None
    answers = [linked.link.decide(linked.call(number), Accept(), 12.0) for number in range(IN_FLIGHT + 1)]
    assert await asyncio.gather(*answers) == [UNANSWERED] * IN_FLIGHT + [DONE]


async def test_a_lost_link_leaves_no_command_waiting(linked: Linked) -> None:
    linked.edge.reply = silent
    answers = [linked.link.decide(linked.call(number), Accept(), 12.0) for number in range(IN_FLIGHT + 3)]
    await linked.edge.command("route")
    linked.edge.drop_link()
    assert await asyncio.gather(*answers) == [UNANSWERED] * (IN_FLIGHT + 3)
    assert await linked.link.decide(linked.call(), Accept(), 12.0) == UNANSWERED


async def test_who_waits_for_a_command_may_go_away(linked: Linked) -> None:
    linked.edge.reply = silent
    answer = linked.link.decide(linked.call(), Accept(), 12.0)
    command = await linked.edge.command("route")
    answer.cancel()
    linked.edge.acknowledge(command)
    linked.edge.reply = lambda command: ("done", 0)
    assert await linked.link.decide(linked.call(2), Accept(), 12.0) == DONE


async def test_a_command_too_long_for_a_datagram_is_unanswered_at_once(linked: Linked) -> None:
    answer = linked.link.hold_on(linked.call(), 1.0, 180, "x" * DATAGRAM_BYTES)
    assert answer.done()
    assert await answer == UNANSWERED
    assert not linked.edge.named("hold")


async def test_holding_on_and_withdrawing_are_commands_of_their_own(linked: Linked) -> None:
    call = linked.call()
    assert await linked.link.hold_on(call, 20.0, 182, "Queued") == DONE
    assert await linked.link.withdraw(call) == DONE
    key = key_of(call)
    assert (await linked.edge.command("hold")).rest == (key, "20000", "182", b64encode(b"Queued").decode())
    withdraw = await linked.edge.command("withdraw")
    assert (withdraw.rest[0], withdraw.rest[-1]) == (key, str(call.attempt))


async def test_two_links_never_give_their_commands_the_same_ids(linked: Linked) -> None:
    again = EdgeLink(linked.address, linked.heard)
    await linked.link.decide(linked.call(), Accept(), 12.0)
    linked.link.close()
    await again.connect()
    await again.decide(linked.call(), Accept(), 12.0)
    again.close()
    assert len(linked.edge.named("route")) == 2
