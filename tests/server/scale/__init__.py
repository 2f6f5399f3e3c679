"""Two processes that serve one session."""
