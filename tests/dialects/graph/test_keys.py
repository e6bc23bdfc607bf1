"""The signing keys: changed in time, known before and after, kept over restarts, secret."""

from __future__ import annotations

import asyncio
import json
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws

from callgate.dialects.graph.keys import FILE_NAME, KeyFileError, KeyRing
from callgate.settings import GraphSettings
from tests.dialects.graph.identity import Clock

WEEK = 604_800.0


def published(keys: KeyRing) -> list[str]:
    return [key["kid"] for key in json.loads(keys.published)["keys"]]


def names(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()]


async def ring(folder: Path, clock: Clock, **settings: Any) -> KeyRing:
    """A key ring that has started; its own task is stopped, so that only the test renews it."""
    keys = KeyRing(folder, GraphSettings(**settings), clock)
    await keys.start()
    await keys.stop()
    return keys


async def test_a_key_is_published_for_one_rotation_before_it_is_used_and_for_one_after(tmp_path: Path) -> None:
    clock = Clock()
    keys = await ring(tmp_path, clock)
    first, second = published(keys)
    assert keys.current.kid == first
    clock.at += WEEK - 1
    await keys.renew()
    assert keys.current.kid == first
    clock.at += 1
    await keys.renew()
    assert keys.current.kid == second
    assert published(keys)[:2] == [first, second]
    clock.at += WEEK - 1
    await keys.renew()
    assert first in published(keys)
    clock.at += 1
    await keys.renew()
    assert first not in published(keys)
    assert keys.find(first) is None
    assert second in published(keys)


async def test_what_a_key_signed_before_a_restart_is_good_after_it(tmp_path: Path) -> None:
    clock = Clock()
    before = await ring(tmp_path, clock)
    token = jws.serialize_compact({"alg": "RS256", "kid": before.current.kid}, b"{}", before.current.pair)
    after = await ring(tmp_path, clock)
    assert published(after) == published(before)
    key = after.find(before.current.kid)
    assert key is not None
    assert jws.deserialize_compact(token, key).payload == b"{}"


async def test_after_a_long_stop_the_old_key_is_used_no_more_but_still_known(tmp_path: Path) -> None:
    clock = Clock()
    old = (await ring(tmp_path, clock)).current.kid
    clock.at += 10 * WEEK
    keys = await ring(tmp_path, clock)
    assert keys.current.begins == clock.at
    assert keys.current.kid != old


async def test_a_clock_that_is_set_back_leaves_a_key_and_one_that_follows(tmp_path: Path) -> None:
    clock = Clock()
    await ring(tmp_path, clock)
    clock.at -= 100 * WEEK
    keys = await ring(tmp_path, clock)
    was = keys.current.kid
    assert was in published(keys)
    clock.at += WEEK
    await keys.renew()
    assert keys.current.kid != was


async def test_no_key_is_dropped_before_what_it_signed_has_expired(tmp_path: Path) -> None:
    clock = Clock()
    keys = await ring(tmp_path, clock, key_rotation=60.0, token_lifetime=3599.0, notification_lifetime=100.0)
    first = keys.current.kid
    for _ in range(3):
        clock.at += 60
        await keys.renew()
    assert keys.current.kid != first
    assert keys.find(first) is not None


async def test_only_public_parts_are_published_and_they_are_2048_bits(tmp_path: Path) -> None:
    keys = await ring(tmp_path, Clock())
    for key in json.loads(keys.published)["keys"]:
        assert set(key) == {"kty", "use", "alg", "kid", "n", "e"}
        assert (key["kty"], key["use"], key["alg"]) == ("RSA", "sig", "RS256")
        assert len(key["n"]) == 342  # 256 bytes in Base64url


async def test_the_file_is_its_owners_alone_whatever_was_there(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / FILE_NAME
    (tmp_path / "graph-keys.new").write_text("left by a crash")
    (tmp_path / "graph-keys.new").chmod(0o666)
    await ring(tmp_path, clock)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert names(tmp_path) == [FILE_NAME]


async def test_the_private_key_is_in_no_repr(tmp_path: Path) -> None:
    keys = await ring(tmp_path, Clock())
    secret = keys.current.pair.as_dict(private=True)["d"]
    assert str(secret) not in repr(keys.current)
    assert "begins" in repr(keys.current)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"keys":[{"begins":1,"pem":"no"}]}', b"\xff", b"[" * 5000])
async def test_a_broken_file_is_told_with_the_remedy_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / FILE_NAME
    file.write_bytes(content)
    with pytest.raises(KeyFileError, match="put a backup back, or remove it"):
        await ring(tmp_path, Clock())
    assert file.read_bytes() == content


async def test_a_key_that_cannot_be_stored_is_not_used(tmp_path: Path) -> None:
    clock, folder = Clock(), tmp_path / "state"
    keys = await ring(folder, clock)
    before = published(keys)
    (folder / FILE_NAME).unlink()
    folder.rmdir()
    folder.write_text("in the way")
    clock.at += WEEK
    with pytest.raises(KeyFileError, match="cannot be used"):
        await keys.renew()
    assert published(keys) == before
    assert keys.current.kid == before[1]


async def test_keys_are_made_by_themselves_while_it_runs(tmp_path: Path) -> None:
    clock = Clock()
    keys = KeyRing(tmp_path, GraphSettings(key_rotation=0.2, token_lifetime=0.1, notification_lifetime=0.1), clock)
    await keys.start()
    try:
        first = keys.current.kid
        clock.at += 0.2
        async with asyncio.timeout(30):
            while len(published(keys)) < 3:  # noqa: ASYNC110  # there is no event for it
                await asyncio.sleep(0.01)
        assert keys.current.kid != first
    finally:
        await keys.stop()


async def test_making_keys_does_not_hold_up_the_loop(tmp_path: Path) -> None:
    """CPU time of the loop's own thread, which a busy machine does not change."""
    clock = Clock()
    keys = await ring(tmp_path, clock)
    made, own = time.process_time(), time.thread_time()
    for _ in range(5):
        clock.at += WEEK
        await keys.renew()
    made, own = time.process_time() - made, time.thread_time() - own
    assert own < made / 2
