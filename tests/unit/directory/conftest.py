from __future__ import annotations

from hypothesis import settings

# A machine that does other things at the same time makes an example take long; that is no failure.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
