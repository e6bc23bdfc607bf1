"""The engine: how Callgate reaches its database.

SQLite by default, in a file that may be shared by several processes; PostgreSQL by URL. Both are spoken to on the
event loop: aiosqlite runs SQLite in a thread, asyncpg speaks to the server itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no type hints
from sqlalchemy import URL, Connection, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from callgate.database.errors import DatabaseUnavailableError, DatabaseUrlError
from callgate.settings import Settings

#: How long (seconds) a statement waits for another process that writes to the same SQLite file.
SQLITE_BUSY_TIMEOUT = 5.0
#: How long (seconds) to wait for a PostgreSQL server to take a connection.
POSTGRESQL_CONNECT_TIMEOUT = 5.0

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
#: What may stand after the "?" of a PostgreSQL URL; ``host`` is for a socket's folder.
_OPTIONS = {"host", "port", "ssl", "sslmode", "passfile", "target_session_attrs", "prepared_statement_cache_size"}
_KNOWN = "use postgresql://user:password@host:port/name, or leave it empty for an SQLite file in the state folder"


def create(settings: Settings) -> AsyncEngine:
    """The engine for ``settings.database``; empty: the file ``callgate.sqlite3`` in ``settings.state``.

    Nothing is connected yet. Close it with ``await engine.dispose()``.

    Raises:
        DatabaseUrlError: the setting is not a URL, or one of a database that Callgate does not know.
        DatabaseUnavailableError: the state folder cannot be made.
    """
    if settings.database:
        url = parse(settings.database)
    else:
        url = URL.create("sqlite+aiosqlite", database=str(settings.state / "callgate.sqlite3"))
    return _sqlite(url) if url.get_backend_name() == "sqlite" else _postgresql(url)


def parse(text: str) -> URL:
    """The URL in ``text``, with the driver that Callgate uses.

    Raises:
        DatabaseUrlError: it is no URL, or of another kind of database. The error does not repeat the text, which
            may hold a password.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise DatabaseUrlError(f"the setting database is not a database URL: {_KNOWN}") from error
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise DatabaseUrlError(f"the setting database is of the unknown kind {url.drivername!r}: {_KNOWN}")
    url = url.set(drivername=driver)
    unknown = url.query.keys() - _OPTIONS
    if unknown and url.get_backend_name() == "postgresql":
        raise DatabaseUrlError(
            f"the setting database has the unknown option {min(unknown)!r}: use {', '.join(sorted(_OPTIONS))}"
        )
    if "sslmode" in url.query:  # libpq's name for what asyncpg calls ssl, with the same values
        url = url.difference_update_query(["sslmode"]).update_query_dict({"ssl": url.query["sslmode"]})
    return url


def location(engine: AsyncEngine) -> str:
    """Where the database is, for logs and errors: without user, password and options."""
    url = engine.url
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{url.database}"
    host = url.host or url.query.get("host", "localhost")
    return f"postgresql://{host}{f':{url.port}' if url.port else ''}/{url.database or ''}"


@contextmanager
def reaching(engine: AsyncEngine) -> Iterator[None]:
    """Around statements: what the drivers raise when the database is down becomes one typed error.

    Errors about the data itself (:func:`is_about_data`) go through as they are.

    Raises:
        DatabaseUnavailableError: the database does not answer, or refuses.
    """
    try:
        yield
    except (DBAPIError, PoolTimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        if is_about_data(error):
            raise
        raise DatabaseUnavailableError(location(engine), cause(error), _remedy(engine)) from error


@asynccontextmanager
async def reading(engine: AsyncEngine, *, within: float | None = None) -> AsyncIterator[AsyncConnection]:
    """A connection to read with, for at most ``within`` seconds.

    Raises:
        DatabaseUnavailableError: the database does not answer, or refuses.
    """
    with reaching(engine):
        async with asyncio.timeout(within), engine.connect() as connection:
            yield connection


@asynccontextmanager
async def writing(engine: AsyncEngine, *, within: float | None = None) -> AsyncIterator[AsyncConnection]:
    """One transaction that writes: committed at the end of the block, rolled back when it raises.

    It takes SQLite's write lock at its beginning: a lock that is asked for later, when something has been read
    already, is refused without waiting. After ``within`` seconds it is given up.

    Raises:
        DatabaseUnavailableError: the database does not answer, or refuses.
    """
    async with reading(engine, within=within) as connection:
        await connection.execution_options(sqlite_begin="BEGIN IMMEDIATE")
        async with connection.begin():
            yield connection


def is_about_data(error: BaseException) -> bool:
    """Whether the database refused a value or a row, and would refuse it again."""
    if isinstance(error, IntegrityError | DataError):
        return True
    # asyncpg tells by SQLSTATE: class 22 is a data exception, class 23 a violated constraint.
    return isinstance(error, DBAPIError) and str(getattr(error.orig, "sqlstate", "")).startswith(("22", "23"))


def cause(error: BaseException) -> str:
    """What the database said, in one line without the statement and its data."""
    if isinstance(error, TimeoutError | PoolTimeoutError):
        return "it does not answer in time"
    said = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    first, _, _ = str(said).strip().partition("\n")
    return first.rstrip(".") or type(said).__name__


def _remedy(engine: AsyncEngine) -> str:
    if engine.url.get_backend_name() == "sqlite":
        return "Check that its folder exists, has room, and that Callgate's user may write there"
    return "Check that the server runs and that address, name, user and password in the setting database are right"


def _sqlite(url: URL) -> AsyncEngine:
    engine = create_async_engine(
        url, hide_parameters=True, connect_args={"timeout": SQLITE_BUSY_TIMEOUT, "isolation_level": None}
    )
    if url.database:
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatabaseUnavailableError(location(engine), cause(error), _remedy(engine)) from error

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: DBAPIConnection, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")  # and synchronous stays FULL: a commit outlives a power cut
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    # The driver begins no transaction by itself (isolation_level None), so that data definition is transactional too.
    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))

    return engine


def _postgresql(url: URL) -> AsyncEngine:
    return create_async_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args={"timeout": POSTGRESQL_CONNECT_TIMEOUT},
    )
