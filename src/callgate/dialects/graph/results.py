"""Why a call is over, as ``resultInfo``.

The code is a SIP status. The subcodes are those that the vendor publishes for the end of a call (the page of call:
delete); where it publishes none for the case the subcode is 0. Which of them stands for which end is our choice but
for 200/5001, the page's own example.
"""

from __future__ import annotations

from callgate.core.calls import Call
from callgate.core.events import Kind
from callgate.core.reasons import phrase_of
from callgate.dialects.graph.wire import ResultInfo

#: The bot, or whoever manages the installation, has ended it, or its time was over.
ENDED = ResultInfo(200, 5001, "The conversation has ended.")
ENDED_BY_OTHER = ResultInfo(200, 4521, "The call was ended by the other participant.")
#: The text that SIP has for it: RFC 3326, and RFC 3261's forking proxies since.
COMPLETED_ELSEWHERE = ResultInfo(200, 0, "Call completed elsewhere.")
LAPSED = ResultInfo(408, 10057, "The call was not decided in time.")
CANCELLED = ResultInfo(487, 0, "The caller has hung up.")
LOST = ResultInfo(500, 1005, "The call was lost.")

_SUBCODES = {408: 10057, 480: 10076}


def of_end(kind: Kind, call: Call) -> ResultInfo:
    """Of a call that has just ended so."""
    if kind is Kind.CANCELLED:
        return CANCELLED
    if kind is Kind.ENDED:
        return ENDED_BY_OTHER if call.hung_up_by in ("caller", "destination") else ENDED
    if not call.status or call.status < 300 or call.answered is not None:
        return LOST
    return ResultInfo(call.status, _SUBCODES.get(call.status, 0), f"{call.phrase or phrase_of(call.status)}.")
