"""What holds over the lives of many calls: order, memory, and the end of Callgate itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from callgate.core.answers import Applied, HungUp
from callgate.core.calls import Call
from callgate.core.reports import AckResult, Progress
from callgate.core.states import FINAL, State
from callgate.core.verdicts import Accept, Decider, Verdict, dial, redirect, refuse, target
from callgate.dialects.graph.calls import Calls
from callgate.dialects.graph.model import Notification
from callgate.dialects.graph.session import Intent
from callgate.directory.model import Bot, Directory, InboundRoute

from .rig import TENANT, Control, Rig

BOTS = tuple(
    Bot(name, f"2891555a-92ff-42e6-80fa-6e1300c6b5c{index}", TENANT, f"https://{name}.example.com", f"sip:{name}@h")
    for index, name in enumerate(("one", "two"))
)
DIRECTORY = Directory.of([*BOTS, InboundRoute("desk", "sip:192.0.2.20", bots=("one", "two"))])
NATIVE = Decider("native", "console")


class PlayedDirectory:
    current = DIRECTORY


class Told:
    """A notifier that keeps what it is to tell."""

    def __init__(self) -> None:
        self.notifications: list[Notification] = []

    def tell(self, notification: Notification) -> None:
        self.notifications.append(notification)

    def of(self, bot: Bot) -> list[tuple[str, str | None, str | None]]:
        """The changes, states and etags that a bot is told."""
        told: list[tuple[str, str | None, str | None]] = []
        for notification in self.notifications:
            if notification.bot is bot:
                data = msgspec.json.decode(notification.body)["value"][0]["resourceData"]
                told.append((notification.change, data.get("state"), data.get("@odata.etag")))
        return told


def watched() -> tuple[Control, Told, Calls]:
    control, told = Control(), Told()
    calls = Calls(control, PlayedDirectory(), told)  # type: ignore[arg-type]  # of the directory it wants the current
    control.listen(calls.hear)
    return control, told, calls


#: What a bot asks for.
VERDICTS: dict[str, Callable[[], Verdict]] = {
    "reject": lambda: refuse("busy"),
    "answer": lambda: redirect("sip:one@h"),
    "redirect": lambda: dial([target("sip:1@h")]),
}
#: What the edge tells.
REPORTS: dict[str, Callable[[Control, Call], None]] = {
    "cancel": lambda control, call: control.cancels(call),
    "ring": lambda control, call: control.rings(call),
    "answers": lambda control, call: control.answers(call),
    "returns": lambda control, call: control.returns(call),
    "ends": lambda control, call: control.ends(call),
    "fails": lambda control, call: control.report(call, Progress.FAILED, 503),
}
HAPPENINGS = st.lists(st.sampled_from([*VERDICTS, *REPORTS, "delete", "native", "lapse"]), max_size=9)


@given(HAPPENINGS, st.sampled_from([AckResult.DONE, AckResult.DONE, AckResult.UNANSWERED, AckResult.CANCELLED]))
@settings(max_examples=300)
async def test_each_bot_hears_a_life_that_makes_sense(happenings: list[str], result: AckResult) -> None:
    control, told, calls = watched()
    control.acknowledge(result)
    call = control.ring()
    one = BOTS[0]
    for happening in happenings:
        await happen(control, calls, call, one, happening)
        for _ in range(5):
            await asyncio.sleep(0)  # a redirect that nobody took refuses the caller by itself
    for bot in BOTS:
        heard = told.of(bot)
        changes = [change for change, _, _ in heard]
        assert changes[0] == "created"
        assert changes.count("created") == 1
        assert changes.count("deleted") <= 1
        assert "deleted" not in changes[:-1]
        states = [state for _, state, _ in heard if state is not None]
        assert len(set(states)) == len(states)
        etags = [int(etag[3:-1]) for _, _, etag in heard if etag is not None]
        assert etags == list(range(1, len(etags) + 1))
        if call.state in FINAL:
            assert changes[-1] == "deleted"
    if call.state in FINAL:
        assert len(calls) == 0


async def happen(control: Control, calls: Calls, call: Call, bot: Bot, happening: str) -> None:
    session = calls.session(call.id, bot)
    if happening in REPORTS:
        REPORTS[happening](control, call)
    elif happening in VERDICTS and session is not None:
        intent = Intent(VERDICTS[happening]())
        session.intends(intent)
        if isinstance(await control.decide(call.id, intent.verdict, session.decider), Applied):
            session.done(intent)
    elif happening == "delete" and session is not None:
        session.hangs_up()
        if isinstance(await control.hang_up(call.id, session.decider), HungUp):
            session.hung_up()
        else:
            session.not_hung_up()
    elif happening == "native":
        await control.decide(call.id, Accept(), NATIVE)
    elif happening == "lapse" and call.state is State.HELD:
        await control.pass_window(call)


async def test_only_the_first_telling_has_a_deadline_and_all_share_a_scenario() -> None:
    control, told, _ = watched()
    call = control.ring()
    await control.pass_window(call)
    assert [each.deadline for each in told.notifications] == [call.deadline, call.deadline, None, None]
    assert len({each.scenario for each in told.notifications}) == 1
    assert len({each.message for each in told.notifications}) == 4


async def test_a_callback_that_has_moved_is_the_calls_from_then_on() -> None:
    control, told, _ = watched()
    call = control.ring()
    told.notifications[0].moved("https://elsewhere.example.com/")
    await control.pass_window(call)
    assert [each.callback for each in told.notifications if each.bot is BOTS[0]] == [
        BOTS[0].callback,
        "https://elsewhere.example.com/",
    ]
    assert told.notifications[-1].callback == BOTS[1].callback


async def test_nothing_is_kept_of_calls_that_are_over() -> None:
    control, _, calls = watched()
    for sequence in range(1, 200):
        await control.decide(control.ring(sequence).id, refuse(), NATIVE)
    assert len(calls) == 0


async def test_another_may_decide_between_a_redirect_and_the_refusal_after_it() -> None:
    control, told, calls = watched()
    call = control.ring()
    await happen(control, calls, call, BOTS[0], "redirect")
    control.returns(call)
    await control.decide(call.id, Accept(), NATIVE)
    await asyncio.sleep(0)
    assert call.state is State.ROUTED
    assert [state for _, state, _ in told.of(BOTS[0])] == ["incoming", "redirecting", "terminated"]


async def test_callgate_that_stops_lets_go_and_tells(rig: Rig) -> None:
    call = rig.control.ring()
    await rig.heard(1)
    await rig.graph.stop()
    assert (call.state, call.status) == (State.REFUSED, 480)
    assert await rig.told(2) == ["created incoming", "deleted terminated"]
    rig.control.ring(2)
    await rig.heard(2)
    assert [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("graph")] == []
