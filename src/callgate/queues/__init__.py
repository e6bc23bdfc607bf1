"""Queues and agents of the directory, brought to life: what the core's distributor wants done is done here.

``port.py`` what dialects may see and do, ``service.py`` the service behind it, ``store.py`` what outlives a controller.
"""
