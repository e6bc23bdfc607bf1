"""The bots of the directory by what they call themselves in tokens and token requests."""

from __future__ import annotations

from callgate.directory.model import Bot, Directory
from callgate.directory.service import DirectoryService


class Identities:
    """Finds bots by app id; always those of the directory as it is now."""

    def __init__(self, directory: DirectoryService) -> None:
        self._directory = directory
        self._indexed: Directory | None = None
        self._by_app: dict[str, Bot] = {}
        self._tenants: frozenset[str] = frozenset()

    def bot(self, app_id: str) -> Bot | None:
        """The bot of that app id, in either letter case; also one that is not enabled."""
        self._index()
        return self._by_app.get(app_id.lower())

    def is_tenant(self, tenant: str) -> bool:
        """Whether a bot belongs to that tenant."""
        self._index()
        return tenant.lower() in self._tenants

    def _index(self) -> None:
        current = self._directory.current
        if current is not self._indexed:  # a directory is a value: another one is another directory
            self._by_app = {bot.app_id: bot for bot in current.bots.values()}
            self._tenants = frozenset(bot.tenant for bot in current.bots.values())
            self._indexed = current
