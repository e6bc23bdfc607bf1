"""What is measured of CometD."""

from __future__ import annotations

from callgate.settings import GenesysSettings
from tests.dialects.serving import until

from .rig import Rig, rig
from .test_websocket import desktop


def measured(rig: Rig) -> dict[str, dict[str, float]]:
    return {measure.name.removeprefix("callgate_cometd_"): dict(measure.values) for measure in rig.bayeux.measures()}


async def test_sessions_their_polls_and_what_became_of_them() -> None:
    async with rig(GenesysSettings(event_queue=1, cometd_limit=2)) as made:
        silent = await made.connected()
        async with desktop(made) as client:
            await client.begin()
            [refused] = await made.say({"channel": "/meta/handshake"})
            assert refused["error"] == "503::Too many sessions"
            assert measured(made) == {
                "sessions": {"": 2},
                "websockets": {"": 1},
                "waiting_polls": {"": 1},
                "events": {"": 0},
                "dropped_sessions": {"silent": 0, "full": 0},
                "refused_handshakes": {"": 1},
            }
            made.publish(1)
            await client.receive()
            made.publish(2)
            now = measured(made)
            assert (now["events"], now["dropped_sessions"]) == ({"": 3}, {"silent": 0, "full": 1})
            assert now["sessions"] == {"": 1}
        [reply] = await made.say({"channel": "/meta/connect", "clientId": silent})
        assert reply["error"] == "402::Unknown client"


async def test_sessions_that_fell_silent() -> None:
    async with rig(GenesysSettings(poll=0.1, poll_pause=0.1)) as made:
        await made.connected()
        await until(lambda: measured(made)["dropped_sessions"]["silent"])
        assert measured(made)["sessions"] == {"": 0}
