"""A bot written for Microsoft Graph decides real calls, with Microsoft's own client unmodified."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from kiota_abstractions.api_error import APIError
from msgraph.generated.communications.calls.item.answer.answer_post_request_body import AnswerPostRequestBody
from msgraph.generated.communications.calls.item.redirect.redirect_post_request_body import RedirectPostRequestBody
from msgraph.generated.communications.calls.item.reject.reject_post_request_body import RejectPostRequestBody
from msgraph.generated.models.call_state import CallState
from msgraph.generated.models.identity_set import IdentitySet
from msgraph.generated.models.invitation_participant_info import InvitationParticipantInfo
from msgraph.generated.models.modality import Modality
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.reject_reason import RejectReason
from msgraph.generated.models.service_hosted_media_config import ServiceHostedMediaConfig
from msgraph_beta.generated.app.calls.item.reject.reject_post_request_body import (
    RejectPostRequestBody as BetaRejectPostRequestBody,
)
from msgraph_beta.generated.models.reject_reason import RejectReason as BetaRejectReason

from tests.dialects.graph.bots import silence
from tests.sip.graph.rig import GraphRig, result, story
from tests.sip.rig import number
from tests.sip.user_agent import Destination, Message, answer, ring
from tests.system import eventually

pytestmark = [
    pytest.mark.sip,
    pytest.mark.asyncio(loop_scope="session"),
    # The vendor's generated clients use what its own library has deprecated.
    pytest.mark.filterwarnings("ignore:GetQueryParameters is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:This class is deprecated:DeprecationWarning"),
]

ANSWER = AnswerPostRequestBody(accepted_modalities=[Modality.Audio], media_config=ServiceHostedMediaConfig())


def fail(status: int, phrase: str, callee: Destination, invite: Message) -> None:
    callee.respond(invite, status, phrase)


def phone(target: str) -> InvitationParticipantInfo:
    """A target of a redirect that is a number."""
    return InvitationParticipantInfo(
        identity=IdentitySet(additional_data={"phone": {"@odata.type": "#microsoft.graph.identity", "id": target}})
    )


async def refused(graph: GraphRig, call_id: str, answering: bool = False) -> ODataError:
    """The error that a reject, or an answer, of that call gets."""
    item = graph.greeter.communications.calls.by_call_id(call_id)
    with pytest.raises(ODataError) as raised:
        if answering:
            await item.answer.post(ANSWER)
        else:
            await item.reject.post(RejectPostRequestBody(reason=RejectReason.Busy))
    error = raised.value
    assert error.error is not None
    assert error.error.inner_error is not None
    assert error.error.inner_error.request_id
    return error


@pytest.mark.parametrize(
    ("reason", "status", "phrase"),
    [
        (RejectReason.None_, 603, "Decline"),
        (RejectReason.Busy, 486, "Busy Here"),
        (RejectReason.Forbidden, 403, "Forbidden"),
        (None, 603, "Decline"),
    ],
)
async def test_a_rejected_call_gets_the_response_of_its_reason(
    graph: GraphRig, reason: RejectReason | None, status: int, phrase: str
) -> None:
    call = graph.dial("81")
    identity = await graph.incoming(call)
    assert call.statuses == [100]
    await graph.greeter.communications.calls.by_call_id(identity).reject.post(RejectPostRequestBody(reason=reason))
    final = await call.ended()
    assert (call.statuses, final.phrase) == ([100, status], phrase)
    assert graph.untouched(call)
    # Example 2 of the reference: the notification of the end has the type and the id alone.
    last = (await graph.told(call, 2))[1]
    assert last.change == "deleted"
    assert last.value["resourceData"] == {
        "@odata.type": "#microsoft.graph.call",
        "@odata.id": f"/communications/calls/{identity}",
    }


async def test_the_deprecated_path_of_beta_and_a_callback_of_the_calls_own(graph: GraphRig) -> None:
    call = graph.dial("81")
    identity = await graph.incoming(call)
    callback = graph.bots.on(f"/own/{identity}")
    body = BetaRejectPostRequestBody(reason=BetaRejectReason.Busy, callback_uri=callback)
    await graph.beta.app.calls.by_call_id(identity).reject.post(body)
    assert (await call.ended()).status == 486
    await graph.bots.heard(f"/own/{identity}", 1)
    assert graph.bots.changes(f"/own/{identity}") == ["deleted"]
    assert story(await graph.told(call)) == [("created", "incoming")]


async def test_an_answered_call_goes_to_the_bots_media_and_ends_with_it(graph: GraphRig) -> None:
    call = graph.dial("81", answer)
    identity = await graph.incoming(call)
    item = graph.greeter.communications.calls.by_call_id(identity)
    await item.answer.post(ANSWER)
    assert (await call.ended()).status == 200
    told = await graph.told(call, 3)
    assert story(told)[1:] == [("updated", "establishing"), ("updated", "established")]
    resource = await item.get()
    assert resource is not None
    assert (resource.id, resource.state) == (identity, CallState.Established)
    error = await refused(graph, identity)
    assert error.response_status_code == 409
    assert call.requests == []
    graph.sip.destination.bye(graph.sip.destination.saw("INVITE", call)[0])
    last = (await graph.told(call, 4))[3]
    assert (last.change, last.state, result(last)["code"]) == ("deleted", "terminated", 200)


async def test_the_caller_ends_an_answered_call(graph: GraphRig) -> None:
    call = graph.dial("81", answer)
    identity = await graph.incoming(call)
    await graph.greeter.communications.calls.by_call_id(identity).answer.post(ANSWER)
    await call.ended()
    await graph.told(call, 3)
    await call.hang_up()
    last = (await graph.told(call, 4))[3]
    assert (last.change, result(last)["code"]) == ("deleted", 200)


async def test_media_that_fails_is_told_with_its_status(graph: GraphRig) -> None:
    call = graph.dial("81", partial(fail, 486, "Busy Here"))
    identity = await graph.incoming(call)
    await graph.greeter.communications.calls.by_call_id(identity).answer.post(ANSWER)
    assert (await call.ended()).status == 486
    last = (await graph.told(call, 3))[2]
    assert (last.change, last.state, result(last)["code"]) == ("deleted", "terminated", 486)


async def test_delete_ends_an_answered_call_on_both_sides(graph: GraphRig) -> None:
    call = graph.dial("81", answer)
    identity = await graph.incoming(call)
    item = graph.greeter.communications.calls.by_call_id(identity)
    await item.answer.post(ANSWER)
    await call.ended()
    await graph.told(call, 3)
    await item.delete()
    await call.until(lambda each: any(message.method == "BYE" for message in each.requests))
    assert story(await graph.told(call, 5))[3:] == [("updated", "terminating"), ("deleted", "terminated")]
    await eventually(lambda: len(graph.sip.destination.saw("BYE", call)) == 1)


async def test_delete_ends_an_incoming_call(graph: GraphRig) -> None:
    call = graph.dial("81")
    identity = await graph.incoming(call)
    await graph.greeter.communications.calls.by_call_id(identity).delete()
    assert (await call.ended()).status == 603
    assert (await graph.told(call, 3))[-1].change == "deleted"


async def test_redirect_rings_two_and_the_second_answers(graph: GraphRig) -> None:
    first, second = number("+91"), number("+92")
    callee = graph.sip.destination
    callee.numbers |= {first: ring, second: ring}
    call = graph.dial("81")
    identity = await graph.incoming(call)
    body = RedirectPostRequestBody(targets=[phone(first), phone(second)], timeout=20)
    await graph.greeter.communications.calls.by_call_id(identity).redirect.post(body)
    await eventually(lambda: len(callee.saw("INVITE", call)) == 2)
    await call.until(lambda each: 180 in each.statuses)
    rung = {invite.number: invite for invite in callee.saw("INVITE", call)}
    answer(callee, rung[second])
    assert (await call.ended()).status == 200
    await eventually(lambda: [each.branch for each in callee.saw("CANCEL", call)] == [rung[first].branch])
    told = await graph.told(call, 3)
    assert (told[-1].change, told[-1].state) == ("deleted", "terminated")
    assert (await call.hang_up()).status == 200


async def test_a_redirect_that_nobody_takes_ends_the_call_with_its_failure(graph: GraphRig) -> None:
    target = number("+91")
    graph.sip.destination.numbers[target] = partial(fail, 486, "Busy Here")
    call = graph.dial("81")
    identity = await graph.incoming(call)
    body = RedirectPostRequestBody(targets=[phone(target)])
    await graph.greeter.communications.calls.by_call_id(identity).redirect.post(body)
    assert (await call.ended()).status == 486
    assert (await graph.told(call, 3))[-1].change == "deleted"


async def test_fifteen_seconds_and_nobody_decides(graph: GraphRig) -> None:
    call = graph.dial("83")
    identity = await graph.incoming(call)
    final = await call.ended(25)
    assert final.status == 480
    assert 14.5 < final.at - call.sent_at < 16.5
    last = (await graph.told(call, 2))[1]
    assert (last.change, last.state, result(last)["code"]) == ("deleted", "terminated", 408)
    error = await refused(graph, identity)
    assert error.response_status_code in (404, 409)


async def test_a_caller_who_hangs_up_is_told_and_no_decision_counts(graph: GraphRig) -> None:
    call = graph.dial("81")
    identity = await graph.incoming(call)
    call.cancel()
    assert (await call.ended()).status == 487
    assert (await graph.told(call, 2))[1].change == "deleted"
    for answering in (False, True):
        assert (await refused(graph, identity, answering)).response_status_code in (404, 409)
    assert graph.untouched(call)


async def test_the_first_of_two_bots_decides_and_the_other_is_told(graph: GraphRig) -> None:
    call = graph.dial("82")
    identity = await graph.incoming(call)
    assert await graph.incoming(call, "other") == identity
    await graph.other.communications.calls.by_call_id(identity).reject.post(
        RejectPostRequestBody(reason=RejectReason.Forbidden)
    )
    assert (await call.ended()).status == 403
    assert (await graph.told(call, 2, "greeter"))[1].change == "deleted"
    assert (await graph.told(call, 2, "other"))[1].change == "deleted"
    assert (await refused(graph, identity)).response_status_code in (404, 409)


async def test_a_bot_knows_nothing_of_another_bots_call(graph: GraphRig) -> None:
    call = graph.dial("81")
    identity = await graph.incoming(call)
    with pytest.raises(ODataError) as raised:
        await graph.other.communications.calls.by_call_id(identity).reject.post(RejectPostRequestBody())
    assert raised.value.response_status_code == 404
    assert raised.value.error is not None
    assert raised.value.error.code == "8522"
    assert call.statuses == [100]
    await graph.greeter.communications.calls.by_call_id(identity).reject.post(RejectPostRequestBody())
    assert (await call.ended()).status == 603


async def test_a_slow_bot_and_a_dead_one_delay_nobody(graph: GraphRig) -> None:
    graph.bots.on("/slow", silence)
    calls = [graph.dial("85") for _ in range(20)]
    for call in calls:
        identity = await graph.incoming(call, "other")
        await graph.other.communications.calls.by_call_id(identity).reject.post(
            RejectPostRequestBody(reason=RejectReason.Busy)
        )
    for call in calls:
        final = await call.ended()
        assert final.status == 486


@pytest.mark.parametrize("body", [{"reason": "later"}, {"callbackUri": "http://example.com/calls"}])
async def test_what_is_not_allowed_is_said_and_the_call_stays_held(graph: GraphRig, body: dict[str, str]) -> None:
    call = graph.dial("84")
    identity = await graph.incoming(call)
    with pytest.raises((ODataError, APIError)) as raised:
        await graph.greeter.communications.calls.by_call_id(identity).reject.post(
            RejectPostRequestBody(additional_data=dict(body))
        )
    assert raised.value.response_status_code == 400
    assert call.statuses == [100]
    assert (await call.ended()).status == 480


async def test_the_incoming_notification_names_caller_and_bot(graph: GraphRig) -> None:
    call = graph.dial("81")
    identity = await graph.incoming(call)
    data = (await graph.told(call))[0].value["resourceData"]
    caller = call.request.partition("From: <sip:")[2].partition("@")[0]
    assert data["source"]["identity"]["phone"]["id"].removeprefix("+") == caller
    assert data["targets"][0]["identity"]["application"]["displayName"] == "Calling Bot"
    assert (data["direction"], data["requestedModalities"]) == ("incoming", ["audio"])
    call.cancel()
    await call.ended()
    await asyncio.sleep(0)
    assert identity
