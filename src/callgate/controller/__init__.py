"""The controller: what it is told by the edge, what it is asked by applications, and who is told of it."""

from callgate.controller.controller import Controller

__all__ = ["Controller"]
