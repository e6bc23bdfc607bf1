"""Interruptions: a task is stopped where it waits, and nowhere else."""

from __future__ import annotations

import asyncio

import pytest

from callgate.dialects.rcml.interruption import Interrupted, Interruption


async def test_a_block_is_left_when_it_is_asked_for() -> None:
    interruption = Interruption()
    asyncio.get_running_loop().call_soon(interruption.ask)
    with pytest.raises(Interrupted), interruption:
        await asyncio.Event().wait()
    await asyncio.sleep(0)  # nothing of the cancellation is left
    assert interruption.asked


async def test_what_was_asked_for_before_stops_the_next_block() -> None:
    interruption = Interruption()
    interruption.ask()
    await asyncio.sleep(0)
    with pytest.raises(Interrupted), interruption:
        pytest.fail("the block began")
    interruption.clear()
    with interruption:
        await asyncio.sleep(0)


async def test_asking_twice_is_asking_once() -> None:
    interruption = Interruption()
    asyncio.get_running_loop().call_soon(interruption.ask)
    asyncio.get_running_loop().call_soon(interruption.ask)
    with pytest.raises(Interrupted), interruption:
        await asyncio.Event().wait()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_asking_goes_before_a_result_of_the_same_moment() -> None:
    interruption = Interruption()
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def both() -> None:
        ready.set_result(None)
        interruption.ask()

    asyncio.get_running_loop().call_soon(both)
    with pytest.raises(Interrupted), interruption:
        await ready


async def test_an_error_of_the_block_is_its_own() -> None:
    interruption = Interruption()
    with pytest.raises(ZeroDivisionError), interruption:
        raise ZeroDivisionError


async def test_a_block_that_swallows_the_cancellation_is_interrupted_all_the_same() -> None:
    interruption = Interruption()
    asyncio.get_running_loop().call_soon(interruption.ask)
    with pytest.raises(Interrupted), interruption:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ZeroDivisionError from None


async def test_who_cancels_the_task_cancels_it() -> None:
    interruption = Interruption()

    async def wait() -> None:
        with interruption:
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    interruption.ask()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_asking_from_within_the_block_stops_at_its_end() -> None:
    interruption = Interruption()
    with pytest.raises(Interrupted), interruption:
        interruption.ask()
    await asyncio.sleep(0)
