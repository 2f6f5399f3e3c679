"""What everything that talks to Redis shares."""
