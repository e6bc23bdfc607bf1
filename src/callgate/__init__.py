"""Self-hosted inbound-call control: hold each call, ask, and let the first answer decide."""

__version__ = "0.1.0"
