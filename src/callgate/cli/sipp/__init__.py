"""SIPp as a telephone: a caller that says step by step what it gets, and a destination that answers."""
