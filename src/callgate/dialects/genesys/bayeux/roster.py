"""All sessions, found by who they are, whose they are, and how long ago they were heard of."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from callgate.dialects.genesys.bayeux.sessions import Session


class Roster:
    """The sessions that live."""

    def __init__(self) -> None:
        #: Those that have not been heard of for longest come first.
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._by_agent = _Index()
        self._by_login = _Index()

    def __len__(self) -> int:
        return len(self._sessions)

    def add(self, session: Session) -> None:
        """A new one, heard of now."""
        self._sessions[session.id] = session
        self._by_agent.add(session.agent, session)
        self._by_login.add(session.http_session, session)

    def remove(self, session: Session) -> None:
        """It is gone."""
        del self._sessions[session.id]
        self._by_agent.remove(session.agent, session)
        self._by_login.remove(session.http_session, session)

    def find(self, id_: str) -> Session | None:
        """The session of that client id."""
        return self._sessions.get(id_)

    def hear(self, session: Session, now: float) -> None:
        """It was heard of at that time."""
        session.heard = now
        self._sessions.move_to_end(session.id)

    def belong(self, session: Session, http_session: str) -> None:
        """It belongs to that login from now on."""
        if session.http_session != http_session:
            self._by_login.remove(session.http_session, session)
            session.http_session = http_session
            self._by_login.add(http_session, session)

    def oldest(self) -> Session | None:
        """The one that has not been heard of for longest."""
        return next(iter(self._sessions.values()), None)

    def all(self) -> list[Session]:
        """Every one."""
        return list(self._sessions.values())

    def of_agent(self, agent: str) -> list[Session]:
        """An agent's, oldest first."""
        return self._by_agent.get(agent)

    def of_login(self, http_session: str) -> list[Session]:
        """Those that belong to a login."""
        return self._by_login.get(http_session)

    def logins(self) -> Iterable[str]:
        """The logins that sessions belong to."""
        return self._by_login.keys()


class _Index:
    """Sessions by something that several may share."""

    def __init__(self) -> None:
        self._sessions: dict[str, dict[str, Session]] = {}

    def add(self, key: str, session: Session) -> None:
        self._sessions.setdefault(key, {})[session.id] = session

    def remove(self, key: str, session: Session) -> None:
        sharing = self._sessions[key]
        del sharing[session.id]
        if not sharing:
            del self._sessions[key]

    def get(self, key: str) -> list[Session]:
        return list(self._sessions.get(key, {}).values())

    def keys(self) -> list[str]:
        return list(self._sessions)
