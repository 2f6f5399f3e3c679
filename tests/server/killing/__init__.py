"""Real server processes on a real Redis, and what becomes of a session when one of them dies."""
