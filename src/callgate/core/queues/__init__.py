"""Queues, as pure state: who waits, who is free, who is offered what. No I/O; the clock is an argument.

``model.py`` the values, ``agents.py`` an agent's states, ``waiting.py`` a waiting call's states, and
``distribution.py`` the :class:`~callgate.core.queues.distribution.Distributor` that brings them together.
"""
