"""List, get, create, put, patch and delete: what all kinds of entries of the directory have in common."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, Generic, TypeVar

import msgspec
from msgspec import UNSET

from callgate.dialects.native import errors
from callgate.dialects.native.operations import NoQuery, Operation, Reply, Request, json_reply
from callgate.dialects.native.routes.pages import PageQuery, names_on
from callgate.dialects.native.wire import EmptyRequest, FieldError, Page, Scope
from callgate.directory.errors import (
    DirectoryError,
    DirectoryUnavailableError,
    EntryInUseError,
    InvalidEntryError,
    UnknownEntryError,
)
from callgate.directory.model import (
    Account,
    Agent,
    ApiKey,
    Application,
    Bot,
    Client,
    Directory,
    InboundRoute,
    Kind,
    Phone,
    Queue,
    Trunk,
)
from callgate.directory.service import DirectoryService

E = TypeVar("E", Trunk, Account, Application, Bot, InboundRoute, Phone, Queue, Agent, Client, ApiKey)
Shown = TypeVar("Shown")
Written = TypeVar("Written", bound=msgspec.Struct)
Patch = TypeVar("Patch", bound=msgspec.Struct)
T = TypeVar("T")


class Edited(msgspec.Struct, Generic[E], frozen=True):
    """An entry as it shall be, and the secrets that were made for it: of a webhook by its URL, its own under ""."""

    entry: E
    secrets: dict[str, str] = {}


class Entries(ABC, Generic[E, Shown, Written, Patch]):
    """The operations of one kind of entry.

    Edits of this API come one after the other, so that none is based on an entry that another is changing.
    """

    kind: ClassVar[Kind]
    tag: ClassVar[str]
    read_scope: ClassVar[Scope]
    paths: ClassVar[tuple[str, str]]
    shown: ClassVar[Any]
    page: ClassVar[Any]
    written: ClassVar[Any]
    patch: ClassVar[Any]
    example: ClassVar[msgspec.Struct]
    patch_example: ClassVar[msgspec.Struct]

    def __init__(self, directory: DirectoryService, editing: asyncio.Lock) -> None:
        self._directory = directory
        self._editing = editing
        self._sorted: tuple[Mapping[str, E] | None, list[str]] = (None, [])

    @abstractmethod
    def entries(self, directory: Directory) -> Mapping[str, E]:
        """The entries of this kind, by name."""

    @abstractmethod
    def show(self, edited: Edited[E]) -> Shown:
        """What the API shows of an entry."""

    @abstractmethod
    async def make(self, written: Written, former: E | None) -> Edited[E]:
        """The entry asked for, in the place of ``former``."""

    @abstractmethod
    async def change(self, entry: E, patch: Patch) -> Edited[E]:
        """The entry with what of it is to change."""

    # --- operations --------------------------------------------------------------------------------------------

    async def list_page(self, request: Request[PageQuery, None]) -> Reply:
        entries = self.entries(self._directory.current)
        if self._sorted[0] is not entries:
            self._sorted = (entries, sorted(entries))
        names, following = names_on(request.query, self._sorted[1])
        return json_reply(Page([self.show(Edited(entries[name])) for name in names], following))

    async def get(self, request: Request[NoQuery, None]) -> Reply:
        return json_reply(self.show(Edited(self._named(request))))

    async def create(self, request: Request[NoQuery, Written]) -> Reply:
        async with self._editing:
            name = _name(request.body)
            if name in self.entries(self._directory.current):
                raise errors.ProblemError(errors.NAME_TAKEN, f"there is {_one(self.kind)} {name} already")
            return await self._store(await self.make(request.body, None), 201)

    async def put(self, request: Request[NoQuery, Written]) -> Reply:
        name = request.parameters["name"]
        if _name(request.body) != name:
            raise errors.invalid("$.name", f"expected {name[:64]!r}, the name in the path")
        async with self._editing:
            former = self.entries(self._directory.current).get(name)
            return await self._store(await self.make(request.body, former))

    async def update(self, request: Request[NoQuery, Patch]) -> Reply:
        async with self._editing:
            return await self._store(await self.change(self._named(request), request.body))

    async def delete(self, request: Request[NoQuery, None]) -> Reply:
        await storing(self._directory.remove(self.kind, request.parameters["name"]))
        return Reply(204)

    def operations(self) -> list[Operation[Any, Any]]:
        collection, item = self.paths
        kind, tag, shown = self.kind, self.tag, self.shown
        unknown, invalid, down = errors.UNKNOWN_ENTRY, errors.INVALID_REQUEST, errors.UNAVAILABLE
        edit: dict[str, Any] = {"scope": "admin", "reply": shown}
        named = kind in ("trunk", "account", "application", "bot", "phone", "queue")
        in_use: tuple[errors.Kind, ...] = (errors.ENTRY_IN_USE,) if named else ()
        one = _one(kind)
        return [
            Operation(
                "GET",
                collection,
                self.list_page,
                tag,
                f"List the {kind}s by name",
                scope=self.read_scope,
                query=PageQuery,
                reply=self.page,
            ),
            Operation(
                "POST",
                collection,
                self.create,
                tag,
                f"Create {one}",
                **edit,
                body=self.written,
                status=201,
                problems=(errors.NAME_TAKEN, invalid, down),
                example=self.example,
            ),
            Operation(
                "GET",
                item,
                self.get,
                tag,
                f"Get {one}",
                scope=self.read_scope,
                reply=shown,
                problems=(unknown,),
            ),
            Operation(
                "PUT",
                item,
                self.put,
                tag,
                f"Create {one}, or put it in the place of the one of that name",
                **edit,
                body=self.written,
                problems=(invalid, down),
                example=self.example,
            ),
            Operation(
                "PATCH",
                item,
                self.update,
                tag,
                f"Change {one}; what is left out stays",
                **edit,
                body=self.patch,
                problems=(unknown, invalid, down),
                example=self.patch_example,
            ),
            Operation(
                "DELETE",
                item,
                self.delete,
                tag,
                f"Remove {one}",
                scope="admin",
                status=204,
                problems=(unknown, *in_use, down),
            ),
        ]

    # --- for the kinds -----------------------------------------------------------------------------------------

    def _rotation(self, path: str, summary: str, rotate: Callable[[E], Awaitable[Edited[E]]]) -> Operation[Any, Any]:
        """The operation that gives an entry a new secret."""

        async def rotated(request: Request[NoQuery, EmptyRequest]) -> Reply:
            async with self._editing:
                return await self._store(await rotate(self._named(request)))

        return Operation(
            "POST",
            path,
            rotated,
            self.tag,
            summary,
            scope="admin",
            body=EmptyRequest,
            body_optional=True,
            reply=self.shown,
            problems=(errors.UNKNOWN_ENTRY, errors.UNAVAILABLE),
            example={},
        )

    def _named(self, request: Request[Any, Any]) -> E:
        name = request.parameters["name"]
        entry = self.entries(self._directory.current).get(name)
        if entry is None:
            raise errors.ProblemError(errors.UNKNOWN_ENTRY, str(UnknownEntryError(self.kind, name)))
        return entry

    async def _store(self, edited: Edited[E], status: int = 200) -> Reply:
        await storing(self._directory.put(edited.entry))
        # As it is stored: in its normal form, and with its number.
        stored = self.entries(self._directory.current).get(edited.entry.name, edited.entry)
        return self._shown(Edited(stored, edited.secrets), status)

    def _shown(self, edited: Edited[E], status: int = 200) -> Reply:
        return json_reply(self.show(edited), status)


async def storing(edit: Awaitable[T]) -> T:
    """An edit of the directory, its errors as problems.

    Raises:
        ProblemError: it was not done.
    """
    try:
        return await edit
    except DirectoryError as error:
        raise _problem_of(error) from None


def changes_of(patch: msgspec.Struct) -> dict[str, Any]:
    """The fields of a patch that are set, lists as the tuples that entries hold."""
    values = {name: getattr(patch, name) for name in patch.__struct_fields__}
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items() if value is not UNSET
    }


def _problem_of(error: DirectoryError) -> errors.ProblemError:
    match error:
        case InvalidEntryError():
            found = [FieldError(f"line {one.line}" if one.line else f"$.{one.key}", str(one)) for one in error.problems]
            return errors.ProblemError(errors.INVALID_REQUEST, str(error), errors=found)
        case UnknownEntryError():
            return errors.ProblemError(errors.UNKNOWN_ENTRY, str(error))
        case EntryInUseError():
            return errors.ProblemError(errors.ENTRY_IN_USE, str(error))
        case DirectoryUnavailableError():
            return errors.ProblemError(errors.UNAVAILABLE, str(error))
    raise error


def _one(kind: Kind) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _name(written: msgspec.Struct) -> str:
    return str(written.name)  # type: ignore[attr-defined]  # every shape that an entry is written in has a name
