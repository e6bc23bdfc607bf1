"""Which operation a method and a path mean."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from callgate.dialects.native.errors import METHOD_NOT_ALLOWED, UNKNOWN_PATH, ProblemError
from callgate.dialects.native.operations import Operation


class _Node:
    """What may follow one segment of a path."""

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.operations: dict[str, Operation[Any, Any]] = {}
        self.names: tuple[str, ...] = ()


class RouteTable:
    """All operations, as a tree of path segments: finding one takes as long as its path has segments."""

    def __init__(self, operations: Iterable[Operation[Any, Any]]) -> None:
        self._root = _Node()
        for operation in operations:
            node = self._root
            for part in operation.path.strip("/").split("/"):
                if part.startswith("{"):
                    node.parameter = node.parameter or _Node()
                    node = node.parameter
                else:
                    node = node.children.setdefault(part, _Node())
            node.operations[operation.method] = operation
            node.names = operation.parameters

    def find(self, method: str, path: str) -> tuple[Operation[Any, Any], dict[str, str]]:
        """The operation and the values of its path's parameters.

        Raises:
            ProblemError: 404 for a path that is not there, 405 for a method that it does not have.
        """
        node = self._root
        values = []
        for part in path.strip("/").split("/"):
            following = node.children.get(part)
            if following is None:
                following = node.parameter
                values.append(part)
            if following is None:
                raise ProblemError(UNKNOWN_PATH, f"there is no {path[:200]}")
            node = following
        if not node.operations:
            raise ProblemError(UNKNOWN_PATH, f"there is no {path[:200]}")
        operation = node.operations.get(method)
        if operation is None:
            allowed = ", ".join(sorted(node.operations))
            raise ProblemError(
                METHOD_NOT_ALLOWED,
                f"{path[:200]} has no {method}, but {allowed}",
                headers=((b"allow", allowed.encode()),),
            )
        return operation, dict(zip(node.names, values, strict=True))
