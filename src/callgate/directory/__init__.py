"""The directory: trunks, inbound routes, clients and keys, in memory for the hot path and in SQL to last."""
