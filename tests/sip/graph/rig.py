"""A running Callgate whose numbers are bots', and Microsoft's own client with a token of azure-identity's.

The first digits of a number say whose it is: see :data:`DIRECTORY`.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azure.identity import ClientSecretCredential
from msgraph.graph_service_client import GraphServiceClient
from msgraph_beta import GraphServiceClient as BetaClient

from callgate.ports import free_port
from tests.dialects.graph.bots import ACCEPTED, Bots, Heard
from tests.dialects.graph.identity import certificate
from tests.sip.rig import Rig, number, rig_on
from tests.sip.user_agent import Destination, Dialed, Message
from tests.system import eventually

TENANT = "11111111-2222-3333-4444-555555555555"
GREETER, OTHER = "aaaaaaaa-0000-0000-0000-000000000001", "aaaaaaaa-0000-0000-0000-000000000002"
SECRET = "SecretOfTheBots00000000000000001"
PATHS = {"greeter": "/greeter", "other": "/other", "slow": "/slow", "dead": "/dead"}

#: 81…: the greeter's; 82…: the greeter's and another's; 83…: the greeter's for a whole window of its own; 84…: with a
#: window of 2 s; 85…: a slow bot's, a dead one's and another's; 89…: no bot's.
DIRECTORY = """
[[trunk]]
name = "trunk"
sources = ["127.0.0.1", "::1"]

[[bot]]
name = "greeter"
app_id = "{greeter}"
tenant = "{tenant}"
display_name = "Calling Bot"
secret = "{secret}"
callback = "{bots}/greeter"
media = "sip:media@{{destination}}"

[[bot]]
name = "other"
app_id = "{other}"
tenant = "{tenant}"
secret = "{secret}"
callback = "{bots}/other"
media = "sip:other@{{destination}}"

[[bot]]
name = "slow"
tenant = "{tenant}"
secret = "{secret}"
callback = "{bots}/slow"
media = "sip:slow@{{destination}}"

[[bot]]
name = "dead"
tenant = "{tenant}"
secret = "{secret}"
callback = "http://127.0.0.1:{dead}/calls"
media = "sip:dead@{{destination}}"

[[route]]
name = "greeter"
did = "81*"
outbound = "sip:{{destination}}"
bots = ["greeter"]

[[route]]
name = "two"
did = "82*"
outbound = "sip:{{destination}}"
bots = ["greeter", "other"]

[[route]]
name = "whole-window"
did = "83*"
bots = ["greeter"]

[[route]]
name = "hurried"
did = "84*"
window = 2
bots = ["greeter"]

[[route]]
name = "troubled"
did = "85*"
bots = ["slow", "dead", "other"]

[[route]]
name = "nobody"
did = "89*"
destination = "sip:{{destination}}"
window = 10
"""


@dataclass
class GraphRig:
    sip: Rig
    bots: Bots
    greeter: GraphServiceClient
    other: GraphServiceClient
    beta: BetaClient

    def dial(
        self, first: str, behave: Callable[[Destination, Message], None] | None = None, user: str = "media"
    ) -> Dialed:
        """Place a call to a new number that begins so; ``behave`` is what that user of the destination does with it."""
        if behave is not None:
            self.sip.destination.numbers[user] = behave
        return self.sip.caller.invite(self.sip.system.edge, number(first), number=number("55"))

    async def told(self, call: Dialed, count: int = 1, bot: str = "greeter") -> list[Heard]:
        """What a bot was told of a call, once it was told so much."""
        identity = await self.sip.native.held(call.call_id)
        path = PATHS[bot]

        def heard() -> list[Heard]:
            return [each for each in self.bots.all(path) if each.resource["@odata.id"].endswith(identity)]

        await eventually(lambda: len(heard()) >= count)
        return heard()

    async def incoming(self, call: Dialed, bot: str = "greeter") -> str:
        """The call's id, once the bot was told of it."""
        first = (await self.told(call, bot=bot))[0]
        assert (first.change, first.state) == ("created", "incoming")
        return str(first.value["resourceData"]["id"])

    def untouched(self, call: Dialed) -> bool:
        return self.sip.destination.saw("INVITE", call) == []


def story(heard: list[Heard]) -> list[tuple[str, str | None]]:
    """Each notification's change and state."""
    return [(each.change, each.state) for each in heard]


def result(heard: Heard) -> Mapping[str, Any]:
    """Why a call is over."""
    told: Mapping[str, Any] = heard.value["resourceData"]["resultInfo"]
    return told


@contextlib.asynccontextmanager
async def graph_rig_on(folder: Path) -> AsyncIterator[GraphRig]:
    server = folder / "server.pem"
    server.write_bytes(certificate().both)
    secure = free_port(protocol="tcp")
    async with contextlib.AsyncExitStack() as stack:
        bots = await stack.enter_async_context(Bots().serving())
        for path in PATHS.values():
            bots.on(path, ACCEPTED)
        directory = DIRECTORY.format(
            greeter=GREETER,
            other=OTHER,
            tenant=TENANT,
            secret=SECRET,
            bots=bots.base,
            dead=free_port(protocol="tcp"),
        )
        tables = (
            "destination_timeout = 2\nring_timeout = 3\n[graph]\nhttp_callbacks = true\nnotification_timeout = 2.0\n"
            f'[[http.listeners]]\nbind = "127.0.0.1:{secure}"\ncertificate = "{server}"\nprivate_key = "{server}"\n'
        )
        sip = await stack.enter_async_context(rig_on(folder, directory=directory, tables=tables))

        def credential(app_id: str) -> ClientSecretCredential:
            made = ClientSecretCredential(
                TENANT,
                app_id,
                SECRET,
                authority=f"https://localhost:{secure}",
                disable_instance_discovery=True,
                connection_verify=str(server),
            )
            stack.callback(made.close)
            return made

        scopes = ["https://graph.microsoft.com/.default"]
        clients = []
        for kind, app_id, version in (
            (GraphServiceClient, GREETER, "v1.0"),
            (GraphServiceClient, OTHER, "v1.0"),
            (BetaClient, GREETER, "beta"),
        ):
            client: Any = kind(credentials=credential(app_id), scopes=scopes)
            client.request_adapter.base_url = f"{sip.system.http}/{version}"
            # The vendor's client never closes its connections.
            stack.push_async_callback(client.request_adapter._http_client._transport.transport.aclose)
            clients.append(client)
        yield GraphRig(sip, bots, clients[0], clients[1], clients[2])
