"""The database and the directory in it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from callgate.cli.checks.directory import directory
from callgate.cli.checks.finding import Finding, error, ok, warning
from callgate.database.engine import create, location, reading
from callgate.database.errors import DatabaseError
from callgate.database.migrate import known_revisions
from callgate.directory.errors import DirectoryError
from callgate.directory.store import DirectoryStore
from callgate.settings import Settings

#: How long (seconds) the database may take for an answer.
_PATIENCE = 10.0
_REMEDY = "see docs/operating.md, and the setting database"


def database(settings: Settings) -> Iterator[Finding]:
    """Reachable, with the tables of this version, and a directory that makes sense."""
    file = settings.state / "callgate.sqlite3"
    if not settings.database and not file.exists():
        yield warning("database", f"{file} is not there yet", "the first `callgate serve` makes it")
        return
    yield from asyncio.run(_database(settings))


async def _database(settings: Settings) -> list[Finding]:
    try:
        engine = create(settings)
    except DatabaseError as refusal:
        return [error("database", str(refusal), _REMEDY)]
    try:
        return await _looked_at(engine)
    except (DatabaseError, DirectoryError) as refusal:
        return [error("database", str(refusal), _REMEDY)]
    finally:
        await engine.dispose()


async def _looked_at(engine: AsyncEngine) -> list[Finding]:
    revisions = known_revisions()
    async with reading(engine, within=_PATIENCE) as connection:
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        stored = None
        if "alembic_version" in tables:
            stored = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    where = location(engine)
    if stored is None:
        return [
            warning("database", f"{where} is reachable and has no tables yet", "the first `callgate serve` makes them")
        ]
    if stored not in revisions:
        return [
            error(
                "database",
                f"{where} was made by a newer Callgate (revision {stored})",
                "install the version that made it",
            )
        ]
    if stored != revisions[0]:
        return [warning("database", f"{where} is at revision {stored}", "the next `callgate serve` migrates it")]
    return [ok("database", f"{where} is reachable, revision {stored}"), *directory(await DirectoryStore(engine).load())]
