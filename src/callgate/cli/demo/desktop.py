"""An agent's desktop as others write it: it speaks Genesys Web Services, with CometD for what happens."""

from __future__ import annotations

import threading
import time
from types import TracebackType

import httpx
import msgspec

from callgate.cli.exits import CommandError

#: Seconds for each request, beside the polls, which the server holds.
_TIMEOUT = 10.0
_POLL = 60.0


class Notice(msgspec.Struct, frozen=True):
    """A call at the agent's phone: its id, state, and who is at the other end."""

    call: str
    state: str
    caller: str


class _Participant(msgspec.Struct, frozen=True):
    number: str = msgspec.field(name="phoneNumber")


class _Call(msgspec.Struct, frozen=True):
    id: str
    state: str
    participants: list[_Participant]


class _Data(msgspec.Struct, frozen=True):
    call: _Call | None = None


class _Message(msgspec.Struct, frozen=True):
    channel: str
    successful: bool = True
    client_id: str = msgspec.field(name="clientId", default="")
    data: _Data | None = None


class _Reply(msgspec.Struct, frozen=True):
    code: int = msgspec.field(name="statusCode")


class Desktop:
    """Logs an agent in, hears of the calls at his phone, and operates them; a context manager.

    Events are heard in a thread of its own: :meth:`wait` looks at them.
    """

    def __init__(self, url: str, user: str, password: str) -> None:
        self._http = httpx.Client(base_url=f"{url}/api/v2/", auth=(user, password), timeout=_TIMEOUT, trust_env=False)
        self._user = user
        self._arrived = threading.Condition()
        self._notices: list[Notice] = []
        self._id = ""
        self._left = False

    def __enter__(self) -> Desktop:
        if self._http.get("me").status_code != 200:
            raise CommandError(f"the demo's agent {self._user} could not log in")
        (reply,) = self._bayeux(channel="/meta/handshake", version="1.0", supportedConnectionTypes=["long-polling"])
        self._id = reply.client_id
        self._bayeux(channel="/meta/subscribe", clientId=self._id, subscription="/v2/me/calls")
        self._listening = threading.Thread(target=self._listen, name=f"desktop of {self._user}", daemon=True)
        self._listening.start()
        for operation in ({"operationName": "StartContactCenterSession", "channels": ["voice"]}, _operation("Ready")):
            self._http.post("me", json=operation)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left = True
        self._http.post("me", json=_operation("EndContactCenterSession"))
        self._listening.join(_TIMEOUT)
        self._http.close()

    def wait(self, state: str, caller: str, seconds: float) -> Notice | None:
        """The call from that number in that state; ``None`` if it is not told within so many seconds."""

        def found() -> Notice | None:
            wanted = (state, caller)
            return next((notice for notice in self._notices if (notice.state, notice.caller) == wanted), None)

        with self._arrived:
            self._arrived.wait_for(lambda: found() is not None, seconds)
            return found()

    def operate(self, call: str, name: str) -> int:
        """An operation on a call; its statusCode."""
        reply = self._http.post(f"me/calls/{call}", json=_operation(name))
        return msgspec.json.decode(reply.content, type=_Reply).code

    def _bayeux(self, **message: object) -> list[_Message]:
        reply = self._http.post("notifications", json=[message], timeout=_POLL)
        return msgspec.json.decode(reply.content, type=list[_Message])

    def _listen(self) -> None:
        while not self._left:
            try:
                messages = self._bayeux(channel="/meta/connect", clientId=self._id, connectionType="long-polling")
            except (httpx.HTTPError, msgspec.DecodeError):
                return  # closed by the other side: wait() then gives None
            for message in messages:
                if message.data is not None and (call := message.data.call) is not None:
                    with self._arrived:
                        self._notices.append(Notice(call.id, call.state, call.participants[0].number))
                        self._arrived.notify_all()
                elif not message.successful:
                    return
            time.sleep(0)


def _operation(name: str) -> dict[str, str]:
    return {"operationName": name}
