"""The official Twilio library builds documents, unmodified, and they are understood."""

from __future__ import annotations

import pytest
from twilio.twiml.voice_response import Dial as TwilioDial
from twilio.twiml.voice_response import VoiceResponse

from callgate.core.states import State
from callgate.core.verdicts import Accept, Dial, Target, refusal
from callgate.dialects.rcml.failures import Code

from .calls import BASE, VOICE, Rig, settle


def document(response: VoiceResponse) -> bytes:
    return str(response).encode()


@pytest.mark.parametrize("reason", ["rejected", "busy"])
async def test_reject(reason: str) -> None:
    response = VoiceResponse()
    response.reject(reason=reason)
    rig = Rig()
    await rig.ring(document(response))
    assert (rig.control.commands, rig.told.notifications) == ([refusal(reason)], [])


async def test_dial_with_its_nouns() -> None:
    response = VoiceResponse()
    dial = TwilioDial(timeout=20, time_limit=600, caller_id="+13125550100", action="/after", method="GET")
    dial.number("+13125550101")
    dial.sip("sip:carol@example.com?X-Token=a%20b&X-Other=é")
    dial.client("alice")
    response.append(dial)
    rig = Rig()
    await rig.ring(document(response))
    assert rig.verdict == Dial(
        (
            Target("sip:+13125550101@192.0.2.20:5070"),
            Target("sip:carol@example.com", headers=(("X-Token", "a b"), ("X-Other", "é"))),
            Target(phone="alice"),
        ),
        20.0,
        600,
        "+13125550100",
    )
    assert rig.told.notifications == []


async def test_a_dial_of_a_number_alone() -> None:
    response = VoiceResponse()
    response.dial("312-555-0101")
    rig = Rig()
    await rig.ring(document(response))
    assert rig.verdict == Dial((Target("sip:3125550101@192.0.2.20:5070"),), 30.0, 14_400)


async def test_pause_redirect_and_hangup() -> None:
    response, last = VoiceResponse(), VoiceResponse()
    response.pause(length=2)
    response.redirect("/last?a=1&b=2", method="GET")
    last.hangup()
    rig = Rig()
    rig.documents.says(f"{BASE}/last?a=1&b=2", document(last))
    call = await rig.ring(document(response))
    assert call.state is State.HELD
    await rig.clock.advance(2)
    assert (rig.documents.asked[-1].method, call.status) == ("GET", 603)
    assert rig.told.notifications == []


async def test_say() -> None:
    response = VoiceResponse()
    response.say("Héllo", voice="alice", language="fr-FR")
    rig = Rig()
    await rig.ring(document(response))
    assert rig.control.commands == [Accept()]
    assert [warning.code for warning in rig.told.warnings] == [Code.NOT_DONE]


async def test_what_the_library_has_and_rcml_has_not_is_told() -> None:
    response = VoiceResponse()
    dial = response.dial(answer_on_bridge=True, ring_tone="de")
    dial.client("bob")
    rig = Rig()
    call = await rig.ring(document(response))
    assert call.state is State.ROUTED
    assert ["answerOnBridge" in each.text or "ringTone" in each.text for each in rig.told.warnings] == [True, True]


async def test_an_empty_response() -> None:
    rig = Rig()
    call = await rig.ring(document(VoiceResponse()))
    await settle()
    assert (call.status, rig.documents.urls) == (603, [VOICE])
