"""Bots that are right, for tests to change, and certificates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from callgate.directory.model import Bot, InboundRoute

from .strategies import HASHER

APP_ID, OTHER_APP_ID = "8d9c9d0e-6b1c-4f43-9a0c-2f8f3f0f5a11", "00000000-0000-4000-8000-000000000002"
TENANT = "1d2c3b4a-5f6e-4708-8190-a1b2c3d4e5f6"
SECRET = "SecretOfGreeter1"
GREETER = Bot(
    "greeter",
    APP_ID,
    TENANT,
    "https://bot.example.com/callbacks",
    "sip:192.0.2.30:5060",
    secret_hashes=(HASHER.hash(SECRET),),
)
OTHER = Bot("other", OTHER_APP_ID, TENANT, "http://127.0.0.1:9000/", "sip:b@c", secret_hashes=GREETER.secret_hashes)
DESK = InboundRoute("desk", "", "2002", window=15.0, bots=("greeter", "other"))


@cache
def _key(bits: int) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    return rsa.generate_private_key(65537, bits) if bits else ec.generate_private_key(ec.SECP256R1())


@cache
def certificate(bits: int = 2048, number: int = 1, end: datetime | None = None) -> str:
    """A certificate in PEM of an RSA key of so many bits (0: of an elliptic curve's), with that serial number."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "greeter")])
    end = end or datetime.now(UTC) + timedelta(days=365)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(_key(bits).public_key())
        .serial_number(number)
        .not_valid_before(end - timedelta(days=400))
        .not_valid_after(end)
        .sign(_key(bits), hashes.SHA256())
    )
    return built.public_bytes(Encoding.PEM).decode()


def private_key() -> str:
    """The private key of those certificates, in PEM."""
    return _key(2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
