"""Callgate shown: a destination that answers, an application that decides, four calls."""
