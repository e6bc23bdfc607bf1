"""A dialling that the caller, a hang-up, a withdrawal or the loss of the controller ends; commands that come twice."""

from __future__ import annotations

import asyncio
import random

import pytest

from callgate.core.answers import AlreadyDecided, Applied, HungUp, NotLive, Withdrawn
from callgate.core.events import Kind
from callgate.core.reports import AckResult
from callgate.core.states import State
from callgate.core.verdicts import Accept, refuse
from callgate.edge.wire import decision_words, key_of
from tests.sip.edge_rig import TEST, EdgeRig, busy, coded, hears, silent
from tests.sip.rig import number
from tests.sip.user_agent import Destination, Message, answer, ring
from tests.system import eventually

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]


async def test_the_caller_cancels_while_targets_ring(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    one, two = await edge.target(ring), await edge.target(ring)
    await edge.ring(call, one, two)
    await dialed.until(lambda each: each.statuses.count(180) == 2)
    dialed.cancel()
    assert (await dialed.ended()).status == 487
    await edge.told(call, Kind.CANCELLED)
    assert one.saw("CANCEL")
    assert two.saw("CANCEL")
    await asyncio.sleep(0.2)  # whatever else is told would have come by then
    assert edge.kinds(call).count("cancelled") == 1
    assert edge.kinds(call)[-1] == "cancelled"


async def test_the_caller_cancels_and_is_told_so_even_if_one_of_many_is_busy(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    await edge.ring(call, await edge.target(busy), await edge.target(ring))
    await dialed.until(lambda each: 180 in each.statuses)
    dialed.cancel()
    assert (await dialed.ended()).status == 487
    await edge.told(call, Kind.CANCELLED)


async def test_the_caller_cancels_when_the_call_is_held_again(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    await edge.ring(call, await edge.target(busy))
    await edge.told(call, Kind.RETURNED)
    dialed.cancel()
    assert (await dialed.ended()).status == 487
    await edge.told(call, Kind.CANCELLED)
    assert edge.kinds(call).count("cancelled") == 1
    assert not isinstance(await edge.decide(call, Accept()), Applied)


async def test_an_answer_that_crosses_the_callers_cancel_connects_the_call(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    called = await edge.target(ring)
    await edge.ring(call, called)
    await dialed.until(lambda each: 180 in each.statuses)
    called.deaf_to_cancel.add(called.invites[0].branch)
    dialed.cancel()
    await hears(called, "CANCEL")
    answer(called, called.invites[0])
    assert (await dialed.ended()).status == 200
    await edge.told(call, Kind.ANSWERED)
    assert (await dialed.hang_up()).status == 200
    await edge.told(call, Kind.ENDED)


async def test_the_guard_stands_again_after_a_return(edge: EdgeRig) -> None:
    dialed, call = await edge.call("4")
    await edge.ring(call, await edge.target(busy))
    await edge.told(call, Kind.RETURNED)
    edge.kill_link()  # its own window is 1 s, the guard's 3 s
    assert (await dialed.ended()).status == 486
    await edge.link()


async def test_a_dialling_that_fails_without_a_controller_fails_for_the_caller(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    called = await edge.target(ring)
    await edge.ring(call, called)
    await dialed.until(lambda each: 180 in each.statuses)
    edge.kill_link()
    await edge.unlinked()
    called.respond(called.invites[0], 486, "Busy Here")
    assert (await dialed.ended()).status == 486
    await edge.link()
    assert call.id not in [each.id for each in edge.controller.live()]


async def test_a_dialling_that_is_answered_without_a_controller_is_found_by_the_next(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    called = await edge.target(ring)
    await edge.ring(call, called)
    await dialed.until(lambda each: 180 in each.statuses)
    edge.kill_link()
    answer(called, called.invites[0])
    assert (await dialed.ended()).status == 200
    edge.events.clear()
    await edge.link()
    found = edge.controller.find(call.id)
    assert found is not None
    assert (found.state, found.attempt) == (State.ANSWERED, 1)
    assert isinstance(await edge.controller.hang_up(found.id, TEST), HungUp)
    await edge.told(found, Kind.ENDED)
    assert found.hung_up_by == "controller"


async def test_a_held_again_call_can_be_dialled_by_the_next_controller(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    await edge.ring(call, await edge.target(busy))
    await edge.told(call, Kind.RETURNED)
    edge.kill_link()
    edge.events.clear()
    await edge.link()
    found = edge.controller.find(call.id)
    assert found is not None
    assert found.state is State.HELD
    assert isinstance(await edge.ring(found, await edge.target()), Applied)
    assert (await dialed.ended()).status == 200
    await dialed.hang_up()
    await edge.told(found, Kind.ENDED)


async def test_a_hang_up_while_targets_ring_refuses_the_caller(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    one, two = await edge.target(ring), await edge.target(ring)
    await edge.ring(call, one, two)
    await dialed.until(lambda each: each.statuses.count(180) == 2)
    assert isinstance(await edge.controller.hang_up(call.id, TEST), HungUp)
    assert (await dialed.ended()).status == 603
    await edge.told(call, Kind.FAILED)
    assert one.saw("CANCEL")
    assert two.saw("CANCEL")
    assert call.hung_up_by == "controller"


async def test_a_hang_up_of_a_call_that_has_just_returned_refuses_the_caller(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    await edge.ring(call, await edge.target(busy))
    await edge.told(call, Kind.RETURNED)
    # The controller has not heard of it yet, and says what it says of a ringing call.
    words = f"{key_of(call)} {coded(dialed.call_id)} 1"
    assert (await edge.command("hangup", words)).result is AckResult.DONE
    assert (await dialed.ended()).status == 603
    await edge.told(call, Kind.FAILED)


async def test_an_answered_dialling_is_ended_by_a_hang_up(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    called = await edge.target()
    await edge.ring(call, called)
    await dialed.ended()
    assert isinstance(await edge.controller.hang_up(call.id, TEST), HungUp)
    await edge.told(call, Kind.ENDED)
    await hears(called, "BYE")
    await dialed.until(lambda each: each.requests != [])
    assert [each.method for each in dialed.requests] == ["BYE"]
    assert call.hung_up_by == "controller"


# --- withdrawing -----------------------------------------------------------------------------------------------------


async def test_what_is_withdrawn_is_cancelled_and_the_call_is_held_again(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    one, two = await edge.target(ring), await edge.target(ring)
    await edge.ring(call, one, two)
    await dialed.until(lambda each: each.statuses.count(180) == 2)
    assert isinstance(await edge.controller.withdraw(call.id), Withdrawn)
    assert (await edge.told(call, Kind.RETURNED)).status == 487
    assert one.saw("CANCEL")
    assert two.saw("CANCEL")
    assert isinstance(await edge.ring(call, await edge.target()), Applied)
    assert (await dialed.ended()).status == 200
    await dialed.hang_up()


async def test_what_was_answered_or_is_held_cannot_be_withdrawn(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    words = f"{key_of(call)} {coded(dialed.call_id)} 1 1"
    assert (await edge.command("withdraw", words)).result is AckResult.UNKNOWN
    assert isinstance(await edge.controller.withdraw(call.id), NotLive)
    await edge.ring(call, await edge.target())
    await dialed.ended()
    assert (await edge.command("withdraw", words)).result is AckResult.UNKNOWN
    assert (await dialed.hang_up()).status == 200


async def test_a_withdrawal_that_is_sent_twice_is_done_once(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    await edge.ring(call, await edge.target(ring))
    await dialed.until(lambda each: 180 in each.statuses)
    words = f"{key_of(call)} {coded(dialed.call_id)} 1 1"
    assert (await edge.command("withdraw", words, again=2)).result is AckResult.DONE
    await edge.told(call, Kind.RETURNED)
    await edge.ring(call, await edge.target())
    assert (await dialed.ended()).status == 200
    await dialed.hang_up()


async def test_a_withdrawal_that_comes_too_late_leaves_the_next_dialling_alone(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    await edge.ring(call, await edge.target(busy))
    await edge.told(call, Kind.RETURNED)
    called = await edge.target(ring)
    await edge.ring(call, called)
    await dialed.until(lambda each: 180 in each.statuses)
    words = f"{key_of(call)} {coded(dialed.call_id)} 1 1"
    assert (await edge.command("withdraw", words)).result is AckResult.UNKNOWN
    assert not called.saw("CANCEL")
    assert isinstance(await edge.controller.withdraw(call.id), Withdrawn)
    await hears(called, "CANCEL")
    assert isinstance(await edge.controller.hang_up(call.id, TEST), HungUp)
    assert (await dialed.ended()).status == 603


# --- commands that come twice ----------------------------------------------------------------------------------------


async def test_a_dial_command_that_comes_twice_dials_once(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    for behave in (ring, busy):  # repeated while it rings, and when the call is held again
        called = await edge.target(behave)
        call.attempt = call.attempts = call.attempts + 1
        word, rest = decision_words(call, edge.dial(called, seconds=1), 20)
        assert (await edge.command(word, rest, again=3)).result is AckResult.DONE
        await hears(called, "ACK")
        await asyncio.sleep(0.3)
        assert len(called.invites) == 1
    call.attempt = 0
    await edge.decide(call, refuse())
    assert (await dialed.ended()).status == 603


async def test_two_decisions_at_once_are_carried_out_one_after_the_other(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    called = await edge.target(busy)
    call.attempt = call.attempts = 1
    word, rest = decision_words(call, edge.dial(called), 20)
    results = await asyncio.gather(
        edge.command(word, rest), *(edge.command("hold", f"{key_of(call)} 20000 0 LQ==") for _ in range(8))
    )
    assert results[0].result is AckResult.DONE
    assert {each.result for each in results} <= {AckResult.DONE, AckResult.UNKNOWN}
    await hears(called, "ACK")
    call.attempt = 0
    await edge.decide(call, refuse())
    assert (await dialed.ended()).status == 603


async def test_only_one_of_two_applications_dials(edge: EdgeRig) -> None:
    dialed, call = await edge.call()
    one, two = await edge.target(), await edge.target()
    answers = await asyncio.gather(edge.ring(call, one), edge.ring(call, two))
    assert {type(each) for each in answers} == {Applied, AlreadyDecided}
    assert (await dialed.ended()).status == 200
    assert len(one.invites) + len(two.invites) == 1
    await dialed.hang_up()


# --- what crosses ----------------------------------------------------------------------------------------------------


async def test_a_cancel_that_crosses_a_decision_or_a_return_leaves_nothing_behind(edge: EdgeRig) -> None:
    chance = random.Random(20_260_518)
    called = await edge.target(busy)

    async def one() -> None:
        dialed, call = await edge.call()
        choice = chance.randrange(4)
        if choice == 0:
            deciding = edge.decide(call, refuse("busy"))
        elif choice == 1:
            deciding = edge.controller.hold_on(call.id, 20.0, status=182)
        else:
            deciding = edge.ring(call, called)
        task = asyncio.create_task(deciding)
        await asyncio.sleep(chance.uniform(0, 0.004))
        dialed.cancel()
        await task
        assert (await dialed.ended()).status in (486, 487)
        await edge.until(lambda: call.ended is not None)

    for _ in range(10):
        await asyncio.gather(*(one() for _ in range(10)))
    await edge.empty()


async def test_whoever_begins_to_ring_as_another_answers_is_cancelled(edge: EdgeRig) -> None:
    chance = random.Random(20_261_121)

    async def one() -> None:
        dialed, call = await edge.call()
        winner, late = await edge.target(silent), await edge.target(silent)
        targets = [winner, late]
        chance.shuffle(targets)
        await edge.ring(call, *targets)
        await eventually(lambda: winner.invites != [] and late.invites != [])
        answer(winner, winner.invites[0])
        late.respond(late.invites[0], 180, "Ringing")
        assert (await dialed.ended()).status == 200
        await hears(late, "CANCEL")
        await edge.told(call, Kind.ANSWERED)
        assert winner.saw("CANCEL") == []
        await dialed.hang_up()
        await edge.told(call, Kind.ENDED)

    for _ in range(20):
        await asyncio.gather(*(one() for _ in range(10)))
    await edge.empty()


@pytest.mark.parametrize("hangs_up", [False, True], ids=["withdrawn", "hung up"])
async def test_a_cancel_while_what_rings_is_being_cancelled_already_ends_the_call(
    edge: EdgeRig, hangs_up: bool
) -> None:
    """The phone takes its time to stop; with nothing left to cancel, the caller has his 487 at once."""
    dialed, call = await edge.call()
    called = await edge.target(ring)
    await edge.ring(call, called)
    await edge.told(call, Kind.RINGING)
    called.deaf_to_cancel.add(called.invites[0].branch)
    if hangs_up:
        assert isinstance(await edge.controller.hang_up(call.id, TEST), HungUp)
    else:
        assert isinstance(await edge.controller.withdraw(call.id), Withdrawn)
    await hears(called, "CANCEL")
    dialed.cancel()
    assert (await dialed.ended()).status == 487
    called.respond(called.invites[0], 487, "Request Terminated")
    await edge.told(call, Kind.CANCELLED)
    assert edge.kinds(call)[-1] == "cancelled"
    await edge.empty()


async def test_a_cancel_that_crosses_the_failure_of_what_was_dialled_ends_the_call(edge: EdgeRig) -> None:
    async def one() -> None:
        dialed, call = await edge.call()

        def busy_as_the_caller_gives_up(called: Destination, invite: Message) -> None:
            dialed.cancel()
            busy(called, invite)

        await edge.ring(call, await edge.target(busy_as_the_caller_gives_up))
        assert (await dialed.ended()).status == 487
        await edge.told(call, Kind.CANCELLED)
        assert edge.kinds(call)[-1] == "cancelled"

    for _ in range(20):
        await asyncio.gather(*(one() for _ in range(10)))
    await edge.empty()


async def test_a_bye_that_crosses_its_ack_leaves_nothing_behind(edge: EdgeRig) -> None:
    async def one() -> None:
        dialed = edge.caller.invite(edge.edge, number("3"), acknowledge=False)
        call = await edge.held(dialed)
        await edge.decide(call, Accept())
        ok = await dialed.ended()
        dialed.ack(ok)
        dialed.bye()
        await edge.told(call, Kind.ENDED)

    for _ in range(30):
        await asyncio.gather(*(one() for _ in range(10)))
    await edge.empty()


async def test_a_hang_up_that_crosses_a_return_refuses_the_caller(edge: EdgeRig) -> None:
    chance = random.Random(20_260_519)
    called = await edge.target(busy)

    async def one() -> None:
        dialed, call = await edge.call()
        await edge.ring(call, called)
        await asyncio.sleep(chance.uniform(0, 0.002))
        assert isinstance(await edge.controller.hang_up(call.id, TEST), HungUp)
        assert (await dialed.ended()).status == 603
        await edge.until(lambda: call.ended is not None)

    for _ in range(10):
        await asyncio.gather(*(one() for _ in range(10)))
    await edge.empty()
