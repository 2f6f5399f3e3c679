"""The embedded journal: one SQLite file."""
