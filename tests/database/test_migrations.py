"""The migrations make the tables that the code has, on either database, however they are started."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

import callgate.dialects.rcml.tables
import callgate.directory.tables
import callgate.journal.tables
import callgate.queues.tables
from callgate.database import engine as database
from callgate.database.errors import DatabaseTooNewError
from callgate.database.migrate import known_revisions, upgrade
from callgate.database.schema import metadata
from callgate.directory.model import Directory, InboundRoute
from callgate.directory.store import DirectoryStore
from callgate.settings import Settings

#: Importing these modules puts their tables on the metadata.
TABLES = (
    callgate.dialects.rcml.tables,
    callgate.directory.tables,
    callgate.journal.tables,
    callgate.queues.tables,
)


def described(connection: Connection) -> dict[str, object]:
    """Every table with its columns, keys, constraints and indexes, as the database itself tells them."""
    inspector = inspect(connection)
    return {
        table: {
            "columns": [{**column, "type": repr(column["type"])} for column in inspector.get_columns(table)],
            "primary key": inspector.get_pk_constraint(table),
            "indexes": sorted(map(str, inspector.get_indexes(table))),
            "unique": sorted(map(str, inspector.get_unique_constraints(table))),
            "checks": sorted(map(str, inspector.get_check_constraints(table))),
            "foreign keys": sorted(map(str, inspector.get_foreign_keys(table))),
        }
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def definitions(connection: Connection) -> list[str]:
    """SQLite's own text of every table and index."""
    rows = connection.execute(text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'alembic%'"))
    return sorted(" ".join(sql.split()) for (sql,) in rows)


async def test_migrations_and_metadata_make_the_same_tables(engine: AsyncEngine) -> None:
    look = definitions if engine.dialect.name == "sqlite" else described
    async with engine.connect() as connection:
        migrated = await connection.run_sync(look)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.drop_all)
        await connection.run_sync(metadata.create_all)
        created = await connection.run_sync(look)
    assert migrated == created
    assert {"call", "verdict", "delivery", "rcml_call", "rcml_notification"} <= metadata.tables.keys()


async def test_upgrading_again_changes_nothing(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            text("INSERT INTO verdict VALUES (1, NULL, 1.5, 0.1, 'native', 'key', 'unknown', '{\"type\": \"accept\"}')")
        )
    await upgrade(engine)
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT at FROM verdict")) == 1.5
        assert await connection.scalar(text("SELECT version_num FROM alembic_version")) == known_revisions()[0]


@pytest.mark.parametrize("before", ["0002", "0004", "0005"], ids=["before RCML", "before bots", "before queues"])
async def test_routes_of_before_are_kept(database_settings: Settings, before: str) -> None:
    engine = database.create(database_settings)
    await upgrade(engine, before)
    values = "('sales', 'sip:pbx', '2002', '[]', 10.0, NULL, 7)"
    async with engine.begin() as connection:
        # "window" is a word of PostgreSQL.
        columns = '(name, destination, did, trunks, "window", lapse, number)'
        await connection.execute(text(f"INSERT INTO inbound_route {columns} VALUES {values}"))
    await upgrade(engine)
    directory = await DirectoryStore(engine).load()
    await engine.dispose()
    assert directory == Directory.of([InboundRoute("sales", "sip:pbx", "2002", number=7)])


UPGRADE = """
import asyncio, pathlib, sys
from callgate.database import engine, migrate
from callgate.settings import Settings

async def main():
    reached = engine.create(Settings(state=pathlib.Path(sys.argv[1]), database=sys.argv[2]))
    print("ready", flush=True)
    sys.stdin.readline()
    await migrate.upgrade(reached)
    await reached.dispose()

asyncio.run(main())
"""


async def test_processes_that_start_at_once_migrate_once(database_settings: Settings) -> None:
    command = [sys.executable, "-c", UPGRADE, str(database_settings.state), database_settings.database]
    pipe = asyncio.subprocess.PIPE
    processes = [await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe) for _ in range(4)]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    ends = await asyncio.gather(*(process.communicate(b"\n") for process in processes))
    assert [(process.returncode, errors) for process, (_, errors) in zip(processes, ends, strict=True)] == [
        (0, b"")
    ] * 4
    engine = database.create(database_settings)
    async with engine.connect() as connection:
        revisions = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalars().all()
    await engine.dispose()
    assert revisions == known_revisions()[:1]


async def test_a_migration_that_fails_leaves_nothing_behind(database_settings: Settings) -> None:
    engine = database.create(database_settings)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE delivery (id INTEGER)"))
    with pytest.raises(Exception, match="already exists"):
        await upgrade(engine)
    async with engine.connect() as connection:
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    await engine.dispose()
    assert tables == ["delivery"]


async def test_tables_of_a_newer_version_are_refused_with_the_remedy(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNewError, match=r"revision 9999.*install the version that made it"):
        await upgrade(engine)


def test_the_migrations_are_part_of_the_package() -> None:
    folder = Path(database.__file__).parent / "migrations"
    assert {path.name for path in folder.glob("versions/*.py")} >= {
        "0001_journal.py",
        "0002_directory.py",
        "0003_rcml_directory.py",
        "0005_graph_directory.py",
        "0006_queue_directory.py",
    }
