"""What all tests may use; each fixture lives with its kin in a ``conftest_*.py`` beside this file."""

import signal

pytest_plugins = ["tests.conftest_postgres"]

# A shell starts its background jobs with SIGINT ignored, and children inherit that: the tests that press Ctrl-C on a
# command could not be run from one.
signal.signal(signal.SIGINT, signal.default_int_handler)
