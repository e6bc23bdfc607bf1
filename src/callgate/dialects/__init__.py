"""The APIs that applications speak: one folder each, the same file names in each.

``routes.py`` HTTP and WebSocket in, ``wire.py`` the vendor's shapes, ``events.py`` what is told and how, ``auth.py``,
``errors.py``, and ``plugin.py`` which puts them together as a :class:`Dialect`.
"""
