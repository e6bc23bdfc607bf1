"""CometD: agents' desktops hear of their calls by long polling or over a WebSocket (docs.cometd.org, "The Bayeux
Protocol Specification 1.0").

``protocol`` is what is said, without I/O and without a clock; ``polling`` and ``websocket`` are the two ways that it
travels; ``server`` is the ASGI application.
"""
