"""RCML (Restcomm, CPaaS): an application's document decides a held call, and what it dials is dialled.

Sources: Restcomm's RCML and REST API documentation and the open-source product; docs/rcml.md tells what is done, and
what was decided where they are silent.
"""
