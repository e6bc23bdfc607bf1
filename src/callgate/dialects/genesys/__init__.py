"""Genesys Web Services: agents' desktops see the calls at their phones, and reject what a queue delivered."""
