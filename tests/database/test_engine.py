"""How the database is reached: from which settings, and what is said when it cannot be."""

from __future__ import annotations

import asyncio
import traceback
import uuid
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from callgate.database.engine import create, location, parse, reading, writing
from callgate.database.errors import DatabaseError, DatabaseUnavailableError, DatabaseUrlError
from callgate.database.migrate import upgrade
from callgate.ports import free_port
from callgate.settings import Settings
from tests.conftest_postgres import PASSWORD, PostgresServer


async def failure(settings: Settings) -> DatabaseError:
    """What an upgrade of that database fails with."""
    engine = create(settings)
    try:
        with pytest.raises(DatabaseError) as caught:
            await upgrade(engine)
    finally:
        await engine.dispose()
    return caught.value


async def test_without_a_url_it_is_a_file_in_the_state_folder_in_wal_mode(tmp_path: Path) -> None:
    engine = create(Settings(state=tmp_path / "state"))
    async with reading(engine) as connection:
        assert await connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert await connection.scalar(text("PRAGMA busy_timeout")) == 5000
        assert await connection.scalar(text("PRAGMA foreign_keys")) == 1
    await engine.dispose()
    assert (tmp_path / "state" / "callgate.sqlite3").is_file()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
async def test_every_spelling_of_a_postgresql_url_connects(postgres_url: str, scheme: str) -> None:
    engine = create(Settings(database=postgres_url.replace("postgresql", scheme, 1)))
    async with reading(engine) as connection:
        assert "PostgreSQL" in str(await connection.scalar(text("SELECT version()")))
    await engine.dispose()


async def test_libpqs_name_for_the_ssl_option_is_understood(postgres_url: str) -> None:
    assert parse("postgresql://db/calls?sslmode=verify-full").query == {"ssl": "verify-full"}
    engine = create(Settings(database=f"{postgres_url}?sslmode=disable"))
    async with reading(engine) as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
    await engine.dispose()
    refused = await failure(Settings(database=f"{postgres_url}?sslmode=require"))
    assert "SSL" in str(refused)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://callgate:hush@db/calls", "unknown kind 'mysql'"),
        ("postgresql+psycopg2://callgate:hush@db/calls", "unknown kind 'postgresql\\+psycopg2'"),
        ("callgate:hush@db", "not a database URL"),
        ("postgresql://callgate:hush@db:port/calls", "not a database URL"),
        ("postgresql://callgate:hush@db/calls?wait=hush", "unknown option 'wait': use .*sslmode"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_with_what_can(url: str, told: str) -> None:
    with pytest.raises(DatabaseUrlError, match=told) as caught:
        create(Settings(database=url))
    assert "hush" not in "".join(traceback.format_exception(caught.value))


async def test_a_server_that_does_not_answer_is_told_with_its_address_and_the_remedy(tmp_path: Path) -> None:
    port = free_port("127.0.0.1")
    error = await failure(Settings(database=f"postgresql://callgate:hush@127.0.0.1:{port}/calls"))
    assert isinstance(error, DatabaseUnavailableError)
    assert str(error).startswith(f"the database postgresql://127.0.0.1:{port}/calls cannot be used: ")
    assert str(error).endswith("user and password in the setting database are right")
    assert "hush" not in "".join(traceback.format_exception(error))


async def test_a_wrong_password_is_told_and_not_repeated(postgres_server: PostgresServer) -> None:
    error = await failure(Settings(database=postgres_server.url().replace(PASSWORD, "hush")))
    assert "password authentication failed" in str(error)
    assert "hush" not in "".join(traceback.format_exception(error))


async def test_a_database_that_does_not_exist_is_told(postgres_server: PostgresServer) -> None:
    error = await failure(Settings(database=postgres_server.url("nowhere")))
    assert 'database "nowhere" does not exist' in str(error)


async def test_a_server_that_hangs_is_given_up_in_time(postgres_server: PostgresServer) -> None:
    engine = create(Settings(database=postgres_server.url()))
    with pytest.raises(DatabaseUnavailableError, match="does not answer in time"):
        async with reading(engine, within=0.3) as connection:
            await connection.execute(text("SELECT pg_sleep(30)"))
    async with reading(engine, within=30) as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
    await engine.dispose()


async def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "callgate.sqlite3").write_text("something else entirely, long enough to be looked at" * 40)
    error = await failure(Settings(state=tmp_path))
    assert "file is not a database" in str(error)


async def test_a_state_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseUnavailableError, match=r"Not a directory.*Callgate's user may write there"):
        create(Settings(state=tmp_path / "file" / "state"))


async def test_data_that_is_refused_is_not_taken_for_an_outage(database_settings: Settings) -> None:
    engine = create(database_settings)
    async with writing(engine) as connection:
        await connection.execute(text("CREATE TABLE thing (id INTEGER PRIMARY KEY)"))
    with pytest.raises(IntegrityError):
        async with writing(engine) as connection:
            await connection.execute(text("INSERT INTO thing VALUES (1), (1)"))
    async with reading(engine) as connection:
        assert await connection.scalar(text("SELECT count(*) FROM thing")) == 0
    await engine.dispose()


async def test_errors_do_not_hold_the_data_of_the_statement(database_settings: Settings) -> None:
    engine = create(database_settings)
    secret = uuid.uuid4().hex
    with pytest.raises(DatabaseUnavailableError) as caught:
        async with writing(engine) as connection:
            await connection.execute(text("INSERT INTO nowhere VALUES (:secret)"), {"secret": secret})
    await engine.dispose()
    assert "nowhere" in str(caught.value)
    assert secret not in "".join(traceback.format_exception(caught.value))


async def test_writers_of_one_database_wait_for_each_other(database_settings: Settings) -> None:
    engines = [create(database_settings) for _ in range(2)]
    async with writing(engines[0]) as connection:
        await connection.execute(text("CREATE TABLE counter (number INTEGER)"))
        await connection.execute(text("INSERT INTO counter VALUES (0)"))

    async def count(times: int, which: int) -> None:
        for _ in range(times):
            async with writing(engines[which]) as connection:
                lock = "" if engines[which].dialect.name == "sqlite" else " FOR UPDATE"
                number = await connection.scalar(text(f"SELECT number FROM counter{lock}"))
                await connection.execute(text("UPDATE counter SET number = :number"), {"number": number + 1})

    await asyncio.gather(*(count(20, which) for which in (0, 1, 0, 1)))
    async with reading(engines[0]) as connection:
        assert await connection.scalar(text("SELECT number FROM counter")) == 80
    for engine in engines:
        await engine.dispose()


def test_where_the_database_is_can_be_told_without_its_secrets(tmp_path: Path) -> None:
    assert location(create(Settings(database="postgresql://me:hush@db.example:5433/calls?passfile=hush"))) == (
        "postgresql://db.example:5433/calls"
    )
    assert location(create(Settings(state=tmp_path))) == f"sqlite:///{tmp_path}/callgate.sqlite3"
