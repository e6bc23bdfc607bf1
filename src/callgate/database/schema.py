"""The one :class:`MetaData` that all tables stand on, and the column types they share.

Constraints and indexes are named by convention, so that a migration can name them on either database.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, MetaData, String
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def call_id_type() -> TypeEngine[str]:
    """A call's id: a UUID in text form. Compared byte by byte, so that the order of ids is the order of time."""
    return String(36).with_variant(String(36, collation="C"), "postgresql")


def big_key_type() -> TypeEngine[int]:
    """A 64-bit integer key. On SQLite it is the row's own number, which must be spelled INTEGER."""
    return BigInteger().with_variant(Integer(), "sqlite")
