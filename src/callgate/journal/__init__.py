"""The journal: each call, each verdict and each delivery, written behind the calls to SQL and read from it."""
