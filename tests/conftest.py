"""What all tests may use; each fixture lives with its kin in a ``conftest_*.py`` beside this file."""

import signal

from hypothesis import settings

pytest_plugins = ["tests.conftest_postgres"]

# A shell starts its background jobs with SIGINT ignored, and children inherit that: the tests that press Ctrl-C on a
# command could not be run from one.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A run says the same each time; `pytest --hypothesis-profile=explore` looks further.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile("same")
