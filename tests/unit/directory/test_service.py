"""The directory while it runs: stored before it is in force, in force before listeners are told, all or nothing."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from callgate.directory import tables
from callgate.directory.changes import Changes
from callgate.directory.errors import (
    DirectoryFileError,
    DirectoryUnavailableError,
    EntryInUseError,
    InvalidEntryError,
    UnknownEntryError,
)
from callgate.directory.model import ApiKey, Client, Directory, InboundRoute, Kind, Trunk, Webhook
from callgate.directory.secrets import digest
from callgate.directory.service import DirectoryService

from . import queue_entries as centre
from .bot_entries import DESK, GREETER, certificate
from .bot_entries import OTHER as OTHER_BOT
from .rcml_entries import ACME, ALICE, HOTLINE, MENU, NUMBER, OTHER
from .strategies import CHEAP, HASHER

MAIN = Trunk("main", ("192.0.2.1", "2001:db8::/32"), refuse="busy")
SALES = InboundRoute("sales", "sip:pbx.example.com", "+4420*", ("main",), 5.0, "accept")
CRM = Client(
    "crm", "crm-1", HASHER.hash("a-secret"), webhooks=(Webhook("https://example.com/", "12345678", "GET", (30016,)),)
)
OPS = ApiKey("ops", digest("ops"), "admin")
ALL = (MAIN, SALES, CRM, OPS)
RCML = (ACME, OTHER, MENU, HOTLINE, ALICE)


@pytest.fixture
async def service(engine: AsyncEngine) -> AsyncIterator[DirectoryService]:
    service = DirectoryService(engine, CHEAP)
    await service.start()
    yield service
    await service.stop()


async def stored(engine: AsyncEngine) -> Directory:
    """What another process finds in the database."""
    other = DirectoryService(engine, CHEAP)
    await other.start()
    return other.current


def told(service: DirectoryService) -> list[tuple[Directory, Changes]]:
    """What listeners are told from now on."""
    calls: list[tuple[Directory, Changes]] = []
    service.listen(lambda directory, changes: calls.append((directory, changes)))
    return calls


async def break_database(engine: AsyncEngine) -> None:
    """The database refuses every change of trunks from now on."""
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE trunk RENAME TO gone"))


async def test_an_empty_database_is_an_empty_directory(service: DirectoryService) -> None:
    assert service.current == Directory()


async def test_what_is_applied_is_in_force_and_is_found_again_after_a_restart(
    service: DirectoryService, engine: AsyncEngine
) -> None:
    changes = await service.apply(ALL)
    assert {entry.name for entry in changes.added} == {"main", "sales", "crm", "ops"}
    assert service.current == Directory.of(
        [
            msgspec.structs.replace(MAIN, number=1),
            msgspec.structs.replace(SALES, did="4420*", number=1),
            CRM,
            OPS,
        ]
    )
    assert await stored(engine) == service.current


async def test_a_changed_and_a_removed_entry_are_stored(service: DirectoryService, engine: AsyncEngine) -> None:
    await service.apply(ALL)
    await service.put(msgspec.structs.replace(CRM, see=("main",), webhooks=()))
    await service.remove("route", "sales")
    assert service.current.clients["crm"].see == ("main",)
    assert service.current.routes == {}
    assert await stored(engine) == service.current


async def test_bots_and_routes_that_name_them_are_stored_as_they_are(
    service: DirectoryService, engine: AsyncEngine
) -> None:
    greeter = msgspec.structs.replace(GREETER, certificates=(certificate(),), numbers=("4420*",), redirects=())
    await service.apply([greeter, OTHER_BOT, DESK])
    found = await stored(engine)
    assert found == service.current
    assert found.bots == {"greeter": greeter, "other": OTHER_BOT}
    assert found.routes["desk"].bots == ("greeter", "other")
    await service.put(msgspec.structs.replace(greeter, enabled=False, secret_hashes=()))
    await service.put(msgspec.structs.replace(DESK, bots=("greeter",)))
    await service.remove("bot", "other")
    assert await stored(engine) == service.current


async def test_queues_agents_and_routes_to_them_are_stored_as_they_are(
    service: DirectoryService, engine: AsyncEngine
) -> None:
    unnamed = msgspec.structs.replace(centre.KRISTI, id="")
    await service.apply([*(entry for entry in centre.ENTRIES if entry is not centre.KRISTI), unnamed])
    found = await stored(engine)
    assert found == service.current
    assert found.queues == {"sales": centre.SALES, "support": centre.SUPPORT}
    assert found.agents["ann@example.com"] == centre.ANN
    assert len(found.agents["ksippo"].id) == 32
    assert (found.routes["hotline"].queue, found.routes["direct"].phone) == ("support", "5001")
    await service.put(msgspec.structs.replace(centre.SUPPORT, number="9009", priority=-3, wait=1.5))
    gone: tuple[tuple[Kind, str], ...] = (("agent", "ksippo"), ("route", "direct"), ("phone", "5001"))
    for kind, name in gone:
        await service.remove(kind, name)
    assert await stored(engine) == service.current


async def test_entries_of_rcml_are_stored_as_they_are(engine: AsyncEngine) -> None:
    service = DirectoryService(engine, CHEAP, clock=lambda: 1_767_225_600.25)
    await service.start()
    await service.apply(RCML)
    number = msgspec.structs.replace(NUMBER, created=1_767_225_600.25, updated=1_767_225_600.25)
    assert service.current.routes["hotline"] == msgspec.structs.replace(HOTLINE, number=1, rcml=number)
    assert service.current.phones["alice"].created == 1_767_225_600.25
    assert await stored(engine) == service.current
    await service.put(msgspec.structs.replace(HOTLINE, rcml=None, outbound="sip:192.0.2.30"))
    await service.remove("phone", "alice")
    found = await stored(engine)
    assert found == service.current
    assert (found.routes["hotline"].rcml, found.phones) == (None, {})


async def test_what_was_current_before_a_change_stays_as_it_was(service: DirectoryService) -> None:
    await service.apply(ALL)
    before = service.current
    await service.put(Trunk("main", ("192.0.2.9",)))
    assert before.trunks["main"].sources == MAIN.sources


async def test_prune_removes_what_is_not_given(service: DirectoryService, engine: AsyncEngine) -> None:
    await service.apply(ALL)
    changes = await service.apply([Trunk("other", ("::1",))], prune=True)
    assert {entry.name for entry in changes.removed} == {"main", "sales", "crm", "ops"}
    assert (await stored(engine)).trunks.keys() == {"other"}


async def test_numbers_count_up_and_none_is_given_twice(service: DirectoryService, engine: AsyncEngine) -> None:
    await service.apply([Trunk(name, (f"::{name}",)) for name in "abc"])
    await service.remove("trunk", "c")
    again = DirectoryService(engine, CHEAP)
    await again.start()
    await again.apply([Trunk("d", ("::d",)), InboundRoute("r", "sip:pbx")])
    assert {trunk.name: trunk.number for trunk in again.current.trunks.values()} == {"a": 1, "b": 2, "d": 4}
    assert again.current.routes["r"].number == 1


async def test_a_changed_entry_keeps_its_number(service: DirectoryService) -> None:
    await service.apply([Trunk("a", ("::1",)), Trunk("b", ("::2",))])
    await service.put(Trunk("b", ("::3",)))
    assert service.current.trunks["b"] == Trunk("b", ("::3",), number=2)


async def test_two_clients_can_swap_their_ids_in_one_go(service: DirectoryService, engine: AsyncEngine) -> None:
    one, two = Client("one", "id-1", CRM.secret_hash), Client("two", "id-2", CRM.secret_hash)
    await service.apply([one, two])
    await service.apply(
        [msgspec.structs.replace(one, client_id="id-2"), msgspec.structs.replace(two, client_id="id-1")]
    )
    assert (await stored(engine)).clients["one"].client_id == "id-2"


async def test_one_wrong_entry_leaves_all_as_it_was(service: DirectoryService, engine: AsyncEngine) -> None:
    await service.apply(ALL)
    before, calls = service.current, told(service)
    with pytest.raises(InvalidEntryError, match=r'route "bad": trunks\[0\] = "nobody"'):
        await service.apply([Trunk("new", ("::1",)), InboundRoute("bad", "sip:pbx", "1", ("nobody",))])
    assert service.current is before
    assert calls == []
    assert await stored(engine) == before


async def test_with_the_database_down_nothing_is_changed_and_nobody_is_told(
    service: DirectoryService, engine: AsyncEngine
) -> None:
    await service.apply(ALL)
    before, calls = service.current, told(service)
    await break_database(engine)
    with pytest.raises(DirectoryUnavailableError, match="what was loaded stays in force"):
        await service.apply([OPS, Trunk("new", ("::1",))])
    with pytest.raises(DirectoryUnavailableError):
        await service.set_control("main", False)
    assert service.current is before
    assert calls == []


async def test_a_change_that_fails_halfway_is_not_stored_at_all(service: DirectoryService, engine: AsyncEngine) -> None:
    await service.apply([OPS])
    async with engine.begin() as connection:  # another process has the digest by now: the last insert fails
        await connection.execute(insert(tables.keys), {"name": "theirs", "digest": digest("x"), "scope": "read"})
    with pytest.raises(DirectoryUnavailableError):
        await service.apply([Trunk("new", ("::1",)), ApiKey("ours", digest("x"))])
    assert (await stored(engine)).trunks == {}
    await service.apply([Trunk("new", ("::1",))])
    assert service.current.trunks["new"].number == 1


async def test_no_secret_is_in_the_error_of_a_database(service: DirectoryService, engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE client RENAME TO gone"))
    with pytest.raises(DirectoryUnavailableError) as caught:
        await service.apply([CRM])
    assert "12345678" not in str(caught.value)


async def test_a_directory_that_cannot_be_read_is_told(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        row = {"name": "k", "digest": digest("x"), "scope": "of a later version"}
        await connection.execute(insert(tables.keys), row)
    with pytest.raises(DirectoryUnavailableError, match="scope"):
        await DirectoryService(engine, CHEAP).start()


async def test_listeners_are_told_after_it_is_in_force_and_stored(
    service: DirectoryService, engine: AsyncEngine
) -> None:
    seen: list[bool] = []
    service.listen(lambda directory, changes: seen.append(service.current is directory and bool(changes.trunks.added)))
    await service.apply([MAIN])
    assert seen == [True]


async def test_listeners_are_told_the_numbers_of_new_entries(service: DirectoryService) -> None:
    calls = told(service)
    await service.apply([MAIN])
    ((_, changes),) = calls
    assert changes.trunks.added == (msgspec.structs.replace(MAIN, number=1),)


async def test_the_same_entries_again_are_no_change_and_nobody_is_told(service: DirectoryService) -> None:
    await service.apply(ALL)
    before, calls = service.current, told(service)
    assert not await service.apply(ALL)
    assert not await service.apply(ALL, prune=True)
    assert service.current is before
    assert calls == []


async def test_a_listener_that_fails_keeps_nobody_else_from_being_told(service: DirectoryService) -> None:
    def fail(directory: Directory, changes: Changes) -> None:
        raise RuntimeError("a bug in a listener")

    service.listen(fail)
    calls = told(service)
    await service.apply([MAIN])
    assert len(calls) == 1


async def test_who_stops_listening_is_told_no_more(service: DirectoryService) -> None:
    calls: list[Changes] = []
    unlisten = service.listen(lambda _, changes: calls.append(changes))
    await service.apply([MAIN])
    unlisten()
    unlisten()
    await service.apply([OPS])
    assert len(calls) == 1


async def test_a_dry_run_tells_what_would_change_and_changes_nothing(
    service: DirectoryService, engine: AsyncEngine
) -> None:
    await service.apply([MAIN])
    before, calls = service.current, told(service)
    changes = await service.apply([msgspec.structs.replace(MAIN, control=False), OPS], prune=True, dry_run=True)
    assert [entry.name for entry in changes.changed] == ["main"]
    assert changes.added == (OPS,)
    assert service.current is before
    assert calls == []
    assert await stored(engine) == before


async def test_control_is_switched_and_stored(service: DirectoryService, engine: AsyncEngine) -> None:
    await service.apply([MAIN])
    calls = told(service)
    assert (await service.set_control("main", False)).control is False
    assert (await service.set_control("main", False)).control is False
    assert len(calls) == 1
    assert (await stored(engine)).trunks["main"].control is False
    with pytest.raises(UnknownEntryError):
        await service.set_control("nobody", True)


async def test_a_trunk_in_use_and_an_unknown_entry_are_not_removed(service: DirectoryService) -> None:
    await service.apply(ALL)
    with pytest.raises(EntryInUseError):
        await service.remove("trunk", "main")
    with pytest.raises(UnknownEntryError):
        await service.remove("key", "nobody")


async def test_changes_at_the_same_time_all_come_through(service: DirectoryService, engine: AsyncEngine) -> None:
    await asyncio.gather(*(service.put(InboundRoute(f"r{number}", "sip:pbx", f"{number}")) for number in range(20)))
    assert len(service.current.routes) == 20
    assert sorted(route.number for route in service.current.routes.values()) == list(range(1, 21))
    assert await stored(engine) == service.current


async def test_of_two_changes_that_clash_one_is_refused(service: DirectoryService) -> None:
    first, second = await asyncio.gather(
        service.put(Trunk("a", ("::1",))), service.put(Trunk("b", ("::1",))), return_exceptions=True
    )
    assert isinstance(first, Changes)
    assert isinstance(second, InvalidEntryError)


async def test_a_caller_that_goes_away_leaves_memory_and_sql_the_same(
    service: DirectoryService, engine: AsyncEngine
) -> None:
    for number in range(10):
        waiting = asyncio.create_task(service.put(Trunk(f"t{number}", (f"::{number}",))))
        for _ in range(number):
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    await service.stop()
    assert service.current.trunks
    assert await stored(engine) == service.current


async def test_a_file_is_applied_and_applied_again_it_changes_nothing(
    service: DirectoryService, engine: AsyncEngine
) -> None:
    data = (Path(__file__).parents[3] / "examples" / "directory.toml").read_bytes()
    written = sum(map(len, tomllib.loads(data.decode()).values()))
    assert len((await service.apply_file(data, "directory.toml")).added) == written
    assert await stored(engine) == service.current
    assert not await service.apply_file(data, "directory.toml", prune=True)
    assert service.hasher.verify(service.current.clients["demo"].secret_hash, "DemoSecretThatEverybodyKnows0001")


async def test_a_file_with_a_mistake_changes_nothing(service: DirectoryService) -> None:
    with pytest.raises(DirectoryFileError, match=r"^d\.toml:5: trunk \"b\": sources is missing"):
        await service.apply_file(b'[[trunk]]\nname = "a"\nsources = ["::1"]\n\n[[trunk]]\nname = "b"\n', "d.toml")
    assert service.current == Directory()


async def test_several_thousand_routes_are_stored_and_loaded_whole(
    service: DirectoryService, engine: AsyncEngine
) -> None:
    await service.apply([InboundRoute(f"r{number}", "sip:pbx", f"{number}") for number in range(2345)])
    await service.apply([InboundRoute(f"r{number}", "sip:other", f"{number}") for number in range(1000)])
    assert await stored(engine) == service.current
    assert len({route.number for route in service.current.routes.values()}) == 2345
