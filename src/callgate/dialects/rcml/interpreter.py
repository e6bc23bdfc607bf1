"""Documents of one call, from the first to the verdict: fetched, read, and done verb by verb.

A document that cannot be had, or cannot go on, is followed by the fallback URL's, once; if that fails too, the call
gets what its number's ``on_failure`` says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from callgate.core.answers import Applied, EdgeSilent
from callgate.core.calls import Call
from callgate.core.states import State
from callgate.core.verdicts import Accept, Dial, Verdict, refusal, refuse
from callgate.dialects.rcml import parameters
from callgate.dialects.rcml.binding import Binding, Source
from callgate.dialects.rcml.decisions import Decisions
from callgate.dialects.rcml.dialling import Dialled, Dialling
from callgate.dialects.rcml.document import Document, Element, read
from callgate.dialects.rcml.failures import Code, DocumentFailure
from callgate.dialects.rcml.interruption import Interrupted, Interruption
from callgate.dialects.rcml.model import DocumentRequest, FetchError, Status
from callgate.dialects.rcml.notices import Notices
from callgate.dialects.rcml.parts import Parts
from callgate.dialects.rcml.statuses import Statuses, refusal_of
from callgate.dialects.rcml.urls import without_credentials
from callgate.dialects.rcml.verbs import VERBS, meant
from callgate.dialects.rcml.verbs.hangup import Hangup
from callgate.dialects.rcml.verbs.verb import NeedsAnswer, Step
from callgate.directory.model import Account, InboundRoute, Phone

#: Documents are to be there so long (seconds) before the call's window is over, that the outcome is ours to choose.
MARGIN = 0.25
#: The fallback URL has at least this part of what is left of the window when a document is asked for.
_RESERVED = 0.25
#: How long (seconds) a call is held at once: each time, the caller's network hears that it goes on.
HOLD_STEP = 30.0
#: Larger documents (bytes) are read in a thread: other calls do not wait for that.
_LARGE = 16_384
#: What the caller hears when no document can be had: the open-source product's words.
PROBLEM = "Problem to setup the call"


class Interpreter:
    """Carries out the documents of one call: the stage of their verbs.

    ``interruption`` stops it where it waits, ``dialling`` is what it waits for after a Dial, ``decisions`` are its
    verdicts.
    """

    def __init__(self, parts: Parts, call: Call, binding: Binding, statuses: Statuses, notices: Notices) -> None:
        self.call = call
        self.notices = notices
        self.interruption = Interruption()
        self.dialling: Dialling | None = None
        self.decisions = Decisions(parts.control, call, binding.decider, notices)
        self.url = ""
        self.begun = False
        self._parts = parts
        self._binding = binding
        self._statuses = statuses
        self._fallback: Source | None = None
        self._changes = 0
        self._held = 0.0
        self._failed: Dialled | None = None

    def stop(self) -> None:
        """Have it stop at once, whatever it waits for."""
        self.interruption.ask()
        if self.dialling is not None:
            self.dialling.give_up()

    async def run(self, first: Source | None, fallback: Source | None) -> None:
        """From the first document to the verdict.

        Raises:
            Interrupted: it was stopped, or its verdict had no effect.
        """
        self.decisions.begin()
        self._fallback = fallback
        self._changes = 0
        self.begun = False
        self._failed = None
        source = first
        while True:
            try:
                source = await self._document(source)
                if source is None:
                    return
                if self.call.ended is not None:
                    await self._after_the_call(source)
                    return
                self._changes += 1
                if self._changes > self._parts.settings.document_changes:
                    raise DocumentFailure(
                        Code.CHANGES,
                        f"the call has gone through {self._changes} documents, is there a loop of Redirects? "
                        f"{self._parts.settings.document_changes} changes are allowed (setting rcml.document_changes)",
                    )
            except (DocumentFailure, FetchError) as error:
                failure = _as_failure(error, source)
                self.notices.failure(failure)
                source = await self._after_failure(failure)
                if source is None:
                    return

    # --- documents ---------------------------------------------------------------------------------------------------

    async def _document(self, source: Source | None) -> Source | None:
        """One document; gives where the next is, ``None``: the call has its verdict."""
        if source is None:
            raise DocumentFailure(
                Code.NOT_FOUND, f"number {self.call.dialled} has no voice URL: set its VoiceUrl", status=404
            )
        document = await self._fetch(source, self._seconds())
        self.url = document.url
        for element in document.verbs:
            following = await self._verb(element)
            if isinstance(following, Source):
                return following
            if following is Step.FINISHED:
                return None
        if self._failed is None:
            await self.decide(refusal("rejected"), "no-answer")  # as Hangup
        else:
            await self.decide(refusal_of(self._failed.sip), self._failed.status)
        return None

    async def _verb(self, element: Element) -> Step | Source:
        verb = VERBS.get(element.tag)
        if verb is None:
            known = meant(element.tag)
            hint = f": did you mean {known}? Letter case matters" if known else ""
            self.notices.warn(
                Code.SCHEMA, f"<{element.tag[:40]}> is not a verb of RCML and is skipped{hint}", element.line
            )
            return Step.NEXT
        try:
            following = await verb.read(element, self.notices).run(self)
        except NeedsAnswer as needs:
            return await self._go_on(needs)
        self.begun = self.begun or not verb.precedes_reject
        return following

    async def _go_on(self, needs: NeedsAnswer) -> Step:
        """The document wants an answered call: whatever answers at the route's destination does what comes next."""
        if not self.route.destination:
            raise DocumentFailure(
                Code.NOT_DONE,
                f"line {needs.line}: {needs.name} needs an answered call, which Callgate does not do, and inbound "
                f"route {self.route.name} has no destination that would answer: set one, or do without {needs.name}",
            )
        self.notices.warn(
            Code.NOT_DONE,
            f"{needs.name} needs an answered call, which Callgate does not do: "
            f"the call goes on to the destination of inbound route {self.route.name}",
            needs.line,
        )
        await self.decide(Accept())
        return Step.FINISHED

    async def _fetch(self, source: Source, seconds: float) -> Document:
        told = parameters.of_call(
            self.call,
            self.account,
            self._statuses.current,
            instance=self._parts.instance,
            outbound=self._statuses.outbound,
            extra=source.extra,
        )
        request = DocumentRequest(source.url, source.method, told, self._binding.token)
        self.notices.about(request)
        if seconds <= 0:
            raise DocumentFailure(Code.TIME, "the call's window is over before this document could be asked for")
        with self.interruption:
            fetched = await self._parts.fetcher.fetch(self.account.name, request, seconds)
        try:
            if len(fetched.body) <= _LARGE:
                return read(fetched, self._parts.settings)
            with self.interruption:
                return await asyncio.to_thread(read, fetched, self._parts.settings)
        except DocumentFailure as failure:
            failure.headers, failure.body = fetched.headers, fetched.body.decode("utf-8", "backslashreplace")
            raise

    def _seconds(self) -> float:
        """How long a document may take."""
        left = self.call.deadline - MARGIN - self._parts.control.now()
        if self._fallback is not None:
            left *= 1 - _RESERVED
        return min(self._parts.settings.timeout, left)

    async def _after_the_call(self, source: Source) -> None:
        """The action of a Dial whose call is over: it is told, and what it says comes too late."""
        try:
            document = await self._fetch(source, self._parts.settings.timeout)
        except (DocumentFailure, FetchError) as error:
            self.notices.failure(_as_failure(error, source))
            return
        late = [element for element in document.verbs if element.tag != Hangup.tag]
        if late:
            self.notices.warn(
                Code.CALL_OVER,
                f"{late[0].tag[:40]} is not done: the caller's call has ended with the one that was dialled",
                late[0].line,
            )

    # --- failures ----------------------------------------------------------------------------------------------------

    async def _after_failure(self, failure: DocumentFailure) -> Source | None:
        """The fallback's document, if it has not been asked for; else the call gets what it gets without one."""
        fallback, self._fallback = self._fallback, None
        if fallback is not None:
            return Source(
                fallback.url, fallback.method, [("ErrorCode", str(int(failure.code))), ("ErrorUrl", failure.url)]
            )
        await self.give_up(failure.status)
        return None

    async def give_up(self, status: int = 0) -> None:
        """No document decides: refuse the call, or let it have its route's default. ``status`` is the failure's.

        Raises:
            Interrupted: the call was decided otherwise.
        """
        if self._binding.number.on_failure == "lapse":
            await self.decide(self.call.lapse)
        elif status == 404:
            await self.decide(refuse(status=404), "failed")
        else:
            await self.decide(refuse(status=500, phrase=PROBLEM), "failed")

    # --- the stage of the verbs --------------------------------------------------------------------------------------

    @property
    def route(self) -> InboundRoute:
        return self._binding.route

    @property
    def account(self) -> Account:
        return self._binding.account

    def phone(self, login: str) -> Phone | None:
        return self._parts.directory.current.phones.get(login)

    async def decide(self, verdict: Verdict, status: Status | None = None) -> None:
        await self.decisions.give(verdict, status)

    async def hold(self, seconds: float, line: int) -> None:
        limit = self._parts.settings.hold_limit
        if seconds > limit - self._held:
            seconds = max(0.0, limit - self._held)
            self.notices.warn(
                Code.PAUSE_LENGTH,
                f"Pause is cut to {seconds:g} s: a call is held for {limit:g} s at most (setting rcml.hold_limit)",
                line,
            )
        while seconds > 0:
            step = min(seconds, HOLD_STEP)
            seconds -= step
            self._held += step
            # What follows has the route's window again.
            answer = await self._parts.control.hold_on(
                self.call.id, step + self.call.window, status=180, phrase="Ringing"
            )
            if not isinstance(answer, Applied):
                self.decisions.explain(answer)
                if self.call.state is not State.HELD:
                    raise Interrupted
                return
            with self.interruption:
                await self._parts.sleep(step)

    async def ring(self, dial: Dial, names: Sequence[str]) -> Dialled:
        if self.call.state is not State.HELD:
            raise Interrupted
        control = self._parts.control
        self.dialling = dialling = Dialling(
            self.call, dial, names, account_sid=self.account.sid, log=self._parts.log, began=control.now()
        )
        self._statuses.outbound = dialling.sid
        try:
            answer = await self.decisions.ask(dial)
            match answer:
                case Applied():
                    dialling.rings(control.now())
                case EdgeSilent():
                    self.decisions.explain(answer)  # what comes of it is told by events
                case _:
                    self.decisions.explain(answer)
                    raise Interrupted
            dialled = await dialling.outcome
        finally:
            self.dialling = None
        if dialled is None or (self.interruption.asked and not dialled.over):
            raise Interrupted
        return dialled

    def failed(self, dialled: Dialled) -> None:
        self._failed = dialled


def _as_failure(error: DocumentFailure | FetchError, source: Source | None) -> DocumentFailure:
    """The failure with its URL: that of the redirect that failed, else the document's."""
    url = error.url or without_credentials(source.url if source is not None else "")
    return DocumentFailure(error.code, str(error), url=url, status=error.status, headers=error.headers, body=error.body)
