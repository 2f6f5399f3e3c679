"""Seeded damage to everything that strangers and guests can send, for hours."""
