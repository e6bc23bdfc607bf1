"""`callgate ring` against a SIPp that plays the edge: what its caller gets, and the exit code."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from callgate.cli.exits import ExitCode
from tests.unit.cli.console import run
from tests.unit.cli.edges import edge, hang_up, receive, respond, wait

TRYING = respond(100, "Trying").replace(";tag=edge", "")


def texts(ran: object, *, sent: bool) -> list[str]:
    steps = ran["steps"]  # type: ignore[index]  # the JSON of a result
    return [step["text"] for step in steps if step["sent"] is sent and not step["again"]]


def test_an_answered_call_is_talked_and_hung_up_by_the_caller() -> None:
    answer = respond(200, "OK", sdp=True)
    steps = [receive("INVITE"), TRYING, respond(180, "Ringing"), wait(50), answer, receive("ACK"), receive("BYE")]
    with edge(*steps, respond(200, "OK")) as callee:
        ran = run("ring", "--to", "2002", "--edge", callee.address, "--talk", "0.3", "--json")
    assert ran.code == ExitCode.OK
    assert (ran.json["ending"], ran.json["status"], ran.json["hung_up_by"]) == ("answered", 200, "caller")
    assert texts(ran.json, sent=False) == ["100 Trying", "180 Ringing", "200 OK", "200 OK"]
    assert texts(ran.json, sent=True) == ["INVITE", "ACK", "BYE"]
    talked = [step["seconds"] for step in ran.json["steps"] if step["text"] in ("ACK", "BYE")]
    assert talked[1] - talked[0] == pytest.approx(0.3, abs=0.2)


def test_a_call_that_the_other_side_hangs_up_is_told_so() -> None:
    answer = respond(200, "OK", sdp=True)
    with edge('<recv request="INVITE" rrs="true"/>', TRYING, answer, receive("ACK"), wait(50), hang_up()) as callee:
        ran = run("ring", "--to", "2002", "--edge", callee.address, "--talk", "20", "--json")
    assert (ran.code, ran.json["hung_up_by"]) == (ExitCode.OK, "other side")


def test_a_refusal_is_printed_step_by_step_with_its_reason() -> None:
    refusal = respond(603, "Decline", "Reason: Q.850;cause=21", "X-Why: closed")
    with edge(receive("INVITE"), TRYING, wait(200), refusal, receive("ACK")) as callee:
        ran = run("ring", "--to", "2002", "--edge", callee.address)
    assert ran.code == ExitCode.REFUSED
    assert [line.split(" s  ")[-1] for line in ran.lines] == [
        "→ INVITE",
        "← 100 Trying",
        "← 603 Decline",
        "            Reason: Q.850;cause=21",
        "            X-Why: closed",
        *([f"            Contact: <sip:{callee.address};transport=UDP>"]),
        "→ ACK",
        ran.lines[-1],
    ]
    assert ran.lines[-1].startswith("→ refused with 603 Decline after 0.2")


@pytest.mark.parametrize(
    ("status", "phrase"), [(403, "Forbidden"), (433, "Anonymity Disallowed"), (599, "Own Words"), (699, "The Last")]
)
def test_any_refusal_is_acknowledged_with_the_branch_of_the_invite(status: int, phrase: str) -> None:
    with edge(receive("INVITE"), respond(status, phrase), receive("ACK")) as callee:
        ran = run("ring", "--to", "2002", "--edge", callee.address, "--json")
        assert callee.first("ACK").header("Via") == callee.first("INVITE").header("Via")
    assert (ran.code, ran.json["status"], ran.json["phrase"]) == (ExitCode.REFUSED, status, phrase)
    assert not any(step["again"] for step in ran.json["steps"])


def test_a_302_tells_where_to() -> None:
    moved = respond(302, "Moved Temporarily").replace("Contact: <sip:[local_ip]", "Contact: <sip:2003@192.0.2.10")
    with edge(receive("INVITE"), TRYING, moved, receive("ACK")) as callee:
        ran = run("ring", "--to", "2002", "--edge", callee.address)
    assert ran.code == ExitCode.REDIRECTED
    assert any(line.strip().startswith("Contact: <sip:2003@192.0.2.10") for line in ran.lines)


def test_a_cancelled_call_ends_with_487() -> None:
    ended = respond(487, "Request Terminated", cseq="CSeq: 1 INVITE")
    with edge(receive("INVITE"), TRYING, receive("CANCEL"), respond(200, "OK"), ended, receive("ACK")) as callee:
        ran = run("ring", "--to", "2002", "--edge", callee.address, "--cancel-after", "0.5", "--json")
        assert callee.first("CANCEL").header("Via") == callee.first("INVITE").header("Via")
    assert (ran.code, ran.json["ending"], ran.json["status"]) == (ExitCode.CANCELLED, "cancelled", 487)
    cancel = next(step["seconds"] for step in ran.json["steps"] if step["text"] == "CANCEL")
    assert cancel == pytest.approx(0.5, abs=0.2)


def test_a_cancel_that_crosses_the_answer_is_an_answered_call() -> None:
    answer = respond(200, "OK", cseq="CSeq: 1 INVITE", sdp=True)
    crossing = [receive("CANCEL"), respond(200, "OK"), answer, receive("ACK"), receive("BYE"), respond(200, "OK")]
    with edge(receive("INVITE"), TRYING, *crossing) as callee:
        ran = run("ring", "--to", "2002", "--edge", callee.address, "--cancel-after", "0.2", "--talk", "0.1", "--json")
    assert (ran.code, ran.json["ending"]) == (ExitCode.OK, "answered")


def test_a_cancel_that_crosses_the_refusal_is_a_refused_call() -> None:
    refusal = respond(486, "Busy Here", cseq="CSeq: 1 INVITE")
    with edge(receive("INVITE"), TRYING, receive("CANCEL"), respond(200, "OK"), refusal, receive("ACK")) as callee:
        ran = run("ring", "--to", "2002", "--edge", callee.address, "--cancel-after", "0.2", "--json")
    assert (ran.code, ran.json["ending"], ran.json["status"]) == (ExitCode.REFUSED, "refused", 486)


def test_a_caller_without_patience_gives_up_and_cancels() -> None:
    ended = respond(487, "Request Terminated", cseq="CSeq: 1 INVITE")
    with edge(receive("INVITE"), TRYING, receive("CANCEL"), respond(200, "OK"), ended, receive("ACK")) as callee:
        ran = run("ring", "--to", "2002", "--edge", callee.address, "--timeout", "0.5")
    assert ran.code == ExitCode.NO_RESPONSE
    assert ran.lines[-1].startswith("→ no answer: the caller gave up and got 487 Request Terminated")


def interrupted(address: str, after: str) -> tuple[int, str]:
    """Code and output of a call that gets Ctrl-C as soon as its caller has seen so much."""
    command = [sys.executable, "-m", "callgate.cli", "ring", "--to", "2002", "--edge", address, "--talk", "60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        out = ""
        for line in process.stdout:
            out += line
            if line.rstrip().endswith(after):
                process.send_signal(signal.SIGINT)
    return process.returncode, out


def test_ctrl_c_cancels_a_call_that_is_not_answered() -> None:
    ended = respond(487, "Request Terminated", cseq="CSeq: 1 INVITE")
    with edge(receive("INVITE"), TRYING, receive("CANCEL"), respond(200, "OK"), ended, receive("ACK")) as callee:
        code, out = interrupted(callee.address, "← 100 Trying")
    assert code == ExitCode.CANCELLED
    assert "→ CANCEL" in out
    assert "HANGUP" not in out


def test_ctrl_c_hangs_up_a_call_that_is_answered() -> None:
    steps = [receive("INVITE"), TRYING, respond(200, "OK", sdp=True), receive("ACK"), receive("BYE")]
    with edge(*steps, respond(200, "OK")) as callee:
        code, out = interrupted(callee.address, "→ ACK")
    assert code == ExitCode.OK
    assert out.splitlines()[-1].endswith("hung up by the caller")


def test_an_edge_that_is_not_there_is_told_with_the_remedy() -> None:
    ran = run("ring", "--to", "2002", "--edge", "127.0.0.1:9")
    assert ran.code == ExitCode.NO_RESPONSE
    assert ran.lines[-1] == (
        "→ no response at all from 127.0.0.1:9 within 8 s: is Callgate running there? See `callgate check`"
    )


def test_the_invite_says_who_calls_exactly_as_given() -> None:
    name = 'Grü"n\\ [call_id] ]]> &amp; <x>'
    with edge(receive("INVITE"), respond(404, "Not Found"), receive("ACK")) as callee:
        ran = run(
            *("ring", "--to", "+49 30#1", "--edge", callee.address, "--from", "+4420", "--name", name),
            *("--header", 'X-Who: [len] "quoted" ü', "--header", "P-Asserted-Identity: <sip:1@example.com>"),
            *("--source", "127.0.0.2", "--json"),
        )
        invite = callee.first("INVITE")
    assert invite.start == f"INVITE sip:+49%2030%231@{callee.address} SIP/2.0"
    assert invite.header("From").startswith('"Grü\\"n\\\\ [call_id] ]]> &amp; <x>" <sip:+4420@127.0.0.2>;tag=')
    assert invite.header("X-Who") == '[len] "quoted" ü'
    assert invite.header("P-Asserted-Identity") == "<sip:1@example.com>"
    assert invite.header("Via").startswith("SIP/2.0/UDP 127.0.0.2:")
    assert invite.header("Call-ID") == ran.json["sip_call_id"]


def test_calls_travel_over_tcp_too() -> None:
    with edge(receive("INVITE"), TRYING, respond(486, "Busy Here"), receive("ACK"), transport="t1") as callee:
        ran = run("ring", "--to", "2002", "--edge", callee.address, "--transport", "tcp", "--json")
        assert callee.first("INVITE").header("Via").startswith("SIP/2.0/TCP")
    assert (ran.code, ran.json["status"]) == (ExitCode.REFUSED, 486)


def test_calls_travel_over_ipv6_too() -> None:
    with edge(receive("INVITE"), TRYING, respond(486, "Busy Here"), receive("ACK"), host="::1") as callee:
        ran = run("ring", "--to", "2002", "--edge", callee.address, "--json")
        assert callee.first("INVITE").start.startswith("INVITE sip:2002@[::1]:")
    assert (ran.code, ran.json["status"]) == (ExitCode.REFUSED, 486)


def test_the_edge_is_that_of_the_settings_unless_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with edge(receive("INVITE"), respond(486, "Busy Here"), receive("ACK")) as callee:
        monkeypatch.setenv("CALLGATE_EDGE__LISTEN", f"tcp:127.0.0.1:1, udp:{callee.address}")
        assert run("ring", "--to", "2002").code == ExitCode.REFUSED


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--edge", "127.0.0.1"], "--edge '127.0.0.1' is not ADDRESS:PORT"),
        (["--to", ""], "--to is empty"),
        (["--name", "a\r\nX: b"], "--name holds a control character"),
        (["--header", "X-A"], "--header 'X-A' is not of the form 'X-Name: value'"),
        (["--header", "X A: b"], "--header 'X A' is no header name"),
        (["--header", "Via: b"], "--header Via is written by the call itself"),
        (["--header", "X-A: b\nVia: c"], "--header X-A holds a control character"),
        (["--source", "203.0.113.77"], "--source 203.0.113.77 is no address of this machine"),
    ],
)
def test_what_cannot_be_dialled_is_one_sentence(arguments: list[str], told: str) -> None:
    ran = run("ring", "--to", "2002", "--edge", "127.0.0.1:9", *arguments)
    assert ran.code == ExitCode.USAGE
    assert ran.err.startswith(f"callgate: {told}")
    assert ran.err.count("\n") == 1


def test_without_sipp_the_package_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    ran = run("ring", "--to", "2002", "--edge", "127.0.0.1:9")
    assert ran.code == ExitCode.FAILED
    assert ran.err == "callgate: SIPp is not installed, and calls are placed with it: apt-get install sip-tester\n"
