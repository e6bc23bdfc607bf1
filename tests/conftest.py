"""What all tests may use; each fixture lives with its kin in a ``conftest_*.py`` beside this file."""

pytest_plugins = ["tests.conftest_postgres"]
