"""Microsoft's own library, unmodified, gets its token over TLS from the server that Callgate itself has."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest
from azure.core.exceptions import AzureError
from azure.identity import CertificateCredential, ClientSecretCredential
from azure.identity.aio import ClientSecretCredential as AsyncClientSecretCredential

from callgate.dialects.asgi import Application, Receive, Scope, Send
from callgate.listeners import listen
from callgate.ports import free_port
from callgate.settings import Listener
from tests.dialects.graph.identity import BOT, SCOPE, SECRET, TENANT, Certificate, Identity, certificate, identity

CERTIFICATE = certificate()


class Served(msgspec.Struct, frozen=True):
    """The parts behind HTTPS, and what azure-identity has to be told of it."""

    parts: Identity
    paths: list[str]
    arguments: dict[str, Any]


@contextlib.asynccontextmanager
async def over_tls(folder: Path, server: Certificate) -> AsyncIterator[Served]:
    file, port = _written(folder / "server.pem", server.both), free_port("127.0.0.1", "tcp")
    certified = msgspec.structs.replace(BOT, certificates=(CERTIFICATE.public,))
    paths: list[str] = []
    async with identity(folder / "state", certified) as parts:
        stop = await listen(_noted(parts.oauth, paths), Listener(f"127.0.0.1:{port}", str(file), str(file)))
        try:
            yield Served(
                parts,
                paths,
                {
                    "authority": f"https://localhost:{port}",
                    "disable_instance_discovery": True,
                    "connection_verify": str(file),
                },
            )
        finally:
            await stop()


def _written(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file


def _noted(application: Application, paths: list[str]) -> Application:
    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        paths.append(f"{scope['method']} {scope['path']}")
        await application(scope, receive, send)

    return noting


async def tokens_of(make: Callable[[], Any], *scopes: str) -> list[str]:
    """The tokens that a credential gets for these scopes, one after the other."""

    def get() -> list[str]:
        with make() as credential:
            return [credential.get_token(scope).token for scope in scopes]

    return await asyncio.to_thread(get)


async def refusal_of(make: Callable[[], Any]) -> str:
    """What the library says when it gets none."""

    def get() -> str:
        with make() as credential:
            try:
                credential.get_token(SCOPE)
            except AzureError as error:
                return f"{type(error).__name__}: {error}"
            raise AssertionError("there was a token")

    with ThreadPoolExecutor(1) as thread:  # where the library keeps the response, and with it the connection
        return await asyncio.get_running_loop().run_in_executor(thread, get)


async def test_a_secret_credential_gets_a_token(tmp_path: Path) -> None:
    async with over_tls(tmp_path, certificate()) as served:
        made = lambda: ClientSecretCredential(TENANT, BOT.app_id, SECRET, **served.arguments)  # noqa: E731
        (token,) = await tokens_of(made, SCOPE)
        assert served.parts.tokens.caller(f"Bearer {token}").bot.name == BOT.name
        assert served.paths == [
            f"GET /{TENANT}/v2.0/.well-known/openid-configuration",
            f"POST /{TENANT}/oauth2/v2.0/token",
        ]


async def test_an_asynchronous_credential_gets_a_token_too(tmp_path: Path) -> None:
    async with over_tls(tmp_path, certificate()) as served:
        async with AsyncClientSecretCredential(TENANT, BOT.app_id, SECRET, **served.arguments) as credential:
            token = (await credential.get_token(SCOPE, enable_cae=True)).token
        assert served.parts.tokens.caller(f"Bearer {token}").bot.name == BOT.name


@pytest.mark.parametrize("chain", [False, True])
async def test_a_certificate_credential_gets_tokens_with_the_assertion_it_keeps(tmp_path: Path, chain: bool) -> None:
    """The library sends one assertion with both requests."""

    def made() -> CertificateCredential:
        return CertificateCredential(
            TENANT,
            BOT.app_id,
            certificate_data=CERTIFICATE.both,
            send_certificate_chain=chain,
            **served.arguments,
        )

    async with over_tls(tmp_path, certificate()) as served:
        tokens = await tokens_of(made, SCOPE, "https://localhost/.default")
        for token in tokens:
            assert served.parts.tokens.caller(f"Bearer {token}").bot.name == BOT.name
        assert served.paths.count(f"POST /{TENANT}/oauth2/v2.0/token") == 2


async def test_a_wrong_secret_is_told_in_the_librarys_own_error(tmp_path: Path) -> None:
    async with over_tls(tmp_path, certificate()) as served:
        made = lambda: ClientSecretCredential(TENANT, BOT.app_id, "wrong", **served.arguments)  # noqa: E731
        told = await refusal_of(made)
        assert told.startswith("ClientAuthenticationError")
        assert "AADSTS7000215: Invalid client secret provided" in told


async def test_an_unknown_tenant_is_told_to_be_unknown(tmp_path: Path) -> None:
    async with over_tls(tmp_path, certificate()) as served:
        made = lambda: ClientSecretCredential(BOT.app_id, BOT.app_id, SECRET, **served.arguments)  # noqa: E731
        told = await refusal_of(made)
        assert told.startswith("ClientAuthenticationError")
        assert "double check your tenant name or GUID" in told


async def test_a_server_that_the_bot_does_not_trust_gets_no_secret(tmp_path: Path) -> None:
    async with over_tls(tmp_path, certificate()) as served:
        other = _written(tmp_path / "other.pem", certificate().public.encode())
        arguments = {**served.arguments, "connection_verify": str(other), "retry_total": 0}
        made = lambda: ClientSecretCredential(TENANT, BOT.app_id, SECRET, **arguments)  # noqa: E731
        assert "CERTIFICATE_VERIFY_FAILED" in await refusal_of(made)
        assert served.paths == []
