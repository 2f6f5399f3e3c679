"""The append-only record of every session."""
