"""Queues and agents that are right, for tests to change."""

from __future__ import annotations

from callgate.directory.model import Agent, InboundRoute, Phone, Queue
from callgate.directory.secrets import ha1

from .strategies import HASHER

PASSWORD = "PasswordOfKristi"
PHONE = Phone("5001", ha1("5001", "PasswordOf5001"))
SUPPORT = Queue("support", "9000")
SALES = Queue("sales", "9001", overflow="sip:voicemail@pbx.example.com")
KRISTI = Agent("ksippo", HASHER.hash(PASSWORD), "63630bbebf4840d7a0bffd6312bc29ff", phone="5001", queues=("support",))
ANN = Agent(
    "ann@example.com",
    KRISTI.secret_hash,
    "00000000000000000000000000000002",
    "Ann",
    "Other",
    address="sip:5002@192.0.2.40:5060",
    queues=("support", "sales"),
)
#: A number of a trunk that leads to the queue, and one that leads to the phone.
HOTLINE = InboundRoute("hotline", "", "2002", window=60.0, queue="support")
DIRECT = InboundRoute("direct", "", "2003", window=60.0, phone="5001")
ENTRIES = (PHONE, SUPPORT, SALES, KRISTI, ANN, HOTLINE, DIRECT)
