"""From the URLs and bindings of RCML to the shapes of ``/v1``, and back."""

from __future__ import annotations

from typing import Any

import msgspec

from callgate.dialects.native import errors
from callgate.dialects.native.routes.entries import changes_of
from callgate.dialects.native.wire_rcml import Binding, BindingPatch
from callgate.directory.model import RcmlNumber, RcmlVoice
from callgate.directory.sids import NUMBER, new_sid
from callgate.directory.urls import hidden, restored

_VOICE = RcmlVoice.__struct_fields__


def voice_shown(voice: RcmlVoice) -> dict[str, Any]:
    """The keys of a voice for the shape that has them, each password hidden."""
    return msgspec.structs.asdict(hidden(voice))


def take_voice(changes: dict[str, Any], former: RcmlVoice | None) -> RcmlVoice:
    """The voice that those changes make of ``former``; its keys are taken out of ``changes``."""
    given = {key: changes.pop(key) for key in _VOICE if key in changes}
    return restored(msgspec.structs.replace(former or RcmlVoice(), **given), former)


def binding_shown(number: RcmlNumber | None) -> Binding | None:
    """What the API shows of a route's binding."""
    if number is None:
        return None
    return Binding(
        account=number.account,
        application=number.application,
        on_failure=number.on_failure,
        friendly_name=number.friendly_name,
        sid=number.sid,
        **voice_shown(number.voice),
    )


def binding_made(written: Binding, former: RcmlNumber | None) -> RcmlNumber:
    """The binding asked for, in the place of ``former``."""
    changes = changes_of(written)
    sid = changes.pop("sid") or (former.sid if former else new_sid(NUMBER))
    return RcmlNumber(sid=sid, voice=take_voice(changes, former.voice if former else None), **changes)


def binding_changed(patch: BindingPatch, former: RcmlNumber | None) -> RcmlNumber:
    """``former`` with what of it is to change.

    Raises:
        ProblemError: 422, there is none yet, and the patch names no account.
    """
    changes = changes_of(patch)
    if former is None and "account" not in changes:
        raise errors.invalid("$.rcml.account", "expected the name of an account, because the route has no binding yet")
    voice = take_voice(changes, former.voice if former else None)
    former = former or RcmlNumber(changes["account"], new_sid(NUMBER))
    return msgspec.structs.replace(former, voice=voice, **changes)
