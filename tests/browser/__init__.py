"""Real browsers against a real server; only the voices are made here, the rest is JavaScript."""
