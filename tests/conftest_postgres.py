"""Real databases for tests: a PostgreSQL server of their own, a fresh database in it, a fresh SQLite file."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from callgate.database import engine as database
from callgate.database.migrate import upgrade
from callgate.settings import Settings

USER, PASSWORD = "callgate", "top-secret-of-the-tests"
_START_TIMEOUT = 60.0


class PostgresServer:
    """A server in a folder of its own, on a loopback port; it ends with the tests, also when they are killed."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        # PostgreSQL refuses to run as root: there, Debian's own user runs it.
        self._as_user = ["setpriv", "--pdeathsig", "QUIT"]
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
            self._as_user += ["--reuid=postgres", "--regid=postgres", "--clear-groups"]
        password = folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        self._run("initdb", "--pgdata", str(folder / "data"), "--username", USER, "--pwfile", str(password),
                  "--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8", "--no-sync")  # fmt: skip

    def url(self, name: str = "postgres") -> str:
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    def sql(self, statement: str, name: str = "postgres") -> str:
        """What psql prints for one statement, without headings."""
        return self._run("psql", "--no-psqlrc", "--tuples-only", "--no-align", "--host", str(self._folder),
                         "--port", str(self.port), "--username", USER, "--command", statement, name)  # fmt: skip

    def start(self) -> None:
        """Start, and return when it takes connections."""
        self.launch()
        deadline = time.monotonic() + _START_TIMEOUT
        while not self._ready():
            if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL does not start:\n{(self._folder / 'log').read_text()}")
            time.sleep(0.05)

    def launch(self) -> None:
        """Start, and return at once. Its end is bound to that of the thread that calls this."""
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self._folder),
            "fsync": "off",
            "max_connections": "60",
        }
        command = [str(self._binaries / "postgres"), "-D", str(self._folder / "data")]
        command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen([*self._as_user, *command], stdout=log, stderr=log, cwd=self._folder)

    def stop(self) -> None:
        """Stop at once, as a crash would: every connection breaks."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(30)
            self._process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """For the block, every process of the server stands still: connections stay and nothing answers."""
        assert self._process is not None
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        everyone = [pid, *map(int, children)]
        try:
            for each in everyone:
                os.kill(each, signal.SIGSTOP)
            yield
        finally:
            for each in everyone:
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGCONT)

    def _ready(self) -> bool:
        try:
            self.sql("SELECT 1")
        except subprocess.CalledProcessError:
            return False
        return True

    def _run(self, program: str, *arguments: str) -> str:
        command = [*self._as_user, str(self._binaries / program), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd=self._folder).stdout.strip()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]))
    if not binaries:
        pytest.fail("PostgreSQL's server is not installed: apt-get install postgresql", pytrace=False)
    folder = Path(tempfile.mkdtemp(prefix="callgate-postgres-"))
    try:
        server = PostgresServer(binaries[-1].parent, folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a fresh database."""
    name = f"test_{uuid.uuid4().hex}"
    postgres_server.sql(f"CREATE DATABASE {name}")
    yield postgres_server.url(name)
    postgres_server.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings with a fresh database, once of each kind."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    return Settings(state=tmp_path, run=tmp_path, database=url)


@pytest.fixture
async def engine(database_settings: Settings) -> AsyncIterator[AsyncEngine]:
    """An engine to a fresh database with all tables, once of each kind."""
    engine = database.create(database_settings)
    await upgrade(engine)
    yield engine
    await engine.dispose()
