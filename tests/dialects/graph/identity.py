"""What the tests of tokens stand on: a played directory and clock, certificates, the parts over them."""

from __future__ import annotations

import contextlib
import datetime
import json
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from callgate.dialects.graph.keys import KeyRing
from callgate.dialects.graph.oauth import OAuth, Reply, Request
from callgate.dialects.graph.tokens import Tokens
from callgate.directory.model import Bot, Directory
from callgate.directory.secrets import SecretHasher
from callgate.directory.service import DirectoryService
from callgate.settings import DirectorySettings, GraphSettings, Settings

CHEAP = DirectorySettings(hash_memory=8, hash_passes=1)
HASHER = SecretHasher(CHEAP)
SECRET = "n0tAsecretFromAnyVendorsManual00"
TENANT, OTHER_TENANT = "86dc81db-c112-4228-9222-63f3e0aa0001", "9f0b1c2d-0000-4000-8000-00000000c0de"
BOT = Bot(
    name="greeter",
    app_id="112f7296-5fa4-42ca-bae8-6a692b15d4b8",
    tenant=TENANT,
    callback="https://bot.example.com/api/calls",
    media="sip:192.0.2.30:5060",
    display_name="Greeter",
    secret_hashes=(HASHER.hash(SECRET),),
)
OTHER = msgspec.structs.replace(
    BOT, name="other", app_id="2891555a-92ff-42e6-80fa-6e1300c6b5c6", tenant=OTHER_TENANT, secret_hashes=()
)
SCOPE = "https://graph.microsoft.com/.default"
HOST = "graph.example.com"
TOKEN_PATH = f"/{TENANT}/oauth2/v2.0/token"
TOKEN_URL = f"https://{HOST}{TOKEN_PATH}"


class Clock:
    """The machine's clock at first; a test moves it."""

    def __init__(self) -> None:
        self.at = float(int(time.time()))

    def __call__(self) -> float:
        return self.at


class StandInDirectory:
    """A directory that a test changes by putting other bots there."""

    def __init__(self, *bots: Bot) -> None:
        self.hasher = HASHER
        self.current = Directory.of(bots)

    def become(self, *bots: Bot) -> None:
        self.current = Directory.of(bots)

    def service(self) -> DirectoryService:
        return cast(DirectoryService, self)


class Identity:
    """The parts over one state folder. It asks like an HTTP client: :meth:`ask` and :meth:`post`."""

    def __init__(self, folder: Path, *bots: Bot, clock: Clock | None = None, **graph: Any) -> None:
        self.clock = clock or Clock()
        self.directory = StandInDirectory(*bots)
        self.settings = Settings(state=folder, graph=GraphSettings(**graph))
        self.keys = KeyRing(folder, self.settings.graph, self.clock)
        self.tokens = Tokens(self.keys, self.directory.service(), self.settings.graph, self.clock)
        self.oauth = OAuth(self.keys, self.tokens, self.directory.service(), self.settings, self.clock)

    async def ask(
        self, method: str, path: str, body: bytes | None = b"", address: str = "192.0.2.1", **headers: str
    ) -> Reply:
        """One request; names of headers have "_" for "-"."""
        told = {"host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return await self.oauth.answer(Request(method, path, told, body, address, "https"))

    async def post(
        self, form: Mapping[str, str], path: str = TOKEN_PATH, *, address: str = "192.0.2.1", **headers: str
    ) -> Reply:
        """A token request."""
        told = {"content_type": "application/x-www-form-urlencoded", **headers}
        return await self.ask("POST", path, urlencode(form).encode(), address, **told)


def form(**fields: str) -> dict[str, str]:
    """A token request of :data:`BOT` with its secret, but for these fields; "" leaves one out."""
    whole = {
        "client_id": BOT.app_id,
        "grant_type": "client_credentials",
        "client_info": "1",
        "client_secret": SECRET,
        "claims": '{"access_token": {"xms_cc": {"values": ["CP1"]}}}',
        "scope": SCOPE,
    }
    return {name: value for name, value in {**whole, **fields}.items() if value}


def told(reply: Reply) -> dict[str, Any]:
    """The JSON of a reply."""
    read: dict[str, Any] = json.loads(reply.body)
    return read


@contextlib.asynccontextmanager
async def identity(folder: Path, *bots: Bot, clock: Clock | None = None, **graph: Any) -> AsyncIterator[Identity]:
    """The parts while they run, with :data:`BOT` and :data:`OTHER` unless others are given."""
    parts = Identity(folder, *(bots or (BOT, OTHER)), clock=clock, **graph)
    await parts.keys.start()
    try:
        yield parts
    finally:
        await parts.keys.stop()


class Certificate(msgspec.Struct, frozen=True):
    """A certificate of a test: ``public`` its PEM, ``both`` with the private key before it."""

    public: str
    both: bytes
    key: rsa.RSAPrivateKey
    read: x509.Certificate


def certificate(*, days_from: int = -1, days_to: int = 2) -> Certificate:
    """A self-signed certificate for 127.0.0.1 and localhost, good between those days from now."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.datetime.now(datetime.UTC)
    read = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today + datetime.timedelta(days=days_from))
        .not_valid_after(today + datetime.timedelta(days=days_to))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = read.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Certificate(public.decode(), private + public, key, read)
