"""HTTP in: one module for each kind of thing, each with its operations."""
