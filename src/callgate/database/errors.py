"""What can go wrong with the database; each text tells the remedy and none holds a password."""

from __future__ import annotations


class DatabaseError(RuntimeError):
    """The database cannot be used."""


class DatabaseUrlError(DatabaseError):
    """The ``database`` setting is not a URL that Callgate can use."""


class DatabaseUnavailableError(DatabaseError):
    """The database does not answer, or refuses. ``location`` is where it is, ``cause`` what it said."""

    def __init__(self, location: str, cause: str, remedy: str) -> None:
        self.location = location
        self.cause = cause
        super().__init__(f"the database {location} cannot be used: {cause}. {remedy}")


class DatabaseTooNewError(DatabaseError):
    """The tables were made by a newer Callgate than this one."""

    def __init__(self, location: str, revision: str) -> None:
        super().__init__(
            f"the database {location} has revision {revision}, which this version of Callgate does not know: "
            "install the version that made it, or restore the backup from before the upgrade"
        )
