"""One example of each shape that replies have, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from callgate.dialects.native import wire, wire_directory, wire_graph, wire_queues, wire_rcml

_RECEIVED = 1_767_225_600.25

CALL = wire.Call(
    id="019b76da-a8fa-7000-8000-000000000001",
    trunk="main",
    route="sales",
    dialled="2002",
    destination="sip:pbx.example.com",
    caller=wire.Caller(
        number="5503301",
        name="Ann",
        uri="sip:5503301@192.0.2.10",
        request_uri="sip:2002@203.0.113.5",
        from_header='"Ann" <sip:5503301@192.0.2.10>;tag=a73kszlfl',
        to_header="<sip:2002@203.0.113.5>",
        source="192.0.2.10:5060",
        sip_call_id="1j9FpLxk3uxtm8tn@192.0.2.10",
        asserted_identity="",
        privacy="",
        diversion="",
        headers=[wire.Header("X-Campaign", "spring")],
    ),
    state="refused",
    controlled=True,
    window=10.0,
    deadline=_RECEIVED + 10.0,
    lapse=wire.AcceptVerdict(),
    decision=wire.Decision(
        wire.RefuseVerdict(603, "Decline", 21, "rejected", []), "native", "dashboard", _RECEIVED + 1.5
    ),
    received=_RECEIVED,
    told=_RECEIVED + 0.001,
    decided=_RECEIVED + 1.5,
    ringing=None,
    answered=None,
    ended=_RECEIVED + 1.502,
    status=603,
    phrase="Decline",
    hung_up_by=None,
)
_TRUNK = wire_directory.Trunk("main", ["192.0.2.10"], number=1)
_ROUTE = wire_directory.Route("sales", "sip:pbx.example.com", did="2002", trunks=["main"], window=10.0, number=1)
_CLIENT = wire_directory.Client(
    "crm",
    "Q2tO8sUQ2zUFmDNSlLfb4Oz5bCAYh0Lr",
    "yeastar",
    ["*"],
    ["main"],
    [wire_directory.Webhook("https://crm.example.com/events", "POST", [30016])],
    5.0,
    3,
)
_ACCOUNT = wire_rcml.Account(
    "acme", "AC0123456789abcdef0123456789abcdef", "Acme", "active", ["4420*"], "", "sip:gateway.example.com", True
)
_APPLICATION = wire_rcml.Application(
    "menu", "acme", "AP0123456789abcdef0123456789abcdef", voice_url="https://example.com/voice"
)
_BOT = wire_graph.Bot(
    "greeter",
    "8d9c9d0e-6b1c-4f43-9a0c-2f8f3f0f5a11",
    "1d2c3b4a-5f6e-4708-8190-a1b2c3d4e5f6",
    "https://bot.example.com/callbacks",
    "sip:media.example.com:5060",
    "Greeter",
    1,
    [],
    ["*"],
    ["4420*"],
    True,
)
_PHONE = wire_rcml.Phone("alice", "Alice", "acme", "CL0123456789abcdef0123456789abcdef", True)
_PHONE_STATUS = wire_rcml.PhoneStatus("alice", True, 1, "192.0.2.50:5060")
_QUEUE = wire_queues.Queue("support", "9000", overflow="sip:voicemail@pbx.example.com")
_QUEUE_STATUS = wire_queues.QueueStatus("support", "9000", 3, 1, 42.5, 2, 4, 1, 17, 2, 0)
_WAITING = wire_queues.WaitingCall(1, CALL.id, "5005", _RECEIVED, 0, "ksippo", 2)
_AGENT = wire_queues.Agent(
    "ksippo",
    "63630bbebf4840d7a0bffd6312bc29ff",
    "Kristi",
    "Sippola",
    "5001",
    "",
    ["support"],
    ["api-voice"],
    True,
)
_AGENT_CALL = wire_queues.AgentCall(CALL.id, "ringing", "5005", "9000", "support", "inbound", _RECEIVED + 12.0, None)
_AGENT_STATUS = wire_queues.AgentStatus("ksippo", "5001", "ready", _RECEIVED - 60.0, True, [_AGENT_CALL])
_KEY = wire_directory.Key("dashboard", "read")
_DELIVERY = wire.Delivery(CALL.id, "yeastar", "crm", "webhook", "30016", "delivered", _RECEIVED + 0.02, 0.018)
_JOURNAL_CALL = wire.JournalCall(
    id=CALL.id,
    trunk=CALL.trunk,
    route=CALL.route,
    dialled=CALL.dialled,
    destination=CALL.destination,
    caller_number=CALL.caller.number,
    caller_name=CALL.caller.name,
    source=CALL.caller.source,
    sip_call_id=CALL.caller.sip_call_id,
    controlled=True,
    state=CALL.state,
    received=CALL.received,
    told=CALL.told,
    decided=CALL.decided,
    ringing=None,
    answered=None,
    ended=CALL.ended,
    action="refuse",
    reason="rejected",
    dialect="native",
    application="dashboard",
    status=603,
    phrase="Decline",
    hung_up_by=None,
)
_VERDICT = wire.VerdictGiven(
    CALL.id,
    wire.RefuseVerdict(603, "Decline", 21, "rejected", []),
    "native",
    "dashboard",
    "applied",
    _RECEIVED + 1.5,
    0.002,
)

#: An example by its type.
EXAMPLES: dict[Any, object] = {
    wire.Call: CALL,
    wire.Page[wire.Call]: wire.Page([CALL], CALL.id),
    wire.Outcome: wire.Outcome("applied", 603, CALL),
    wire_directory.Trunk: _TRUNK,
    wire.Page[wire_directory.Trunk]: wire.Page([_TRUNK]),
    wire_directory.Route: _ROUTE,
    wire.Page[wire_directory.Route]: wire.Page([_ROUTE]),
    wire_rcml.Account: _ACCOUNT,
    wire.Page[wire_rcml.Account]: wire.Page([_ACCOUNT]),
    wire_rcml.Application: _APPLICATION,
    wire.Page[wire_rcml.Application]: wire.Page([_APPLICATION]),
    wire_graph.Bot: _BOT,
    wire.Page[wire_graph.Bot]: wire.Page([_BOT]),
    wire_rcml.Phone: _PHONE,
    wire.Page[wire_rcml.Phone]: wire.Page([_PHONE]),
    wire_rcml.PhoneStatus: _PHONE_STATUS,
    wire.Page[wire_rcml.PhoneStatus]: wire.Page([_PHONE_STATUS]),
    wire_queues.Queue: _QUEUE,
    wire.Page[wire_queues.Queue]: wire.Page([_QUEUE]),
    wire_queues.QueueStatus: _QUEUE_STATUS,
    wire.Page[wire_queues.QueueStatus]: wire.Page([_QUEUE_STATUS]),
    wire.Page[wire_queues.WaitingCall]: wire.Page([_WAITING]),
    wire_queues.Agent: _AGENT,
    wire.Page[wire_queues.Agent]: wire.Page([_AGENT]),
    wire_queues.AgentStatus: _AGENT_STATUS,
    wire.Page[wire_queues.AgentStatus]: wire.Page([_AGENT_STATUS]),
    wire_directory.Client: _CLIENT,
    wire.Page[wire_directory.Client]: wire.Page([_CLIENT]),
    wire_directory.Key: _KEY,
    wire.Page[wire_directory.Key]: wire.Page([_KEY]),
    wire_directory.DirectoryChange: wire_directory.DirectoryChange(["trunk main", "route sales"], [], [], 4, False),
    wire.Page[wire.JournalCall]: wire.Page([_JOURNAL_CALL], CALL.id),
    wire.JournalEntry: wire.JournalEntry(_JOURNAL_CALL, [_VERDICT], [_DELIVERY]),
    wire.Page[wire.VerdictGiven]: wire.Page([_VERDICT]),
    wire.Page[wire.Delivery]: wire.Page([_DELIVERY]),
    wire.Status: wire.Status(
        "0.1.0",
        86_400.0,
        True,
        None,
        True,
        "5.6.3",
        3,
        17,
        {"unknown_source": 5, "no_route": 0, "no_controller": 0, "guard": 0},
        0,
        0,
    ),
}
