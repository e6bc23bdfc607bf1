"""The scenario of the source document with real telephones: baresip as 5001, 5002 and the caller 5005."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.sip.baresip import baresip
from tests.sip.genesys.rig import PASSWORD, QueueRig
from tests.system import eventually

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]


def account(centre: QueueRig, login: str, answers: str) -> str:
    """A line of baresip's accounts file."""
    host, port = centre.sip.system.edge
    return f"<sip:{login}@{host}:{port}>;auth_user={login};auth_pass={PASSWORD};answermode={answers};regint=60"


async def registered(centre: QueueRig, login: str) -> bool:
    _, phone = await centre.sip.native.ask("GET", f"phones/{login}/status")
    return bool(phone["registered"])


async def test_a_rejected_call_goes_from_one_telephone_to_the_other(centre: QueueRig, tmp_path: Path) -> None:
    for login in ("5001", "5002", "5005"):  # their places are taken by the telephones
        await centre.phones[login].register(centre.sip.system.edge, login, PASSWORD, expires=0)
    async with AsyncExitStack() as stack:
        first, second, caller = [
            await stack.enter_async_context(baresip(tmp_path / login, account(centre, login, answers)))
            for login, answers in (("5001", "manual"), ("5002", "auto"), ("5005", "manual"))
        ]
        for login in ("5001", "5002", "5005"):
            await eventually(lambda login=login: registered(centre, login))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        kristi = await stack.enter_async_context(centre.agent("kristi"))
        paul = await stack.enter_async_context(centre.agent("paul"))

        await caller.command("dial", f"sip:9000@{centre.sip.system.edge[0]}:{centre.sip.system.edge[1]}")
        ringing = await kristi.call("Ringing", "5005")
        await first.event("CALL_INCOMING")
        assert await kristi.operate(ringing["data"]["call"]["id"], "Reject") == (200, 0)
        assert (await first.event("CALL_CLOSED"))["direction"] == "incoming"
        await second.event("CALL_ESTABLISHED")
        await caller.event("CALL_ESTABLISHED")
        await paul.call("Established", "5005")
        await kristi.heard("5005", ["Ringing", "Released"])

        await second.command("hangup")
        await caller.event("CALL_CLOSED")
        await paul.call("Released", "5005")
