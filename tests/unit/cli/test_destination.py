"""The destination that answers: what a caller gets from it, and that it tells what it got."""

from __future__ import annotations

import pytest

from callgate.cli.exits import CommandError, ExitCode
from callgate.cli.sipp.caller import Ending, place
from callgate.cli.sipp.destination import Destination
from callgate.cli.sipp.spec import Spec
from callgate.ports import free_port, owner_of


def test_it_rings_answers_and_takes_the_bye() -> None:
    address = f"127.0.0.1:{free_port()}"
    with Destination(address, ring=0.2, trace=True) as telephone:
        result = place(Spec(edge=address, dialled="2002", talk=0.1))
        assert telephone.invites(result.sip_call_id) == 1
        assert telephone.invites("another") == 0
    assert (result.ending, result.hung_up_by) == (Ending.ANSWERED, "caller")
    assert [step.text for step in result.steps if not step.sent] == ["180 Ringing", "200 OK", "200 OK"]


def test_it_stops_ringing_when_the_caller_cancels() -> None:
    address = f"127.0.0.1:{free_port()}"
    with Destination(address, ring=20.0):
        result = place(Spec(edge=address, dialled="2002", cancel_after=0.2))
    assert (result.ending, result.status) == (Ending.CANCELLED, 487)
    assert not any(step.again for step in result.steps)


def test_its_port_is_free_when_it_has_ended() -> None:
    port = free_port()
    with Destination(f"127.0.0.1:{port}"):
        assert "sipp" in (owner_of("127.0.0.1", port, "udp") or "")
    assert owner_of("127.0.0.1", port, "udp") is None


def test_a_taken_port_is_told_with_its_owner() -> None:
    address = f"127.0.0.1:{free_port()}"
    with Destination(address), pytest.raises(CommandError, match=rf"cannot listen on {address}: sipp \(pid \d+\) does"):
        Destination(address).__enter__()


def test_an_address_without_a_port_is_a_mistake_of_usage() -> None:
    with pytest.raises(CommandError) as caught:
        Destination("127.0.0.1")
    assert caught.value.code == ExitCode.USAGE
