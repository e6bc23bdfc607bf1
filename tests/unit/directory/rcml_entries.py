"""Entries of RCML that are right, for tests to change."""

from __future__ import annotations

from callgate.directory.model import Account, Application, InboundRoute, Phone, RcmlNumber, RcmlVoice
from callgate.directory.secrets import ha1


def sid(prefix: str, number: int) -> str:
    return f"{prefix}{number:032x}"


VOICE = RcmlVoice("https://example.com/voice")
ACME = Account("acme", sid("AC", 1), "TokenOfAcme00000")
OTHER = Account("other", sid("AC", 2), "TokenOfOther0000")
MENU = Application("menu", "acme", sid("AP", 1), voice=VOICE)
NUMBER = RcmlNumber("acme", sid("PN", 1), voice=VOICE)
HOTLINE = InboundRoute("hotline", "sip:192.0.2.20", "2002", rcml=NUMBER)
ALICE = Phone("alice", ha1("alice", "PasswordOfAlice1"), account="acme", sid=sid("CL", 1))
