"""Certificates that a bot signs its assertions with: the public part of each, in PEM (RFC 7468)."""

from __future__ import annotations

import re
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding

#: A key that assertions are checked with has at least so many bits (NIST SP 800-131A, section 3).
RSA_BITS_MIN = 2048
#: The longest text of one certificate, in characters.
_LENGTH_LIMIT = 20_000

_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----")


def separated(text: str) -> tuple[str, ...]:
    """The certificates in a text, one after the other; what stands between them, a private key too, is left out.

    A text that holds none is given back as the only one, so that it can be told to be wrong.
    """
    return tuple(_BLOCK.findall(text)) or (text,)


def is_certificate(text: str) -> bool:
    """Whether this is one X.509 certificate in PEM whose key is an RSA key of at least :data:`RSA_BITS_MIN` bits."""
    certificate = _parsed(text)
    if certificate is None:
        return False
    try:
        key = certificate.public_key()
    except Exception:  # whatever a strange key makes the library raise, it is none that can be used
        return False
    return isinstance(key, RSAPublicKey) and key.key_size >= RSA_BITS_MIN


def end_of(text: str) -> datetime:
    """When a certificate ends (UTC).

    Raises:
        ValueError: the text is none.
    """
    certificate = _parsed(text)
    if certificate is None:
        raise ValueError("no certificate")
    return certificate.not_valid_after_utc


def canonical(text: str) -> str:
    """The certificate as it is always written; a text that is none stays as it is."""
    certificate = _parsed(text)
    return text if certificate is None else certificate.public_bytes(Encoding.PEM).decode()


def _parsed(text: str) -> x509.Certificate | None:
    if len(text) > _LENGTH_LIMIT or _BLOCK.fullmatch(text.strip()) is None:
        return None
    try:
        return x509.load_pem_x509_certificate(text.strip().encode())
    except ValueError:
        return None
