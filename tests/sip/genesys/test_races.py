"""Two things in the same moment: exactly one wins, and whoever loses is told so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.sip.genesys.desktop import Desktop
from tests.sip.genesys.rig import QueueRig
from tests.sip.user_agent import Dialed, Message

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]

#: When the phone answers (or the caller hangs up) around the agent's Reject, in seconds.
OFFSETS = [index / 1000 for index in range(-5, 6)]


async def test_reject_and_answer_in_the_same_moment(centre: QueueRig) -> None:
    won: list[str] = []
    async with centre.agent("anna") as anna:
        for offset in OFFSETS:
            call, who, identity, invite = await _ringing(centre, anna)

            def answer(invite: Message = invite) -> None:
                # Its answer is on the way when CANCEL arrives, if it does.
                centre.phones["5003"].deaf_to_cancel.add(invite.branch)
                centre.pick_up("5003", invite)

            status = await _both(anna, identity, offset, answer)
            if status == 0:
                won.append("reject")
                again = await centre.ringing("5003", call, 2)
                centre.pick_up("5003", again)
            else:
                assert status == 2
                won.append("answer")
            assert (await call.ended()).status == 200
            assert len({final.header("To") for final in call.finals}) == 1
            await anna.call("Established", who)
            await call.hang_up()
            expected = ["Ringing", "Released"] * (status == 0) + ["Ringing", "Established", "Released"]
            await anna.heard(who, expected)
    assert "answer" in won


async def test_reject_and_hang_up_in_the_same_moment(centre: QueueRig) -> None:
    async with centre.agent("anna") as anna:
        for offset in OFFSETS:
            call, who, identity, _ = await _ringing(centre, anna)
            status = await _both(anna, identity, offset, call.cancel)
            assert status in (0, 2, 6)
            assert (await call.ended()).status == 487
            await anna.call("Released", who)
            await asyncio.sleep(0.1)
            states = anna.states(who)
            assert states in (["Ringing", "Released"], ["Ringing", "Released"] * 2)
            assert await anna.calls() == []


async def _ringing(centre: QueueRig, anna: Desktop) -> tuple[Dialed, str, str, Message]:
    call, who = centre.dial("92")
    invite = await centre.ringing("5003", call)
    event = await anna.call("Ringing", who)
    return call, who, event["data"]["call"]["id"], invite


async def _both(anna: Desktop, identity: str, offset: float, other: Callable[[], None]) -> int:
    """Reject, and do the other thing so long (seconds) after it, or before it; the statusCode of the Reject."""
    loop = asyncio.get_running_loop()
    if offset < 0:
        other()
        await asyncio.sleep(-offset)
    else:
        loop.call_later(offset, other)
    return (await anna.operate(identity, "Reject"))[1]
