"""``me/devices``: the agent's phone, and what it belongs to."""

from __future__ import annotations

from callgate.dialects.genesys import ids, resources
from callgate.dialects.genesys.errors import not_done, not_found
from callgate.dialects.genesys.requests import Reply, Request, collection, single


async def devices(request: Request) -> Reply:
    """GET me/devices"""
    device = resources.device(request.status, request.base)
    return collection(request, "devices", [(f"{request.base}/devices/{device.id}", device)])


async def device(request: Request) -> Reply:
    """GET me/devices/{id}, and devices/{id}, as a call's ``deviceUri`` has it: the agent's own."""
    found = resources.device(request.status, request.base)
    if request.id != found.id:
        raise not_found("The device")
    return single(request, "device", found)


async def voice_environment(request: Request) -> Reply:
    """GET voice-environments/{id}, as a device's ``voiceEnvironmentUri`` has it."""
    if request.id != ids.VOICE_ENVIRONMENT:
        raise not_found("The voice environment")
    return single(request, "voiceEnvironment", resources.voice_environment(request.base))


async def dial(request: Request) -> Reply:
    """POST me/devices/{id}/calls"""
    raise not_done("Dial: place calls with the phone itself")
