"""What an application is told of a call: the documented names, in their order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from callgate.core.calls import Call, Caller, CallId
from callgate.core.states import State
from callgate.core.verdicts import Accept
from callgate.dialects.rcml.parameters import caller_name, forwarded_from, from_number, instance_id, of_call
from callgate.directory.model import Account

ACCOUNT = Account("acme", "AC" + "0" * 31 + "1", "hush")
INSTANCE = "ID" + "a" * 32
CALLER = Caller(
    number="+442079460123",
    name="Zoë Müller",
    uri="sip:+442079460123@192.0.2.10",
    request_uri="sip:2002@203.0.113.5",
    from_header='"Zoë Müller" <sip:+442079460123@192.0.2.10>;tag=1',
    to_header="<sip:2002@203.0.113.5>",
    source="192.0.2.10:5060",
    sip_call_id="1@192.0.2.10",
)


def call_with(**caller: Any) -> Call:
    return Call(
        id=CallId("0172519a-2d9b-7000-8000-0000000000b5"),
        sequence=181,
        trunk="peer",
        route="hotline",
        dialled="2002",
        destination="",
        caller=msgspec.structs.replace(CALLER, **caller),
        window=10.0,
        lapse=Accept(),
        state=State.HELD,
        received=1590512356.5559,
        deadline=1590512366.5559,
        routes_to="",
    )


def test_an_ordinary_call_is_told_in_the_documented_names_and_order() -> None:
    assert of_call(call_with(), ACCOUNT, "ringing", instance=INSTANCE) == [
        ("CallSid", "CA0172519a2d9b700080000000000000b5"),
        ("InstanceId", INSTANCE),
        ("AccountSid", ACCOUNT.sid),
        ("From", "+442079460123"),
        ("To", "2002"),
        ("CallStatus", "ringing"),
        ("ApiVersion", "2012-04-24"),
        ("Direction", "inbound"),
        ("CallerName", "Zoë Müller"),
        ("ForwardedFrom", "null"),
        ("CallTimestamp", "2020-05-26T16:59:16.555Z"),
    ]


def test_the_calls_own_headers_and_who_diverted_it_come_after_the_rest() -> None:
    call = call_with(
        headers=(("X-Tenant", "7"), ("x-odd", 'a&b="ü"\t'), ("X-Tenant", "8")),
        diversion="<sip:5503305@pbx.example>;reason=no-answer, <sip:5503306@pbx.example>;reason=busy",
    )
    told = of_call(call, ACCOUNT, "busy", instance=INSTANCE, outbound="CA2", extra=[("DialCallStatus", "busy")])
    assert [name for name, _ in told[:3]] == ["CallSid", "InstanceId", "OutboundCallSid"]
    assert ("CallStatus", "busy") in told
    assert told[-7:] == [
        ("CallTimestamp", "2020-05-26T16:59:16.555Z"),
        ("SipHeader_X-Tenant", "7"),
        ("SipHeader_x-odd", 'a&b="ü"\t'),
        ("SipHeader_X-Tenant", "8"),
        ("SipHeader_Diversion", call.caller.diversion),
        ("ForwardedFrom", "5503305"),
        ("DialCallStatus", "busy"),
    ]


@pytest.mark.parametrize(
    ("diversion", "expected"),
    [
        ("", None),
        ('"Ann" <SIP:+49301234@pbx.example;user=phone>;privacy=off', "+49301234"),
        ("sips:ann@pbx.example", "ann"),
        ("<sip:pbx.example>;reason=busy", None),
        ("<sip:@pbx.example>", None),
        ("<sip:pbx.example>, <sip:5503306@pbx.example>", "5503306"),
        ("<tel:+49301234>", None),
        ("nonsense @ sip:", None),
    ],
)
def test_who_diverted_the_call_stands_between_sip_and_at(diversion: str, expected: str | None) -> None:
    assert forwarded_from(call_with(diversion=diversion)) == expected


@pytest.mark.parametrize(
    ("number", "uri", "expected"),
    [
        ("2002", "sip:else@192.0.2.10", "2002"),
        ("", "sip:ann@192.0.2.10", "ann"),
        ("", "SIPS:ann@192.0.2.10", "ann"),
        ("", "tel:+442079460123;phone-context=x", "+442079460123"),
        ("", "sip:192.0.2.10", "anonymous"),
        ("", "", "anonymous"),
        ("anonymous", "sip:anonymous@anonymous.invalid", "anonymous"),
    ],
)
def test_the_caller_is_his_number_or_the_user_of_his_uri(number: str, uri: str, expected: str) -> None:
    assert from_number(call_with(number=number, uri=uri)) == expected


@pytest.mark.parametrize("privacy", ["id", "user", "ID", "none;id", "critical; id", "header,user"])
def test_who_withholds_his_number_is_anonymous(privacy: str) -> None:
    told = dict(of_call(call_with(privacy=privacy), ACCOUNT, "ringing", instance=INSTANCE))
    assert (told["From"], told["CallerName"]) == ("anonymous", "null")


@pytest.mark.parametrize("privacy", ["", "none", "header", "session; critical", "identity"])
def test_other_privacy_does_not_hide_the_number(privacy: str) -> None:
    assert from_number(call_with(privacy=privacy)) == "+442079460123"


def test_an_unknown_name_is_the_word_null() -> None:
    told = dict(of_call(call_with(name=""), ACCOUNT, "ringing", instance=INSTANCE))
    assert (told["CallerName"], caller_name(call_with(name=""))) == ("null", None)


def test_an_installation_keeps_its_id(tmp_path: Path) -> None:
    one = instance_id(tmp_path / "one")
    assert len(one) == 34 and one.startswith("ID") and one[2:].isalnum()
    assert instance_id(tmp_path / "one") == one
    assert instance_id(tmp_path / "two") != one


def test_a_request_holds_no_secret_of_the_account() -> None:
    assert "hush" not in repr(of_call(call_with(), ACCOUNT, "ringing", instance=INSTANCE))
