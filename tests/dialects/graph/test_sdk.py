"""Microsoft's own clients, unmodified: the base URL and a credential are all that is set."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from msgraph.generated.communications.calls.item.answer.answer_post_request_body import AnswerPostRequestBody
from msgraph.generated.communications.calls.item.redirect.redirect_post_request_body import RedirectPostRequestBody
from msgraph.generated.communications.calls.item.reject.reject_post_request_body import RejectPostRequestBody
from msgraph.generated.models.call_direction import CallDirection
from msgraph.generated.models.call_state import CallState
from msgraph.generated.models.identity import Identity
from msgraph.generated.models.identity_set import IdentitySet
from msgraph.generated.models.incoming_context import IncomingContext
from msgraph.generated.models.invitation_participant_info import InvitationParticipantInfo
from msgraph.generated.models.media_state import MediaState
from msgraph.generated.models.modality import Modality
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.reject_reason import RejectReason
from msgraph.generated.models.service_hosted_media_config import ServiceHostedMediaConfig
from msgraph.graph_service_client import GraphServiceClient
from msgraph_beta.generated.app.calls.item.reject.reject_post_request_body import (
    RejectPostRequestBody as AppRejectBody,
)
from msgraph_beta.generated.communications.calls.item.reject.reject_post_request_body import (
    RejectPostRequestBody as BetaRejectBody,
)
from msgraph_beta.generated.models.call_state import CallState as BetaCallState
from msgraph_beta.generated.models.o_data_errors.o_data_error import ODataError as BetaError
from msgraph_beta.generated.models.reject_reason import RejectReason as BetaReason
from msgraph_beta.graph_service_client import GraphServiceClient as BetaClient

from callgate.core.states import State
from callgate.core.verdicts import Dial, Redirect, target

from .rig import Rig

#: The clients' generated code uses, and is, what their own libraries call deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SCOPES = ["https://graph.microsoft.com/.default"]


class Credential:
    """A credential of one's own: the token that Callgate gave."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return AccessToken(self._token, int(time.time()) + 3600)


@contextlib.asynccontextmanager
async def opened(made: Any, base_url: str) -> AsyncIterator[Any]:
    made.request_adapter.base_url = base_url
    try:
        yield made
    finally:
        # Closing the client leaves the transport open that the vendor's has put its own around.
        await made.request_adapter._http_client._transport.transport.aclose()


@pytest.fixture
async def graph(rig: Rig) -> AsyncIterator[GraphServiceClient]:
    made = GraphServiceClient(credentials=Credential(rig.tokens["greeter"]), scopes=SCOPES)
    async with opened(made, f"{rig.host}/v1.0") as client:
        yield client


@pytest.fixture
async def beta(rig: Rig) -> AsyncIterator[BetaClient]:
    made = BetaClient(credentials=Credential(rig.tokens["greeter"]), scopes=SCOPES)
    async with opened(made, f"{rig.host}/beta") as client:
        yield client


def code(error: Any) -> str:
    """The code in an error of either client."""
    return str(error.error.code)


REASONS = [(RejectReason.None_, 603), (RejectReason.Busy, 486), (RejectReason.Forbidden, 403), (None, 603)]


@pytest.mark.parametrize(("reason", "status"), REASONS)
async def test_reject(rig: Rig, graph: GraphServiceClient, reason: RejectReason | None, status: int) -> None:
    call = rig.control.ring()
    reject = graph.communications.calls.by_call_id(call.id).reject
    await reject.post(RejectPostRequestBody(reason=reason))
    assert (call.state, call.status) == (State.REFUSED, status)
    assert [heard.change for heard in await rig.heard(2)] == ["created", "deleted"]


async def test_reject_with_a_callback(rig: Rig, graph: GraphServiceClient) -> None:
    call = rig.control.ring()
    await rig.heard(1)
    body = RejectPostRequestBody(reason=RejectReason.Busy, callback_uri=rig.bots.on("/elsewhere"))
    await graph.communications.calls.by_call_id(call.id).reject.post(body)
    (deleted,) = await rig.heard(1, "/elsewhere")
    assert deleted.change == "deleted"


async def test_a_base_url_with_a_slash_at_its_end(rig: Rig, graph: GraphServiceClient) -> None:
    call = rig.control.ring()
    graph.request_adapter.base_url = f"{rig.host}/v1.0/"
    await graph.communications.calls.by_call_id(call.id).reject.post(RejectPostRequestBody())
    assert call.state is State.REFUSED


async def test_answer_get_and_delete(rig: Rig, graph: GraphServiceClient) -> None:
    call = rig.control.ring()
    item = graph.communications.calls.by_call_id(call.id)
    found = await item.get()
    assert found is not None
    assert (found.id, found.state, found.direction) == (call.id, CallState.Incoming, CallDirection.Incoming)
    assert found.requested_modalities == [Modality.Audio]
    assert isinstance(found.incoming_context, IncomingContext)
    assert found.source is not None
    assert found.source.identity is not None
    assert found.incoming_context.source_participant_id == str(found.source.additional_data["id"])
    assert found.source.identity.additional_data["phone"]["id"] == "+15551234"
    assert found.targets is not None
    (called,) = found.targets
    assert called.identity is not None
    assert called.identity.application is not None
    assert (called.identity.application.id, called.identity.application.display_name) == (
        rig.greeter.app_id,
        "Calling Bot",
    )
    assert (found.tenant_id, found.callback_uri) == (rig.greeter.tenant, rig.greeter.callback)

    await item.answer.post(
        AnswerPostRequestBody(
            callback_uri=rig.greeter.callback,
            accepted_modalities=[Modality.Audio],
            media_config=ServiceHostedMediaConfig(odata_type="#microsoft.graph.serviceHostedMediaConfig"),
        )
    )
    assert rig.control.commands == [Redirect(rig.greeter.media, "relay")]
    rig.control.answers(call)
    found = await item.get()
    assert found is not None
    assert found.state is CallState.Established
    assert isinstance(found.media_config, ServiceHostedMediaConfig)
    assert found.media_state is not None
    assert found.media_state.audio is MediaState.Active

    await item.delete()
    assert call.state is State.COMPLETED
    told = [f"{heard.change} {heard.state}" for heard in await rig.heard(5)]
    assert told == [
        "created incoming",
        "updated establishing",
        "updated established",
        "updated terminating",
        "deleted terminated",
    ]


async def test_redirect(rig: Rig, graph: GraphServiceClient) -> None:
    call = rig.control.ring()
    phone = IdentitySet(additional_data={"phone": Identity(id="+12345678901")})
    user = IdentitySet(user=Identity(id="alice", display_name="Alice"))
    await graph.communications.calls.by_call_id(call.id).redirect.post(
        RedirectPostRequestBody(
            targets=[InvitationParticipantInfo(identity=phone), InvitationParticipantInfo(identity=user)], timeout=30
        )
    )
    wanted = (target("sip:+12345678901@carrier.example.com"), target(phone="alice"))
    assert rig.control.commands == [Dial(wanted, 30.0)]
    rig.control.answers(call, 1)
    assert await rig.told(3) == ["created incoming", "updated redirecting", "deleted terminated"]


async def test_errors_are_told_with_their_code_and_request_id(rig: Rig, graph: GraphServiceClient) -> None:
    calls = graph.communications.calls
    with pytest.raises(ODataError) as raised:
        await calls.by_call_id("plus+/id").get()
    error = raised.value
    assert error.response_status_code == 404
    assert error.error is not None
    assert (error.error.code, error.error.message) == ("8522", "Call not found.")
    assert error.error.inner_error is not None
    assert error.response_headers is not None
    assert error.error.inner_error.request_id == error.response_headers["request-id"]
    assert error.error.inner_error.client_request_id == error.error.inner_error.request_id
    assert error.error.inner_error.date is not None

    call = rig.control.ring()
    body = RejectPostRequestBody(additional_data={"reason": "tomorrow"})
    with pytest.raises(ODataError) as raised:
        await calls.by_call_id(call.id).reject.post(body)
    assert (raised.value.response_status_code, code(raised.value)) == (400, "BadRequest")

    rig.control.cancels(call)
    with pytest.raises(ODataError) as raised:
        await calls.by_call_id(call.id).reject.post(RejectPostRequestBody())
    assert (raised.value.response_status_code, code(raised.value)) == (409, "Conflict")


@pytest.mark.parametrize(
    ("reason", "status"), [(BetaReason.None_, 603), (BetaReason.Busy, 486), (BetaReason.Forbidden, 403), (None, 603)]
)
async def test_reject_in_beta(rig: Rig, beta: BetaClient, reason: BetaReason | None, status: int) -> None:
    call = rig.control.ring()
    await beta.communications.calls.by_call_id(call.id).reject.post(BetaRejectBody(reason=reason))
    assert (call.state, call.status) == (State.REFUSED, status)


async def test_the_deprecated_path_in_beta(rig: Rig, beta: BetaClient) -> None:
    call = rig.control.ring()
    item = beta.app.calls.by_call_id(call.id)
    found = await item.get()
    assert found is not None
    assert found.state is BetaCallState.Incoming
    await item.reject.post(AppRejectBody(reason=BetaReason.Busy))
    assert call.status == 486
    with pytest.raises(BetaError) as raised:
        await item.delete()
    assert (raised.value.response_status_code, code(raised.value)) == (404, "8522")
