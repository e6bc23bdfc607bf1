"""Bringing the tables up to this version, at every start."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from callgate.database.engine import location, writing
from callgate.database.errors import DatabaseTooNewError

#: PostgreSQL's advisory lock that one process holds while it migrates; the number only has to be Callgate's own.
_LOCK = 0x63616C6C67617465


async def upgrade(engine: AsyncEngine, revision: str = "head") -> None:
    """Run the migrations that the database does not have yet: all of them, or none if one fails.

    Safe when several processes start at once: one migrates, the others wait and find nothing left to do.

    Raises:
        DatabaseUnavailableError: the database does not answer, or refuses.
        DatabaseTooNewError: the tables were made by a newer Callgate.
    """
    async with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        try:
            await connection.run_sync(_run, revision)
        except CommandError as error:
            found = await connection.scalar(text("SELECT version_num FROM alembic_version"))
            if found in known_revisions():
                raise
            raise DatabaseTooNewError(location(engine), str(found)) from error


def known_revisions() -> list[str]:
    """The revisions that this version of Callgate has, newest first."""
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _run(connection: Connection, revision: str) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
