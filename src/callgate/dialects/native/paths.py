"""Every path of this API, in one table. Braces are path parameters."""

from __future__ import annotations

from typing import Final

BASE: Final = "/v1"

CALLS: Final = "/v1/calls"  #: GET ?trunk= &route= &state= &caller= &dialled= &cursor= &limit= → Page[Call]
CALL: Final = "/v1/calls/{id}"  #: GET → Call
ACCEPT: Final = "/v1/calls/{id}/accept"  #: POST nothing → Outcome
REFUSE: Final = "/v1/calls/{id}/refuse"  #: POST RefuseRequest or nothing → Outcome
REDIRECT: Final = "/v1/calls/{id}/redirect"  #: POST RedirectRequest → Outcome
HANG_UP: Final = "/v1/calls/{id}/hangup"  #: POST nothing → Outcome

EVENTS: Final = "/v1/events"  #: GET ?cursor= &trunk= &kind= → text/event-stream; each `data:` is one Event
EVENTS_WS: Final = "/v1/events/ws"  #: WebSocket, same query; each text message is one Event

TRUNKS: Final = "/v1/trunks"  #: GET ?cursor= &limit= → Page[Trunk]; POST Trunk → 201 Trunk
TRUNK: Final = "/v1/trunks/{name}"  #: GET, PUT Trunk, PATCH TrunkPatch → Trunk; DELETE → 204
ROUTES: Final = "/v1/routes"  #: GET → Page[Route]; POST Route → 201 Route
ROUTE: Final = "/v1/routes/{name}"  #: GET, PUT Route, PATCH RoutePatch → Route; DELETE → 204
ACCOUNTS: Final = "/v1/accounts"  #: GET → Page[Account]; POST AccountRequest → 201 Account
ACCOUNT: Final = "/v1/accounts/{name}"  #: GET, PUT AccountRequest, PATCH AccountPatch → Account; DELETE → 204
ACCOUNT_TOKEN: Final = "/v1/accounts/{name}/token"  #: POST nothing → Account with its new token
APPLICATIONS: Final = "/v1/applications"  #: GET → Page[Application]; POST Application → 201 Application
APPLICATION: Final = "/v1/applications/{name}"  #: GET, PUT Application, PATCH ApplicationPatch; DELETE → 204
BOTS: Final = "/v1/bots"  #: GET → Page[Bot]; POST BotRequest → 201 Bot
BOT: Final = "/v1/bots/{name}"  #: GET, PUT BotRequest, PATCH BotPatch → Bot; DELETE → 204
BOT_SECRET: Final = "/v1/bots/{name}/secret"  #: POST NewSecret or nothing → Bot with its new secret
PHONES: Final = "/v1/phones"  #: GET → Page[Phone]; POST PhoneRequest → 201 Phone
PHONE: Final = "/v1/phones/{name}"  #: GET, PUT PhoneRequest, PATCH PhonePatch → Phone; DELETE → 204
PHONE_PASSWORD: Final = "/v1/phones/{name}/password"  #: POST nothing → Phone with its new password
PHONE_STATUS: Final = "/v1/phones/{name}/status"  #: GET → PhoneStatus
QUEUES: Final = "/v1/queues"  #: GET → Page[Queue]; POST Queue → 201 Queue
QUEUE: Final = "/v1/queues/{name}"  #: GET, PUT Queue, PATCH QueuePatch → Queue; DELETE → 204
QUEUE_STATUS: Final = "/v1/queues/{name}/status"  #: GET → QueueStatus
QUEUE_CALLS: Final = "/v1/queues/{name}/calls"  #: GET ?cursor= &limit= → Page[WaitingCall]
AGENTS: Final = "/v1/agents"  #: GET → Page[Agent]; POST AgentRequest → 201 Agent
AGENT: Final = "/v1/agents/{name}"  #: GET, PUT AgentRequest, PATCH AgentPatch → Agent; DELETE → 204
AGENT_PASSWORD: Final = "/v1/agents/{name}/password"  #: POST nothing → Agent with its new password
AGENT_STATUS: Final = "/v1/agents/{name}/status"  #: GET → AgentStatus
AGENT_STATE: Final = "/v1/agents/{name}/state"  #: POST AgentState → AgentStatus
CLIENTS: Final = "/v1/clients"  #: GET → Page[Client]; POST ClientRequest → 201 Client
CLIENT: Final = "/v1/clients/{name}"  #: GET, PUT ClientRequest, PATCH ClientPatch → Client; DELETE → 204
CLIENT_ROTATE: Final = "/v1/clients/{name}/rotate"  #: POST nothing → Client with its new secret
KEYS: Final = "/v1/keys"  #: GET → Page[Key]; POST KeyRequest → 201 Key with its key
KEY: Final = "/v1/keys/{name}"  #: GET, PATCH KeyPatch → Key; DELETE → 204
KEY_ROTATE: Final = "/v1/keys/{name}/rotate"  #: POST nothing → Key with its new key
DIRECTORY: Final = "/v1/directory"  #: GET → TOML; POST TOML ?prune= &dry_run= → DirectoryChange

JOURNAL_CALLS: Final = "/v1/journal/calls"  #: GET ?trunk= … &cursor= &limit= → Page[JournalCall]
JOURNAL_CALL: Final = "/v1/journal/calls/{id}"  #: GET → JournalEntry
JOURNAL_VERDICTS: Final = "/v1/journal/verdicts"  #: GET ?call= … &cursor= &limit= → Page[VerdictGiven]
JOURNAL_DELIVERIES: Final = "/v1/journal/deliveries"  #: GET ?call= … &cursor= &limit= → Page[Delivery]

STATUS: Final = "/v1/status"  #: GET → Status
# Not /v1/phones/status: that is the phone with the name "status".
PHONE_STATUSES: Final = "/v1/status/phones"  #: GET ?cursor= &limit= → Page[PhoneStatus]
QUEUE_STATUSES: Final = "/v1/status/queues"  #: GET ?cursor= &limit= → Page[QueueStatus]
AGENT_STATUSES: Final = "/v1/status/agents"  #: GET ?cursor= &limit= → Page[AgentStatus]
PROBLEM: Final = "/v1/problems/{name}"  #: GET → ProblemPage
OPENAPI: Final = "/v1/openapi.json"
DOCS: Final = "/v1/docs"
HEALTHY: Final = "/healthz"  #: 200 while the process lives
READY: Final = "/readyz"  #: 200 while a call can be held and decided, else 503 with why
METRICS: Final = "/metrics"  #: Prometheus text
