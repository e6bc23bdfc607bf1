"""The two examples of Microsoft's page of call: reject (beta), request for request and notification for notification.

What the page shows is compared member by member; what is sent besides (types, ids) is what its other pages show.
"""

from __future__ import annotations

from typing import Any

import msgspec

from callgate.core.states import State

from .rig import Rig

#: The page's requests, byte for byte below their headers.
BUSY = b'{\n  "reason": "busy"\n}'
NONE = b'{\n  "reason": "none"\n}'


def incoming(path: str, app_id: str) -> dict[str, Any]:
    """The page's first notification, of a caller without a number, with audio alone and no region."""
    return {
        "@odata.type": "#microsoft.graph.commsNotifications",
        "value": [
            {
                "@odata.type": "#microsoft.graph.commsNotification",
                "changeType": "created",
                "resourceUrl": path,
                "resourceData": {
                    "@odata.type": "#microsoft.graph.call",
                    "@odata.id": path,
                    "state": "incoming",
                    "direction": "incoming",
                    "source": {"identity": {"user": {"displayName": "Ann", "id": "sip:john@192.0.2.10"}}},
                    "targets": [{"identity": {"application": {"displayName": "Calling Bot", "id": app_id}}}],
                    "requestedModalities": ["audio"],
                },
            }
        ],
    }


def deleted(path: str) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.commsNotifications",
        "value": [
            {
                "@odata.type": "#microsoft.graph.commsNotification",
                "changeType": "deleted",
                "resourceUrl": path,
                "resourceData": {"@odata.type": "#microsoft.graph.call", "@odata.id": path},
            }
        ],
    }


def shown(sent: Any, page: Any) -> Any:
    """Of what was sent the members that the page shows."""
    if isinstance(page, dict):
        return {name: shown(sent.get(name), inner) for name, inner in page.items()}
    if isinstance(page, list):
        assert len(sent) == len(page)
        return [shown(mine, inner) for mine, inner in zip(sent, page, strict=True)]
    return sent


async def reject(rig: Rig, path: str, body: bytes) -> None:
    async with rig.client(rig.greeter, "beta") as http:
        reply = await http.post(
            f"{path.removeprefix('/')}/reject", content=body, headers={"Content-Type": "application/json"}
        )
    assert (reply.status_code, reply.content) == (202, b"")


async def test_example_1(rig: Rig) -> None:
    call = rig.control.ring()
    await reject(rig, f"/communications/calls/{call.id}", BUSY)
    assert (call.state, call.status) == (State.REFUSED, 486)


async def test_example_2(rig: Rig) -> None:
    call = rig.control.ring(number="john")
    (first,) = await rig.heard(1)
    page = incoming(f"/communications/calls/{call.id}", rig.greeter.app_id)
    assert shown(first.json, page) == page
    assert first.headers["content-type"].partition(";")[0] == "application/json"

    await reject(rig, first.value["resourceUrl"], NONE)
    assert (call.state, call.status) == (State.REFUSED, 603)

    _, second = await rig.heard(2)
    page = deleted(f"/communications/calls/{call.id}")
    assert shown(second.json, page) == page
    assert second.resource == page["value"][0]["resourceData"]  # and nothing more
    assert msgspec.json.encode(second.resource) in second.body
