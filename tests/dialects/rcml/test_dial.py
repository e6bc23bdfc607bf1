"""Dial: whom it rings, what comes of it, and what its action is told."""

from __future__ import annotations

from typing import Any

import pytest

from callgate.core.reports import Ack, AckResult, Progress
from callgate.core.states import State
from callgate.core.verdicts import Dial, Target, Verdict, refusal, refuse
from callgate.dialects.rcml.failures import Code
from callgate.dialects.rcml.sids import call_sid, leg_sid
from callgate.directory.model import RcmlVoice

from .calls import BASE, FALLBACK, STATUS, VOICE, Rig, sessions, settle

AFTER = f"{BASE}/after"
BUSY = '<Reject reason="busy"/>'


async def dialled(document: str, **number: Any) -> tuple[Rig, Dial]:
    """A call whose document dials, and the verdict that it gave."""
    rig = Rig(**number)
    call = await rig.ring(document)
    assert call.state is State.ROUTED, [each.text for each in rig.told.notifications]
    assert isinstance(rig.verdict, Dial)
    return rig, rig.verdict


# --- whom it rings ---------------------------------------------------------------------------------------------------


async def test_plain_text_is_a_number() -> None:
    rig, dial = await dialled("<Dial>1234</Dial>")
    assert dial == Dial((Target("sip:1234@192.0.2.20:5070"),), 30.0, 14_400, "")
    assert rig.told.notifications == []


@pytest.mark.parametrize(
    ("number", "uri"),
    [
        ("1234", "sip:1234@192.0.2.20:5070"),
        (" +1 (312) 555-0100 ", "sip:+13125550100@192.0.2.20:5070"),
        ("*21#", "sip:*21%23@192.0.2.20:5070"),
    ],
)
async def test_numbers_go_out_by_the_routes_destination(number: str, uri: str) -> None:
    _, dial = await dialled(f"<Dial><Number>{number}</Number></Dial>")
    assert dial.targets == (Target(uri),)


@pytest.mark.parametrize(
    ("outbound", "destination", "uri"),
    [
        ("sip:gw.example.com;transport=tcp", "sip:2002@192.0.2.20", "sip:1234@gw.example.com;transport=tcp"),
        ("", "sip:2002@192.0.2.20:5080", "sip:1234@192.0.2.20:5080"),
        ("sip:[2001:db8::1]:5060", "", "sip:1234@[2001:db8::1]:5060"),
        ("sips:gw.example.com", "", "sips:1234@gw.example.com"),
    ],
)
async def test_the_outbound_of_the_route_goes_first(outbound: str, destination: str, uri: str) -> None:
    _, dial = await dialled("<Dial>1234</Dial>", outbound=outbound, destination=destination)
    assert dial.targets == (Target(uri),)


async def test_without_either_a_number_is_not_dialled() -> None:
    rig = Rig(destination="")
    call = await rig.ring("<Dial>1234</Dial>")
    assert call.status == 404
    assert rig.told.statuses == ["ringing", "failed"]
    [error] = rig.told.errors
    assert (error.code, "set its outbound" in error.text) == (Code.DIAL_TARGET, True)


async def test_several_ring_together_in_their_order() -> None:
    _, dial = await dialled(
        "<Dial>1<Number>2</Number>3<Sip>sip:carol@example.com;transport=tcp</Sip><Client>alice</Client></Dial>"
    )
    assert dial.targets == (
        Target("sip:1@192.0.2.20:5070"),
        Target("sip:2@192.0.2.20:5070"),
        Target("sip:3@192.0.2.20:5070"),
        Target("sip:carol@example.com;transport=tcp"),
        Target(phone="alice"),
    )


@pytest.mark.parametrize("noun", ["Number", "Sip"])
async def test_headers_go_to_their_target_alone(noun: str) -> None:
    who = "1234" if noun == "Number" else "sip:carol@example.com"
    rig, dial = await dialled(f"<Dial><Client>bob</Client><{noun}>{who}?X-A=b%20c&x-B=&Via=no</{noun}></Dial>")
    assert dial.targets[0].headers == ()
    assert dial.targets[1].headers == (("X-A", "b c"), ("x-B", ""))
    [warning] = rig.told.warnings
    assert "'Via' is not sent" in warning.text


@pytest.mark.parametrize(
    ("noun", "code", "word"),
    [
        ("<Number>sales</Number>", Code.DIAL_NUMBER, "'sales' is not a number"),
        ("<Number/>", Code.DIAL_NUMBER, "is not a number"),
        ("<Number>1?X-A=%0d%0aVia:x</Number>", Code.DIAL_TARGET, "X-A"),
        (f"<Number>1?X-A={'b' * 1024}</Number>", Code.DIAL_TARGET, "less than 1024"),
        (f"<Number>1?X-A={'b' * 300}</Number>", Code.DIAL_TARGET, "256"),
        ("<Number>1?" + "&".join(f"X-A{n}=1" for n in range(9)) + "</Number>", Code.DIAL_TARGET, "too many"),
        ("<Sip>carol@example.com</Sip>", Code.DIAL_TARGET, "is not a SIP URI"),
        ("<Sip>sip:a b@example.com</Sip>", Code.DIAL_TARGET, "is not a SIP URI"),
        (f"<Sip>sip:{'c' * 250}@example.com</Sip>", Code.DIAL_TARGET, "less than 255"),
        ("<Client>nobody</Client>", Code.DIAL_TARGET, "no client 'nobody'"),
        ("<Client>stranger</Client>", Code.DIAL_TARGET, "no client 'stranger'"),
        ("<Client>away</Client>", Code.DIAL_TARGET, "is disabled"),
        ("<Client/>", Code.DIAL_TARGET, "no client ''"),
    ],
)
async def test_a_noun_that_cannot_be_dialled_is_told_and_the_others_ring(noun: str, code: int, word: str) -> None:
    rig, dial = await dialled(f"<Dial>\n{noun}\n<Client>alice</Client></Dial>")
    assert dial.targets == (Target(phone="alice"),)
    [error] = rig.told.errors
    assert (error.code, word in error.text, error.text.startswith("line 2: ")) == (code, True, True), error.text


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("<Dial/>", Code.DIAL_TARGET),
        ("<Dial><Client>nobody</Client></Dial>", Code.DIAL_TARGET),
        ("<Dial><number>1234</number></Dial>", Code.SCHEMA),
    ],
)
async def test_a_dial_that_can_ring_nobody_has_failed(document: str, code: int) -> None:
    rig = Rig()
    call = await rig.ring(document)
    assert (call.status, rig.told.statuses) == (404, ["ringing", "failed"])
    assert [each.code for each in rig.told.notifications] == [code]
    assert rig.told.legs() == {}


async def test_ten_numbers_and_clients_ring_at_most() -> None:
    rig, dial = await dialled("<Dial>" + "<Number>1</Number>" * 12 + "<Sip>sip:a@example.com</Sip></Dial>")
    assert len(dial.targets) == 11
    assert ["10 at most" in warning.text for warning in rig.told.warnings] == [True]


async def test_twenty_five_targets_ring_at_most() -> None:
    rig, dial = await dialled("<Dial>" + "<Sip>sip:a@example.com</Sip>" * 30 + "</Dial>")
    assert len(dial.targets) == 25
    assert "25 at most" in rig.told.warnings[0].text


# --- attributes ------------------------------------------------------------------------------------------------------


async def test_attributes_say_how_long_it_rings_and_lasts_and_who_calls() -> None:
    _, dial = await dialled('<Dial timeout="12" timeLimit="60" callerId="+1 312 555 0100">1</Dial>')
    assert (dial.ring_seconds, dial.limit_seconds, dial.caller_id) == (12.0, 60, "+13125550100")


@pytest.mark.parametrize(
    ("attribute", "code", "ring", "limit"),
    [
        ('timeout="soon"', 13212, 30.0, 14_400),
        ('timeout="0"', 13212, 30.0, 14_400),
        ('timeout="-5"', 13212, 30.0, 14_400),
        ('timeout="9999"', 13212, 600.0, 14_400),
        ('timeLimit="1h"', 13216, 30.0, 14_400),
        ('timeLimit="0"', 13216, 30.0, 14_400),
        ('timeLimit="999999999999999999"', 13216, 30.0, 14_400),
        ('timeLimit="90000"', 13216, 30.0, 86_400),
        ('method="PUT"', 13210, 30.0, 14_400),
        ('record="true"', Code.NOT_DONE, 30.0, 14_400),
        ('hangupOnStar="true"', Code.SCHEMA, 30.0, 14_400),
        ('Timeout="5"', Code.SCHEMA, 30.0, 14_400),
    ],
)
async def test_what_is_wrong_with_an_attribute_is_told(attribute: str, code: int, ring: float, limit: int) -> None:
    rig, dial = await dialled(f"<Dial {attribute}>1</Dial>")
    assert (dial.ring_seconds, dial.limit_seconds) == (ring, limit)
    [warning] = rig.told.notifications
    assert (warning.log, warning.code, warning.text.startswith("line 1: Dial")) == (1, code, True)


@pytest.mark.parametrize("attribute", ['record="false"', 'timeout=""', 'callerId=""', 'action=""', 'method="get"'])
async def test_what_makes_no_difference_is_not_told(attribute: str) -> None:
    rig, _ = await dialled(f"<Dial {attribute}>1</Dial>")
    assert rig.told.notifications == []


@pytest.mark.parametrize("caller", ["anonymous", "client:alice", "*21#", "+", "1" * 33])
async def test_a_caller_id_that_is_no_number_stops_the_document(caller: str) -> None:
    rig = Rig(voice=RcmlVoice(VOICE, voice_fallback_url=FALLBACK))
    rig.documents.says(FALLBACK, BUSY)
    call = await rig.ring(f'<Dial callerId="{caller}">1</Dial>')
    assert (call.status, rig.documents.told()["ErrorCode"]) == (486, "13214")
    [error] = rig.told.errors
    assert (error.code, error.text.startswith("line 1: Dial's callerId")) == (13214, True)


@pytest.mark.parametrize(
    ("noun", "attribute"),
    [
        ("Number", "sendDigits"), ("Number", "url"), ("Number", "statusCallback"), ("Sip", "username"),
        ("Sip", "password"), ("Client", "url"),
    ],
)  # fmt: skip
async def test_what_is_not_done_of_a_noun_is_told_without_its_value(noun: str, attribute: str) -> None:
    who = {"Number": "1", "Sip": "sip:a@example.com", "Client": "alice"}[noun]
    rig, _ = await dialled(f'<Dial><{noun} {attribute}="s3cret">{who}</{noun}></Dial>')
    [warning] = rig.told.warnings
    assert (warning.code, f"{noun}'s {attribute}" in warning.text) == (Code.NOT_DONE, True)
    assert "s3cret" not in warning.text


@pytest.mark.parametrize("noun", ["Conference", "Queue", "Video"])
async def test_nouns_that_are_not_done_are_skipped_beside_others(noun: str) -> None:
    rig, dial = await dialled(f"<Dial><{noun}>room</{noun}><Client>alice</Client></Dial>")
    assert dial.targets == (Target(phone="alice"),)
    assert rig.told.warnings[0].code == Code.NOT_DONE


# --- what comes of it ------------------------------------------------------------------------------------------------


async def test_the_first_to_answer_gets_the_call_and_the_others_are_cancelled() -> None:
    rig, _ = await dialled("<Dial><Client>alice</Client><Client>bob</Client></Dial>")
    [call] = rig.control.live()
    await rig.clock.advance(4)
    rig.control.rings(call)
    await rig.clock.advance(3)
    rig.control.answers(call, target=1)
    await rig.clock.advance(60)
    rig.control.ends(call)
    await settle()
    assert rig.told.statuses == ["ringing", "in-progress", "completed"]
    assert rig.told.legs() == {
        "client:alice": ["ringing", "canceled"],
        "client:bob": ["ringing", "in-progress", "completed"],
    }
    bob = [record for record in rig.told.records if record.to == "client:bob"][-1]
    assert (bob.sid, bob.parent_sid) == (leg_sid(call.id, 1, 1), call_sid(call.id))
    assert (bob.direction, bob.from_, bob.ring_seconds) == ("outbound-dial", "5503301", 7)
    assert bob.started is not None
    assert bob.ended is not None
    assert (bob.started - bob.created, bob.ended - bob.started) == (7.0, 60.0)
    inbound = [record for record in rig.told.records if record.parent_sid is None][-1]
    assert (inbound.started, inbound.ended, inbound.ring_seconds) == (bob.started, bob.ended, 7)
    assert (sessions(rig), len(rig.live)) == ([], 0)


FAILURES = [
    (486, "busy", refusal("busy")),
    (600, "busy", refuse(status=600)),
    (603, "busy", refuse(status=603)),
    (408, "no-answer", refusal("temporarily_unavailable")),
    (480, "no-answer", refusal("temporarily_unavailable")),
    (487, "no-answer", refusal("temporarily_unavailable")),
    (0, "no-answer", refusal("temporarily_unavailable")),
    (404, "failed", refuse(status=404)),
    (488, "failed", refuse(status=488)),
    (401, "failed", refuse(status=500)),
    (407, "failed", refuse(status=500)),
    (503, "failed", refuse(status=500)),
    (302, "failed", refuse(status=500)),
]


@pytest.mark.parametrize(("sip", "status", "refused"), FAILURES)
async def test_at_the_documents_end_the_caller_gets_the_failure(sip: int, status: str, refused: Verdict) -> None:
    rig, _ = await dialled("<Dial>1234</Dial>")
    [call] = rig.control.live()
    rig.control.returns(call, sip)
    await settle()
    assert rig.verdict == refused
    assert rig.told.statuses == ["ringing", status]
    assert rig.told.legs() == {"1234": ["ringing", status]}
    assert rig.told.notifications == []


@pytest.mark.parametrize(("sip", "status", "refused"), FAILURES)
async def test_the_action_is_told_of_the_failure_and_goes_on(sip: int, status: str, refused: Verdict) -> None:
    rig, _ = await dialled('<Dial action="/after" method="GET">1234</Dial><Dial>never</Dial>')
    [call] = rig.control.live()
    await rig.clock.advance(5)
    rig.documents.says(AFTER, "<Hangup/>")
    rig.control.returns(call, sip)
    await settle()
    assert (rig.documents.asked[-1].url, rig.documents.asked[-1].method) == (AFTER, "GET")
    told = rig.documents.told()
    assert (told["DialCallStatus"], told["DialCallSid"]) == (status, leg_sid(call.id, 1, 0))
    assert (told["DialCallDuration"], told["DialRingDuration"]) == ("null", "5")
    assert (told["CallStatus"], told["OutboundCallSid"]) == ("ringing", leg_sid(call.id, 1, 0))
    assert call.status == 603


async def test_the_next_dial_is_another_try() -> None:
    rig, _ = await dialled('<Dial>1</Dial><Pause length="2"/><Dial><Client>bob</Client></Dial>')
    [call] = rig.control.live()
    rig.control.returns(call, 486)
    await rig.clock.advance(2)
    assert rig.verdict == Dial((Target(phone="bob"),), 30.0, 14_400)
    rig.control.returns(call, 404)
    await settle()
    assert call.status == 404
    assert [record.sid for record in rig.told.records if record.to == "client:bob"] == [leg_sid(call.id, 2, 0)] * 2


async def test_a_verb_for_answered_calls_after_a_failed_dial_goes_to_the_destination() -> None:
    rig, _ = await dialled("<Dial>1</Dial><Record/>")
    [call] = rig.control.live()
    rig.control.returns(call, 408)
    await settle()
    assert call.state is State.ROUTED
    assert "Record needs an answered call" in rig.told.warnings[0].text


async def test_the_action_of_an_ended_call_is_told_and_can_do_nothing_more() -> None:
    rig, _ = await dialled('<Dial action="/after">1234</Dial>')
    [call] = rig.control.live()
    rig.documents.says(AFTER, "<Hangup/><Dial>5</Dial>")
    await rig.clock.advance(6.5)
    rig.control.answers(call)
    await rig.clock.advance(30)
    rig.control.ends(call, "caller")
    await settle()
    told = rig.documents.told()
    assert (told["DialCallStatus"], told["DialCallDuration"], told["DialRingDuration"]) == ("completed", "30", "6")
    assert told["CallStatus"] == "completed"
    assert rig.documents.seconds[-1] == rig.settings.timeout
    assert len(rig.control.commands) == 1
    [warning] = rig.told.warnings
    assert (warning.code, warning.text[:25]) == (Code.CALL_OVER, "line 1: Dial is not done:")
    assert (sessions(rig), len(rig.live)) == ([], 0)


@pytest.mark.parametrize("answer", ["", "<Hangup/>"])
async def test_an_action_that_wants_nothing_more_is_no_warning(answer: str) -> None:
    rig, _ = await dialled('<Dial action="/after">1234</Dial>')
    [call] = rig.control.live()
    rig.documents.says(AFTER, answer)
    rig.control.answers(call)
    rig.control.ends(call)
    await settle()
    assert (rig.documents.urls, rig.told.notifications) == ([VOICE, AFTER], [])


async def test_an_action_that_cannot_be_had_after_the_call_is_an_error_and_nothing_else() -> None:
    rig, _ = await dialled('<Dial action="/after">1</Dial>', voice=RcmlVoice(VOICE, voice_fallback_url=FALLBACK))
    [call] = rig.control.live()
    rig.control.answers(call)
    rig.control.ends(call)
    await settle()
    assert (rig.documents.urls, [error.code for error in rig.told.errors]) == ([VOICE, AFTER], [21402])


async def test_an_action_that_cannot_be_had_is_followed_by_the_fallback() -> None:
    rig, _ = await dialled('<Dial action="/after">1</Dial>', voice=RcmlVoice(VOICE, voice_fallback_url=FALLBACK))
    [call] = rig.control.live()
    rig.documents.says(FALLBACK, "<Hangup/>")
    rig.control.returns(call, 486)
    await settle()
    assert (rig.documents.urls, call.status) == ([VOICE, AFTER, FALLBACK], 603)


async def test_an_action_that_is_no_url_is_told_before_anybody_rings() -> None:
    rig = Rig()
    call = await rig.ring('<Dial action="http://[">1</Dial>')
    assert (call.status, rig.told.errors[0].code, rig.told.legs()) == (500, 11100, {})


async def test_a_dial_that_rings_nobody_tells_its_action_so() -> None:
    rig = Rig()
    rig.documents.says(AFTER, "<Hangup/>")
    await rig.ring('<Dial action="/after"><Client>nobody</Client></Dial>')
    told = rig.documents.told()
    assert [told[f"Dial{name}"] for name in ("CallStatus", "CallSid", "CallDuration", "RingDuration")] == [
        "failed", "null", "null", "null",
    ]  # fmt: skip


async def test_a_time_limit_that_ends_the_call_completes_it() -> None:
    rig, _ = await dialled('<Dial timeLimit="60">1</Dial>')
    [call] = rig.control.live()
    rig.control.answers(call)
    rig.control.ends(call, "limit")
    await settle()
    assert rig.told.statuses == ["ringing", "in-progress", "completed"]


async def test_a_caller_who_cancels_while_it_rings_cancels_it() -> None:
    rig, _ = await dialled('<Dial action="/after"><Client>alice</Client></Dial>')
    [call] = rig.control.live()
    rig.control.rings(call)
    rig.control.cancels(call)
    await settle()
    assert rig.told.statuses == ["ringing", "canceled"]
    assert rig.told.legs() == {"client:alice": ["ringing", "canceled"]}
    assert (rig.documents.urls, sessions(rig), len(rig.live)) == ([VOICE], [], 0)


async def test_who_cancels_after_it_has_failed_is_not_asked_about_again() -> None:
    rig, _ = await dialled('<Dial action="/after">1</Dial>')
    [call] = rig.control.live()
    rig.control.returns(call, 486)
    rig.control.cancels(call)
    await settle()
    assert (rig.documents.urls, rig.told.statuses) == ([VOICE], ["ringing", "canceled"])
    assert sessions(rig) == []


async def test_events_may_be_read_before_the_edges_acknowledgement() -> None:
    rig = Rig()

    async def edge(call: object, verdict: Verdict) -> Ack:
        if isinstance(verdict, Dial):
            [live] = rig.control.live()
            rig.control.rings(live)
            rig.control.answers(live, target=1)
        return Ack(AckResult.DONE)

    rig.control.edge = edge
    call = await rig.ring("<Dial><Client>alice</Client><Client>bob</Client></Dial>")
    assert rig.told.statuses == ["ringing", "in-progress"]
    assert rig.told.legs()["client:bob"] == ["ringing", "in-progress"]
    rig.control.ends(call)
    await settle()
    assert rig.told.legs()["client:bob"] == ["ringing", "in-progress", "completed"]


async def test_a_dialling_may_have_failed_before_the_edges_acknowledgement() -> None:
    rig = Rig()

    async def edge(call: object, verdict: Verdict) -> Ack:
        if isinstance(verdict, Dial):
            rig.control.returns(next(iter(rig.control.live())), 486)
            return Ack(AckResult.DONE)
        return Ack(AckResult.DONE, 486)

    rig.control.edge = edge
    call = await rig.ring("<Dial>1</Dial>")
    assert (call.status, rig.told.statuses, rig.told.legs()) == (486, ["ringing", "busy"], {"1": ["ringing", "busy"]})


async def test_a_dial_that_the_edge_does_not_confirm_is_followed_by_its_events() -> None:
    rig = Rig()
    rig.control.acknowledge(AckResult.UNANSWERED)
    call = await rig.ring("<Dial>1</Dial>")
    assert rig.told.errors[0].code == Code.INTERNAL
    rig.control.edge = rig.control.obey
    rig.control.report(call, Progress.ANSWERED, 200)
    rig.control.ends(call)
    await settle()
    assert rig.told.legs() == {"1": ["ringing", "in-progress", "completed"]}
    assert sessions(rig) == []


async def test_a_dial_that_the_edge_could_not_do_is_told() -> None:
    rig = Rig()
    rig.control.acknowledge(AckResult.FAILED, 500)
    call = await rig.ring("<Dial>1</Dial>")
    assert (call.state, rig.told.statuses, rig.told.legs()) == (State.FAILED, ["ringing", "failed"], {})
    assert "the caller got 500" in rig.told.errors[0].text
    assert sessions(rig) == []


async def test_a_status_callback_tells_who_was_dialled() -> None:
    rig, _ = await dialled("<Dial><Client>alice</Client><Client>bob</Client></Dial>")
    [call] = rig.control.live()
    rig.control.answers(call, target=1)
    (_, _, first, _), (_, account, second, event) = rig.told.callbacks
    assert (account, event, second.url, second.method) == ("acme", "in-progress", STATUS, "POST")
    assert "OutboundCallSid" not in dict(first.parameters)
    assert dict(second.parameters)["OutboundCallSid"] == leg_sid(call.id, 1, 1)
    assert dict(second.parameters)["CallStatus"] == "in-progress"
