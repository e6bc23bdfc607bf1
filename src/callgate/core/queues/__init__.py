"""Queues, as pure state: who waits, who is free, who is offered what. No I/O; the clock is an argument.

``model.py`` the values, ``agents.py`` an agent's presence, ``waiting.py`` a call's places, ``line.py`` a queue's order,
``roster.py`` who is there, ``agenda.py`` what is due when, and ``distribution.py`` the
:class:`~callgate.core.queues.distribution.Distributor` that brings them together.
"""
