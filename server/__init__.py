"""Who is connected, what they may do and see, and the journal that keeps it."""
