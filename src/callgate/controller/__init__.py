"""The controller: what it is told by the edge, what it is asked by applications, and who is told of it."""

from callgate.controller.controller import Backlog, Controller

__all__ = ["Backlog", "Controller"]
