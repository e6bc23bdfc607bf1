"""Secrets: their form, and that only the right one is let in."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from callgate.directory.forms import is_ha1, is_key, is_secret, is_token
from callgate.directory.model import ApiKey
from callgate.directory.secrets import (
    SecretHasher,
    digest,
    find_key,
    ha1,
    is_secret_hash,
    new_client_id,
    new_client_secret,
    new_key,
    new_password,
    new_token,
    new_webhook_secret,
)
from callgate.settings import DirectorySettings

from .strategies import HASHER


def test_ids_and_secrets_are_32_letters_and_digits_and_never_the_same() -> None:
    made = {make() for make in (new_client_id, new_client_secret, new_webhook_secret) for _ in range(20)}
    assert len(made) == 60
    assert all(re.fullmatch(r"[A-Za-z0-9]{32}", secret) and is_secret(secret) for secret in made)


def test_a_key_is_cg_and_43_urlsafe_characters() -> None:
    made = {new_key() for _ in range(20)}
    assert len(made) == 20
    assert all(re.fullmatch(r"cg_[A-Za-z0-9_-]{43}", key) and is_key(key) for key in made)


@given(st.text(), st.text())
def test_only_the_secret_itself_is_verified(secret: str, other: str) -> None:
    secret_hash = HASHER.hash(secret)
    assert is_secret_hash(secret_hash)
    assert HASHER.verify(secret_hash, secret)
    assert HASHER.verify(secret_hash, other) == (secret == other)


def test_a_hash_is_verified_at_the_cost_it_was_made_with() -> None:
    dearer = SecretHasher(DirectorySettings(hash_memory=64, hash_passes=2, hash_lanes=2))
    assert HASHER.verify(dearer.hash("a secret"), "a secret")


def test_more_lanes_than_the_memory_allows_raise_the_memory() -> None:
    hasher = SecretHasher(DirectorySettings(hash_memory=8, hash_passes=1, hash_lanes=4))
    assert hasher.verify(hasher.hash("a secret"), "a secret")


def test_no_secret_fits_an_unknown_client_or_a_broken_hash() -> None:
    assert not HASHER.verify(None, "a secret")
    assert not HASHER.verify("$argon2id$broken", "a secret")
    assert not HASHER.verify("", "")


def test_the_default_cost_gives_a_hash_that_the_directory_takes() -> None:
    assert is_secret_hash(SecretHasher(DirectorySettings()).hash("a secret"))


def test_a_key_is_found_by_its_digest_alone() -> None:
    keys = {name: new_key() for name in ("ops", "desk")}
    entries = [ApiKey(name, digest(key)) for name, key in keys.items()]
    assert [find_key(entries, key) for key in keys.values()] == entries
    assert find_key(entries, new_key()) is None
    assert find_key(entries, entries[0].digest) is None
    assert find_key([], keys["ops"]) is None


def test_an_ha1_is_that_of_the_login_the_realm_and_the_password() -> None:
    # printf alice:callgate:PasswordOfAlice1 | md5sum
    assert ha1("alice", "PasswordOfAlice1") == "fe7e6bdbce57c9e013efc152249b0890"
    assert is_ha1(ha1("zoë", "pässword"))


def test_a_token_and_a_password_are_made_by_their_rules() -> None:
    assert is_token(new_token())
    assert is_secret(new_password())
    assert len({new_password() for _ in range(100)} | {new_token() for _ in range(100)}) == 200
